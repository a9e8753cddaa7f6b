//! A Python `str`: Unicode text that may hold lone surrogates.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

/// A Python `str`.
///
/// Almost always a [`String`]. Python's JSON also carries half surrogate pairs (`"\ud800"`), which
/// UTF-8 cannot hold; such a text keeps them, and [`Text::as_str`] is `None`. Texts are ordered by
/// code point, as Python's `sorted()` orders them.
///
/// # Examples
/// ```
/// use privyseal::value::Text;
///
/// assert_eq!(Text::from("é").as_str(), Some("é"));
/// let odd = Text::from_utf16(&[0x61, 0xd800]);
/// assert_eq!(odd.as_str(), None);
/// assert_eq!(odd.to_utf16(), [0x61, 0xd800]);
/// ```
#[derive(Clone)]
pub struct Text(Repr);

/// `Wtf8` is only used for text that `Utf8` cannot hold, so equal texts have equal forms.
#[derive(Clone)]
enum Repr {
    Utf8(String),
    /// UTF-8 extended to lone surrogates (and never a pair written as two of them). A box, not a
    /// vector, so that the whole type stays as small as a `String`.
    Wtf8(Box<[u8]>),
}

impl Text {
    /// The text of UTF-16 code units, whose unpaired surrogates are kept.
    pub fn from_utf16(units: &[u16]) -> Self {
        let mut bytes = Vec::with_capacity(units.len());
        for unit in char::decode_utf16(units.iter().copied()) {
            match unit {
                Ok(character) => push_code_point(&mut bytes, character.into()),
                Err(lone) => push_code_point(&mut bytes, lone.unpaired_surrogate().into()),
            }
        }
        Self::from_wtf8(bytes)
    }

    /// The text, unless it holds a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Utf8(text) => Some(text),
            Repr::Wtf8(_) => None,
        }
    }

    /// The text itself, unless it holds a lone surrogate.
    pub(crate) fn into_string(self) -> Option<String> {
        match self.0 {
            Repr::Utf8(text) => Some(text),
            Repr::Wtf8(_) => None,
        }
    }

    /// The text, with U+FFFD in place of every lone surrogate.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Utf8(text) => Cow::Borrowed(text),
            Repr::Wtf8(_) => Cow::Owned(
                self.code_points()
                    .map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect(),
            ),
        }
    }

    /// The UTF-16 code units; the only lossless form that every text has outside Python.
    pub fn to_utf16(&self) -> Vec<u16> {
        let mut units = Vec::with_capacity(self.as_wtf8().len());
        for point in self.code_points() {
            match (char::from_u32(point), u16::try_from(point)) {
                (Some(character), _) => {
                    units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
                }
                (None, Ok(surrogate)) => units.push(surrogate),
                (None, Err(_)) => {}
            }
        }
        units
    }

    /// The code points, lone surrogates among them, as iterating over the `str` gives in Python.
    pub fn code_points(&self) -> impl Iterator<Item = u32> + '_ {
        let mut rest = self.as_wtf8();
        std::iter::from_fn(move || {
            let (point, after) = split_code_point(rest)?;
            rest = after;
            Some(point)
        })
    }

    /// Whether there is no character.
    pub fn is_empty(&self) -> bool {
        self.as_wtf8().is_empty()
    }

    /// UTF-8, or UTF-8 extended to lone surrogates. Its byte order is code point order.
    pub(crate) fn as_wtf8(&self) -> &[u8] {
        match &self.0 {
            Repr::Utf8(text) => text.as_bytes(),
            Repr::Wtf8(bytes) => bytes,
        }
    }

    /// The text of bytes made by [`push_code_point`] or taken from [`Text::as_wtf8`].
    pub(crate) fn from_wtf8(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self(Repr::Utf8(text)),
            Err(error) => Self(Repr::Wtf8(error.into_bytes().into_boxed_slice())),
        }
    }

    /// The text of one code point.
    pub(crate) fn from_code_point(point: u32) -> Self {
        let mut bytes = Vec::new();
        push_code_point(&mut bytes, point);
        Self::from_wtf8(bytes)
    }

    /// The text without its last `count` code points, as Python's `text[:-count]`.
    pub(crate) fn without_last(&self, count: usize) -> Self {
        let bytes = self.as_wtf8();
        let is_start = |byte: &u8| byte & 0xc0 != 0x80;
        let starts = bytes.iter().enumerate().filter(|(_, byte)| is_start(byte));
        let end = match count.checked_sub(1) {
            None => bytes.len(),
            Some(before) => starts.rev().nth(before).map_or(0, |(at, _)| at),
        };
        Self::from_wtf8(bytes.get(..end).unwrap_or_default().to_vec())
    }
}

