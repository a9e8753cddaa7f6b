//! The document: one line that authenticates, and one that says what the ring is.

mod read;
mod write;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::Ring;
use super::error::RingError;
use super::policy::PolicyError;
use crate::encoding::{Base64, encode};

/// The most bytes of line 2; a ring of the most keys with the longest material has fewer.
pub const MAX_DOCUMENT: usize = 512 * 1024;

/// The most bytes of a key slot.
pub const MAX_KEY_SLOT: usize = 4096;

/// The key that authenticates documents; it comes from what wraps the keys in them.
///
/// # Security
/// Whoever has it can make nodes believe any ring, so it must not lie where the ring does.
#[derive(Clone)]
pub struct IntegrityKey([u8; Self::LEN]);

impl IntegrityKey {
    /// The length of the key in bytes.
    pub const LEN: usize = 32;

    /// A key from random bytes, or from what was derived for this purpose alone.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    fn over(&self, head: &[u8], document: &[u8]) -> Hmac<Sha256> {
        #[expect(
            clippy::expect_used,
            reason = "HMAC takes keys of every length (RFC 2104)"
        )]
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        // The head has no line feed, so that the parts do not run into each other.
        mac.chain_update(head)
            .chain_update(b"\n")
            .chain_update(document)
    }
}

impl Drop for IntegrityKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for IntegrityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntegrityKey(..)")
    }
}

impl Ring {
    /// The document of this ring, authenticated.
    ///
    /// The key slot is what a reader needs to come by the key, such as that key wrapped; it is
    /// written in the clear, and empty if nothing is needed.
    ///
    /// # Errors
    /// When the key slot has more than [`MAX_KEY_SLOT`] bytes.
    ///
    /// # Security
    /// Keys that are not wrapped are readable in it.
    pub fn seal(
        &self,
        key: &IntegrityKey,
        key_slot: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RingError> {
        if key_slot.len() > MAX_KEY_SLOT {
            return Err(RingError::BadKeySlot {
                length: key_slot.len(),
            });
        }
        let slot = match key_slot {
            [] => NO_SLOT.to_owned(),
            bytes => encode(bytes),
        };
        let head = format!("{MAGIC} {VERSION} {slot}");
        let document = write::document(self);
        let mac = key.over(head.as_bytes(), document.as_bytes()).finalize();
        let mac = write::hex(&mac.into_bytes());
        let parts = [head.as_str(), " ", &mac, "\n", &document];
        // Of the right size from the start: a buffer that grows leaves copies of keys behind.
        let mut sealed = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            sealed.extend_from_slice(part.as_bytes());
        }
        Ok(Zeroizing::new(sealed))
    }

    /// The SHA-256 of line 2 of the document: what the next generation calls its previous one.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(write::document(self).as_bytes()).into()
    }
}

/// A document whose second line has not been looked at.
///
/// # Examples
/// ```
/// # use privyseal::ring::{Material, NewKey, NewRing, Note, Ring, RingId, RingPolicy};
/// # use privyseal::{KeyId, Timestamp};
/// use privyseal::ring::{IntegrityKey, SealedRing};
///
/// # let key = |byte| NewKey {
/// #     id: KeyId::from_bytes([byte; 8]),
/// #     material: Material::new(vec![byte; 40]).unwrap(),
/// #     note: Note::default(),
/// # };
/// # let ring = Ring::init(
/// #     NewRing {
/// #         id: RingId::from_bytes([7; 16]),
/// #         policy: RingPolicy::default(),
/// #         primary: key(1),
/// #         standby: key(2),
/// #     },
/// #     Timestamp::from_unix_seconds(1_700_000_000),
/// # )?;
/// # let integrity_key = IntegrityKey::from_bytes([9; 32]);
/// let bytes = ring.seal(&integrity_key, b"slot")?;
/// let sealed = SealedRing::parse(&bytes)?;
/// assert_eq!(sealed.key_slot(), b"slot");
/// assert_eq!(sealed.open(&integrity_key)?, ring);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SealedRing<'a> {
    head: &'a [u8],
    mac: &'a [u8],
    document: &'a [u8],
    key_slot: Vec<u8>,
}

