//! The one error of opening and making tokens.

use std::fmt;

/// Why a token was not opened or not made.
///
/// All that is refused before a signature or seal holds has one message, so that nobody learns from
/// the answer how close a forgery came; [`inspect`](crate::inspect) explains such tokens to their
/// owner. Only that a key is [unavailable](Self::is_unavailable) is told apart, which is an outage
/// and no verdict. What goes wrong after it is specific.
///
/// # Security
/// Where a token names its key, `Debug` and the predicates tell what is the matter with that key.
/// That is for logs and metrics; and whoever knows the name of a key can write it on a token, so it
/// tells nothing of who made it.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Malformed, forged, signed by a key that the ring does not hold: all the same to a client.
    BadSignature,
    /// It names a key that was revoked.
    RevokedKey,
    /// It names a key that has expired.
    ExpiredKey,
    /// It names a key that is not in the ring.
    UnknownKey,
    /// The key is out of reach for now.
    Unavailable,
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

    /// Refused before anything in it was believed: malformed, forged, or of a key that does not
    /// verify. The three below are among these.
    pub fn is_bad_signature(&self) -> bool {
        matches!(
            self.0,
            Kind::BadSignature | Kind::RevokedKey | Kind::ExpiredKey | Kind::UnknownKey
        )
    }

    /// The token names a key that was revoked.
    pub fn is_revoked_key(&self) -> bool {
        self.0 == Kind::RevokedKey
    }

    /// The token names a key that is past its end.
    pub fn is_expired_key(&self) -> bool {
        self.0 == Kind::ExpiredKey
    }

    /// The token names a key that is not in the ring.
    pub fn is_unknown_key(&self) -> bool {
        self.0 == Kind::UnknownKey
    }

    /// A key is out of reach for now: it is in quarantine, it cannot be unwrapped, or the ring was
    /// not heard of for too long. The token is neither accepted nor refused, and what carries it
    /// must stay; or none could be made.
    pub fn is_unavailable(&self) -> bool {
        self.0 == Kind::Unavailable
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
            Kind::BadSignature | Kind::RevokedKey | Kind::ExpiredKey | Kind::UnknownKey => {
                f.write_str("token is not valid")
            }
            Kind::Unavailable => f.write_str("the key of the token is not available now"),
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
