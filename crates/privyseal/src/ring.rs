//! The key ring as a document: every key of an application with its state and history.
//!
//! A [`Ring`] is a value. [`Ring::init`] makes one and [`Ring::apply`] gives the next generation of
//! it; nothing else changes a ring, and what the states do not allow is an error. What it means at
//! a given time, such as [who signs](Ring::signer_at), is derived. It reads no clock, draws no
//! randomness and opens no wrapped key: the nodes of an application turn it into a
//! [`KeyRing`](crate::KeyRing), the snapshot that signs and verifies.
//!
//! # States
//!
//! | state | signs | verifies | leaves to |
//! |---|---|---|---|
//! | [`Staged`](KeyState::Staged), the standby, at most one | no | yes | primary (*rotate*, *promote*, or in place of a primary that is taken out), suspended, revoked |
//! | [`Primary`](KeyState::Primary), exactly one | from `sign_from` on | yes | verify-only (*rotate*, *promote*), suspended, revoked |
//! | [`VerifyOnly`](KeyState::VerifyOnly), retired or imported | until its successor does | until `verify_until` | expired (time), suspended, revoked |
//! | [`Suspended`](KeyState::Suspended) | no | no: neither accepted nor refused | what it was (*resume*), but verify-only if it was primary; revoked |
//! | expired, by time alone | no | no | destroyed (*destroy*, after the hold), revoked |
//! | [`Revoked`](KeyState::Revoked) | no | no | destroyed (*destroy*, after the hold) |
//! | destroyed, a [`Tombstone`] | no | no | |
//!
//! A key comes in by *init*, *stage* and *rotate* (staged, and primary in *init*), by *import*
//! (verify-only) and by *revoke all* (a primary and a standby). Neither its id nor its number in
//! the ring is ever given to another key, and a key that was revoked is not taken again.
//!
//! # Times
//!
//! Nodes read the ring at different times and by different clocks. A key signs only after every
//! node that may still sign has had the time to read of it, which is what the
//! [inequalities of the policy](PolicyRule) are for; a retired key verifies until the last token
//! under it has expired. *Rotate* sets a time, so that nodes change over by their clocks even if
//! nobody can write then; *promote* changes over at once. *Suspend* and *revoke* do not wait for
//! anything: if they take out the primary, the standby signs from then on, known to everyone or
//! not.
//!
//! # The document
//!
//! ```text
//! line 1:  privyseal-ring 1 SLOT MAC
//! line 2:  {"former_tokens_until":0,"generation":1,"keys":[...],...,"written_at":1700000000}
//!
//! SLOT:    base64url without padding, or "-": what the reader needs to come by the MAC key
//! MAC:     HMAC-SHA256 in hexadecimal, over line 1 up to the space before it, a line feed, line 2
//! ```
//!
//! Line 2 is JSON in one spelling: keys sorted, every field present, no white space, whole numbers
//! below 2^53, in strings no escape but `\"` and `\\`, no line feed at the end. There is one text
//! for a ring and one ring for a text, and the hash of line 2 is what the next generation names as
//! its `previous`. [`SealedRing`] checks the MAC before it reads any of line 2.

mod change;
mod check;
mod chore;
mod error;
mod follower;
mod operation;
mod parts;
mod policy;
mod record;
mod succession;
mod view;
mod wire;

use crate::Timestamp;
use crate::keyring::KeyId;
use change::Change;

pub use chore::Chore;
pub use error::RingError;
pub use follower::{Follower, Heard};
pub use operation::Operation;
pub use parts::{Material, NewKey, Note, Origin, RingId};
pub use policy::{PolicyError, PolicyRule, RingPolicy};
pub use record::{Ending, KeyRecord, KeyState, SuspendedFrom, Tombstone};
pub use succession::Succession;
pub use view::{Event, Standing};
pub use wire::{IntegrityKey, MAX_DOCUMENT, MAX_KEY_SLOT, ReadError, SealedRing};

