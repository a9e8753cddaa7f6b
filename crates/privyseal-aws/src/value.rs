//! What a version of the secret holds: a line that says the generation, and the ring.
//!
//! ```text
//! privyseal-ring-1 43\n
//! the bytes of the ring
//! ```

use privyseal_keys::repository::{MAX_GENERATION, RepositoryError, Stored};

/// The value of the secret for this ring.
pub(crate) fn write(stored: &Stored) -> Result<Vec<u8>, RepositoryError> {
    let line = format!("{MAGIC}{}\n", stored.generation);
    let length = line.len() + stored.bytes.len();
    if length > MAX_VALUE {
        return Err(RepositoryError::Full(Box::new(TooLong { length })));
    }
    Ok([line.as_bytes(), &stored.bytes].concat())
}

/// The ring in this value of the secret.
pub(crate) fn read(value: &[u8]) -> Result<Stored, RepositoryError> {
    parse(value).ok_or_else(|| RepositoryError::unreadable(NotOurs))
}

fn parse(value: &[u8]) -> Option<Stored> {
    let rest = value.strip_prefix(MAGIC.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (digits, rest) = rest.split_at_checked(end)?;
    let bytes = rest.get(1..).filter(|bytes| !bytes.is_empty())?;
    let digits = str::from_utf8(digits).ok()?;
    let generation = digits.parse::<u64>().ok();
    // One way to write a number, so that what is read is what was written.
    let generation = generation.filter(|number| number.to_string() == digits)?;
    (1..=MAX_GENERATION).contains(&generation).then(|| Stored {
        generation,
        bytes: bytes.to_vec(),
    })
}

/// A ring does not fit into a secret.
#[derive(Debug, thiserror::Error)]
#[error("a secret of AWS holds {MAX_VALUE} bytes, and the ring would be one of {length}")]
struct TooLong {
    length: usize,
}

/// A secret holds something else.
#[derive(Debug, thiserror::Error)]
#[error("the secret holds no key ring that this version has written")]
pub(crate) struct NotOurs;

const MAGIC: &str = "privyseal-ring-1 ";

/// What Secrets Manager takes.
const MAX_VALUE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(generation: u64, bytes: &[u8]) -> Stored {
        Stored {
            generation,
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn a_ring_is_read_as_it_was_written() {
        for stored in [
            stored(1, b"ring"),
            stored(43, b"\n\0\xff\n"),
            stored(MAX_GENERATION, b"privyseal-ring-1 1\nring"),
        ] {
            assert_eq!(read(&write(&stored).unwrap()).unwrap(), stored);
        }
    }

    #[test]
    fn what_was_not_written_here_is_not_read() {
        for value in [
            "",
            "ring",
            "privyseal-ring-1 1",
            "privyseal-ring-1 1\n",
            "privyseal-ring-1 \nring",
            "privyseal-ring-1 0\nring",
            "privyseal-ring-1 01\nring",
            "privyseal-ring-1 +1\nring",
            "privyseal-ring-1 1 \nring",
            "privyseal-ring-1 1\r\nring",
            "privyseal-ring-1 9223372036854775808\nring",
            "privyseal-ring-2 1\nring",
        ] {
            let error = read(value.as_bytes()).unwrap_err();
            assert!(matches!(error, RepositoryError::Unreadable(_)), "{value:?}");
        }
    }

    #[test]
    fn a_ring_that_does_not_fit_is_refused_before_it_is_sent() {
        let longest = MAX_VALUE - "privyseal-ring-1 43\n".len();
        let written = write(&stored(43, &vec![7; longest])).unwrap();
        assert_eq!(written.len(), MAX_VALUE);
        let error = write(&stored(43, &vec![7; longest + 1])).unwrap_err();
        let RepositoryError::Full(why) = error else {
            panic!("{error}")
        };
        assert!(why.to_string().contains("65536 bytes"), "{why}");
    }
}
