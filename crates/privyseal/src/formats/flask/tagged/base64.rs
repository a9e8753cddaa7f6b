//! Base64 of tagged bytes: strict when writing, as lenient as Python when reading.

use base64_simd::STANDARD;

use crate::encoding::{self, Padding};

/// Appends standard base64 with padding.
pub(super) fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    STANDARD.encode_append(bytes, out);
}

/// Decodes as Python's `base64.b64decode(text)`: MIME's rules, by which characters outside the
/// alphabet are skipped, what follows the padding is ignored, and unused bits may be anything.
/// Padding must be there.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // What a real serializer wrote decodes strictly, at a fraction of the cost.
    STANDARD
        .decode_to_vec(text)
        .ok()
        .or_else(|| encoding::decode_python(text, Padding::Required))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_python_decodes() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("YQ==", Some(b"a")),
            ("YWI=", Some(b"ab")),
            ("YWJj", Some(b"abc")),
            ("YR==", Some(b"a")),
            ("Y Q\n=~=", Some(b"a")),
            ("YQ==YQ==", Some(b"a")),
            ("====", Some(b"")),
            ("Y=Q==", Some(b"a")),
            ("YQ=I=", Some(b"a\x02")),
            ("YW=I=", Some(b"ab")),
            ("-_", Some(b"")),
            ("YQ", None),
            ("YQ=", None),
            ("Y", None),
            ("YWJ", None),
            ("Y===", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), bytes, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let mut text = Vec::new();
            push(&mut text, &bytes);
            assert_eq!(decode(&text), Some(bytes));
        }
    }
}
