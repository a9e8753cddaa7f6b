//! Why a ring refuses an operation.

use std::fmt;

use super::parts::{Material, Note};
use super::policy::PolicyError;
use super::view::Standing;
use super::wire::MAX_KEY_SLOT;
use crate::Timestamp;
use crate::keyring::KeyId;

/// Why an operation was refused; the ring is as it was.
///
/// Times are in seconds since 1970, as [`Timestamp`] shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// The policy breaks one of its inequalities.
    Policy(PolicyError),
    /// The time is earlier than that of the last write by more than clocks may differ.
    ClockBehind {
        /// The time that was given.
        now: Timestamp,
        /// The time of the last write.
        written_at: Timestamp,
    },
    /// The time, or one that the operation names, is beyond the year 9999.
    BeyondTime,
    /// The ring never had this key, or has forgotten it.
    UnknownKey(KeyId),
    /// The key is in the ring already, or was and is destroyed.
    KeyAlreadyUsed(KeyId),
    /// The key does not stand where this operation could take it further.
    WrongState {
        /// The key.
        key: KeyId,
        /// What was to be done.
        action: &'static str,
        /// How the key stands.
        standing: Standing,
    },
    /// There is no standby to take over.
    NoStandby,
    /// There is a standby already.
    StandbyExists(KeyId),
    /// Another key is about to take over at a time that is set.
    FlipPending {
        /// The time.
        at: Timestamp,
    },
    /// The standby would sign before every node knows it, or the one before it hardly signed.
    TooEarly {
        /// The earliest time at which it may sign.
        earliest: Timestamp,
    },
    /// The standby would sign only after more than a period.
    TooLate {
        /// The latest time that may be set.
        latest: Timestamp,
    },
    /// The material is still held back from destruction.
    HoldNotOver {
        /// The key.
        key: KeyId,
        /// When it may be destroyed.
        until: Timestamp,
    },
    /// The end of an imported key is not in the future.
    EndIsPast,
    /// New material is missing for a key, or given twice.
    Rewrap(KeyId),
    /// The ring holds as many keys or tombstones as it can.
    Full {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A number that only goes up has come to its end.
    Exhausted,
    /// The material of a key has no bytes or too many.
    BadMaterial {
        /// How many it has.
        length: usize,
    },
    /// A note is too long or has control characters.
    BadNote,
    /// The key slot is too long.
    BadKeySlot {
        /// How many bytes it has.
        length: usize,
    },
}

impl RingError {
    /// What to do about it, as one sentence for a `hint:` line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Policy(error) => error.hint(),
            Self::ClockBehind { .. } => {
                "set the clock of this machine, or that of the machine that wrote last; keys can \
                 be suspended and revoked meanwhile"
            }
            Self::BeyondTime => "see that the clock is right and that times are in seconds",
            Self::UnknownKey(_) => "`privyseal ring list` shows the keys of the ring",
            Self::KeyAlreadyUsed(_) => {
                "make a new key: one that was in a ring, revoked ones above all, is not taken again"
            }
            Self::WrongState { standing, .. } => hint_for(*standing),
            Self::NoStandby => "stage a new key first, with `privyseal ring stage`",
            Self::StandbyExists(_) => "promote or revoke the standby that the ring has",
            Self::FlipPending { .. } => {
                "wait until it has taken over, or revoke it if it must not sign"
            }
            Self::TooEarly { .. } => {
                "wait until then, or rotate without a time to have the earliest one set"
            }
            Self::TooLate { .. } => "choose a time within one rotation period",
            Self::HoldNotOver { .. } => "wait until then: the hold is the way back from a mistake",
            Self::EndIsPast => "give an end until which tokens under the key are to be accepted",
            Self::Rewrap(_) => "wrap every key of the ring anew, each of them once",
            Self::Full { .. } => {
                "destroy keys that have ended (`privyseal ring destroy`), or rotate less often"
            }
            Self::Exhausted => "make a new ring and import the keys of this one",
            Self::BadMaterial { .. } => "wrap a key of a usual length, 16 to 64 bytes",
            Self::BadNote => "write one short line",
            Self::BadKeySlot { .. } => "use fewer recipients, or a key-encryption key of one",
        }
    }
}

fn hint_for(standing: Standing) -> &'static str {
    match standing {
        Standing::Signs | Standing::Verifies | Standing::Staged => {
            "the key is in use; suspend or revoke it if it must not be"
        }
        Standing::Suspended => "resume it, or revoke it for good",
        Standing::Expired => "it no longer verifies; it is destroyed when its hold is over",
        Standing::Revoked | Standing::Destroyed(_) => "this is final: stage a new key in its place",
        Standing::Unknown => "`privyseal ring list` shows the keys of the ring",
    }
}

impl From<PolicyError> for RingError {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(error) => write!(f, "the policy of the ring does not hold: {error}"),
            Self::ClockBehind { now, written_at } => write!(
                f,
                "the clock says {now}, but the ring was last written at {written_at}"
            ),
            Self::BeyondTime => f.write_str("the time is beyond the year 9999"),
            Self::UnknownKey(key) => write!(f, "the ring has no key {key}"),
            Self::KeyAlreadyUsed(key) => write!(f, "the ring has or had the key {key} already"),
            Self::WrongState {
                key,
                action,
                standing,
            } => write!(f, "cannot {action} the key {key}: it is {standing}"),
            Self::NoStandby => f.write_str("the ring has no standby to take over"),
            Self::StandbyExists(key) => write!(f, "the ring has a standby already, {key}"),
            Self::FlipPending { at } => {
                write!(f, "another key is about to take over, at {at}")
            }
            Self::TooEarly { earliest } => {
                write!(f, "the standby may not sign before {earliest}")
            }
            Self::TooLate { latest } => {
                write!(f, "the standby has to be set to sign by {latest}")
            }
            Self::HoldNotOver { key, until } => {
                write!(f, "the key {key} may not be destroyed before {until}")
            }
            Self::EndIsPast => f.write_str("the end of the key is not in the future"),
            Self::Rewrap(key) => {
                write!(f, "the key {key} is not wrapped anew, or is so twice")
            }
            Self::Full { what, limit } => write!(f, "the ring can hold {limit} {what}"),
            Self::Exhausted => f.write_str("the ring has no more generations or numbers"),
            Self::BadMaterial { length } => write!(
                f,
                "wrapped material has {length} bytes, and must have 1 to {}",
                Material::MAX_LEN
            ),
            Self::BadNote => write!(
                f,
                "a note has control characters or more than {} bytes",
                Note::MAX_LEN
            ),
            Self::BadKeySlot { length } => {
                write!(
                    f,
                    "the key slot has {length} bytes, more than {MAX_KEY_SLOT}"
                )
            }
        }
    }
}

impl std::error::Error for RingError {}
