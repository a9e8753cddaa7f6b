//! The cipher that wraps, wherever this process does it itself: XAES-256-GCM with random nonces.

use hkdf::Hkdf;
use sha2::Sha256;
use xaes_256_gcm::aead::{AeadInOut as _, KeyInit as _};
use xaes_256_gcm::{Nonce, Tag, Xaes256Gcm};
use zeroize::Zeroizing;

use super::KekError;

/// A key of the cipher.
pub(super) type Key = Zeroizing<[u8; KEY_LEN]>;

pub(super) const KEY_LEN: usize = 32;
pub(super) const NONCE_LEN: usize = 24;
pub(super) const TAG_LEN: usize = 16;

/// How many bytes a sealed secret is longer than the secret.
pub(super) const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// Nonce, ciphertext and tag of a secret.
pub(super) fn seal(key: &Key, secret: &[u8], associated: &[u8]) -> Result<Vec<u8>, KekError> {
    // 192 random bits: they do not repeat, however many nodes draw them.
    let nonce = random::<NONCE_LEN>()?;
    let mut sealed = Vec::with_capacity(OVERHEAD + secret.len());
    sealed.extend_from_slice(&*nonce);
    sealed.extend_from_slice(secret);
    let (_, text) = sealed.split_at_mut(NONCE_LEN);
    let tag = Xaes256Gcm::new((&**key).into())
        .encrypt_inout_detached(&Nonce::from(*nonce), associated, text.into())
        .map_err(|_| KekError::BadLength {
            length: secret.len(),
        })?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// The secret, if this key sealed it with this associated data.
pub(super) fn open(key: &Key, sealed: &[u8], associated: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let (text, tag) = rest.split_last_chunk::<TAG_LEN>()?;
    let mut secret = Zeroizing::new(text.to_vec());
    Xaes256Gcm::new((&**key).into())
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            associated,
            secret.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .ok()?;
    Some(secret)
}

/// A key for one use, from a secret that has several.
pub(super) fn derive(secret: &[u8], purpose: &[&[u8]]) -> Key {
    let mut key = Key::default();
    #[expect(
        clippy::expect_used,
        reason = "HKDF-SHA256 gives up to 8160 bytes (RFC 5869)"
    )]
    Hkdf::<Sha256>::new(None, secret)
        .expand_multi_info(purpose, &mut *key)
        .expect("HKDF-SHA256 gives up to 8160 bytes");
    key
}

/// Bytes from the operating system.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, KekError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|_| KekError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_under_its_key_and_data_alone(
            secret in proptest::collection::vec(any::<u8>(), 0..200),
            associated in proptest::collection::vec(any::<u8>(), 0..60),
            key: [u8; 32],
            other: [u8; 32],
            (at, bit) in (any::<prop::sample::Index>(), 0..8_u32),
        ) {
            prop_assume!(key != other);
            let [key, other] = [key, other].map(Key::new);
            let sealed = seal(&key, &secret, &associated).unwrap();
            prop_assert_eq!(sealed.len(), secret.len() + OVERHEAD);
            let opened = open(&key, &sealed, &associated).unwrap();
            prop_assert_eq!(opened.as_slice(), &secret[..]);
            prop_assert!(open(&other, &sealed, &associated).is_none());
            prop_assert!(open(&key, &sealed, &[&associated[..], b"x"].concat()).is_none());
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= 1 << bit;
            prop_assert!(open(&key, &changed, &associated).is_none());
            prop_assert!(open(&key, &sealed[..at.index(sealed.len())], &associated).is_none());
        }
    }

    #[test]
    fn every_use_has_a_key_of_its_own() {
        let secret = [7; 32];
        assert_eq!(derive(&secret, &[b"a"]), derive(&secret, &[b"a"]));
        assert_ne!(derive(&secret, &[b"a"]), derive(&secret, &[b"b"]));
        assert_ne!(derive(&secret, &[b"a"]), derive(&[8; 32], &[b"a"]));
    }

    #[test]
    fn no_two_seals_are_alike() {
        let key = Key::new([7; 32]);
        assert_ne!(
            seal(&key, b"secret", b"").unwrap(),
            seal(&key, b"secret", b"").unwrap()
        );
    }
}
