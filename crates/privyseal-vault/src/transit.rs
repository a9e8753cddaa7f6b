//! A key-encryption key of the transit engine.

use privyseal_keys::kek::{Kek, KekError, KekFuture, KekId, MAX_SECRET};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::client::Answer;
use crate::error::CallError;
use crate::{Vault, VaultError, name};

/// A key of the transit engine, which does not leave the server.
///
/// The server encrypts and decrypts; it is asked when a ring is made, rewrapped, or opened by a
/// process that starts. The key has to be of a type that encrypts with authentication:
/// `aes128-gcm96`, `aes256-gcm96`, `chacha20-poly1305` or `xchacha20-poly1305`. It may be derived
/// (`derived=true`), and is then derived for each ring. A key that is not there is not made.
///
/// What a wrapped key belongs to goes to the server as `associated_data`, and its hash under the
/// encryption, too: servers from before that parameter ignore it, and say nothing.
///
/// # Security
/// A token that only reads rings needs `read` on `MOUNT/keys/NAME` and `update` on
/// `MOUNT/decrypt/NAME`. Whoever may `update` `MOUNT/encrypt/NAME` can make a ring that passes for
/// yours: leave that to those who make and rewrap rings. Keys of RSA are refused, as anybody
/// can encrypt to them who has the public key.
///
/// # Examples
/// ```no_run
/// use privyseal_keys::kek::Kek;
/// use privyseal_vault::{Credential, Login, TransitKek, Vault, VaultOptions};
///
/// let login = Login::AppRole {
///     mount: "approle".to_owned(),
///     role_id: "shop".to_owned(),
///     secret_id: Credential::File("/run/secrets/secret-id".into()),
/// };
/// let vault = Vault::new(VaultOptions::new("https://vault.internal:8200", login))?;
/// let kek = TransitKek::new(vault, "transit", "ring")?;
/// assert_eq!(kek.id().as_str(), "vault:transit/ring");
/// # Ok::<(), privyseal_vault::VaultError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TransitKek {
    id: KekId,
    vault: Vault,
    mount: String,
    name: String,
}

impl TransitKek {
    /// The key of this name, in the engine at this mount. Whether it is there shows when it is
    /// used.
    ///
    /// # Errors
    /// When either has other characters than are taken here.
    pub fn new(vault: Vault, mount: &str, name: &str) -> Result<Self, VaultError> {
        let (mount, name) = (name::path(mount)?, name::segment(name)?);
        let id = KekId::new(format!("vault:{mount}/{name}")).ok_or(VaultError::Path)?;
        Ok(Self {
            id,
            vault,
            mount,
            name,
        })
    }

    async fn wrapped(&self, secret: &[u8], associated: &[u8]) -> Result<Vec<u8>, KekError> {
        let length = secret.len();
        if !(1..=MAX_SECRET).contains(&length) {
            return Err(KekError::BadLength { length });
        }
        let key = self.key().await?;
        let mut text = Zeroizing::new(Vec::with_capacity(HASH_LEN + MAX_SECRET));
        text.extend_from_slice(&Sha256::digest(associated));
        text.extend_from_slice(secret);
        let request = Encrypt {
            plaintext: &Zeroizing::new(base64_simd::STANDARD.encode_to_string(&*text)),
            binding: key.binding(associated),
        };
        let place = format!("{}/encrypt/{}", self.mount, self.name);
        let answer = self.vault.post(&place, &request).await;
        let answer = answer.map_err(|error| self.failed(error))?;
        let made: Encrypted = answer.data().map_err(|error| self.failed(error))?;
        // What would be refused when it is read is not written.
        if !is_ciphertext(&made.ciphertext) {
            return Err(self.failed(CallError::Foreign));
        }
        Ok(made.ciphertext.into_bytes())
    }

    async fn unwrapped(
        &self,
        wrapped: &[u8],
        associated: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let ciphertext = str::from_utf8(wrapped).map_err(|_| KekError::Corrupt)?;
        if !is_ciphertext(ciphertext) {
            return Err(KekError::Corrupt);
        }
        let key = self.key().await?;
        let request = Decrypt {
            ciphertext,
            binding: key.binding(associated),
        };
        let place = format!("{}/decrypt/{}", self.mount, self.name);
        let answer = self.vault.post(&place, &request).await;
        let answer = answer.map_err(|error| self.failed(error))?;
        if !answer.is_success() {
            return Err(self.not_decrypted(&answer));
        }
        let found: Decrypted = answer.data().map_err(|error| self.failed(error))?;
        let text = base64_simd::STANDARD.decode_to_vec(found.plaintext.as_bytes());
        let text = Zeroizing::new(text.map_err(|_| KekError::Corrupt)?);
        let (hash, secret) = text.split_at_checked(HASH_LEN).ok_or(KekError::Corrupt)?;
        let is_bound = hash == Sha256::digest(associated).as_slice();
        if is_bound && (1..=MAX_SECRET).contains(&secret.len()) {
            Ok(Zeroizing::new(secret.to_vec()))
        } else {
            Err(KekError::Corrupt)
        }
    }

