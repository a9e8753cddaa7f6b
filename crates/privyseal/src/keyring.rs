//! The keys of an application: one signs, the others still verify.

mod list;

use std::fmt;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::digest::{Digest, PreparedMac};
use crate::secret::{SecretKey, VerifyKey};

pub use list::{KeyListError, parse_key_list};

/// Names a key without revealing it: the first 8 bytes of an HMAC-SHA256 under it.
///
/// The same key has the same id everywhere, so two nodes agree on it without speaking.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::LEN]);

impl KeyId {
    /// The length of a key id in bytes.
    pub const LEN: usize = 8;

    /// A key id read from a token.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The id of the key with these bytes, for keys that are not in a [`KeyRing`] yet.
    pub fn of(secret: &[u8]) -> Self {
        let tag = PreparedMac::new(Digest::Sha256, secret).tag(b"privyseal/v1/key-id");
        let mut id = [0; Self::LEN];
        for (to, from) in id.iter_mut().zip(tag.as_bytes()) {
            *to = *from;
        }
        Self(id)
    }
}

impl fmt::Display for KeyId {
    /// 16 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// An immutable snapshot of an application's keys; a clone is one reference count.
///
/// The primary signs. Verification tries the primary and then the verify-only keys in their order,
/// newest first; a token that names its key is checked under that key alone.
///
/// # Examples
/// ```
/// use privyseal::{KeyRing, SecretKey};
///
/// let ring = KeyRing::new(SecretKey::generate()?);
/// let rotated = ring.rotated(SecretKey::generate()?);
/// assert_eq!(rotated.keys().count(), 2);
/// assert_ne!(rotated.primary().map(|key| key.id()), ring.primary().map(|key| key.id()));
/// # Ok::<(), privyseal::secret::KeyError>(())
/// ```
#[derive(Clone)]
pub struct KeyRing {
    /// In the order of trial. With `signs`, the first is the primary.
    keys: Arc<[Arc<RingKey>]>,
    signs: bool,
}

impl KeyRing {
    /// A ring with one key, which signs and verifies.
    pub fn new(primary: SecretKey) -> Self {
        Self {
            keys: Arc::new([Arc::new(RingKey::new(primary.into_bytes()))]),
            signs: true,
        }
    }

    /// A ring that can only verify, newest key first; every attempt to sign with it is an error.
    pub fn verify_only(keys: impl IntoIterator<Item = VerifyKey>) -> Self {
        Self {
            keys: Arc::new([]),
            signs: false,
        }
        .with_verify_only(keys)
    }

    /// The same ring with further keys that only verify, tried after those it has.
    ///
    /// A key that the ring already holds is not added again.
    #[must_use]
    pub fn with_verify_only(&self, keys: impl IntoIterator<Item = VerifyKey>) -> Self {
        let mut all = self.keys.to_vec();
        for key in keys {
            let key = RingKey::new(key.into_bytes());
            if all.iter().all(|known| known.id != key.id) {
                all.push(Arc::new(key));
            }
        }
        Self {
            keys: all.into(),
            signs: self.signs,
        }
    }

    /// A ring that signs with a new key and still verifies with all the keys of this one.
    ///
    /// The counters of the old keys go on counting.
    #[must_use]
    pub fn rotated(&self, primary: SecretKey) -> Self {
        let primary = Arc::new(RingKey::new(primary.into_bytes()));
        let older = self.keys.iter().filter(|key| key.id != primary.id).cloned();
        Self {
            keys: iter::once(primary.clone()).chain(older).collect(),
            signs: true,
        }
    }

