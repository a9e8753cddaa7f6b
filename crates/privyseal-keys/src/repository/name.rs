//! What tells the rings of one database apart.

use std::fmt;

/// The name of a ring in a repository that can hold several, such as a database.
///
/// # Examples
/// ```
/// use privyseal_keys::repository::RingName;
///
/// assert_eq!(RingName::default().as_str(), "main");
/// assert!(RingName::new("shop-eu.2").is_ok());
/// assert!(RingName::new("two words").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RingName(String);

impl RingName {
    /// Takes 1 to 64 letters, digits, dots, hyphens and underscores, all of ASCII.
    ///
    /// # Errors
    /// When the name is another one.
    pub fn new(name: impl Into<String>) -> Result<Self, RingNameError> {
        let name = name.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if (1..=MAX_LEN).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(RingNameError)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `main`: the ring of a database that has one.
impl Default for RingName {
    fn default() -> Self {
        Self("main".to_owned())
    }
}

impl fmt::Display for RingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not the name of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ring is named by 1 to 64 letters, digits, dots, hyphens and underscores")]
pub struct RingNameError;

const MAX_LEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_need_no_quoting() {
        for name in ["m", "main", "A-b_c.9", &"x".repeat(64)] {
            assert_eq!(RingName::new(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "a b",
            "a/b",
            "a'b",
            "a:b",
            "{a}",
            "\u{fc}",
            &"x".repeat(65),
        ] {
            assert_eq!(RingName::new(name), Err(RingNameError), "{name}");
        }
    }
}
