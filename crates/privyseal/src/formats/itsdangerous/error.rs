//! The exceptions of itsdangerous as one error with a kind.

use std::fmt;

use crate::Timestamp;
use crate::error::{Error, Kind};
use crate::formats::itsdangerous::PayloadError;
use crate::formats::itsdangerous::signer::Mismatch;

/// Why a token was refused, with the text and the attributes of the Python exception.
///
/// # Security
/// [`unverified_payload`](Self::unverified_payload) and
/// [`unverified_date_signed`](Self::unverified_date_signed) come from a token that was refused:
/// show them to a human if need be, never act on them. The message of a bad signature repeats the
/// token's signature and its text differs by cause; convert into [`crate::Error`] before anything
/// of it reaches a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadData {
    kind: BadDataKind,
    reason: Reason,
    payload: Option<Vec<u8>>,
    date_signed: Option<Timestamp>,
}

/// The class of the Python exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadDataKind {
    /// `BadSignature`.
    BadSignature,
    /// `BadTimeSignature`: a bad signature on a token that should carry a timestamp.
    BadTimeSignature,
    /// `SignatureExpired`: the signature holds, the time does not.
    SignatureExpired,
    /// `BadPayload`: the signature holds, the payload cannot be read.
    BadPayload,
    /// Where Python raises something outside its own family: a signed timestamp beyond the year
    /// 9999 does not fit a `datetime`.
    TimestampOutOfRange,
}

impl BadDataKind {
    /// The name of the class in Python.
    pub const fn class(self) -> &'static str {
        match self {
            Self::BadSignature => "BadSignature",
            Self::BadTimeSignature => "BadTimeSignature",
            Self::SignatureExpired => "SignatureExpired",
            Self::BadPayload => "BadPayload",
            Self::TimestampOutOfRange => "OverflowError",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    NoSeparator(Vec<u8>),
    NoMatch(Mismatch, Vec<u8>),
    TimestampMissing,
    MalformedTimestamp,
    TimestampOutOfRange,
    TooOld { age: u64, max_age: u64 },
    FromTheFuture { seconds: u64 },
    Payload(PayloadError),
}

impl BadData {
    /// The class of the exception.
    pub fn kind(&self) -> BadDataKind {
        self.kind
    }

    /// What the token claims to hold, still encoded; not trusted.
    pub fn unverified_payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// When the token claims to have been signed; not trusted unless it is merely expired.
    pub fn unverified_date_signed(&self) -> Option<Timestamp> {
        self.date_signed
    }

    /// Whether the signature is that of a key in quarantine, or may be that of a key that is out of
    /// reach: see [`Error::is_unavailable`]. Python has no word for it, so kind and text are those
    /// of a bad signature.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.reason, Reason::NoMatch(Mismatch::Unavailable, _))
    }

    /// This error, unless an earlier attempt with other settings may have failed for a while only.
    pub(crate) fn after(self, earlier: Self) -> Self {
        if earlier.is_unavailable() {
            earlier
        } else {
            self
        }
    }