    /// The ring of a Flask application: `SECRET_KEY` signs, `SECRET_KEY_FALLBACKS` verify.
    ///
    /// The fallbacks are given in Flask's order, oldest first, and tried as Flask 3.1.1 tries
    /// them: the last one first.
    ///
    /// # Examples
    /// ```
    /// use privyseal::{KeyRing, SecretKey, VerifyKey, keyring::parse_key_list};
    ///
    /// let fallbacks = parse_key_list(r#"["6f1e4f6cbb0f4e35a9d2c07b", "Zk3vQ8xW1bN7mR5tY2uLp9"]"#)?
    ///     .iter()
    ///     .map(|key| SecretKey::from_text(key).map(VerifyKey::from))
    ///     .collect::<Result<Vec<_>, _>>()?;
    /// let ring = KeyRing::from_flask(SecretKey::generate()?, fallbacks);
    /// assert_eq!(ring.keys().count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_flask<I>(secret_key: SecretKey, fallbacks: I) -> Self
    where
        I: IntoIterator<Item = VerifyKey>,
        I::IntoIter: DoubleEndedIterator,
    {
        Self::new(secret_key).with_verify_only(fallbacks.into_iter().rev())
    }

    /// The key that signs; `None` in a ring that can only verify.
    pub fn primary(&self) -> Option<&RingKey> {
        self.keys.first().filter(|_| self.signs).map(Arc::as_ref)
    }

    /// All keys in the order in which they are tried.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &RingKey> {
        self.keys.iter().map(Arc::as_ref)
    }

    /// The key of this id.
    pub fn key(&self, id: KeyId) -> Option<&RingKey> {
        self.keys().find(|key| key.id == id)
    }

    /// The same keys, whose counters go on from those that they had in another ring.
    ///
    /// For a ring that was read anew from its source, so that reading it does not make an old key
    /// look unused.
    #[must_use]
    pub fn with_counters_of(self, former: &Self) -> Self {
        let keys = self.keys.iter().map(|key| {
            let same = |known: &&Arc<RingKey>| {
                known.id == key.id && bool::from(known.material.ct_eq(&key.material))
            };
            former.keys.iter().find(same).unwrap_or(key).clone()
        });
        Self {
            keys: keys.collect(),
            signs: self.signs,
        }
    }

    /// The same keys with counters of their own: looking at a token is no use of its key.
    pub(crate) fn uncounted(&self) -> Self {
        let keys = self.keys.iter();
        Self {
            keys: keys
                .map(|key| Arc::new(RingKey::new(key.material.clone())))
                .collect(),
            signs: self.signs,
        }
    }

    /// Whether both are the very same snapshot, so that what was prepared for one serves the other.
    pub fn is_same_snapshot(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys) && self.signs == other.signs
    }

    /// All keys, shared, in the order of trial, and whether the first one signs.
    pub(crate) fn shared_keys(&self) -> (&[Arc<RingKey>], bool) {
        (&self.keys, self.signs)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("signs", &self.signs)
            .field("keys", &self.keys)
            .finish()
    }
}

/// A key in a ring: its name, how often it verified, and the material that nobody sees.
pub struct RingKey {
    id: KeyId,
    material: Zeroizing<Vec<u8>>,
    verifications: AtomicU64,
}

impl RingKey {
    fn new(material: Zeroizing<Vec<u8>>) -> Self {
        Self {
            id: KeyId::of(&material),
            material,
            verifications: AtomicU64::new(0),
        }
    }

    /// The name of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How many tokens this key has verified in this process: the answer to "may I delete it?".
    pub fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }

    pub(crate) fn count_verification(&self) {
        self.verifications.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn material(&self) -> &[u8] {
        &self.material
    }

    /// A 32-byte sub-key for one purpose (HKDF-SHA256, RFC 5869, without a salt).
    ///
    /// `info` is `privyseal/v1` and then each field behind its length, eight bytes big-endian, so
    /// that no two lists of fields run into the same bytes.
    pub(crate) fn derive(&self, fields: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut info = b"privyseal/v1".to_vec();
        for field in fields {
            info.extend((field.len() as u64).to_be_bytes());
            info.extend(*field);
        }
        let mut key = Zeroizing::new([0; 32]);
        #[expect(
            clippy::expect_used,
            reason = "HKDF-SHA256 gives up to 8,160 bytes (RFC 5869)"
        )]
        Hkdf::<Sha256>::new(None, &self.material)
            .expand(&info, key.as_mut_slice())
            .expect("HKDF-SHA256 gives up to 8,160 bytes");
        key
    }
}

impl fmt::Debug for RingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingKey")
            .field("id", &self.id)
            .field("verifications", &self.verifications())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