    /// The key, if it is one that nobody encrypts with who has not the right to.
    async fn key(&self) -> Result<Key, KekError> {
        let place = format!("{}/keys/{}", self.mount, self.name);
        let answer = self.vault.get(&place).await;
        let answer = answer.map_err(|error| self.failed(error))?;
        if answer.status == 404 && answer.errors().is_some_and(|errors| errors.is_empty()) {
            return Err(self.unfit("it is not there, and is made by its operator only"));
        }
        let key: Key = answer.data().map_err(|error| self.failed(error))?;
        if AUTHENTICATED.contains(&key.kind.as_str()) {
            Ok(key)
        } else {
            Err(self.unfit("it is of a type that does not encrypt with authentication"))
        }
    }

    fn not_decrypted(&self, answer: &Answer) -> KekError {
        if answer.says(TOO_OLD) {
            return self.unfit("its version that wrapped the ring may no longer decrypt");
        }
        // Some versions call it a fault of their own (500) when nothing but the data is wrong.
        if CORRUPT.iter().any(|text| answer.says(text)) {
            return KekError::Corrupt;
        }
        self.failed(answer.failure())
    }

    fn unfit(&self, why: &'static str) -> KekError {
        KekError::Unfit {
            kek: self.id.clone(),
            why,
        }
    }

    fn failed(&self, error: CallError) -> KekError {
        match error {
            CallError::Invalid(_) => self.unfit("the server refuses to use it in this way"),
            denied if denied.is_denial() => KekError::denied(&self.id, denied),
            outage => KekError::unavailable(&self.id, outage),
        }
    }
}

impl Kek for TransitKek {
    fn id(&self) -> &KekId {
        &self.id
    }

    fn wrap<'a>(&'a self, secret: &'a [u8], associated: &'a [u8]) -> KekFuture<'a, Vec<u8>> {
        Box::pin(self.wrapped(secret, associated))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        associated: &'a [u8],
    ) -> KekFuture<'a, Zeroizing<Vec<u8>>> {
        Box::pin(self.unwrapped(wrapped, associated))
    }
}

/// What is to be known of a key.
#[derive(Deserialize)]
struct Key {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    derived: bool,
}

impl Key {
    fn binding(&self, associated: &[u8]) -> Binding {
        let context = Sha256::digest(associated);
        Binding {
            associated_data: base64_simd::STANDARD.encode_to_string(associated),
            context: self
                .derived
                .then(|| base64_simd::STANDARD.encode_to_string(context)),
        }
    }
}

/// What a wrapped secret belongs to.
#[derive(Serialize)]
struct Binding {
    associated_data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    #[serde(flatten)]
    binding: Binding,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    #[serde(flatten)]
    binding: Binding,
}

#[derive(Deserialize)]
struct Decrypted {
    #[serde(deserialize_with = "wiped")]
    plaintext: Zeroizing<String>,
}

fn wiped<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(from).map(Zeroizing::new)
}

/// `vault:v1:` and base64, short enough for what we encrypt.
fn is_ciphertext(text: &str) -> bool {
    let version_and_text = text
        .strip_prefix("vault:v")
        .and_then(|rest| rest.split_once(':'));
    text.len() <= MAX_CIPHERTEXT
        && version_and_text.is_some_and(|(version, text)| {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_digit())
                && !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        })
}

/// The types of keys whose ciphertexts nobody makes without the key.
const AUTHENTICATED: [&str; 4] = [
    "aes128-gcm96",
    "aes256-gcm96",
    "chacha20-poly1305",
    "xchacha20-poly1305",
];

/// What servers say of a ciphertext that is none of this key, or of another ring.
const CORRUPT: [&str; 2] = ["message authentication failed", "invalid ciphertext"];

const TOO_OLD: &str = "disallowed by policy (too old)";

const HASH_LEN: usize = 32;

/// Longer than that of the longest secret in any of the types.
const MAX_CIPHERTEXT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ciphertext_is_told_from_what_is_none() {
        let longest = format!("vault:v12:{}", "A".repeat(502));
        for text in ["vault:v1:QUJD+/==", &longest] {
            assert!(is_ciphertext(text), "{text}");
        }
        let longer = format!("{longest}A");
        for text in [
            "",
            "vault:v1:",
            "vault:v:QUJD",
            "vault:vx:QUJD",
            "vault:v1",
            "bao:v1:QUJD",
            "vault:v1:QU JD",
            "vault:v1:QUJD\"",
            &longer,
        ] {
            assert!(!is_ciphertext(text), "{text}");
        }
    }
}
