//! A row as one string, so that reading it is one plain `GET`.
//!
//! ```text
//! 0       1         9           17           25     33        41       42
//! | kind  | version | last_seen | expires_at | rest | ends_at | length | subject | data |
//! ```
//! Numbers are big-endian. The kind is `1`; a tombstone is `0` and nothing else. `rest` is how
//! many milliseconds the session may live on after the server lets the row expire, if it is used:
//! together with the row's time to live it tells when the session ends by the server's clock.

use std::fmt::Display;

use privyseal::Timestamp;
use privyseal_session::store::{Found, NewRow, Row, StoreError, Subject};

use super::error::Unreadable;

/// A row to be written, in the parts that scripts put together.
pub(super) struct Parts {
    /// Kind, version and the two times that change with every use.
    pub(super) head: [u8; HEAD_LEN],
    /// The end and the subject.
    pub(super) fixed: Vec<u8>,
    /// How long the server keeps the row, in milliseconds.
    pub(super) ttl: u64,
    /// How long the session may live at most, in milliseconds.
    pub(super) life: u64,
}

impl Parts {
    pub(super) fn new(version: u64, row: &NewRow<'_>) -> Self {
        let mut head = [0; HEAD_LEN];
        let (start, times) = head.split_at_mut(START_LEN);
        start.copy_from_slice(&expected(version));
        times.copy_from_slice(&self::times(row.last_seen, row.expires_at));
        let subject = subject_field(row.subject);
        let ttl = milliseconds(row.last_seen, row.expires_at);
        Self {
            head,
            fixed: [&row.ends_at.unix_seconds().to_be_bytes()[..], &subject].concat(),
            ttl,
            life: milliseconds(row.last_seen, row.ends_at).max(ttl),
        }
    }

    /// The whole row.
    pub(super) fn value(&self, data: &[u8]) -> Vec<u8> {
        let rest = (self.life - self.ttl).to_be_bytes();
        [&self.head[..], &rest, &self.fixed, data].concat()
    }
}

/// How a live row of this version begins.
pub(super) fn expected(version: u64) -> [u8; START_LEN] {
    let mut start = [LIVE; START_LEN];
    if let Some((_, bytes)) = start.split_first_mut() {
        bytes.copy_from_slice(&version.to_be_bytes());
    }
    start
}

/// The two times that change with every use.
pub(super) fn times(last_seen: Timestamp, expires_at: Timestamp) -> [u8; 16] {
    let both = u128::from(last_seen.unix_seconds()) << 64 | u128::from(expires_at.unix_seconds());
    both.to_be_bytes()
}

/// The length of the subject and its text.
pub(super) fn subject_field(subject: Option<&Subject>) -> Vec<u8> {
    let text = subject.map_or("", Subject::as_str);
    // A subject has at most 255 bytes.
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    [&[length], text.as_bytes()].concat()
}

/// How many milliseconds are between two times: one second at least, and no more than a server
/// can count with.
pub(super) fn milliseconds(from: Timestamp, until: Timestamp) -> u64 {
    let seconds = until.seconds_since(from).unwrap_or(0);
    seconds.clamp(1, LONGEST_LIFE) * 1000
}

/// What the value under a key says, if there is one.
pub(super) fn read(value: Option<Vec<u8>>) -> Result<Found, StoreError> {
    match value {
        None => Ok(Found::Unknown),
        Some(value) if value == [ENDED] => Ok(Found::Ended),
        Some(value) => match parse(value) {
            Some(row) => Ok(Found::Live(row)),
            None => Err(Unreadable("a row is not one that this version has written").into()),
        },
    }
}

fn parse(mut value: Vec<u8>) -> Option<Row> {
    let (kind, fields) = value.split_first()?;
    let (version, fields) = number(fields)?;
    let (last_seen, fields) = number(fields)?;
    let (expires_at, fields) = number(fields)?;
    let (_rest, fields) = number(fields)?;
    let (ends_at, fields) = number(fields)?;
    let (length, fields) = fields.split_first()?;
    let (subject, data) = fields.split_at_checked(usize::from(*length))?;
    let subject = match subject {
        [] => None,
        text => Some(Subject::new(std::str::from_utf8(text).ok()?).ok()?),
    };
    if *kind != LIVE {
        return None;
    }
    let start = value.len() - data.len();
    value.drain(..start);
    Some(Row {
        version,
        subject,
        last_seen: Timestamp::from_unix_seconds(last_seen),
        expires_at: Timestamp::from_unix_seconds(expires_at),
        ends_at: Timestamp::from_unix_seconds(ends_at),
        data: value,
    })
}

/// The number at the start of some bytes, and the bytes after it.
pub(super) fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> impl Display {
    struct Hex(Vec<u8>);
    impl Display for Hex {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }
    Hex(bytes.to_vec())
}

const LIVE: u8 = b'1';
const ENDED: u8 = b'0';
const START_LEN: usize = 9;
const HEAD_LEN: usize = START_LEN + 16;

/// A hundred years in seconds: a script counts milliseconds in doubles.
const LONGEST_LIFE: u64 = 100 * 365 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn written(subject: Option<&Subject>) -> Vec<u8> {
        let row = NewRow {
            subject,
            last_seen: NOW,
            expires_at: NOW.plus_seconds(60),
            ends_at: NOW.plus_seconds(100),
            data: b"data",
        };
        Parts::new(3, &row).value(row.data)
    }

    #[test]
    fn what_was_written_is_read() {
        let ada = Subject::new("ada").unwrap();
        for subject in [None, Some(&ada)] {
            let Found::Live(row) = read(Some(written(subject))).unwrap() else {
                panic!("it is not live")
            };
            assert_eq!((row.version, row.subject.as_ref()), (3, subject));
            assert_eq!(row.last_seen, NOW);
            assert_eq!(row.expires_at, NOW.plus_seconds(60));
            assert_eq!(row.ends_at, NOW.plus_seconds(100));
            assert_eq!(row.data, b"data");
        }
        assert_eq!(read(Some(b"0".to_vec())).unwrap(), Found::Ended);
        assert_eq!(read(None).unwrap(), Found::Unknown);
    }

    #[test]
    fn what_is_cut_short_or_of_another_kind_is_no_row() {
        let ada = Subject::new("ada").unwrap();
        let row = written(Some(&ada));
        let without_data = row.len() - b"data".len();
        for length in 0..without_data {
            assert!(read(Some(row[..length].to_vec())).is_err(), "{length}");
        }
        let mut newer = row.clone();
        newer[0] = b'2';
        assert!(read(Some(newer)).is_err());
        let mut control = row;
        control[42] = 0;
        assert!(read(Some(control)).is_err());
    }

    #[test]
    fn the_places_that_scripts_know_are_those() {
        let row = written(None);
        assert_eq!(row[..9], expected(3));
        assert_eq!(row[9..25], times(NOW, NOW.plus_seconds(60)));
        assert_eq!(row[25..33], 40_000_u64.to_be_bytes());
        assert_eq!(row[41..42], *subject_field(None));
    }

    #[test]
    fn a_life_has_a_second_at_least_and_a_hundred_years_at_most() {
        let far = Timestamp::from_unix_seconds(u64::MAX);
        let start = Timestamp::from_unix_seconds(0);
        assert_eq!(milliseconds(NOW, NOW), 1000);
        assert_eq!(milliseconds(far, NOW), 1000);
        assert_eq!(milliseconds(NOW, NOW.plus_seconds(7)), 7000);
        assert_eq!(milliseconds(start, far), 3_153_600_000_000);
    }
}
