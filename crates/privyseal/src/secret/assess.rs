//! The verdict on a key: refused and why, or accepted and with what warnings.

use std::fmt;
use std::iter;

use zeroize::Zeroizing;

use super::encoding::{KeyEncoding, decode};
use super::error::Weakness;
use super::strength::{Estimate, estimate};
use super::{known, placeholder};

/// Keys below this many bytes are refused.
pub const MINIMUM_BYTES: usize = 16;
/// Keys below this many bytes get a warning.
pub const RECOMMENDED_BYTES: usize = 32;
/// Keys whose strength is estimated below this many bits are refused.
pub const MINIMUM_BITS: u32 = 80;
/// Keys whose strength is estimated below this many bits get a warning.
pub const RECOMMENDED_BITS: u32 = 100;

/// What there is to say about a key, without the key.
///
/// # Examples
///
/// ```
/// use privyseal::secret::{Warning, Weakness, assess};
///
/// let weak = assess(b"correct zebra battery window");
/// assert_eq!(weak.weaknesses(), [Weakness::Passphrase]);
///
/// let short = assess(b"\x9c\x11\x5d\x83\xb0\x2e\xf6\x47\xa9\x70\x0b\xd8\x64\xe3\x1f\x35");
/// assert!(short.is_accepted());
/// assert_eq!(short.warnings(), [Warning::ShorterThanRecommended { length: 16 }]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    length: usize,
    bits: u32,
    weaknesses: Vec<Weakness>,
    warnings: Vec<Warning>,
}

impl Assessment {
    /// Whether the key may sign.
    pub fn is_accepted(&self) -> bool {
        self.weaknesses.is_empty()
    }

    /// Why the key is refused, the most telling reason first; empty when it is accepted.
    pub fn weaknesses(&self) -> &[Weakness] {
        &self.weaknesses
    }

    /// What could be better about an accepted key; empty when it is refused.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The length of the key in bytes.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The estimated strength in bits: an upper bound, and zero for a key that is publicly known.
    pub fn bits(&self) -> u32 {
        self.bits
    }
}

/// What could be better about a key that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// At least 16 bytes but fewer than 32.
    ShorterThanRecommended {
        /// The length of the key in bytes.
        length: usize,
    },
    /// Estimated at 80 bits or more but below 100. (Not 112 or 128: the estimate of a key of 128
    /// random bits falls 16 below them once in ten thousand.)
    WeakerThanRecommended {
        /// The estimated strength in bits.
        bits: u32,
    },
    /// A text that begins or ends with white space, as a file's last line break gets into a key:
    /// another program that reads the same file may trim it and have another key.
    SurroundingWhitespace,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShorterThanRecommended { length } => write!(
                f,
                "the secret key has {length} bytes; {RECOMMENDED_BYTES} or more are recommended"
            ),
            Self::WeakerThanRecommended { bits } => write!(
                f,
                "the secret key has an estimated strength of {bits} bits; {RECOMMENDED_BITS} or \
                 more are recommended"
            ),
            Self::SurroundingWhitespace => {
                f.write_str("the secret key begins or ends with white space, which is part of it")
            }
        }
    }
}