impl<'a> SealedRing<'a> {
    /// The parts of a document.
    ///
    /// # Errors
    /// When it has no first line as a ring has it, is of another version, or is too large.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let line = memchr::memchr(b'\n', bytes).ok_or(ReadError::NotARing)?;
        let (first, document) = bytes.split_at_checked(line).ok_or(ReadError::NotARing)?;
        let document = document.get(1..).ok_or(ReadError::NotARing)?;
        let mut words = first.split(|byte| *byte == b' ');
        if words.next() != Some(MAGIC.as_bytes()) {
            return Err(ReadError::NotARing);
        }
        if words.next().ok_or(ReadError::NotARing)? != VERSION.as_bytes() {
            return Err(ReadError::UnsupportedVersion);
        }
        let (Some(slot), Some(mac), None) = (words.next(), words.next(), words.next()) else {
            return Err(ReadError::NotARing);
        };
        if document.len() > MAX_DOCUMENT || slot.len() > MAX_KEY_SLOT.div_ceil(3) * 4 {
            return Err(ReadError::TooLarge);
        }
        let key_slot = match slot {
            b"-" => Vec::new(),
            text => match Base64::Strict.decode(text) {
                Some(bytes) if bytes.len() > MAX_KEY_SLOT => return Err(ReadError::TooLarge),
                Some(bytes) if !bytes.is_empty() => bytes,
                _ => return Err(ReadError::NotARing),
            },
        };
        let head = first.len().saturating_sub(mac.len() + 1);
        Ok(Self {
            head: first.get(..head).ok_or(ReadError::NotARing)?,
            mac,
            document,
            key_slot,
        })
    }

    /// What the writer put there for readers to come by the key. It is not authenticated yet.
    pub fn key_slot(&self) -> &[u8] {
        &self.key_slot
    }

    /// The ring, if the document is authentic.
    ///
    /// # Errors
    /// When the MAC is not right under this key, and, of an authentic document, when it is not
    /// what this version writes or not a ring that operations can make.
    pub fn open(&self, key: &IntegrityKey) -> Result<Ring, ReadError> {
        let mac = read::hex::<32>(self.mac).ok_or(ReadError::NotAuthentic)?;
        key.over(self.head, self.document)
            .verify_slice(&mac)
            .map_err(|_| ReadError::NotAuthentic)?;
        let ring = read::document(self.document)?;
        ring.policy.check().map_err(ReadError::Policy)?;
        ring.check().map_err(ReadError::Inconsistent)?;
        Ok(ring)
    }
}

impl fmt::Debug for SealedRing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedRing")
            .field("length", &self.document.len())
            .finish_non_exhaustive()
    }
}

/// Why a document is not a ring; it never says what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// It does not begin as a ring does.
    NotARing,
    /// Another version wrote it.
    UnsupportedVersion,
    /// It is larger than a ring can be.
    TooLarge,
    /// It was not written by somebody with this key, or was changed since.
    NotAuthentic,
    /// It is authentic, and not written as this version writes.
    Malformed {
        /// The byte of line 2, from 0.
        position: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// It is authentic, and no operations lead to such a ring.
    Inconsistent(&'static str),
    /// It is authentic, and its policy does not hold.
    Policy(PolicyError),
}

impl ReadError {
    /// What to do about it, as one sentence for a `hint:` line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotARing | Self::TooLarge => {
                "see that the address of the ring is right, and that nothing else writes there"
            }
            Self::UnsupportedVersion | Self::Malformed { .. } => {
                "read it with the version of privyseal that wrote it, or a later one"
            }
            Self::NotAuthentic => {
                "see that the key-encryption key is the one of this ring; if it is, somebody \
                 changed the ring: restore it, and find out who can write to its store"
            }
            Self::Inconsistent(_) => {
                "restore the last generation that can be read; rings are not edited by hand"
            }
            Self::Policy(error) => error.hint(),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARing => f.write_str("what was read is not a key ring"),
            Self::UnsupportedVersion => f.write_str("the key ring is of another version"),
            Self::TooLarge => f.write_str("what was read is larger than a key ring can be"),
            Self::NotAuthentic => f.write_str("the key ring is not authentic under this key"),
            Self::Malformed { position, expected } => write!(
                f,
                "the key ring is malformed at byte {position}, where {expected} should stand"
            ),
            Self::Inconsistent(why) => write!(f, "the key ring contradicts itself: {why}"),
            Self::Policy(error) => write!(f, "the policy of the key ring does not hold: {error}"),
        }
    }
}

impl std::error::Error for ReadError {}

const MAGIC: &str = "privyseal-ring";
const VERSION: &str = "1";
const NO_SLOT: &str = "-";

#[cfg(test)]
mod tests;
