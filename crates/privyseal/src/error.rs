//! The one error of opening and making tokens.

use std::fmt;

/// Why a token was not opened or not made.
///
/// All that can go wrong before a signature or seal holds is one kind with one message, so that
/// nobody learns from the answer how close a forgery came; [`inspect`](crate::inspect) explains
/// such tokens to their owner. What goes wrong after it is specific.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Malformed, forged, signed by a key that the ring does not hold: all the same to a client.
    BadSignature,
    /// Authentic, and older than it may be.
    Expired,
    /// Authentic, and issued in the future.
    NotYetValid,
    /// Authentic, but the payload is not what its format says.
    BadPayload(&'static str),
    /// Authentic, but the payload inflates beyond the limit in bytes.
    TooLarge(usize),
    /// The value has no form in this format.
    Unwritable(String),
    /// The ring has no key that signs.
    NoSigningKey,
    /// The source of randomness failed.
    NoRandomness,
}

impl Error {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self(kind)
    }

    /// Malformed, forged, or made under a key that is not in the ring.
    pub fn is_bad_signature(&self) -> bool {
        self.0 == Kind::BadSignature
    }

    /// Authentic, but past its maximum age or issued in the future.
    pub fn is_expired(&self) -> bool {
        matches!(self.0, Kind::Expired | Kind::NotYetValid)
    }

    /// Authentic, but what it holds cannot be read.
    pub fn is_bad_payload(&self) -> bool {
        matches!(self.0, Kind::BadPayload(_) | Kind::TooLarge(_))
    }

    /// No token was made: the value has no form in the format, the ring cannot sign, or the source
    /// of randomness failed.
    pub fn is_unwritable(&self) -> bool {
        matches!(
            self.0,
            Kind::Unwritable(_) | Kind::NoSigningKey | Kind::NoRandomness
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::BadSignature => f.write_str("token is not valid"),
            Kind::Expired => f.write_str("token has expired"),
            Kind::NotYetValid => f.write_str("token was issued in the future"),
            Kind::BadPayload(why) => write!(f, "token is authentic, but its payload {why}"),
            Kind::TooLarge(limit) => {
                write!(
                    f,
                    "token is authentic, but its payload exceeds {limit} bytes"
                )
            }
            Kind::Unwritable(why) => write!(f, "value cannot be written: {why}"),
            Kind::NoSigningKey => f.write_str("the key ring has no key that signs"),
            Kind::NoRandomness => f.write_str("the source of randomness failed"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?})", self.0)
    }
}

impl std::error::Error for Error {}
