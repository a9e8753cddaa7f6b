//! A key-encryption key that does not leave its token.

mod error;
mod token;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use self::token::Token;
use super::seal::{self, KEY_LEN, Key};
use super::{Kek, KekError, KekFuture, KekId};

/// An AES key in a token behind PKCS#11: a hardware security module, a smart card, a TPM.
///
/// The token wraps and unwraps with AES key wrap (RFC 3394); the key is made in it, is marked
/// non-extractable, and is found by its label. The token is needed when a ring is made, rewrapped,
/// or opened by a process that starts. Tokens to sign each session in are another matter, and not
/// what this is for.
///
/// Needs the runtime of tokio. Every call has a session of its own with the token, on a thread
/// where waiting hurts nobody, and nothing is loaded before the first: servers that fork can make
/// this before they do.
///
/// # Security
/// The module is native code that runs in this process; load only one that you trust. The PIN is
/// read when it is needed, and not kept. A PIN that the token has refused is not tried again, as
/// tokens lock themselves after a few.
///
/// # Examples
/// ```
/// use privyseal_keys::kek::{Kek, PinSource, Pkcs11Kek};
///
/// let pin = PinSource::File("/etc/app/pin".into());
/// let kek = Pkcs11Kek::new("/usr/lib/softhsm/libsofthsm2.so", "web", "ring kek", pin)?;
/// assert_eq!(kek.id().as_str(), "pkcs11:token=web;object=ring%20kek");
/// # Ok::<(), privyseal_keys::kek::KekError>(())
/// ```
pub struct Pkcs11Kek {
    id: KekId,
    token: Arc<Token>,
}

/// Where the PIN of a token is. It is never an argument of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinSource {
    /// A file that only its owner can read. A line break at its end is no part of the PIN.
    File(PathBuf),
    /// An environment variable, or the file that the variable of this name with `_FILE` names.
    Variable(String),
}

impl Pkcs11Kek {
    /// The key with this label in the token with this label, behind the module at this path.
    ///
    /// # Errors
    /// When a label is empty or longer than PKCS#11 has them. Whether the token and the key are
    /// there shows when they are used.
    pub fn new(
        module: impl Into<PathBuf>,
        token_label: &str,
        key_label: &str,
        pin: PinSource,
    ) -> Result<Self, KekError> {
        let [token, object] = [token_label, key_label].map(percent_encoded);
        let id = KekId::new(format!("pkcs11:token={token};object={object}"));
        let fits = (1..=MAX_LABEL).contains(&token_label.len())
            && (1..=MAX_LABEL).contains(&key_label.len());
        let id = id.filter(|_| fits).ok_or_else(|| KekError::NotOne {
            path: PathBuf::from(format!("pkcs11:token={token};object={object}")),
            what: "pair of labels of 1 to 32 bytes",
        })?;
        let token = Token::new(id.clone(), module.into(), token_label, key_label, pin);
        Ok(Self {
            id,
            token: Arc::new(token),
        })
    }

    /// Makes the key in the token, which must not have one of this label.
    ///
    /// # Errors
    /// When there is one, or the token is away, does not let us in or cannot make it.
    pub async fn create_key(&self) -> Result<(), KekError> {
        self.run(Token::create_key).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Token) -> Result<T, KekError> + Send + 'static,
    ) -> Result<T, KekError> {
        let token = Arc::clone(&self.token);
        match tokio::task::spawn_blocking(move || work(&token)).await {
            Ok(result) => result,
            Err(error) => Err(KekError::unavailable(&self.id, error)),
        }
    }
}

impl Kek for Pkcs11Kek {
    fn id(&self) -> &KekId {
        &self.id
    }

    /// AES key wrap has no associated data: the token wraps a key of one use, and that seals the
    /// secret.
    fn wrap<'a>(&'a self, secret: &'a [u8], associated: &'a [u8]) -> KekFuture<'a, Vec<u8>> {
        Box::pin(async move {
            let key = seal::random::<KEY_LEN>()?;
            let sealed = seal::seal(&key, secret, associated)?;
            let wrapped = self.run(move |token| token.wrap(&key)).await?;
            Ok([wrapped.as_slice(), &sealed].concat())
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        associated: &'a [u8],
    ) -> KekFuture<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let parts = wrapped.split_first_chunk::<WRAPPED_LEN>();
            let (wrapped, sealed) = parts.ok_or(KekError::Corrupt)?;
            let wrapped = *wrapped;
            let key: Key = self.run(move |token| token.unwrap(&wrapped)).await?;
            seal::open(&key, sealed, associated).ok_or(KekError::Corrupt)
        })
    }
}

impl fmt::Debug for Pkcs11Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Kek")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A label as it stands in a PKCS#11 URI (RFC 7512).
fn percent_encoded(label: &str) -> String {
    label.bytes().fold(String::new(), |text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text + char::from(byte).encode_utf8(&mut [0; 1])
        } else {
            format!("{text}%{byte:02X}")
        }
    })
}

/// The bytes of a token's label; a key's is kept as short, so that both fit into a name.
const MAX_LABEL: usize = 32;

/// A key of 32 bytes after AES key wrap, which adds 8 to it.
const WRAPPED_LEN: usize = KEY_LEN + 8;