/// Appends a code point, a surrogate included, in (generalised) UTF-8. The caller joins pairs.
pub(crate) fn push_code_point(bytes: &mut Vec<u8>, point: u32) {
    let [_, high, middle, low] = point.to_be_bytes();
    if let Some(character) = char::from_u32(point) {
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else if high == 0 {
        // Only surrogates, U+D800 to U+DFFF, come here: three bytes.
        bytes.extend([
            0xe0 | middle >> 4,
            0x80 | (middle & 15) << 2 | low >> 6,
            0x80 | low & 63,
        ]);
    }
}

/// Splits the first code point off well-formed (generalised) UTF-8.
pub(crate) fn split_code_point(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (lead, following) = match first {
        0..0x80 => return Some((first.into(), rest)),
        0x80..0xe0 => (first & 0x1f, 1),
        0xe0..0xf0 => (first & 0x0f, 2),
        0xf0.. => (first & 0x07, 3),
    };
    let (tail, rest) = rest.split_at_checked(following)?;
    let point = tail.iter().fold(u32::from(lead), |point, &byte| {
        point << 6 | u32::from(byte & 63)
    });
    Some((point, rest))
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::Utf8(text.to_owned()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Utf8(text))
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self(Repr::Utf8(text.clone()))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Repr::Utf8(String::new()))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_wtf8() == other.as_wtf8()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_wtf8() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_wtf8() == other.as_bytes()
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_wtf8().cmp(other.as_wtf8())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_wtf8().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.as_str() {
            return text.fmt(f);
        }
        f.write_char('"')?;
        for point in self.code_points() {
            match char::from_u32(point) {
                Some(character) => write!(f, "{}", character.escape_debug())?,
                None => write!(f, "\\u{{{point:x}}}")?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_round_trips_with_lone_surrogates() {
        let all: [&[u16]; 6] = [
            &[],
            &[0x61],
            &[0xd800],
            &[0xdc00, 0xd800],
            &[0xd83d, 0xde00],
            &[0xdfff, 0xe9, 0x20ac],
        ];
        for units in all {
            assert_eq!(Text::from_utf16(units).to_utf16(), units, "{units:x?}");
        }
        assert_eq!(Text::from_utf16(&[0xd83d, 0xde00]).as_str(), Some("😀"));
    }

    #[test]
    fn a_lone_surrogate_is_kept_shown_and_replaced() {
        let text = Text::from_utf16(&[0x22, 0xd800, 0xe9]);
        assert_eq!(text.as_str(), None);
        assert_eq!(text.to_string_lossy(), "\"\u{fffd}é");
        assert_eq!(format!("{text:?}"), r#""\"\u{d800}é""#);
        assert_eq!(text.code_points().collect::<Vec<_>>(), [0x22, 0xd800, 0xe9]);
    }

    #[test]
    fn order_is_by_code_point_not_by_utf16_unit() {
        let mut texts = [
            Text::from("\u{10000}"),
            Text::from("\u{ffff}"),
            Text::from_utf16(&[0xd800]),
        ];
        texts.sort();
        assert_eq!(
            texts,
            [
                Text::from_utf16(&[0xd800]),
                "\u{ffff}".into(),
                "\u{10000}".into()
            ]
        );
    }

    #[test]
    fn the_last_code_points_come_off_whole() {
        assert_eq!(Text::from("aé😀").without_last(2), "a");
        assert_eq!(Text::from("a").without_last(2), "");
        assert_eq!(Text::from("ab").without_last(0), "ab");
        assert_eq!(
            Text::from_utf16(&[0xd800, 0x61, 0x62])
                .without_last(2)
                .to_utf16(),
            [0xd800]
        );
        assert_eq!(Text::from_utf16(&[0x61, 0xd800]).without_last(1), "a");
    }

    #[test]
    fn a_text_is_as_small_as_a_string() {
        assert_eq!(size_of::<Text>(), size_of::<String>());
    }
}
