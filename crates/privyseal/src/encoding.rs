//! Base64 as tokens carry it: strict when writing, and either strict or CPython-lenient when
//! reading.

use base64_simd::{Out, URL_SAFE_NO_PAD};

/// The base64url text of the bytes, without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Appends the base64url text of the bytes, without padding.
pub(crate) fn encode_to(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// How a token's base64 is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base64 {
    /// One text per value: base64url (RFC 4648 section 5), no padding, unused bits zero.
    #[default]
    Strict,
    /// Everything that `itsdangerous.encoding.base64_decode` takes on CPython: both alphabets,
    /// junk characters, padding in places, unused bits of any value.
    ///
    /// # Security
    /// A signature then has many spellings, so the text of a token identifies nothing: a
    /// revocation list must hold the signature's bytes.
    PythonLenient,
}

impl Base64 {
    /// The bytes behind the text; `None` when it is malformed.
    pub(crate) fn decode(self, text: &[u8]) -> Option<Vec<u8>> {
        match URL_SAFE_NO_PAD.decode_to_vec(text) {
            Ok(bytes) => Some(bytes),
            Err(_) if self == Self::PythonLenient => decode_python(text, Padding::Appended),
            Err(_) => None,
        }
    }

    /// The bytes behind a short text, without an allocation when it is written as we write it.
    /// `None` when it is malformed or holds more than `N` bytes.
    pub(crate) fn decode_short<const N: usize>(self, text: &[u8]) -> Option<Short<N>> {
        // `N` bytes need at most this many characters, so a longer strict text cannot fit.
        if text.len() <= N.div_ceil(3) * 4
            && URL_SAFE_NO_PAD.estimated_decoded_length(text.len()) <= N
        {
            let mut short = Short {
                bytes: [0; N],
                len: 0,
            };
            if let Ok(decoded) = URL_SAFE_NO_PAD.decode(text, Out::from_slice(&mut short.bytes)) {
                short.len = decoded.len();
                return Some(short);
            }
        }
        Short::new(&self.decode(text)?)
    }
}

/// A few bytes held in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Short<N> {
    fn new(from: &[u8]) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..from.len())?.copy_from_slice(from);
        Some(Self {
            bytes,
            len: from.len(),
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Whether the reader completes the padding before it decodes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// `=` is appended until the length, junk included, is a multiple of four (itsdangerous).
    Appended,
    /// The text must bring its own (`base64.b64decode`, Flask's bytes tag).
    Required,
}

/// CPython's `binascii.a2b_base64` in its default, non-strict mode, after the mapping of the
/// URL-safe alphabet that itsdangerous does when it appends the padding.
///
/// A byte outside the alphabet is skipped. A `=` counts only after two characters of a group of
/// four; once the group is complete by padding, the rest is ignored.
pub(crate) fn decode_python(text: &[u8], padding: Padding) -> Option<Vec<u8>> {
    let missing = match padding {
        Padding::Appended => (4 - text.len() % 4) % 4,
        Padding::Required => 0,
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut quad = 0_u8;
    let mut pads = 0_u8;
    let mut left = 0_u8;
    for &byte in text.iter().chain(b"===".iter().take(missing)) {
        if byte == b'=' {
            if quad >= 2 {
                pads += 1;
                if quad + pads >= 4 {
                    return Some(out);
                }
            }
            continue;
        }
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'-' if padding == Padding::Appended => 62,
            b'_' if padding == Padding::Appended => 63,
            _ => continue,
        };
        pads = 0;
        match quad {
            0 => left = value,
            1 => {
                out.push(left << 2 | value >> 4);
                left = value & 0x0f;
            }
            2 => {
                out.push(left << 4 | value >> 2);
                left = value & 0x03;
            }
            _ => out.push(left << 6 | value),
        }
        quad = (quad + 1) % 4;
    }
    (quad == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lenient(text: &str) -> Option<Vec<u8>> {
        Base64::PythonLenient.decode(text.as_bytes())
    }

    #[test]
    fn strict_takes_one_spelling() {
        assert_eq!(Base64::Strict.decode(b"AAE"), Some(vec![0, 1]));
        for other in ["AAE=", "AAF", "AA E", "AAE\n", "AA+/", "A"] {
            assert_eq!(Base64::Strict.decode(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn lenient_takes_what_python_takes() {
        for spelling in [
            "AAE",
            "AAE=",
            "AAF",
            "A~~~~AE",
            "====AAE",
            "AAE====",
            "AAE=any~junk*at^all",
        ] {
            assert_eq!(lenient(spelling), Some(vec![0, 1]), "{spelling}");
        }
        assert_eq!(lenient("-_-_"), lenient("+/+/"));
        assert_eq!(lenient(""), Some(vec![]));
        for refused in ["A", "AAE\n", "AAE~", "AA\u{e9}AAA"] {
            assert_eq!(lenient(refused), None, "{refused}");
        }
    }

    #[test]
    fn the_bytes_tag_brings_its_own_padding_and_alphabet() {
        assert_eq!(decode_python(b"AAE=", Padding::Required), Some(vec![0, 1]));
        assert_eq!(decode_python(b"AAE", Padding::Required), None);
        assert_eq!(
            decode_python(b"-_-_AAAA", Padding::Required),
            Some(vec![0, 0, 0])
        );
    }

    #[test]
    fn a_short_text_is_bounded() {
        let nine = encode(&[7; 9]);
        assert!(Base64::Strict.decode_short::<8>(nine.as_bytes()).is_none());
        assert!(
            Base64::PythonLenient
                .decode_short::<8>(nine.as_bytes())
                .is_none()
        );
        let eight = encode(&[7; 8]);
        assert_eq!(
            Base64::Strict
                .decode_short::<8>(eight.as_bytes())
                .unwrap()
                .as_bytes(),
            [7; 8]
        );
    }
}
