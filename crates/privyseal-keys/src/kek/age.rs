//! Identities and recipients of age as a key-encryption key.

use std::fmt;
use std::future::ready;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use ::age::secrecy::ExposeSecret as _;
use ::age::x25519::{Identity, Recipient};
use ::age::{Decryptor, Encryptor};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::seal::{self, Key};
use super::{Kek, KekError, KekFuture, KekId, MAX_SECRET, private};

/// Identities of age, and the recipients that a ring is wrapped to.
///
/// The nodes of an application share an identity, in a file as `age-keygen` writes it: one X25519
/// identity per line. The ring is wrapped to it, and to whoever else is named, such as the owners
/// of a backup. They can all read the ring.
///
/// # Security
/// What is encrypted to a recipient can be made by everyone who knows the recipient, and the key
/// of the MAC with it. So what is wrapped here also has a MAC under the first identity of the file,
/// and another node accepts it only if it has that identity in its file. A ring that somebody else
/// put there, who can write to the store and knows a recipient, is [`KekError::NotAuthentic`].
///
/// The file is refused if others than its owner can read or write it.
///
/// # Examples
/// ```
/// use privyseal_keys::kek::{AgeKek, Kek};
/// use privyseal_keys::{Overwrite, write_key_file};
///
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("identity");
/// # let identity = age::x25519::Identity::generate();
/// # let line = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
/// write_key_file(&path, line.as_bytes(), Overwrite::Never)?;
/// let kek = AgeKek::open(&path)?;
/// assert!(kek.id().as_str().starts_with("age:age1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AgeKek {
    id: KekId,
    identities: Vec<Identity>,
    recipients: Vec<Recipient>,
    foreign_writers: bool,
}

impl AgeKek {
    /// Reads the identities. Until [others](Self::with_recipients) are named, their recipients are
    /// those of the ring.
    ///
    /// # Errors
    /// When the file cannot be read, is open to others than its owner, has no identity, or has
    /// something else.
    pub fn open(identity_file: impl AsRef<Path>) -> Result<Self, KekError> {
        let path = identity_file.as_ref();
        let text = private::text(path)?;
        let lines = text.text()?.lines().map(str::trim);
        let identities = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::parse::<Identity>)
            .collect::<Result<Vec<_>, _>>()
            .unwrap_or_default();
        let recipients: Vec<_> = identities.iter().map(Identity::to_public).collect();
        let id = recipients
            .first()
            .and_then(|own| KekId::new(format!("age:{own}")));
        let id = id.filter(|_| recipients.len() <= MAX_RECIPIENTS);
        Ok(Self {
            id: id.ok_or_else(|| KekError::NotOne {
                path: path.to_owned(),
                what: "file of at most twenty X25519 identities of age",
            })?,
            identities,
            recipients,
            foreign_writers: false,
        })
    }

    /// Wraps to these recipients and to no others.
    ///
    /// # Errors
    /// When one is no X25519 recipient, there are more than [`MAX_RECIPIENTS`], or the first
    /// identity of the file is none of them: who wraps a ring must be able to read it.
    pub fn with_recipients<'a>(
        self,
        recipients: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, KekError> {
        let parsed = recipients.into_iter().map(str::parse::<Recipient>);
        let Ok(recipients) = parsed.collect::<Result<Vec<_>, _>>() else {
            return Err(KekError::unfit(
                &self.id,
                "a recipient is no X25519 recipient of age",
            ));
        };
        if recipients.len() > MAX_RECIPIENTS {
            return Err(KekError::unfit(
                &self.id,
                "there are more than twenty recipients",
            ));
        }
        let own = self.identities.first().map(Identity::to_public);
        if own.is_none_or(|own| !recipients.contains(&own)) {
            return Err(KekError::unfit(
                &self.id,
                "its own recipient is not among the recipients",
            ));
        }
        Ok(Self { recipients, ..self })
    }

    /// Reads rings that were wrapped by others, as the owner of a backup has to.
    ///
    /// # Security
    /// Whoever can write to the store and knows a recipient can have made the ring and every key
    /// in it. For people who look at what they recover, and never for a node.
    #[must_use]
    pub fn danger_accept_foreign_writers(self) -> Self {
        Self {
            foreign_writers: true,
            ..self
        }
    }

    fn seal(&self, secret: &[u8], associated: &[u8]) -> Result<Vec<u8>, KekError> {
        let sealed = encrypt(&self.recipients, secret)
            .map_err(|error| KekError::unavailable(&self.id, error))?;
        let author = self.identities.first().map(author_key);
        let author = author.ok_or_else(|| KekError::unfit(&self.id, "it has no identity"))?;
        let tag = authentication(&author, associated, &sealed).finalize();
        Ok([tag.into_bytes().as_slice(), &sealed].concat())
    }

    fn open_sealed(
        &self,
        wrapped: &[u8],
        associated: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let (tag, sealed) = wrapped
            .split_first_chunk::<TAG_LEN>()
            .ok_or(KekError::Corrupt)?;
        let is_authentic = self.identities.iter().map(author_key).any(|author| {
            let expected = authentication(&author, associated, sealed);
            expected.verify_slice(tag).is_ok()
        });
        let secret = decrypt(&self.identities, sealed).ok_or(KekError::Corrupt)?;
        if is_authentic || self.foreign_writers {
            Ok(secret)
        } else {
            let kek = self.id.clone();
            Err(KekError::NotAuthentic { kek })
        }
    }
}

