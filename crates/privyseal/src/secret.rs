//! The secret key of an application: made, parsed, checked and kept quiet.
//!
//! A [`SecretKey`] exists only if it passed [`assess`]; the thresholds stand there. A [`VerifyKey`]
//! cannot sign, so a retired or weak key can be kept for a while without new sessions resting on it.

mod assess;
mod encoding;
mod error;
mod known;
mod placeholder;
mod strength;

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

pub use assess::{
    Assessment, MINIMUM_BITS, MINIMUM_BYTES, RECOMMENDED_BITS, RECOMMENDED_BYTES, Warning, assess,
};
pub use encoding::KeyEncoding;
pub use error::{KeyError, Weakness};

/// A secret key that may sign.
///
/// # Security
///
/// The bytes are wiped when the key is dropped, compared in constant time, and never shown by
/// `Debug`; there is no `Display` and no `Serialize`. The methods named `expose_` are the only way
/// out, and the texts that they return are wiped as well.
///
/// # Examples
///
/// ```
/// use privyseal::SecretKey;
///
/// let key = SecretKey::generate()?;
/// assert_eq!(format!("{key:?}"), "SecretKey(..)");
/// assert_eq!(SecretKey::from_hex(&key.expose_hex())?, key);
/// assert!(SecretKey::from_text("my super secret flask key").is_err());
/// # Ok::<(), privyseal::secret::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SecretKey(Zeroizing<Vec<u8>>);

impl SecretKey {
    /// A new key: 32 bytes from the operating system.
    ///
    /// # Errors
    ///
    /// [`KeyError::RandomnessUnavailable`] when the operating system gives none; there is no
    /// fallback. [`KeyError::Weak`] when what it gives is refused by [`assess`], as the output of a
    /// broken generator is.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new(vec![0; RECOMMENDED_BYTES]);
        getrandom::fill(&mut bytes).map_err(|_| KeyError::RandomnessUnavailable)?;
        Self::checked(bytes)
    }

    /// A key from its bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Weak`] when [`assess`] refuses them.
    ///
    /// # Security
    ///
    /// A `Vec` is taken over and wiped with the key; of a slice, a copy is made, and the original
    /// stays with the caller.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, KeyError> {
        Self::checked(Zeroizing::new(bytes.into()))
    }

    /// A key from a text whose UTF-8 bytes are the key, as Flask takes `SECRET_KEY`.
    ///
    /// Nothing is trimmed: a line break at the end is part of the key, which [`Self::warnings`]
    /// then says.
    ///
    /// # Errors
    ///
    /// [`KeyError::Weak`] when [`assess`] refuses the bytes.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(text)
    }

    /// A key from hex digits, in upper or lower case.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when the text is anything but pairs of hex digits; [`KeyError::Weak`]
    /// when [`assess`] refuses the decoded bytes, or the text is a placeholder or publicly known.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        Self::parse(text, KeyEncoding::Hex)
    }

    /// A key from base64 with `+` and `/`, padded or not.
    ///
    /// # Errors
    ///
    /// As [`Self::from_hex`].
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::parse(text, KeyEncoding::Base64)
    }

    /// A key from base64url with `-` and `_`, padded or not.
    ///
    /// # Errors
    ///
    /// As [`Self::from_hex`].
    pub fn from_base64url(text: &str) -> Result<Self, KeyError> {
        Self::parse(text, KeyEncoding::Base64Url)
    }

    /// A key from a text in the given encoding.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when the text is not of that encoding, [`KeyError::Weak`] when the
    /// text or what it decodes to is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use privyseal::secret::{KeyEncoding, KeyError, SecretKey, Weakness};
    ///
    /// let refused = SecretKey::parse("${SECRET_KEY}", KeyEncoding::Hex).unwrap_err();
    /// assert_eq!(refused, KeyError::Weak(Weakness::Placeholder));
    /// ```
    pub fn parse(text: &str, encoding: KeyEncoding) -> Result<Self, KeyError> {
        // The text first: "changeme" is a placeholder, whatever it decodes to.
        if text.trim().is_empty() {
            return Err(Weakness::Missing.into());
        }
        if placeholder::is_placeholder(text.as_bytes()) {
            return Err(Weakness::Placeholder.into());
        }
        if known::contains(text.as_bytes()) {
            return Err(Weakness::PubliclyKnown.into());
        }
        let bytes = encoding::decode(text, encoding).ok_or(KeyError::Malformed { encoding })?;
        Self::checked(bytes)
    }

    /// A key that nobody checked, not even for being empty.
    ///
    /// # Security
    ///
    /// For vectors and tests of old formats. Whoever guesses the key forges every session.
    #[cfg(feature = "danger-unchecked-keys")]
    pub fn danger_unchecked(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// What [`assess`] says of this key.
    pub fn assessment(&self) -> Assessment {
        assess(&self.0)
    }

    /// What could be better about this key, such as fewer than 32 bytes.
    pub fn warnings(&self) -> Vec<Warning> {
        self.assessment().warnings().to_vec()
    }

    /// The secret itself.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret itself, as lower-case hex.
    pub fn expose_hex(&self) -> Zeroizing<String> {
        encoding::encode_hex(&self.0)
    }

    /// The secret itself, as padded base64.
    pub fn expose_base64(&self) -> Zeroizing<String> {
        encoding::encode_base64(&self.0)
    }

    /// The secret itself, as base64url without padding.
    pub fn expose_base64url(&self) -> Zeroizing<String> {
        encoding::encode_base64url(&self.0)
    }

    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    fn checked(bytes: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        match assess(&bytes).weaknesses().first() {
            Some(weakness) => Err(KeyError::Weak(*weakness)),
            None => Ok(Self(bytes)),
        }
    }
}

impl PartialEq for SecretKey {
    /// In constant time for keys of equal length; the length is no secret.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A key that may only verify: a retired key, or a legacy key too weak to sign.
///
/// # Examples
///
/// ```
/// use privyseal::secret::{SecretKey, VerifyKey};
///
/// let retired = VerifyKey::from(SecretKey::generate()?);
/// assert_eq!(format!("{retired:?}"), "VerifyKey(..)");
/// # Ok::<(), privyseal::secret::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyKey(Zeroizing<Vec<u8>>);

impl VerifyKey {
    /// Accepts a key that [`assess`] would refuse, for verification only.
    ///
    /// # Errors
    ///
    /// [`Weakness::Missing`] when it is empty: with an empty key, everyone can sign.
    ///
    /// # Security
    ///
    /// **Whoever guesses this key forges sessions that will be accepted** for as long as it stays in
    /// the ring, and a publicly known key needs no guessing. It is for the days in which users of an
    /// application move from a weak key to a real one, and for data that is worth no more than that.
    ///
    /// # Examples
    ///
    /// ```
    /// use privyseal::secret::VerifyKey;
    ///
    /// assert!(VerifyKey::danger_accept_weak("old-key").is_ok());
    /// assert!(VerifyKey::danger_accept_weak("").is_err());
    /// ```
    pub fn danger_accept_weak(bytes: impl Into<Vec<u8>>) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.is_empty() {
            Err(Weakness::Missing.into())
        } else {
            Ok(Self(bytes))
        }
    }

    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

impl From<SecretKey> for VerifyKey {
    fn from(key: SecretKey) -> Self {
        Self(key.0)
    }
}

impl PartialEq for VerifyKey {
    /// In constant time for keys of equal length; the length is no secret.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for VerifyKey {}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyKey(..)")
    }
}

#[cfg(test)]
mod tests;
