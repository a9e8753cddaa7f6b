//! Integers beyond 64 bits, kept as their decimal digits.

use std::fmt;

use crate::json::MAX_INTEGER_DIGITS;

/// An integer outside the range of [`i64`], as canonical decimal text.
///
/// # Examples
/// ```
/// use privyseal::value::BigInt;
///
/// let big = BigInt::new("9223372036854775808").expect("one more than i64::MAX");
/// assert_eq!(big.as_str(), "9223372036854775808");
/// assert!(BigInt::new("42").is_none(), "fits in an i64");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BigInt(Box<str>);

impl BigInt {
    /// The integer written as `digits`, with a leading `-` if negative.
    ///
    /// `None` unless it is canonical (no `+`, no leading zero), outside the range of [`i64`] and at
    /// most [`MAX_INTEGER_DIGITS`] digits long, which is as far as Python converts text.
    pub fn new(digits: &str) -> Option<Self> {
        let magnitude = digits.strip_prefix('-').unwrap_or(digits);
        let canonical = magnitude.bytes().all(|byte| byte.is_ascii_digit())
            && !magnitude.starts_with('0')
            && (19..=MAX_INTEGER_DIGITS).contains(&magnitude.len());
        (canonical && digits.parse::<i64>().is_err()).then(|| Self(digits.into()))
    }

    /// The decimal digits, with a leading `-` if negative.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The decimal form of a machine integer that the caller knows to be outside [`i64`].
    pub(super) fn from_display(number: impl fmt::Display) -> Self {
        Self(number.to_string().into())
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_integers_outside_i64_are_taken() {
        for good in [
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
        ] {
            assert_eq!(
                BigInt::new(good).map(|big| big.to_string()).as_deref(),
                Some(good)
            );
        }
        let bad = [
            "",
            "-",
            "0",
            "9223372036854775807",
            "-9223372036854775808",
            "+9223372036854775808",
            "09223372036854775808",
            "--9223372036854775808",
            "9223372036854775808 ",
            "922337203685477580x",
        ];
        for bad in bad {
            assert_eq!(BigInt::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn digits_are_bounded() {
        assert!(BigInt::new(&"7".repeat(4300)).is_some());
        assert!(BigInt::new(&format!("-{}", "7".repeat(4300))).is_some());
        assert!(BigInt::new(&"7".repeat(4301)).is_none());
    }
}