impl Kek for AgeKek {
    fn id(&self) -> &KekId {
        &self.id
    }

    fn wrap<'a>(&'a self, secret: &'a [u8], associated: &'a [u8]) -> KekFuture<'a, Vec<u8>> {
        Box::pin(ready(self.seal(secret, associated)))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        associated: &'a [u8],
    ) -> KekFuture<'a, Zeroizing<Vec<u8>>> {
        Box::pin(ready(self.open_sealed(wrapped, associated)))
    }
}

impl fmt::Debug for AgeKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgeKek")
            .field("id", &self.id)
            .field("recipients", &self.recipients)
            .field("foreign_writers", &self.foreign_writers)
            .finish_non_exhaustive()
    }
}

fn encrypt(recipients: &[Recipient], secret: &[u8]) -> io::Result<Vec<u8>> {
    let recipients = recipients.iter().map(|recipient| recipient as _);
    let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(secret)?;
    writer.finish()?;
    Ok(sealed)
}

fn decrypt(identities: &[Identity], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let identities = identities.iter().map(|identity| identity as _);
    let reader = Decryptor::new_buffered(sealed)
        .ok()?
        .decrypt(identities)
        .ok()?;
    // All the room at once: a buffer that grows leaves copies of the secret behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(MAX_SECRET + 64));
    let limit = MAX_SECRET as u64 + 1;
    let length = reader.take(limit).read_to_end(&mut secret).ok()?;
    (length <= MAX_SECRET).then_some(secret)
}

/// What proves that somebody with this identity has wrapped a secret.
fn author_key(identity: &Identity) -> Key {
    let text = identity.to_string();
    seal::derive(
        text.expose_secret().as_bytes(),
        &[b"privyseal/v1/age-kek/author"],
    )
}

fn authentication(author: &Key, associated: &[u8], sealed: &[u8]) -> Hmac<Sha256> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of every length (RFC 2104)"
    )]
    let mac = Hmac::<Sha256>::new_from_slice(&**author).expect("HMAC takes keys of every length");
    // The length keeps the two from running into each other.
    mac.chain_update((associated.len() as u64).to_be_bytes())
        .chain_update(associated)
        .chain_update(sealed)
}

/// The most recipients of a ring: as many fit into the slot of a document.
pub const MAX_RECIPIENTS: usize = 20;

const TAG_LEN: usize = 32;
