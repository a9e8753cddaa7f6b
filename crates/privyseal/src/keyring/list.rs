//! Strict reading of lists of keys.

use std::fmt;

use zeroize::Zeroizing;

use crate::json;
use crate::value::Value;

/// The keys in a JSON array of strings, in its order, as `SECRET_KEY_FALLBACKS` is configured.
///
/// # Errors
/// Flask takes anything that can be iterated, so that a plain string becomes a list of
/// one-character keys and an empty entry becomes a key that everyone knows: either lets a stranger
/// forge sessions. Here both are errors, as is everything else that is not a list of texts.
///
/// # Examples
/// ```
/// use privyseal::keyring::parse_key_list;
///
/// assert_eq!(parse_key_list(r#"["first", "second"]"#)?.len(), 2);
/// assert!(parse_key_list(r#""one-plain-string""#).is_err());
/// assert!(parse_key_list(r#"["first", ""]"#).is_err());
/// # Ok::<(), privyseal::keyring::KeyListError>(())
/// ```
pub fn parse_key_list(text: &str) -> Result<Vec<Zeroizing<String>>, KeyListError> {
    let Ok(Value::List(list)) = json::parse(text.trim().as_bytes()) else {
        return Err(KeyListError::NotAList);
    };
    list.into_iter()
        .enumerate()
        .map(|(index, entry)| match entry {
            // The text moves into the result, so that no copy of a key is left behind.
            Value::Str(text) => match text.into_string().map(Zeroizing::new) {
                Some(text) if text.trim().is_empty() => Err(KeyListError::EmptyEntry { index }),
                Some(text) => Ok(text),
                None => Err(KeyListError::NotText { index }),
            },
            _ => Err(KeyListError::NotText { index }),
        })
        .collect()
}

/// Why a text is not a list of keys; it says where, never what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyListError {
    /// The text is not a JSON array.
    NotAList,
    /// An entry is empty: an HMAC key that everyone knows.
    EmptyEntry {
        /// The position of the entry, from 0.
        index: usize,
    },
    /// An entry is not a string.
    NotText {
        /// The position of the entry, from 0.
        index: usize,
    },
    /// An entry of a list with commas has white space in it, or what belongs to another notation.
    NotPlain {
        /// The position of the entry, from 0.
        index: usize,
    },
}

impl KeyListError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAList => r#"write a JSON array of strings, for example ["oldest", "newer"]"#,
            Self::EmptyEntry { .. } => "remove the empty entry from the list",
            Self::NotText { .. } => "every entry must be a string in double quotes",
            Self::NotPlain { .. } => {
                r#"write the keys with a comma and no space between them, or a JSON array of strings, for example ["oldest", "newer"]"#
            }
        }
    }
}

impl fmt::Display for KeyListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAList => f.write_str("the list of keys is not a JSON array"),
            Self::EmptyEntry { index } => write!(f, "entry {index} of the list of keys is empty"),
            Self::NotText { index } => {
                write!(f, "entry {index} of the list of keys is not a string")
            }
            Self::NotPlain { index } => write!(
                f,
                "entry {index} of the list of keys has a space, a quotation mark, a bracket or the like in it"
            ),
        }
    }
}

impl std::error::Error for KeyListError {}
