//! One key of a ring, and its name.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::digest::{Digest, PreparedMac};

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

    /// The id of the key with these bytes, for keys that are not in a [`KeyRing`](super::KeyRing) yet.
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

/// A key in a ring: its name, how often it verified, and the material that nobody sees.
pub struct RingKey {
    id: KeyId,
    material: Zeroizing<Vec<u8>>,
    verifications: AtomicU64,
}

impl RingKey {
    pub(super) fn new(material: Zeroizing<Vec<u8>>) -> Self {
        Self {
            id: KeyId::of(&material),
            material,
            verifications: AtomicU64::new(0),
        }
    }

    /// The same key with a counter of its own.
    pub(super) fn uncounted(&self) -> Self {
        Self {
            id: self.id,
            material: self.material.clone(),
            verifications: AtomicU64::new(0),
        }
    }

    /// Whether both are one key, and do not merely have one name.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.id == other.id && bool::from(self.material.ct_eq(&other.material))
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