/// How many keys a ring can hold, those that have ended but are not destroyed included.
pub const MAX_KEYS: usize = 128;

/// How many of them only emergencies may use, so that a full ring can still be revoked.
pub const EMERGENCY_KEYS: usize = 8;

/// How many destroyed keys a ring remembers. Beyond that, the oldest one that merely expired is
/// forgotten; revoked ones never are.
pub const MAX_TOMBSTONES: usize = 256;

/// The largest number in a document, which every JSON reader has exactly.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The last second of the year 9999.
const LAST_NOW: Timestamp = Timestamp::from_unix_seconds(253_402_300_799);

/// The keys of an application at one generation.
///
/// # Security
/// A ring holds its keys wrapped, or plain where that was chosen; `Debug` shows neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    id: RingId,
    generation: u64,
    previous: Option<[u8; 32]>,
    written_at: Timestamp,
    policy: RingPolicy,
    /// Until then some node may go by a former policy with a longer reach.
    no_flip_before: Timestamp,
    /// Until then tokens live that were made under a former policy, with longer lives.
    former_tokens_until: Timestamp,
    next_sequence: u64,
    /// In the order of their numbers.
    keys: Vec<KeyRecord>,
    /// In the order of destruction.
    tombstones: Vec<Tombstone>,
}

/// What a new ring is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRing {
    /// 16 random bytes.
    pub id: RingId,
    /// The times that it keeps to.
    pub policy: RingPolicy,
    /// The key that signs at once.
    pub primary: NewKey,
    /// The key that takes over from it.
    pub standby: NewKey,
}

impl Ring {
    /// The first generation of a ring.
    ///
    /// # Errors
    /// When the policy does not hold, when both keys are the same one, and beyond the year 9999.
    pub fn init(new: NewRing, now: Timestamp) -> Result<Self, RingError> {
        new.policy.check()?;
        if now > LAST_NOW {
            return Err(RingError::BeyondTime);
        }
        let empty = Self {
            id: new.id,
            generation: 1,
            previous: None,
            written_at: now,
            policy: new.policy,
            no_flip_before: Timestamp::from_unix_seconds(0),
            former_tokens_until: Timestamp::from_unix_seconds(0),
            next_sequence: 1,
            keys: Vec::new(),
            tombstones: Vec::new(),
        };
        Change::first(empty, new.primary, new.standby)
    }

    /// What tells this ring from every other.
    pub fn id(&self) -> RingId {
        self.id
    }

    /// How many writes made it what it is, from 1.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The [digest](Self::digest) of the generation before; `None` of the first one.
    pub fn previous(&self) -> Option<&[u8; 32]> {
        self.previous.as_ref()
    }

    /// When this generation was written, by the clock of its writer.
    pub fn written_at(&self) -> Timestamp {
        self.written_at
    }

    /// The times that it keeps to.
    pub fn policy(&self) -> &RingPolicy {
        &self.policy
    }

    /// All keys that are not destroyed, in the order of their numbers.
    pub fn keys(&self) -> &[KeyRecord] {
        &self.keys
    }

    /// What remains of destroyed keys, in the order of their destruction.
    pub fn tombstones(&self) -> &[Tombstone] {
        &self.tombstones
    }

    /// The key of this id, unless it is destroyed.
    pub fn key(&self, id: KeyId) -> Option<&KeyRecord> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The key that is primary in writing; before its time has come, its predecessor still signs.
    pub fn primary(&self) -> &KeyRecord {
        #[expect(
            clippy::expect_used,
            clippy::missing_panics_doc,
            reason = "a ring has one primary, however it was made or read"
        )]
        self.in_state(KeyState::Primary)
            .expect("a ring has one primary")
    }

    /// The key that stands by to take over.
    pub fn standby(&self) -> Option<&KeyRecord> {
        self.in_state(KeyState::Staged)
    }

    fn in_state(&self, state: KeyState) -> Option<&KeyRecord> {
        self.keys.iter().find(|key| key.state == state)
    }
}

#[cfg(test)]
mod tests;
