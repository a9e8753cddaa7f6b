//! What a ring refuses, with times as people read them.

use privyseal::ring::RingError;
use privyseal_keys::ring::KeeperError;

use crate::clock::rfc3339;
use crate::failure::Failure;

/// The error, with its times in RFC 3339 in place of seconds.
pub(in crate::commands) fn explained(error: KeeperError) -> anyhow::Error {
    let KeeperError::Ring(refusal) = &error else {
        return error.into();
    };
    let text = match refusal {
        RingError::ClockBehind { now, written_at } => format!(
            "the clock says {}, but the ring was last written at {}",
            rfc3339(*now),
            rfc3339(*written_at)
        ),
        RingError::FlipPending { at } => {
            format!("another key is about to take over, at {}", rfc3339(*at))
        }
        RingError::TooEarly { earliest } => {
            format!("the standby may not sign before {}", rfc3339(*earliest))
        }
        RingError::TooLate { latest } => {
            format!("the standby has to be set to sign by {}", rfc3339(*latest))
        }
        RingError::HoldNotOver { key, until } => {
            format!(
                "the key {key} may not be destroyed before {}",
                rfc3339(*until)
            )
        }
        _ => return error.into(),
    };
    Failure::new(text, refusal.hint()).into()
}
