//! Finding the end of plain text, eight bytes at a time.

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

/// How many bytes from the start need no escape: up to the first quote, backslash or control
/// character and, with `ascii`, DEL or byte outside ASCII.
pub(super) fn plain_length(bytes: &[u8], ascii: bool) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let special = specials(u64::from_le_bytes(*word), ascii);
        if special != 0 {
            return place * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let is_plain =
        |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\' && !(ascii && byte >= 0x7f);
    words.len() * 8
        + rest
            .iter()
            .position(|&byte| !is_plain(byte))
            .unwrap_or(rest.len())
}

/// The high bit of every special byte. A borrow can mark bytes above a special one by mistake,
/// never below: the lowest mark is right, and there is none without a special byte.
fn specials(word: u64, ascii: bool) -> u64 {
    let equals = |byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero
    };
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    let mut special = controls | equals(b'"') | equals(b'\\');
    if ascii {
        special |= word | equals(0x7f);
    }
    special & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_classified_at_every_place() {
        for ascii in [false, true] {
            for byte in 0..=u8::MAX {
                let special = byte < 0x20
                    || byte == b'"'
                    || byte == b'\\'
                    || (ascii && !(0x20..0x7f).contains(&byte));
                for filler in [b' ', b'!', b'~', b'#', b'['] {
                    for place in 0..19 {
                        let mut bytes = [filler; 19];
                        bytes[place] = byte;
                        let expected = if special { place } else { 19 };
                        assert_eq!(plain_length(&bytes, ascii), expected, "{byte} at {place}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_of_several_is_found() {
        assert_eq!(plain_length(b"ab\x01\"\\cdefgh", false), 2);
        assert_eq!(plain_length(b"!\"#\"!!!!", false), 1);
        assert_eq!(plain_length("aé\"bcdefg".as_bytes(), false), 3);
        assert_eq!(plain_length("aé\"bcdefg".as_bytes(), true), 1);
        assert_eq!(plain_length(b"", true), 0);
    }
}
