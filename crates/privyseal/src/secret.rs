//! The secret key of an application: made, parsed, checked and kept quiet.

use std::fmt;

use zeroize::Zeroizing;

/// A secret key that may sign.
pub struct SecretKey(Zeroizing<Vec<u8>>);

impl SecretKey {
    /// A key that nobody checked.
    #[cfg(feature = "danger-unchecked-keys")]
    pub fn danger_unchecked(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A key that may only verify: a retired key, or a legacy key too weak to sign.
pub struct VerifyKey(Zeroizing<Vec<u8>>);

impl VerifyKey {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<SecretKey> for VerifyKey {
    fn from(key: SecretKey) -> Self {
        Self(key.0)
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyKey(..)")
    }
}
