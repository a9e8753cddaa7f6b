//! Names of key-encryption keys.

use std::fmt;

/// Names a provider and its key: `file:3f0a…`, `age:age1…`, `pkcs11:token=web;object=ring`.
///
/// It stands in the ring in the clear, says nothing secret, and is for people to read: that a ring
/// names a key does not mean that this key has wrapped it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KekId(String);

impl KekId {
    /// The most bytes of a name.
    pub const MAX_LEN: usize = 255;

    /// A name of 1 to [`KekId::MAX_LEN`] visible characters of ASCII; otherwise `None`.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        // It is printed to terminals, which control characters would steer.
        let is_printable = name.bytes().all(|byte| byte.is_ascii_graphic());
        (is_printable && (1..=Self::MAX_LEN).contains(&name.len())).then_some(Self(name))
    }

    /// A name that is put together here.
    pub(super) fn of_ours(name: impl Into<String>) -> Self {
        let id = Self(name.into());
        debug_assert!(Self::new(id.as_str()).is_some(), "{id}");
        id
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KekId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_printable() {
        for (name, is_one) in [
            (String::new(), false),
            ("f".to_owned(), true),
            ("x".repeat(255), true),
            ("x".repeat(256), false),
            ("pkcs11:token=a%20b;object=c".to_owned(), true),
            ("two words".to_owned(), false),
            ("\u{1b}[2J".to_owned(), false),
            ("schlüssel".to_owned(), false),
        ] {
            assert_eq!(KekId::new(name.clone()).is_some(), is_one, "{name:?}");
        }
    }
}
