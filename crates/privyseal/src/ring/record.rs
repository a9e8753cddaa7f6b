//! What the ring keeps of a key, while it lives and afterwards.

use super::parts::{Material, Note, Origin};
use crate::Timestamp;
use crate::keyring::KeyId;

/// The state of a key as it is written; what time alone changes is in [`Standing`](super::Standing).
///
/// That a retired key expires is not written: it follows from its end and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// The standby: known to every node in time, so that it can take over at once.
    Staged,
    /// The one that signs, from its time on.
    Primary,
    /// Retired, or imported: verifies until its end.
    VerifyOnly,
    /// In quarantine: neither signs nor verifies, until it is resumed or revoked.
    Suspended(SuspendedFrom),
    /// Given up for good.
    Revoked,
}

/// The state that a suspended key was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuspendedFrom {
    /// It was the standby, and becomes that again.
    Staged,
    /// It signed; it comes back verify-only, because another one signs now.
    Primary,
    /// It was retired or imported, and becomes verify-only again.
    VerifyOnly,
}

impl KeyState {
    pub(super) const ALL: [Self; 7] = [
        Self::Staged,
        Self::Primary,
        Self::VerifyOnly,
        Self::Suspended(SuspendedFrom::Staged),
        Self::Suspended(SuspendedFrom::Primary),
        Self::Suspended(SuspendedFrom::VerifyOnly),
        Self::Revoked,
    ];

    /// The name in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Primary => "primary",
            Self::VerifyOnly => "verify_only",
            Self::Suspended(SuspendedFrom::Staged) => "suspended_staged",
            Self::Suspended(SuspendedFrom::Primary) => "suspended_primary",
            Self::Suspended(SuspendedFrom::VerifyOnly) => "suspended_verify_only",
            Self::Revoked => "revoked",
        }
    }
}

/// A key of the ring with its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub(super) id: KeyId,
    pub(super) sequence: u64,
    pub(super) state: KeyState,
    pub(super) state_since: Timestamp,
    pub(super) state_generation: u64,
    pub(super) created_at: Timestamp,
    pub(super) sign_from: Option<Timestamp>,
    pub(super) sign_until: Option<Timestamp>,
    pub(super) verify_until: Option<Timestamp>,
    pub(super) material: Material,
    pub(super) origin: Origin,
    pub(super) note: Note,
}

impl KeyRecord {
    /// The name of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Its number in the order in which keys came into the ring; never given twice.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The state that was written.
    pub fn state(&self) -> KeyState {
        self.state
    }

    /// When that state was written.
    pub fn state_since(&self) -> Timestamp {
        self.state_since
    }

    /// The generation of the ring that wrote that state.
    pub fn state_generation(&self) -> u64 {
        self.state_generation
    }

    /// When the key came into the ring.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it signs or signed first; `None` of a key that was never to sign.
    pub fn sign_from(&self) -> Option<Timestamp> {
        self.sign_from
    }

    /// When another key takes or took over; `None` of a key that signs or never signed.
    pub fn sign_until(&self) -> Option<Timestamp> {
        self.sign_until
    }

    /// The first second at which it no longer verifies; `None` while no end is set.
    pub fn verify_until(&self) -> Option<Timestamp> {
        self.verify_until
    }

    /// The key itself, wrapped.
    pub fn material(&self) -> &Material {
        &self.material
    }

    /// Where the key comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The remark on it.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Whether it verifies at this time if nothing but time decides.
    pub(super) fn ends_after(&self, now: Timestamp) -> bool {
        self.verify_until.is_none_or(|end| now < end)
    }

    pub(super) fn enter(&mut self, state: KeyState, at: Timestamp, generation: u64) {
        if matches!(state, KeyState::Suspended(_) | KeyState::Revoked)
            && let Some(from) = self.sign_from
        {
            self.sign_until = Some(self.sign_until.unwrap_or(at).min(at).max(from));
        }
        self.state = state;
        self.state_since = at;
        self.state_generation = generation;
    }
}

/// How the life of a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It was retired, and every token under it has expired.
    Expired,
    /// It was revoked.
    Revoked,
}

impl Ending {
    pub(super) const ALL: [Self; 2] = [Self::Expired, Self::Revoked];

    /// The name in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// What remains of a destroyed key: its name and its story, without material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    pub(super) id: KeyId,
    pub(super) sequence: u64,
    pub(super) created_at: Timestamp,
    pub(super) ending: Ending,
    pub(super) ended_at: Timestamp,
    pub(super) destroyed_at: Timestamp,
    pub(super) note: Note,
}

impl Tombstone {
    /// The name of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Its number in the order in which keys came into the ring.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When the key came into the ring.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// How it ended.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// When it was revoked or expired.
    pub fn ended_at(&self) -> Timestamp {
        self.ended_at
    }

    /// When its material was destroyed.
    pub fn destroyed_at(&self) -> Timestamp {
        self.destroyed_at
    }

    /// The last remark on it.
    pub fn note(&self) -> &Note {
        &self.note
    }
}
