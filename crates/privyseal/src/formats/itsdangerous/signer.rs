//! `itsdangerous.Signer`: a value, a separator and a signature.

use std::sync::Arc;

use crate::KeyRing;
use crate::digest::{PreparedMac, Tag};
use crate::encoding;
use crate::error::Error;
use crate::formats::itsdangerous::{Algorithm, BadData, Options, OptionsError};
use crate::keyring::{KeyId, Prepared, RingKey};

/// Signs bytes and checks the signature (`itsdangerous.Signer`).
///
/// The keys are derived when it is made, so make one per key ring and keep it.
///
/// # Examples
/// ```
/// use privyseal::formats::itsdangerous::{Options, Signer};
/// use privyseal::{KeyRing, SecretKey};
///
/// let signer = Signer::new(&KeyRing::new(SecretKey::generate()?), &Options::default())?;
/// let token = signer.sign(b"value")?;
/// assert_eq!(signer.unsign(&token)?.value, b"value");
/// assert!(signer.unsign(b"value.forged").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    keys: Prepared<PreparedMac>,
    /// The keys in quarantine, of which the token of one is recognised and not accepted.
    suspended: Vec<PreparedMac>,
    /// Whether a token that none of them made may be of a key that is out of reach.
    may_lack_keys: bool,
    pub(crate) options: Arc<Options>,
}

/// A value whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned<'t> {
    /// What was signed.
    pub value: &'t [u8],
    /// The key that verified it.
    pub key: KeyId,
    /// Whether that key is not the one that signs now, so that the token should be made anew.
    pub needs_reissue: bool,
}

impl Signer {
    /// A signer with the keys of the ring.
    ///
    /// # Errors
    /// When the separator may be contained in a signature.
    pub fn new(ring: &KeyRing, options: &Options) -> Result<Self, OptionsError> {
        Self::with_default_salt(ring, options, b"itsdangerous.Signer")
    }

    pub(crate) fn with_default_salt(
        ring: &KeyRing,
        options: &Options,
        default_salt: &[u8],
    ) -> Result<Self, OptionsError> {
        options.check_separator()?;
        Ok(Self::prepared(ring, options.clone(), default_salt))
    }

    /// A signer whose separator is known to be allowed.
    pub(crate) fn prepared(ring: &KeyRing, options: Options, default_salt: &[u8]) -> Self {
        let salt = options.salt.as_deref().unwrap_or(default_salt);
        let prepare = |key: &RingKey| options.prepare(key.material(), salt);
        Self {
            keys: Prepared::new(ring, prepare),
            suspended: ring.suspended().map(prepare).collect(),
            may_lack_keys: ring.may_lack_keys(),
            options: Arc::new(options),
        }
    }

    /// The value with its signature, as bytes: the value may be any.
    ///
    /// # Errors
    /// When the ring has no key that signs, or not now.
    pub fn sign(&self, value: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.signature(value)?;
        let mut token = Vec::with_capacity(value.len() + self.options.separator.len() + 86);
        token.extend_from_slice(value);
        token.extend_from_slice(self.options.separator.as_bytes());
        token.extend_from_slice(encoding::encode(signature.as_bytes()).as_bytes());
        Ok(token)
    }

    /// Appends separator and signature to a text that is signed as a whole.
    pub(crate) fn sign_in_place(&self, token: &mut String) -> Result<(), Error> {
        let signature = self.signature(token.as_bytes())?;
        token.push_str(&self.options.separator);
        encoding::encode_to(signature.as_bytes(), token);
        Ok(())
    }

    fn signature(&self, value: &[u8]) -> Result<Tag, Error> {
        let (_, mac) = self.keys.signer()?;
        Ok(match self.options.algorithm {
            Algorithm::Hmac => mac.tag(value),
            Algorithm::DangerNone => Tag::empty(),
        })
    }