/// Judges the bytes of a key.
///
/// Refused is a key that
///
/// - is empty or only white space,
/// - is a placeholder, or publicly known,
/// - has fewer than 16 bytes,
/// - has an estimated strength below 80 bits,
/// - is more than half words, repetitions and sequences with less than 80 bits beside them, or more
///   than half words and more than three quarters words, repetitions and sequences, however long:
///   a passphrase. (Either only where that shortens the description by 32 bits or more.)
///
/// A key of 16 to 31 bytes or an estimate of 80 to 99 bits is accepted with a warning.
///
/// The strength is the length in bits of the shortest description of the key that we find, made of
/// characters, words, repetitions, sequences, keyboard runs and dates. It is taken of the first 256
/// bytes, and where the key is itself hex or base64, of the decoded bytes too; the lowest counts.
///
/// Random keys are not refused: none was of a million in each of the usual forms (16, 24 and 32 raw
/// bytes; 32, 48 and 64 hex digits; 22 and 43 base64url characters; 50 characters as Django's; 32
/// letters and digits; UUID4), counted by `examples/false-refusals.rs`. Of a UUID, 122 bits are
/// random. Sixteen hex digits are 64 bits, and refused.
///
/// The list of known keys holds framework defaults and some 53,000 keys that were published in
/// source code. A key that is not on it is taken for one that is once in 2.8 * 10^14 keys.
///
/// # Security
///
/// The check catches mistakes; it cannot prove randomness. The time it takes depends on the key, so
/// it belongs where keys are loaded, not where strangers can measure it.
///
/// # Examples
///
/// ```
/// use privyseal::secret::{Weakness, assess};
///
/// assert_eq!(assess(b"dev").weaknesses().first(), Some(&Weakness::Placeholder));
/// assert!(assess(b"c47f2be05d98a1637e0fb3c2d15a8964").is_accepted());
/// ```
pub fn assess(key: &[u8]) -> Assessment {
    let mut assessment = Assessment {
        length: key.len(),
        bits: 0,
        weaknesses: Vec::new(),
        warnings: Vec::new(),
    };
    let trimmed = key.trim_ascii();
    if trimmed.is_empty() {
        assessment.weaknesses.push(Weakness::Missing);
        return assessment;
    }

    let inner = decodings(trimmed);
    let estimates: Vec<Estimate> = iter::once(key)
        .chain(inner.iter().map(|bytes| bytes.as_slice()))
        .map(estimate)
        .collect();
    let bits = estimates
        .iter()
        .map(|estimate| whole_bits(estimate.bits))
        .min()
        .unwrap_or(0);

    let readings = || {
        [key, trimmed]
            .into_iter()
            .chain(inner.iter().map(|bytes| bytes.as_slice()))
    };
    let known = readings().any(known::contains);
    let weaknesses = &mut assessment.weaknesses;
    if readings().any(placeholder::is_placeholder) {
        weaknesses.push(Weakness::Placeholder);
    }
    if known {
        weaknesses.push(Weakness::PubliclyKnown);
    }
    if key.len() < MINIMUM_BYTES {
        weaknesses.push(Weakness::TooShort { length: key.len() });
    }
    weaknesses.extend(estimates.iter().find_map(pattern));
    assessment.bits = if known { 0 } else { bits };
    if assessment.is_accepted() {
        assessment.warnings = warnings(key, bits);
    }
    assessment
}

/// What a text in hex or base64 stands for. Most keys of either form are the output of a generator,
/// but `c3VwZXJzZWNyZXRrZXkxMjM=` looks random only until it is decoded.
fn decodings(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let Ok(text) = str::from_utf8(text) else {
        return Vec::new();
    };
    let hex = decode(text, KeyEncoding::Hex);
    let base64 = decode(text, KeyEncoding::Base64).or_else(|| decode(text, KeyEncoding::Base64Url));
    hex.into_iter()
        .chain(base64)
        .filter(|bytes| bytes.len() >= 8)
        .collect()
}

fn pattern(estimate: &Estimate) -> Option<Weakness> {
    let Estimate {
        words,
        repeated,
        sequential,
        ..
    } = *estimate;
    let is_low = |bits: f64| bits < f64::from(MINIMUM_BITS);
    let share = |bytes: usize, percent: usize| 100 * bytes > percent * estimate.length;
    let patterns = words + repeated + sequential;
    // People do not choose words at random, so the bits of many words add up to less than they seem
    // to. Letters of a random key may pass for words now and then, but they save few bits then: as
    // many as this once in 2^32 keys.
    let is_patterned = estimate.saved >= 32.0
        && (share(patterns, 50) && is_low(estimate.character_bits)
            || share(words, 50) && share(patterns, 75));
    if !is_low(estimate.bits) && !is_patterned {
        return None;
    }
    Some(if !share(patterns, 50) {
        Weakness::LowEntropy {
            bits: whole_bits(estimate.bits),
        }
    } else if words >= repeated && words >= sequential {
        Weakness::Passphrase
    } else if repeated >= sequential {
        Weakness::Repeated
    } else {
        Weakness::Sequential
    })
}

fn warnings(key: &[u8], bits: u32) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if key.len() < RECOMMENDED_BYTES {
        warnings.push(Warning::ShorterThanRecommended { length: key.len() });
    }
    if bits < RECOMMENDED_BITS {
        warnings.push(Warning::WeakerThanRecommended { bits });
    }
    // Random bytes may well end with 0x0a; only in a text is that a line break.
    let trimmed = key.trim_ascii();
    if trimmed != key && trimmed.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        warnings.push(Warning::SurroundingWhitespace);
    }
    warnings
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range"
)]
fn whole_bits(bits: f64) -> u32 {
    bits.floor().clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests;
