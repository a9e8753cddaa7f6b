//! The hash functions that sign, and HMAC states prepared once per key.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::{Zeroize, Zeroizing};

/// The hash function under a signature.
///
/// # Security
/// SHA-1 stands here because Flask and itsdangerous use it by default; HMAC-SHA1 is not broken,
/// but everything new should say [`Digest::Sha256`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Digest {
    /// SHA-1, 20 bytes: the default of itsdangerous and Flask.
    Sha1,
    /// SHA-224, 28 bytes.
    Sha224,
    /// SHA-256, 32 bytes: the default of everything new.
    #[default]
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Digest {
    pub(crate) const ALL: [Self; 5] = [
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The length of a signature in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The name as Python's `hashlib` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The hash of the parts, one after the other.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        fn run<D: sha2::Digest>(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
            let mut state = D::new();
            for part in parts {
                state.update(part);
            }
            Zeroizing::new(state.finalize().to_vec())
        }
        match self {
            Self::Sha1 => run::<Sha1>(parts),
            Self::Sha224 => run::<Sha224>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sha512 => run::<Sha512>(parts),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// HMAC under one key: both padded blocks are already hashed, so that a token costs a copy of the
/// state and not two more compressions.
#[derive(Clone)]
pub(crate) enum PreparedMac {
    Sha1(Hmac<Sha1>),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

impl PreparedMac {
    pub(crate) fn new(digest: Digest, key: &[u8]) -> Self {
        fn keyed<M: KeyInit>(key: &[u8]) -> M {
            #[expect(
                clippy::expect_used,
                reason = "HMAC takes keys of every length (RFC 2104)"
            )]
            M::new_from_slice(key).expect("HMAC takes keys of every length")
        }
        match digest {
            Digest::Sha1 => Self::Sha1(keyed(key)),
            Digest::Sha224 => Self::Sha224(keyed(key)),
            Digest::Sha256 => Self::Sha256(keyed(key)),
            Digest::Sha384 => Self::Sha384(Box::new(keyed(key))),
            Digest::Sha512 => Self::Sha512(Box::new(keyed(key))),
        }
    }

    /// The MAC of the message.
    pub(crate) fn tag(&self, message: &[u8]) -> Tag {
        fn run<M: Mac + Clone>(prepared: &M, message: &[u8]) -> Tag {
            Tag::new(
                &prepared
                    .clone()
                    .chain_update(message)
                    .finalize()
                    .into_bytes(),
            )
        }
        match self {
            Self::Sha1(mac) => run(mac, message),
            Self::Sha224(mac) => run(mac, message),
            Self::Sha256(mac) => run(mac, message),
            Self::Sha384(mac) => run(&**mac, message),
            Self::Sha512(mac) => run(&**mac, message),
        }
    }

    /// Whether this is the MAC of the message, in time that depends on the lengths alone.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        fn run<M: Mac + Clone>(prepared: &M, message: &[u8], signature: &[u8]) -> bool {
            let mac = prepared.clone().chain_update(message);
            mac.verify_slice(signature).is_ok()
        }
        match self {
            Self::Sha1(mac) => run(mac, message, signature),
            Self::Sha224(mac) => run(mac, message, signature),
            Self::Sha256(mac) => run(mac, message, signature),
            Self::Sha384(mac) => run(&**mac, message, signature),
            Self::Sha512(mac) => run(&**mac, message, signature),
        }
    }
}

impl fmt::Debug for PreparedMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreparedMac(..)")
    }
}

/// A MAC, at most 64 bytes, without an allocation.
#[derive(Clone, Copy)]
pub(crate) struct Tag {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
}

impl Tag {
    /// The length of the longest MAC: SHA-512's.
    pub(crate) const MAX_LEN: usize = 64;

    fn new(tag: &[u8]) -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        for (to, from) in bytes.iter_mut().zip(tag) {
            *to = *from;
        }
        Self {
            bytes,
            len: tag.len().min(Self::MAX_LEN),
        }
    }

    /// The signature of those who do not sign.
    pub(crate) const fn empty() -> Self {
        Self {
            bytes: [0; Self::MAX_LEN],
            len: 0,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Zeroize for Tag {
    /// For the tag that is a key: Flask derives one so.
    fn zeroize(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_as_long_as_its_digest_says() {
        for digest in Digest::ALL {
            let mac = PreparedMac::new(digest, b"key");
            assert_eq!(mac.tag(b"message").as_bytes().len(), digest.output_len());
            assert_eq!(digest.hash(&[b"message"]).len(), digest.output_len());
            assert!(mac.verify(b"message", mac.tag(b"message").as_bytes()));
            assert!(!mac.verify(b"message", mac.tag(b"massage").as_bytes()));
            assert!(!mac.verify(b"message", b""));
        }
    }

    #[test]
    fn debug_does_not_leak_key() {
        let mac = PreparedMac::new(Digest::Sha256, b"hush hush");
        assert_eq!(format!("{mac:?}"), "PreparedMac(..)");
    }
}
