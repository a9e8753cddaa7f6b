//! Counts how many random keys of the usual forms are refused: none should be.
//!
//! `cargo run --release --example false-refusals -- 1000000`
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::time::Instant;

use privyseal::secret::{Warning, assess};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let keys: u32 = std::env::args()
        .nth(1)
        .as_deref()
        .unwrap_or("10000")
        .parse()?;
    println!(
        "{:<24} {:>9} {:>8} {:>8} {:>8}",
        "form", "keys", "refused", "warned", "us/key"
    );
    for (form, alphabet, length) in FORMS {
        let (mut refused, mut low) = (0, 0);
        let start = Instant::now();
        for _ in 0..keys {
            let key = match *form {
                "UUID4 text" => uuid()?,
                _ => random(alphabet, *length)?,
            };
            let assessment = assess(&key);
            let weak = |w: &Warning| matches!(w, Warning::WeakerThanRecommended { .. });
            refused += u32::from(!assessment.is_accepted());
            low += u32::from(assessment.warnings().iter().any(weak));
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(keys);
        println!("{form:<24} {keys:>9} {refused:>8} {low:>8} {micros:>8.1}");
    }
    Ok(())
}

/// Random bytes for an empty alphabet, else random characters of it without bias.
fn random(alphabet: &[u8], length: usize) -> Result<Vec<u8>, Error> {
    let mut pool = vec![0; length.max(1) * 8];
    getrandom::fill(&mut pool).map_err(|error| error.to_string())?;
    let Some(whole) = 256_usize
        .checked_div(alphabet.len())
        .map(|times| times * alphabet.len())
    else {
        pool.truncate(length);
        return Ok(pool);
    };
    let fair = pool
        .into_iter()
        .map(usize::from)
        .filter(|byte| *byte < whole);
    Ok(fair
        .filter_map(|byte| alphabet.get(byte % alphabet.len()).copied())
        .take(length)
        .collect())
}

fn uuid() -> Result<Vec<u8>, Error> {
    let mut digits = random(HEX, 32)?.into_iter();
    let mut key = Vec::with_capacity(36);
    for place in 0..36 {
        match place {
            8 | 13 | 18 | 23 => key.push(b'-'),
            14 => key.push(b'4'),
            _ => key.extend(digits.next()),
        }
    }
    Ok(key)
}

const HEX: &[u8] = b"0123456789abcdef";
const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const DJANGO: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)";

const FORMS: &[(&str, &[u8], usize)] = &[
    ("16 raw bytes", b"", 16),
    ("24 raw bytes", b"", 24),
    ("32 raw bytes", b"", 32),
    ("32 hex digits", HEX, 32),
    ("48 hex digits", HEX, 48),
    ("64 hex digits", HEX, 64),
    ("22 base64url", URL_SAFE, 22),
    ("43 base64url", URL_SAFE, 43),
    ("50 Django characters", DJANGO, 50),
    ("32 alphanumeric", ALPHANUMERIC, 32),
    ("UUID4 text", HEX, 36),
];
