//! What a ring means at a given time.

use std::fmt;

use super::Ring;
use super::record::{Ending, KeyRecord, KeyState};
use crate::Timestamp;
use crate::keyring::KeyId;

/// How a key stands at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It signs, and verifies.
    Signs,
    /// Another one signs; it verifies.
    Verifies,
    /// It does not sign yet, and verifies already.
    Staged,
    /// In quarantine: tokens under it can be neither accepted nor refused for now.
    Suspended,
    /// Retired, and past its end.
    Expired,
    /// Given up for good.
    Revoked,
    /// Destroyed after it had ended.
    Destroyed(Ending),
    /// Not of this ring, or forgotten by it.
    Unknown,
}

impl Standing {
    /// Whether tokens under such a key are accepted.
    pub const fn verifies(self) -> bool {
        matches!(self, Self::Signs | Self::Verifies | Self::Staged)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signs => "signing",
            Self::Verifies => "verifying only",
            Self::Staged => "staged",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Destroyed(_) => "destroyed",
            Self::Unknown => "unknown",
        })
    }
}

/// What time alone changes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The first second at which it has changed.
    pub at: Timestamp,
    /// The key that it happens to.
    pub key: KeyId,
    /// How the key stands from then on: it signs, or has expired.
    pub standing: Standing,
}

impl Ring {
    /// The key that signs at this time: there is always exactly one.
    pub fn signer_at(&self, now: Timestamp) -> &KeyRecord {
        let primary = self.primary();
        match self.predecessor() {
            Some(predecessor) if !has_taken_over(primary, now) => predecessor,
            // Without a predecessor the primary signs whatever the clock of this node says: its
            // time was set by another clock, and there is nobody else.
            _ => primary,
        }
    }

    /// The keys that verify at this time in the order of trial: the one that signs, then the
    /// others, newest first.
    pub fn verifiers_at(&self, now: Timestamp) -> impl Iterator<Item = &KeyRecord> {
        let signer = self.signer_at(now);
        let others =
            self.keys.iter().rev().filter(move |key| {
                key.id != signer.id && self.standing_of_record(key, now).verifies()
            });
        std::iter::once(signer).chain(others)
    }

    /// How a key stands at this time.
    pub fn standing(&self, key: KeyId, now: Timestamp) -> Standing {
        if let Some(record) = self.key(key) {
            return self.standing_of_record(record, now);
        }
        self.tombstones
            .iter()
            .find(|tombstone| tombstone.id == key)
            .map_or(Standing::Unknown, |tombstone| {
                Standing::Destroyed(tombstone.ending)
            })
    }

    /// The next change of [`signer_at`](Self::signer_at) or [`verifiers_at`](Self::verifiers_at)
    /// that comes by time alone.
    pub fn next_event_after(&self, now: Timestamp) -> Option<Event> {
        let primary = self.primary();
        let flip = self
            .predecessor()
            .and(primary.sign_from)
            .map(|at| (at, primary.id, Standing::Signs));
        let ends = self
            .keys
            .iter()
            .filter(|key| key.state == KeyState::VerifyOnly)
            .filter_map(|key| Some((key.verify_until?, key.id, Standing::Expired)));
        flip.into_iter()
            .chain(ends)
            .filter(|(at, ..)| *at > now)
            .min_by_key(|(at, ..)| *at)
            .map(|(at, key, standing)| Event { at, key, standing })
    }

    /// Whether there is a standby that every fresh node knows, so that it can sign without any of
    /// them meeting an unknown key.
    pub fn is_standby_propagated(&self, now: Timestamp) -> bool {
        self.standby().is_some_and(|standby| {
            let known = standby.state_since.plus_seconds(self.policy.reach());
            now >= known.max(self.no_flip_before)
        })
    }

    /// Whether the primary is set to take over from another key that still signs.
    pub(super) fn is_flip_pending(&self, now: Timestamp) -> bool {
        self.predecessor().is_some() && !has_taken_over(self.primary(), now)
    }

    /// The key that signs until the time of the primary comes.
    pub(super) fn predecessor(&self) -> Option<&KeyRecord> {
        let flip = self.primary().sign_from;
        self.keys
            .iter()
            .filter(|key| key.state == KeyState::VerifyOnly && key.sign_from.is_some())
            .filter(|key| key.sign_until == flip)
            // Two of them have the same end only if one signed for less than a second.
            .max_by_key(|key| (key.sign_from, key.sequence))
    }

    pub(super) fn standing_of_record(&self, key: &KeyRecord, now: Timestamp) -> Standing {
        match key.state {
            KeyState::Revoked => Standing::Revoked,
            KeyState::Suspended(_) => Standing::Suspended,
            KeyState::Primary | KeyState::VerifyOnly if self.signer_at(now).id == key.id => {
                Standing::Signs
            }
            // A primary whose time has not come is a standby still.
            KeyState::Staged | KeyState::Primary => Standing::Staged,
            KeyState::VerifyOnly if key.ends_after(now) => Standing::Verifies,
            KeyState::VerifyOnly => Standing::Expired,
        }
    }
}

fn has_taken_over(primary: &KeyRecord, now: Timestamp) -> bool {
    primary.sign_from.is_none_or(|from| from <= now)
}
