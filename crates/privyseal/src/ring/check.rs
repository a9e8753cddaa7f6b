//! What holds of every ring, checked of those that are read.

use super::parts::Origin;
use super::policy::RingPolicy;
use super::record::{KeyRecord, KeyState, SuspendedFrom, Tombstone};
use super::{LAST_NOW, MAX_KEYS, MAX_TOMBSTONES, Ring};
use crate::Timestamp;

/// Whether a ring is one that operations can make; the reason if not.
pub(super) type Consistency = Result<(), &'static str>;

impl Ring {
    pub(super) fn check(&self) -> Consistency {
        ensure(
            self.keys.len() <= MAX_KEYS,
            "it has more keys than a ring can hold",
        )?;
        ensure(
            self.tombstones.len() <= MAX_TOMBSTONES,
            "it has more tombstones than a ring can hold",
        )?;
        ensure(
            self.previous.is_none() == (self.generation == 1) && self.generation > 0,
            "its generation and the one before do not fit together",
        )?;
        ensure(
            self.written_at <= LAST_NOW
                && self.no_flip_before <= LAST_FLIP
                && self.former_tokens_until <= LAST_END,
            "a time is beyond all bounds",
        )?;
        self.check_states()?;
        self.check_identities()?;
        self.keys.iter().try_for_each(|key| self.check_key(key))?;
        self.tombstones
            .iter()
            .try_for_each(|dead| self.check_tombstone(dead))
    }

    fn check_states(&self) -> Consistency {
        let count = |state| self.keys.iter().filter(|key| key.state == state).count();
        ensure(
            count(KeyState::Primary) == 1,
            "it has not exactly one primary",
        )?;
        ensure(count(KeyState::Staged) <= 1, "it has more than one standby")
    }

    fn check_identities(&self) -> Consistency {
        ensure(
            self.keys.is_sorted_by(|a, b| a.sequence < b.sequence),
            "its keys are not in the order of their numbers",
        )?;
        let keys = self.keys.iter().map(|key| (key.sequence, key.id));
        let dead = self.tombstones.iter().map(|dead| (dead.sequence, dead.id));
        let (mut numbers, mut names): (Vec<_>, Vec<_>) = keys.chain(dead).unzip();
        numbers.sort_unstable();
        names.sort_unstable();
        ensure(
            numbers.is_sorted_by(|a, b| a < b) && names.is_sorted_by(|a, b| a < b),
            "a number or name of a key is used twice",
        )?;
        ensure(
            numbers.first().is_none_or(|first| *first > 0)
                && numbers.last().is_none_or(|last| *last < self.next_sequence),
            "the number of a key was not given yet",
        )
    }

    fn check_key(&self, key: &KeyRecord) -> Consistency {
        ensure(
            key.created_at <= key.state_since && key.state_since <= self.written_at,
            "the times of a key are out of order",
        )?;
        ensure(
            (1..=self.generation).contains(&key.state_generation),
            "the state of a key is from no generation of the ring",
        )?;
        ensure(
            key.sign_from.max(key.sign_until) <= Some(LAST_FLIP)
                && key.verify_until <= Some(LAST_END),
            "a time is beyond all bounds",
        )?;
        ensure(
            has_its_times(key),
            "the times of a key do not fit its state",
        )
    }

    fn check_tombstone(&self, dead: &Tombstone) -> Consistency {
        ensure(
            dead.created_at <= dead.ended_at
                && dead.ended_at <= dead.destroyed_at
                && dead.destroyed_at <= self.written_at,
            "the times of a tombstone are out of order",
        )
    }
}

fn has_its_times(key: &KeyRecord) -> bool {
    let generated = key.origin == Origin::Generated;
    match (key.state, key.sign_from, key.sign_until, key.verify_until) {
        (KeyState::Staged | KeyState::Suspended(SuspendedFrom::Staged), None, None, None)
        | (KeyState::Primary, Some(_), None, None) => generated,
        (
            KeyState::VerifyOnly
            | KeyState::Suspended(SuspendedFrom::Primary | SuspendedFrom::VerifyOnly),
            Some(from),
            Some(until),
            Some(end),
        ) => generated && from <= until && until <= end,
        (
            KeyState::VerifyOnly | KeyState::Suspended(SuspendedFrom::VerifyOnly),
            None,
            None,
            Some(_),
        ) => !generated,
        (KeyState::Revoked, Some(from), Some(until), _) => generated && from <= until,
        (KeyState::Revoked, None, None, end) => generated == end.is_none(),
        _ => false,
    }
}

fn ensure(holds: bool, otherwise: &'static str) -> Consistency {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// A flip is set within a period, an activation or the reach of a policy after the last write.
const LAST_FLIP: Timestamp = LAST_NOW.plus_seconds(4 * RingPolicy::MAX_SECONDS);

/// A key verifies for the retention of a policy after it signed.
const LAST_END: Timestamp = LAST_FLIP.plus_seconds(4 * RingPolicy::MAX_SECONDS);
