//! Integers in text, as Python's `int(text, radix)` reads them.

use crate::json::MAX_INTEGER_DIGITS;

/// `int(text)`; what exceeds [`i128`] saturates.
pub(super) fn decimal(text: &str) -> Option<i128> {
    let (negative, magnitude) = parse(text, 10)?;
    let magnitude = i128::try_from(magnitude).unwrap_or(i128::MAX);
    Some(if negative { -magnitude } else { magnitude })
}

/// `int(text, 16)` where that is not negative; what exceeds [`u128`] saturates.
pub(super) fn hexadecimal(text: &str) -> Option<u128> {
    parse(text, 16)
        .filter(|(negative, _)| !negative)
        .map(|(_, magnitude)| magnitude)
}

/// Sign and magnitude: white space around, a sign, single underscores between digits, decimal
/// digits of any script, and `0x` in front of hexadecimal.
fn parse(text: &str, radix: u32) -> Option<(bool, u128)> {
    let text = text.trim_matches(is_space);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let magnitude = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(digits) if radix == 16 => magnitude(digits.strip_prefix('_').unwrap_or(digits), radix),
        _ => magnitude(digits, radix),
    }?;
    Some((text.starts_with('-'), magnitude))
}

fn magnitude(digits: &str, radix: u32) -> Option<u128> {
    let mut number: u128 = 0;
    let mut count = 0;
    let mut after_digit = false;
    for character in digits.chars() {
        if character == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = character
            .to_digit(radix)
            .or_else(|| decimal_digit(character))?;
        number = number
            .saturating_mul(radix.into())
            .saturating_add(digit.into());
        count += 1;
        after_digit = true;
    }
    // Python bounds conversions in bases that are no power of two.
    (after_digit && (radix == 16 || count <= MAX_INTEGER_DIGITS)).then_some(number)
}

/// What Python's `str.isspace` and `str.split` take for white space: Unicode's, and the four
/// ASCII separators.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\x1c'..='\x1f')
}

/// The value of a decimal digit of any script.
pub(super) fn decimal_digit(character: char) -> Option<u32> {
    let point = u32::from(character);
    let script = ZEROS
        .partition_point(|&zero| zero <= point)
        .checked_sub(1)?;
    ZEROS
        .get(script)
        .map(|zero| point - zero)
        .filter(|digit| *digit < 10)
}

/// The zeros of every script's decimal digits (general category Nd, Unicode 14 as in CPython
/// 3.11); the other nine follow each.
const ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0,
    0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0,
    0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_as_python() {
        for (text, number) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("-5", Some(-5)),
            ("+5", Some(5)),
            (" 5\u{3000}\x1f", Some(5)),
            ("1_0", Some(10)),
            ("٤٢", Some(42)),
            ("𝟗", Some(9)),
            ("", None),
            ("-", None),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
            ("0x1", None),
            ("a", None),
            ("²", None),
            ("- 5", None),
        ] {
            assert_eq!(decimal(text), number, "{text:?}");
        }
        assert_eq!(decimal(&"9".repeat(4300)), Some(i128::MAX));
        assert_eq!(decimal(&"0".repeat(4300)), Some(0));
        assert_eq!(decimal(&"0".repeat(4301)), None);
    }

    #[test]
    fn hexadecimal_as_python() {
        for (text, number) in [
            ("fF", Some(255)),
            ("0xff", Some(255)),
            ("0X_ff", Some(255)),
            ("+0xff", Some(255)),
            ("0_f", Some(15)),
            ("ffffffffffffffffffffffffffffffff", Some(u128::MAX)),
            ("-1", None),
            ("0x", None),
            ("0x_", None),
            ("0x__f", None),
            ("xff", None),
            ("g", None),
        ] {
            assert_eq!(hexadecimal(text), number, "{text:?}");
        }
    }
}
