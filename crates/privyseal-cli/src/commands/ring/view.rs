//! A ring and its keys as programs read them.

use privyseal::Timestamp;
use privyseal::ring::{Ending, KeyRecord, Ring, Standing, Tombstone};
use serde::Serialize;

use crate::clock::rfc3339;

/// A key, without the key.
#[derive(Serialize)]
pub(super) struct KeyView {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) standing: &'static str,
    pub(super) state: Option<&'static str>,
    pub(super) origin: Option<&'static str>,
    pub(super) created_at: String,
    pub(super) signs_from: Option<String>,
    pub(super) signs_until: Option<String>,
    pub(super) verifies_until: Option<String>,
    pub(super) destroyed_at: Option<String>,
    pub(super) note: String,
}

impl KeyView {
    /// Every key, in the order of their numbers, those that are destroyed first.
    pub(super) fn all(ring: &Ring, now: Timestamp) -> Vec<Self> {
        let destroyed = ring.tombstones().iter().map(Self::destroyed);
        let present = ring.keys().iter().map(|key| Self::of(ring, key, now));
        destroyed.chain(present).collect()
    }

    fn of(ring: &Ring, key: &KeyRecord, now: Timestamp) -> Self {
        Self {
            id: key.id().to_string(),
            number: key.sequence(),
            standing: standing_name(ring.standing(key.id(), now)),
            state: Some(key.state().name()),
            origin: Some(key.origin().name()),
            created_at: rfc3339(key.created_at()),
            signs_from: key.sign_from().map(rfc3339),
            signs_until: key.sign_until().map(rfc3339),
            verifies_until: key.verify_until().map(rfc3339),
            destroyed_at: None,
            note: key.note().to_string(),
        }
    }

    fn destroyed(key: &Tombstone) -> Self {
        Self {
            id: key.id().to_string(),
            number: key.sequence(),
            standing: standing_name(Standing::Destroyed(key.ending())),
            state: None,
            origin: None,
            created_at: rfc3339(key.created_at()),
            signs_from: None,
            signs_until: None,
            verifies_until: Some(rfc3339(key.ended_at())),
            destroyed_at: Some(rfc3339(key.destroyed_at())),
            note: key.note().to_string(),
        }
    }
}

/// How a key stands, in one word for programs.
pub(super) fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Signs => "signs",
        Standing::Verifies => "verifies",
        Standing::Staged => "staged",
        Standing::Suspended => "suspended",
        Standing::Expired => "expired",
        Standing::Revoked => "revoked",
        Standing::Destroyed(Ending::Expired) => "destroyed_expired",
        Standing::Destroyed(Ending::Revoked) => "destroyed_revoked",
        Standing::Unknown => "unknown",
    }
}
