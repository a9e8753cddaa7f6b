//! JSON exactly as CPython's `json` module reads and writes it.
//!
//! The text inside a Flask or itsdangerous token is Python's JSON, which is wider than RFC 8259:
//! NaN and the infinities, integers of any size, half surrogate pairs, a thousand levels of
//! nesting. Tokens are only compatible when both directions follow it to the byte.

mod float;
mod parse;
mod scan;
mod write;

use std::fmt;

pub(crate) use float::push_float;
pub use parse::parse;
pub use write::write;
pub(crate) use write::{deeper, in_order, push_formatted, push_int, push_text};

/// How many lists and objects may lie inside one another when reading and writing.
///
/// CPython has no number of its own for this: it stops where its recursion limit of 1,000 is
/// reached, a few levels earlier than that.
pub const MAX_DEPTH: usize = 990;

/// How many digits an integer may have; CPython refuses to convert longer ones.
pub const MAX_INTEGER_DIGITS: usize = 4300;

/// How JSON is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `json.dumps(value)`: a space after commas and colons, ASCII only.
    Python,
    /// `json.dumps(value, separators=(",", ":"), ensure_ascii=ascii)`.
    Compact {
        /// Whether characters outside ASCII are written as escapes.
        ascii: bool,
    },
}

/// Everything that decides how a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// The spelling.
    pub style: Style,
    /// Whether the keys of every object are sorted by code point, as `sort_keys=True` does.
    pub sort_keys: bool,
}

impl From<Style> for WriteOptions {
    /// The style, keys in the order of the dict.
    fn from(style: Style) -> Self {
        Self {
            style,
            sort_keys: false,
        }
    }
}

/// Why a text is not JSON, or a value cannot be written as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    kind: ErrorKind,
    position: Option<usize>,
}

impl JsonError {
    /// The byte at which reading failed; `None` for an error of writing.
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// Whether the value was nested deeper than the bound ([`MAX_DEPTH`] here).
    pub fn is_too_deep(&self) -> bool {
        self.kind == ErrorKind::TooDeep
    }

    pub(crate) fn writing(kind: ErrorKind) -> Self {
        Self {
            kind,
            position: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    NotUtf8,
    UnexpectedEnd,
    UnexpectedByte,
    ControlCharacter,
    BadEscape,
    HugeInteger,
    TrailingData,
    TooDeep,
    LoneSurrogate,
    NotJson(&'static str),
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::NotUtf8 => f.write_str("not valid UTF-8"),
            ErrorKind::UnexpectedEnd => f.write_str("unexpected end"),
            ErrorKind::UnexpectedByte => f.write_str("unexpected byte"),
            ErrorKind::ControlCharacter => f.write_str("control character inside a string"),
            ErrorKind::BadEscape => f.write_str("invalid escape"),
            ErrorKind::HugeInteger => {
                write!(f, "integer of more than {MAX_INTEGER_DIGITS} digits")
            }
            ErrorKind::TrailingData => f.write_str("data after the value"),
            ErrorKind::TooDeep => f.write_str("nested too deep"),
            ErrorKind::LoneSurrogate => f.write_str("text with a lone surrogate is not UTF-8"),
            ErrorKind::NotJson(name) => write!(f, "a {name} has no form in plain JSON"),
        }?;
        match self.position {
            Some(position) => write!(f, " at byte {position}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}

#[cfg(test)]
pub(crate) mod tests;
