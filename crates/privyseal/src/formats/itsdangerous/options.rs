//! How a signer is set up: salt, key derivation, digest, separator.

use std::fmt;

use zeroize::Zeroizing;

use crate::digest::{Digest, PreparedMac};
use crate::encoding::Base64;
use crate::formats::itsdangerous::DEFAULT_INFLATE_LIMIT;

/// The settings of a signer or serializer; the defaults are those of itsdangerous 2.2.
#[derive(Clone, Debug)]
pub struct Options {
    /// Namespaces the key. `None` is the default of the type: `itsdangerous.Signer` for both
    /// signers, `itsdangerous` for the serializers.
    pub salt: Option<Vec<u8>>,
    /// How the signing key is made from the secret key and the salt.
    pub key_derivation: KeyDerivation,
    /// The hash of the derivation and of the signature.
    pub digest: Digest,
    /// What stands between the value and the signature.
    pub separator: String,
    /// What makes the signature.
    pub algorithm: Algorithm,
    /// How base64 is read.
    pub base64: Base64,
    /// The most bytes that a compressed payload may inflate to. Python has no such limit.
    pub inflate_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            salt: None,
            key_derivation: KeyDerivation::default(),
            digest: Digest::Sha1,
            separator: ".".to_owned(),
            algorithm: Algorithm::default(),
            base64: Base64::PythonLenient,
            inflate_limit: DEFAULT_INFLATE_LIMIT,
        }
    }
}

impl Options {
    /// The defaults with this salt.
    pub fn with_salt(salt: impl Into<Vec<u8>>) -> Self {
        Self {
            salt: Some(salt.into()),
            ..Self::default()
        }
    }

    /// Refuses a separator that Python refuses.
    pub(crate) fn check_separator(&self) -> Result<(), OptionsError> {
        // Python asks whether the separator is a run of this text, so "ba" slips through; so do we.
        const SIGNATURE_CHARACTERS: &[u8] =
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=";
        let separator = self.separator.as_bytes();
        let refused = separator.is_empty()
            || SIGNATURE_CHARACTERS
                .windows(separator.len())
                .any(|run| run == separator);
        if refused {
            Err(OptionsError::Separator)
        } else {
            Ok(())
        }
    }

    /// The MAC under the key that is derived from this secret key.
    pub(crate) fn prepare(&self, secret: &[u8], salt: &[u8]) -> PreparedMac {
        let digest = self.digest;
        match self.key_derivation {
            KeyDerivation::Concat => PreparedMac::new(digest, &digest.hash(&[salt, secret])),
            KeyDerivation::DjangoConcat => {
                PreparedMac::new(digest, &digest.hash(&[salt, b"signer", secret]))
            }
            KeyDerivation::Hmac => {
                let key = Zeroizing::new(PreparedMac::new(digest, secret).tag(salt));
                PreparedMac::new(digest, key.as_bytes())
            }
            KeyDerivation::None => PreparedMac::new(digest, secret),
        }
    }
}

/// How the signing key is made from the secret key and the salt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyDerivation {
    /// The hash of salt and secret (`concat`).
    Concat,
    /// The hash of salt, `signer` and secret (`django-concat`), the default of itsdangerous.
    #[default]
    DjangoConcat,
    /// The HMAC of the salt under the secret (`hmac`), as Flask does.
    Hmac,
    /// The secret key itself (`none`).
    None,
}

/// What makes the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC.
    #[default]
    Hmac,
    /// No signature at all (`NoneAlgorithm`).
    ///
    /// # Security
    /// Everybody can write such tokens. It stands here because the library has it.
    DangerNone,
}

/// Settings that cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsError {
    /// The separator may be contained in a signature.
    Separator,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Separator => f.write_str(
                "The given separator cannot be used because it may be contained in the signature \
                 itself. ASCII letters, digits, and '-_=' must not be used.",
            ),
        }
    }
}

impl std::error::Error for OptionsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_refused_as_python_refuses_them() {
        for (separator, refused) in [
            ("", true),
            ("a", true),
            ("ab", true),
            ("-_=", true),
            ("ba", false),
            ("=_", false),
            (".", false),
            ("é", false),
        ] {
            let options = Options {
                separator: separator.into(),
                ..Options::default()
            };
            assert_eq!(options.check_separator().is_err(), refused, "{separator:?}");
        }
    }
}