    /// The value, if the signature is that of any key.
    ///
    /// # Errors
    /// [`BadSignature`](crate::formats::itsdangerous::BadDataKind::BadSignature), with the text of
    /// the Python library, which says nothing of keys that are
    /// [unavailable](BadData::is_unavailable).
    pub fn unsign<'t>(&self, token: &'t [u8]) -> Result<Unsigned<'t>, BadData> {
        let Some((value, signature)) = self.split(token) else {
            return Err(BadData::no_separator(&self.options.separator));
        };
        match self.matching_key(value, signature) {
            Ok(Match { key, needs_reissue }) => Ok(Unsigned {
                value,
                key,
                needs_reissue,
            }),
            Err(mismatch) => Err(BadData::no_match(mismatch, signature, value)),
        }
    }

    /// Whether the signature of the token holds.
    pub fn validate(&self, token: &[u8]) -> bool {
        self.unsign(token).is_ok()
    }

    /// The text before the last separator and that behind it.
    pub(crate) fn split<'t>(&self, token: &'t [u8]) -> Option<(&'t [u8], &'t [u8])> {
        let separator = self.options.separator.as_bytes();
        let at = match separator {
            [single] => memchr::memrchr(*single, token)?,
            _ => memchr::memmem::rfind(token, separator)?,
        };
        Some((token.get(..at)?, token.get(at + separator.len()..)?))
    }

    /// The key that made the signature, counted as a verification.
    pub(crate) fn matching_key(&self, value: &[u8], signature: &[u8]) -> Result<Match, Mismatch> {
        let signature = self
            .options
            .base64
            .decode_short::<{ Tag::MAX_LEN }>(signature)
            .ok_or(Mismatch::Refused)?;
        let signature = signature.as_bytes();
        let found = match self.options.algorithm {
            Algorithm::Hmac => self
                .keys
                .find(|_, mac| mac.verify(value, signature))
                .ok_or_else(|| self.mismatch(value, signature)),
            Algorithm::DangerNone => self
                .keys
                .find(|_, _| signature.is_empty())
                .ok_or(Mismatch::Refused),
        }?;
        found.key.count_verification();
        Ok(Match {
            key: found.key.id(),
            needs_reissue: found.needs_reissue,
        })
    }

    /// The answer to a signature that no key which verifies has made.
    #[cold]
    fn mismatch(&self, value: &[u8], signature: &[u8]) -> Mismatch {
        if signature.len() != self.options.digest.output_len() {
            // No key makes such a signature.
            return Mismatch::Refused;
        }
        let mut suspended = self.suspended.iter();
        if self.may_lack_keys || suspended.any(|mac| mac.verify(value, signature)) {
            Mismatch::Unavailable
        } else {
            Mismatch::Refused
        }
    }
}

/// Which key a signature came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Match {
    pub(crate) key: KeyId,
    pub(crate) needs_reissue: bool,
}

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// No key made it that is accepted.
    Refused,
    /// It is of a key in quarantine, or may be of one that is not here.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SecretKey, VerifyKey};

    fn ring() -> KeyRing {
        KeyRing::new(SecretKey::generate().unwrap())
    }

    #[test]
    fn a_token_signed_by_an_old_key_asks_to_be_made_anew() {
        let old = ring();
        let token = Signer::new(&old, &Options::default())
            .unwrap()
            .sign(b"v")
            .unwrap();
        let new = old.rotated(SecretKey::generate().unwrap());
        let signer = Signer::new(&new, &Options::default()).unwrap();
        let unsigned = signer.unsign(&token).unwrap();
        assert!(unsigned.needs_reissue);
        assert_eq!(Some(unsigned.key), old.primary().map(RingKey::id));
        assert!(
            !signer
                .unsign(&signer.sign(b"v").unwrap())
                .unwrap()
                .needs_reissue
        );
        assert_eq!(
            new.keys().map(RingKey::verifications).collect::<Vec<_>>(),
            [1, 1]
        );
    }

    #[test]
    fn a_ring_without_a_primary_cannot_sign() {
        let key = VerifyKey::from(SecretKey::generate().unwrap());
        let signer = Signer::new(&KeyRing::verify_only([key]), &Options::default()).unwrap();
        assert!(signer.sign(b"v").unwrap_err().is_unwritable());
    }

    #[test]
    fn a_longer_separator_is_found_from_the_end() {
        let options = Options {
            separator: "::".into(),
            ..Options::default()
        };
        let signer = Signer::new(&ring(), &options).unwrap();
        let token = signer.sign(b"a::b:").unwrap();
        assert_eq!(signer.unsign(&token).unwrap().value, b"a::b:");
    }

    #[test]
    fn debug_does_not_leak_key() {
        let hex = "b436ca2a091deb3401aead38c119efab";
        let ring = KeyRing::new(SecretKey::from_text(hex).unwrap());
        let shown = format!("{:?}", Signer::new(&ring, &Options::default()).unwrap());
        assert!(
            !shown.contains(hex) && shown.contains("[RingKey { id: "),
            "{shown}"
        );
    }
}