    /// What is wrong with the payload of an authentic token.
    pub fn payload_error(&self) -> Option<&PayloadError> {
        match &self.reason {
            Reason::Payload(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn no_separator(separator: &str) -> Self {
        Self {
            kind: BadDataKind::BadSignature,
            reason: Reason::NoSeparator(separator.as_bytes().to_vec()),
            payload: None,
            date_signed: None,
        }
    }

    pub(crate) fn no_match(mismatch: Mismatch, signature: &[u8], value: &[u8]) -> Self {
        Self {
            kind: BadDataKind::BadSignature,
            reason: Reason::NoMatch(mismatch, signature.to_vec()),
            payload: Some(value.to_vec()),
            date_signed: None,
        }
    }

    /// A bad signature, seen as that of a token with a timestamp.
    pub(crate) fn timed(self, value: &[u8], date_signed: Option<Timestamp>) -> Self {
        Self {
            kind: BadDataKind::BadTimeSignature,
            payload: Some(value.to_vec()),
            date_signed,
            ..self
        }
    }

    pub(crate) fn timestamp_missing(value: &[u8]) -> Self {
        Self::bad_time(Reason::TimestampMissing, value)
    }

    pub(crate) fn malformed_timestamp(value: &[u8]) -> Self {
        Self::bad_time(Reason::MalformedTimestamp, value)
    }

    fn bad_time(reason: Reason, value: &[u8]) -> Self {
        Self {
            kind: BadDataKind::BadTimeSignature,
            reason,
            payload: Some(value.to_vec()),
            date_signed: None,
        }
    }

    pub(crate) fn too_old(age: u64, max_age: u64, value: &[u8], signed: Timestamp) -> Self {
        Self::expired(Reason::TooOld { age, max_age }, value, signed)
    }

    pub(crate) fn from_the_future(seconds: u64, value: &[u8], signed: Timestamp) -> Self {
        Self::expired(Reason::FromTheFuture { seconds }, value, signed)
    }

    fn expired(reason: Reason, value: &[u8], signed: Timestamp) -> Self {
        Self {
            kind: BadDataKind::SignatureExpired,
            reason,
            payload: Some(value.to_vec()),
            date_signed: Some(signed),
        }
    }

    pub(crate) fn timestamp_out_of_range() -> Self {
        Self {
            kind: BadDataKind::TimestampOutOfRange,
            reason: Reason::TimestampOutOfRange,
            payload: None,
            date_signed: None,
        }
    }
}

impl From<PayloadError> for BadData {
    fn from(error: PayloadError) -> Self {
        Self {
            kind: BadDataKind::BadPayload,
            reason: Reason::Payload(error),
            payload: None,
            date_signed: None,
        }
    }
}

impl From<BadData> for Error {
    fn from(error: BadData) -> Self {
        Self::new(match error.reason {
            Reason::TooOld { .. } => Kind::Expired,
            Reason::FromTheFuture { .. } | Reason::TimestampOutOfRange => Kind::NotYetValid,
            Reason::Payload(error) => error.into_kind(),
            Reason::NoMatch(Mismatch::Unavailable, _) => Kind::Unavailable,
            Reason::NoSeparator(_)
            | Reason::NoMatch(Mismatch::Refused, _)
            | Reason::TimestampMissing
            | Reason::MalformedTimestamp => Kind::BadSignature,
        })
    }
}

impl fmt::Display for BadData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::NoSeparator(separator) => {
                write!(f, "No {} found in value", PythonBytes(separator))
            }
            Reason::NoMatch(_, signature) => {
                write!(f, "Signature {} does not match", PythonBytes(signature))
            }
            Reason::TimestampMissing => f.write_str("timestamp missing"),
            Reason::MalformedTimestamp => f.write_str("Malformed timestamp"),
            Reason::TimestampOutOfRange => {
                f.write_str("timestamp out of range for platform time_t")
            }
            Reason::TooOld { age, max_age } => {
                write!(f, "Signature age {age} > {max_age} seconds")
            }
            Reason::FromTheFuture { seconds } => {
                write!(f, "Signature age -{seconds} < 0 seconds")
            }
            Reason::Payload(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BadData {}

/// Bytes as Python's `repr` shows them.
struct PythonBytes<'a>(&'a [u8]);

impl fmt::Display for PythonBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains(&b'\'') && !self.0.contains(&b'"') {
            '"'
        } else {
            '\''
        };
        write!(f, "b{quote}")?;
        for &byte in self.0 {
            match byte {
                b'\\' => f.write_str("\\\\")?,
                b'\t' => f.write_str("\\t")?,
                b'\n' => f.write_str("\\n")?,
                b'\r' => f.write_str("\\r")?,
                _ if char::from(byte) == quote => write!(f, "\\{quote}")?,
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        write!(f, "{quote}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        let shown = |bytes: &[u8]| PythonBytes(bytes).to_string();
        assert_eq!(shown(b"a'b"), "b\"a'b\"");
        assert_eq!(shown(b"a'\"b"), "b'a\\'\"b'");
        assert_eq!(shown(b"\\\t\n\r\x00\xff~"), "b'\\\\\\t\\n\\r\\x00\\xff~'");
    }
}
