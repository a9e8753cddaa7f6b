//! Floats as Python's `repr` prints them.

use super::write::push_formatted;

/// Appends a float in the shortest form that reads back as the same number: plain digits for
/// exponents from -4 to 15 (`0.0001`, `3.0`), otherwise `1e+16`, `1.5e-07`.
pub(crate) fn push_float(out: &mut Vec<u8>, number: f64) {
    if !number.is_finite() {
        let name: &[u8] = match number {
            f64::INFINITY => b"Infinity",
            f64::NEG_INFINITY => b"-Infinity",
            _ => b"NaN",
        };
        return out.extend_from_slice(name);
    }
    let start = out.len();
    // std's Debug has Python's digits and Python's limits of the plain form.
    push_formatted(out, format_args!("{number:?}"));
    if out.len() - start >= LONG {
        round_half_to_even(out, start, number);
    }
    // It spells exponents `1e16` and `1e-7`: the sign and the second digit are missing.
    let Some(at) = out.iter().skip(start).position(|&byte| byte == b'e') else {
        return;
    };
    let exponent = out.split_off(start + at + 1);
    let (sign, digits) = match exponent.strip_prefix(b"-") {
        Some(digits) => (b'-', digits),
        None => (b'+', exponent.as_slice()),
    };
    out.push(sign);
    if digits.len() < 2 {
        out.push(b'0');
    }
    out.extend_from_slice(digits);
}

/// Where two shortest forms are equally close, as .2 and .3 are to 974455088262616.25, Python
/// takes the even one and std's shortest printing the upper; std's exact printing agrees with
/// Python. A float is never halfway between two shorter forms of less than 16 digits.
fn round_half_to_even(out: &mut Vec<u8>, start: usize, number: f64) {
    let shortest = out.split_off(start);
    let (mantissa, has_exponent) = match shortest.iter().position(|&byte| byte == b'e') {
        Some(at) => (shortest.get(..at).unwrap_or_default(), true),
        None => (shortest.as_slice(), false),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.');
    let decimals = point.map_or(0, |at| mantissa.len() - at - 1);
    if has_exponent {
        push_formatted(out, format_args!("{number:.decimals$e}"));
    } else {
        push_formatted(out, format_args!("{number:.decimals$}"));
    }
}

/// The length from which a printed float may have 16 digits: they and a point.
const LONG: usize = 17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_pythons_repr() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (3.0, "3.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e-7, "1e-07"),
            (-1.5e-7, "-1.5e-07"),
            (9.999_999_999_999_999e-5, "9.999999999999999e-05"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (974_455_088_262_616.2, "974455088262616.2"),
            (974_455_088_262_616.8, "974455088262616.8"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e22, "1e+22"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
            (-f64::NAN, "NaN"),
        ] {
            let mut out = b"x".to_vec();
            push_float(&mut out, number);
            assert_eq!(out, format!("x{text}").into_bytes());
        }
    }
}
