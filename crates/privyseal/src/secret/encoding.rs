//! The text forms of a key: as it stands, hex, base64 and base64url.

use std::fmt;

use base64_simd::{Base64, STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// How a text stands for the bytes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyEncoding {
    /// The UTF-8 bytes of the text are the key, as Flask takes `SECRET_KEY`.
    Text,
    /// Two hex digits a byte, upper or lower case.
    Hex,
    /// The standard alphabet of RFC 4648 with `+` and `/`, padded or not.
    Base64,
    /// The URL-safe alphabet of RFC 4648 with `-` and `_`, padded or not.
    Base64Url,
}

impl fmt::Display for KeyEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        })
    }
}

/// The bytes that `text` stands for; `None` when it is not exactly of that encoding.
///
/// Strict: no white space, no other alphabet, no stray bits after the last byte, and padding
/// either whole or absent, so that one key has few spellings.
pub(super) fn decode(text: &str, encoding: KeyEncoding) -> Option<Zeroizing<Vec<u8>>> {
    match encoding {
        KeyEncoding::Text => Some(Zeroizing::new(text.as_bytes().to_vec())),
        KeyEncoding::Hex => decode_hex(text.as_bytes()),
        KeyEncoding::Base64 => decode_base64(text, &STANDARD_NO_PAD),
        KeyEncoding::Base64Url => decode_base64(text, &URL_SAFE_NO_PAD),
    }
}

pub(super) fn encode_hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0x0f] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    text
}

pub(super) fn encode_base64(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode_to_string(bytes))
}

pub(super) fn encode_base64url(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(URL_SAFE_NO_PAD.encode_to_string(bytes))
}

fn decode_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    // Allocated once at full size: a growing vector would leave pieces of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for &[high, low] in pairs {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        bytes.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
    }
    Some(bytes)
}

fn decode_base64(text: &str, alphabet: &Base64) -> Option<Zeroizing<Vec<u8>>> {
    let unpadded = text.trim_end_matches('=');
    let padding = text.len() - unpadded.len();
    if padding != 0 && (padding > 2 || !text.len().is_multiple_of(4)) {
        return None;
    }
    alphabet.decode_to_vec(unpadded).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes_what_is_exact_and_nothing_else() {
        use KeyEncoding::{Base64, Base64Url, Hex};
        let cases: &[(KeyEncoding, &str, Option<&[u8]>)] = &[
            (Hex, "00ffAb", Some(b"\x00\xff\xab")),
            (Hex, "00f", None),
            (Hex, "0x00", None),
            (Hex, "00 ff", None),
            (Hex, "00ff\n", None),
            (Hex, "+1", None),
            (Base64, "+/8=", Some(b"\xfb\xff")),
            (Base64, "+/8", Some(b"\xfb\xff")),
            (Base64Url, "-_8=", Some(b"\xfb\xff")),
            (Base64Url, "-_8", Some(b"\xfb\xff")),
            (Base64, "-_8", None),
            (Base64Url, "+/8", None),
            (Base64, "+/8==", None),
            (Base64, "+/9", None), // stray bits after the last byte
            (Base64, "A", None),
            (Base64, "A===", None),
            (Base64, "AAAA=", None),
            (Base64, "AAAA====", None),
            (Base64, "AA=A", None),
            (Base64, "AAAA\n", None),
            (Base64, " AAAA", None),
        ];
        for (encoding, text, bytes) in cases {
            let decoded = decode(text, *encoding);
            assert_eq!(
                decoded.as_ref().map(|b| b.as_slice()),
                *bytes,
                "{encoding} {text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_encoding_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let spellings = [
                (KeyEncoding::Hex, encode_hex(&bytes)),
                (KeyEncoding::Base64, encode_base64(&bytes)),
                (KeyEncoding::Base64Url, encode_base64url(&bytes)),
            ];
            for (encoding, text) in spellings {
                prop_assert_eq!(&*decode(&text, encoding).unwrap(), &bytes);
                let unpadded = text.trim_end_matches('=');
                prop_assert_eq!(&*decode(unpadded, encoding).unwrap(), &bytes);
            }
        }

        #[test]
        fn decoding_never_panics(text in any::<String>()) {
            for encoding in [KeyEncoding::Hex, KeyEncoding::Base64, KeyEncoding::Base64Url] {
                let _ = decode(&text, encoding);
            }
        }
    }
}
