//! A MAC for one purpose under a key ring, for what is not a secret but must not be forged.
//!
//! ```text
//! tag:  key id (8) | HMAC-SHA256 (32)
//! key:  HKDF-SHA256 of the ring key over "mac", purpose, cookie name, application, key id
//! text: each part behind its length, eight bytes big-endian
//! ```
//!
//! The tag names its key, so that one HMAC decides however many keys the ring holds. The sub-key is
//! not that of a [sealed token](crate::sealed) for the same purpose. In Python:
//!
//! ```python
//! import hashlib, hmac
//!
//! def fields(*parts):
//!     return b"".join(len(part).to_bytes(8, "big") + part for part in parts)
//!
//! def tag(key, purpose, cookie_name, application, *parts):
//!     key_id = hmac.digest(key, b"privyseal/v1/key-id", "sha256")[:8]
//!     info = b"privyseal/v1" + fields(b"mac", purpose, cookie_name, application, key_id)
//!     # HKDF (RFC 5869) without a salt, for one block of output.
//!     sub_key = hmac.digest(hmac.digest(bytes(32), key, "sha256"), info + b"\x01", "sha256")
//!     return key_id + hmac.digest(sub_key, fields(*parts), "sha256")
//! ```

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Kind};
use crate::keyring::{KeyId, Prepared};
use crate::{KeyRing, sealed::Context};

/// Makes the tags of one purpose and checks them.
///
/// The keys are derived when it is made, so make one per key ring and keep it.
///
/// # Examples
/// ```
/// use privyseal::mac::RingMac;
/// use privyseal::sealed::Context;
/// use privyseal::{KeyRing, SecretKey};
///
/// let context = Context { purpose: "unsubscribe", cookie_name: "", application: "shop" };
/// let mac = RingMac::new(&KeyRing::new(SecretKey::generate()?), context);
/// let tag = mac.tag(&[b"ada@example.org"])?;
/// assert!(mac.verify(&[b"ada@example.org"], &tag).is_ok());
/// assert!(mac.verify(&[b"bob@example.org"], &tag).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
/// A tag says that somebody with the key made it for this text and purpose, and not when: put a
/// time, or what makes the text stale, into the text.
#[derive(Clone)]
pub struct RingMac(Prepared<Hmac<Sha256>>);

impl RingMac {
    /// The length of a tag in bytes.
    pub const TAG_LEN: usize = KeyId::LEN + 32;

    /// The MAC of a purpose, with the keys of the ring.
    pub fn new(ring: &KeyRing, context: Context<'_>) -> Self {
        Self(Prepared::new(ring, |key| {
            keyed(&key.derive(&[
                b"mac",
                context.purpose.as_bytes(),
                context.cookie_name.as_bytes(),
                context.application.as_bytes(),
                key.id().as_bytes(),
            ]))
        }))
    }

    /// The tag of these parts. Where one part ends is part of what is authenticated.
    ///
    /// # Errors
    /// When the ring has no key that signs, or not now.
    pub fn tag(&self, parts: &[&[u8]]) -> Result<[u8; Self::TAG_LEN], Error> {
        let (key, keyed) = self.0.signer()?;
        let mac = over(keyed, parts).finalize().into_bytes();
        let id = *key.id().as_bytes();
        let mut tag = [0; Self::TAG_LEN];
        for (to, from) in tag.iter_mut().zip(id.into_iter().chain(mac)) {
            *to = from;
        }
        Ok(tag)
    }

    /// Whether this is the tag of these parts under the key that it names, in time that does not
    /// depend on how much of it is right.
    ///
    /// # Errors
    /// One message for everything, but that the key is unavailable.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<VerifiedTag, Error> {
        let refused = || Error::new(Kind::BadSignature);
        let (id, mac) = tag
            .split_first_chunk::<{ KeyId::LEN }>()
            .filter(|_| tag.len() == Self::TAG_LEN)
            .ok_or_else(refused)?;
        let named = self.0.named(KeyId::from_bytes(*id))?;
        over(named.prepared, parts)
            .verify_slice(mac)
            .map_err(|_| refused())?;
        named.key.count_verification();
        Ok(VerifiedTag {
            key: named.key.id(),
            needs_reissue: named.needs_reissue,
        })
    }
}

fn over(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> Hmac<Sha256> {
    parts.iter().fold(keyed.clone(), |mac, part| {
        mac.chain_update((part.len() as u64).to_be_bytes())
            .chain_update(part)
    })
}

fn keyed(sub_key: &[u8; 32]) -> Hmac<Sha256> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of every length (RFC 2104)"
    )]
    Hmac::new_from_slice(sub_key).expect("HMAC takes keys of every length")
}

impl fmt::Debug for RingMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A tag that is authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedTag {
    /// The key that made it.
    pub key: KeyId,
    /// Whether that key is not the one that signs now, so that the tag should be made anew.
    pub needs_reissue: bool,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::SecretKey;
    use crate::digest::Digest;

