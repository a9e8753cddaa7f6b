//! What a token holds, made safe to look at.

use std::fmt::{self, Write};

/// How many characters of a content or a name are shown to a human at most.
pub const MAX_SHOWN: usize = 4096;

/// What a token says. It is only true if the report is verified, and even then it is only what
/// the holder of the key once signed.
///
/// # Security
/// [`Display`](fmt::Display) escapes everything that could steer a terminal or deceive its reader,
/// and stops at [`MAX_SHOWN`] characters. [`unverified_bytes`](Self::unverified_bytes) does not.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedContent {
    bytes: Vec<u8>,
    is_json: bool,
}

impl UnverifiedContent {
    pub(super) fn new(bytes: &[u8], is_json: bool) -> Self {
        Self {
            bytes: bytes.to_vec(),
            is_json,
        }
    }

    /// The bytes as they are, at most 64 KiB.
    pub fn unverified_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text as it is; `None` where the bytes are not UTF-8.
    pub fn unverified_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Whether it is JSON, as CPython reads it.
    pub const fn is_json(&self) -> bool {
        self.is_json
    }
}

impl fmt::Display for UnverifiedContent {
    /// Text with everything escaped that is not plainly visible; other bytes in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.unverified_text() {
            return Shown(text).fmt(f);
        }
        f.write_str("hex ")?;
        for byte in self.bytes.iter().take(MAX_SHOWN / 2) {
            write!(f, "{byte:02x}")?;
        }
        rest(f, self.bytes.len().saturating_sub(MAX_SHOWN / 2), "bytes")
    }
}

impl fmt::Debug for UnverifiedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedContent({self})")
    }
}

/// A stranger's text on a terminal: no control character, no invisible or reordering one, and no
/// more than [`MAX_SHOWN`] characters.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(MAX_SHOWN) {
            match character {
                ' '..='~' => f.write_char(character)?,
                // Visible letters stay as they are; controls, separators, marks and format
                // characters come out as `\u{..}`.
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        rest(f, characters.count(), "characters")
    }
}

fn rest(f: &mut fmt::Formatter<'_>, count: usize, unit: &str) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    write!(f, " … and {count} more {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        let hostile = "\u{1b}]0;title\u{7}\u{1b}[2J\r\n\t\u{9b}31m\u{202e}\u{200b}\u{7f}é雪\"\\";
        let shown = Shown(hostile).to_string();
        assert_eq!(
            shown,
            "\\u{1b}]0;title\\u{7}\\u{1b}[2J\\r\\n\\t\\u{9b}31m\\u{202e}\\u{200b}\\u{7f}é雪\"\\"
        );
    }

    #[test]
    fn what_is_shown_is_bounded_at_the_edge() {
        let shown = |len| Shown(&"a".repeat(len)).to_string();
        assert_eq!(shown(MAX_SHOWN - 1).len(), MAX_SHOWN - 1);
        assert_eq!(shown(MAX_SHOWN), "a".repeat(MAX_SHOWN));
        assert!(shown(MAX_SHOWN + 1).ends_with("a … and 1 more characters"));

        let hex = |len| UnverifiedContent::new(&vec![0xff; len], false).to_string();
        assert_eq!(hex(1), "hex ff");
        assert_eq!(hex(MAX_SHOWN / 2).len(), 4 + MAX_SHOWN);
        assert!(hex(MAX_SHOWN / 2 + 1).ends_with("ff … and 1 more bytes"));
    }
}
