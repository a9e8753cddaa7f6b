//! The small values that a ring and its operations are made of.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::error::RingError;
use crate::keyring::KeyId;

/// Tells one ring from every other: 16 random bytes, drawn when the ring is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RingId([u8; Self::LEN]);

impl RingId {
    /// The length of a ring id in bytes.
    pub const LEN: usize = 16;

    /// A ring id from its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// What the wrapped material of a key is bound to: this ring and this key.
    ///
    /// Given as associated data when a key is wrapped and unwrapped, it keeps wrapped keys from
    /// being moved to another ring or exchanged within one.
    pub fn wrapping_context(&self, key: KeyId) -> Vec<u8> {
        [b"privyseal/v1/ring-key".as_slice(), &self.0, key.as_bytes()].concat()
    }
}

impl fmt::Display for RingId {
    /// 32 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RingId({self})")
    }
}

/// The bytes of a key as the ring keeps them: wrapped by a key-encryption key, and opaque here.
///
/// # Security
/// A ring in a private file may keep its keys unwrapped, so these bytes are treated as secret:
/// wiped on drop, compared in constant time, never shown.
#[derive(Clone)]
pub struct Material(Zeroizing<Vec<u8>>);

impl Material {
    /// The most bytes of one key's material.
    pub const MAX_LEN: usize = 1024;

    /// The material of a key.
    ///
    /// # Errors
    /// When there is none, or more than [`Material::MAX_LEN`] bytes of it.
    pub fn new(bytes: impl Into<Zeroizing<Vec<u8>>>) -> Result<Self, RingError> {
        let bytes = bytes.into();
        if bytes.is_empty() || bytes.len() > Self::MAX_LEN {
            return Err(RingError::BadMaterial {
                length: bytes.len(),
            });
        }
        Ok(Self(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Material {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Material {}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Material(..)")
    }
}

/// A remark on a key: one short line, shown to whoever may look at the ring.
///
/// # Security
/// It is stored and shown in the clear: no place for a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// The most bytes of a note.
    pub const MAX_LEN: usize = 128;

    /// A note with this text.
    ///
    /// # Errors
    /// When it has more than [`Note::MAX_LEN`] bytes, or control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, RingError> {
        let text = text.into();
        // A note is printed to terminals, which control characters would steer.
        if text.len() > Self::MAX_LEN || text.chars().any(char::is_control) {
            return Err(RingError::BadNote);
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key that an operation brings into the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The name, which follows from the key itself.
    pub id: KeyId,
    /// The wrapped key.
    pub material: Material,
    /// A remark, or an empty one.
    pub note: Note,
}

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Made for this ring.
    Generated,
    /// Brought in from elsewhere to verify what it signed there.
    Imported,
}

impl Origin {
    pub(super) const ALL: [Self; 2] = [Self::Generated, Self::Imported];

    /// The name in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Imported => "imported",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_material_and_notes_are_where_they_are_said_to_be() {
        for (length, fits) in [(0, false), (1, true), (1024, true), (1025, false)] {
            assert_eq!(Material::new(vec![7; length]).is_ok(), fits, "{length}");
        }
        for (length, fits) in [(0, true), (128, true), (129, false)] {
            assert_eq!(Note::new("n".repeat(length)).is_ok(), fits, "{length}");
        }
        for control in ["\n", "a\u{1b}[2J", "\u{7f}", "\u{9b}"] {
            assert_eq!(Note::new(control), Err(RingError::BadNote), "{control:?}");
        }
    }

    #[test]
    fn debug_does_not_leak_key() {
        let key = NewKey {
            id: KeyId::from_bytes([1; 8]),
            material: Material::new(vec![200; 32]).unwrap(),
            note: Note::default(),
        };
        let shown = format!("{key:?}");
        assert!(shown.contains("Material(..)"), "{shown}");
        assert!(!shown.contains("200"), "{shown}");
    }

    #[test]
    fn wrapped_keys_are_bound_to_their_ring_and_their_name() {
        let [ring, other] = [1, 2].map(|byte| RingId::from_bytes([byte; 16]));
        let [key, another] = [3, 4].map(|byte| KeyId::from_bytes([byte; 8]));
        let context = ring.wrapping_context(key);
        assert_eq!(context.len(), 21 + 16 + 8);
        assert_ne!(context, other.wrapping_context(key));
        assert_ne!(context, ring.wrapping_context(another));
    }
}