    const CONTEXT: Context<'static> = Context {
        purpose: "csrf",
        cookie_name: "__Host-id",
        application: "shop",
    };

    fn key(letter: u8) -> SecretKey {
        SecretKey::from_bytes(Digest::Sha256.hash(&[&[letter]]).to_vec()).unwrap()
    }

    fn mac(context: Context<'_>) -> RingMac {
        RingMac::new(&KeyRing::new(key(b'a')), context)
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Made by the Python above with `key = hashlib.sha256(b"a").digest()`.
    #[test]
    fn a_tag_is_what_the_documentation_says() {
        let vectors: [(&[&[u8]], &str); 3] = [
            (
                &[],
                "d40ade5143ae19bb2edccc7de398a93db4558e60b4dc65a0472bdead1f0770331dce83c7e165c608",
            ),
            (
                &[b"text"],
                "d40ade5143ae19bb244a394a0109507f199adc4bd18fcda036213b36225edd8efe949a687ce89728",
            ),
            (
                &[b"binding", b"", b"mask"],
                "d40ade5143ae19bb8e5e26e81e8e9b2ec22bc6d5cb2665e0c98a3be5329eca476fcef02d484453bc",
            ),
        ];
        for (parts, tag) in vectors {
            assert_eq!(hex(&mac(CONTEXT).tag(parts).unwrap()), tag);
        }
    }

    #[test]
    fn every_changed_bit_and_length_is_refused() {
        let mac = mac(CONTEXT);
        let tag = mac.tag(&[b"text"]).unwrap();
        assert!(mac.verify(&[b"text"], &tag).is_ok());
        for at in 0..tag.len() {
            for bit in 0..8 {
                let mut changed = tag;
                changed[at] ^= 1 << bit;
                assert!(mac.verify(&[b"text"], &changed).is_err(), "{at} {bit}");
            }
            assert!(mac.verify(&[b"text"], &tag[..at]).is_err(), "{at}");
        }
        let longer = [&tag[..], &[0]].concat();
        assert!(mac.verify(&[b"text"], &longer).is_err());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let mac = mac(CONTEXT);
        let tag = mac.tag(&[b"ab", b"c"]).unwrap();
        for other in [
            &[&b"a"[..], b"bc"][..],
            &[b"abc"],
            &[b"ab", b"c", b""],
            &[b"", b"ab", b"c"],
            &[],
        ] {
            assert!(mac.verify(other, &tag).unwrap_err().is_bad_signature());
        }
    }

    #[test]
    fn a_tag_is_worth_nothing_elsewhere_a15() {
        let tag = mac(CONTEXT).tag(&[b"text"]).unwrap();
        for other in [
            Context {
                purpose: "reset",
                ..CONTEXT
            },
            Context {
                cookie_name: "__Host-other",
                ..CONTEXT
            },
            Context {
                application: "blog",
                ..CONTEXT
            },
            Context {
                purpose: "csrf__Host-id",
                cookie_name: "",
                ..CONTEXT
            },
        ] {
            assert!(mac(other).verify(&[b"text"], &tag).is_err(), "{other:?}");
        }
    }

    #[test]
    fn an_old_key_verifies_until_it_leaves_the_ring() {
        let old = KeyRing::new(key(b'a'));
        let tag = RingMac::new(&old, CONTEXT).tag(&[b"text"]).unwrap();
        let rotated = old.rotated(key(b'b'));
        let verified = RingMac::new(&rotated, CONTEXT).verify(&[b"text"], &tag);
        let id = old.primary().unwrap().id();
        let by_old_key = VerifiedTag {
            key: id,
            needs_reissue: true,
        };
        assert_eq!(verified, Ok(by_old_key));
        assert_eq!(rotated.key(id).unwrap().verifications(), 1);
        let without = RingMac::new(&KeyRing::new(key(b'b')), CONTEXT);
        assert!(without.verify(&[b"text"], &tag).is_err());
        // Naming another key does not make it verify.
        let mut renamed = tag;
        let new_id = rotated.primary().unwrap().id();
        renamed[..8].copy_from_slice(new_id.as_bytes());
        let mac = RingMac::new(&rotated, CONTEXT);
        assert!(mac.verify(&[b"text"], &renamed).is_err());
    }

    #[test]
    fn a_ring_that_only_verifies_makes_no_tag() {
        let ring = KeyRing::verify_only([key(b'a').into()]);
        let verifier = RingMac::new(&ring, CONTEXT);
        assert!(verifier.tag(&[b"text"]).unwrap_err().is_unwritable());
        let tag = mac(CONTEXT).tag(&[b"text"]).unwrap();
        assert!(verifier.verify(&[b"text"], &tag).unwrap().needs_reissue);
    }

    #[test]
    fn debug_does_not_leak_key() {
        let shown = format!("{:?}", mac(CONTEXT));
        assert!(shown.starts_with("[RingKey { id: "), "{shown}");
        assert!(!shown.contains("mac"), "{shown}");
    }
}
