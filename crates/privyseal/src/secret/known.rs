//! The list of publicly known keys, embedded as hashes.
//!
//! `known/keys.bin` is written by `cargo xtask known-keys`; `known/provenance.toml` beside it says
//! from what. It holds the first 8 bytes of each key's SHA-256, in ascending order, so a lookup is
//! one hash and one binary search. A key that is not listed hits with a probability of entries
//! divided by 2^64: with 65,000 entries, once in 2.8 * 10^14 keys.

use sha2::{Digest as _, Sha256};

/// Whether exactly these bytes are a publicly known key.
pub(super) fn contains(key: &[u8]) -> bool {
    entries().binary_search(&prefix(key)).is_ok()
}

fn prefix(key: &[u8]) -> [u8; 8] {
    Sha256::digest(key)
        .first_chunk()
        .copied()
        .unwrap_or_default()
}

fn entries() -> &'static [[u8; 8]] {
    // Big-endian entries compare as the numbers do, so that the file is searched as it lies there.
    TABLE
        .as_chunks()
        .0
        .get(HEADER_ENTRIES..)
        .unwrap_or_default()
}

static TABLE: &[u8] = include_bytes!("known/keys.bin");

/// The magic and the count, in units of one entry.
const HEADER_ENTRIES: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const PROVENANCE: &str = include_str!("known/provenance.toml");

    fn provenance(field: &str) -> &str {
        let line = PROVENANCE
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .expect(field);
        line.trim_start_matches(" = ").trim_matches('"')
    }

    #[test]
    fn header_and_provenance_agree_with_the_table() {
        let (magic, rest) = TABLE.split_first_chunk::<8>().unwrap();
        assert_eq!(magic, b"PSKNOWN1");
        let count = u64::from_be_bytes(*rest.first_chunk().unwrap());
        assert_eq!(entries().len() as u64, count);
        assert_eq!(TABLE.len() as u64, 16 + 8 * count);
        assert_eq!(provenance("entries"), count.to_string());
        let digest = super::super::encoding::encode_hex(&Sha256::digest(TABLE));
        assert_eq!(provenance("sha256"), *digest);
        assert!(
            TABLE.len() < 700_000,
            "the table outgrew its place in every binary"
        );
    }

    #[test]
    fn entries_ascend() {
        assert!(entries().is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn known_keys_hit() {
        for key in [
            b"dev".as_slice(),
            b"keyboard cat",
            b"temporary_key",
            b"CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET",
            b"\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h",
            b"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
            // Flask's old example as the bytes literal it was, and the hex one decoded.
            b"_5#y2L\"F4Q8z\n\xec]/",
            b"\x19\x2b\x9b\xdd\x22\xab\x9e\xd4\xd1\x2e\x23\x6c\x78\xaf\xcb\x9a\
              \x39\x3e\xc1\x5f\x71\xbb\xf5\xdc\x98\x7d\x54\x72\x78\x23\xbc\xbf",
        ] {
            assert!(contains(key));
        }
        assert!(!contains(b""));
        assert!(!contains(b"keyboard cat "));
    }

    /// 64 bits are too many to see a false hit. The same search on the first 24 bits hits as often
    /// as theory says, so the entries are spread evenly and the stated rate follows.
    #[test]
    fn false_positives_are_as_rare_as_stated() {
        let head = |entry: &[u8; 8]| entry.first_chunk::<3>().copied().unwrap();
        let mut heads: Vec<[u8; 3]> = entries().iter().map(head).collect();
        heads.dedup();
        let probes = 300_000_u32;
        let (mut whole, mut short) = (0, 0);
        for probe in 0..probes {
            let entry = prefix(&probe.to_be_bytes());
            whole += u32::from(entries().binary_search(&entry).is_ok());
            short += u32::from(heads.binary_search(&head(&entry)).is_ok());
        }
        assert_eq!(whole, 0);
        let expected =
            f64::from(probes) * f64::from(u32::try_from(heads.len()).unwrap()) / 2f64.powi(24);
        assert!(
            (f64::from(short) - expected).abs() < 4.0 * expected.sqrt(),
            "{short} {expected}"
        );
    }
}
