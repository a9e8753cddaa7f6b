//! The changes that a ring can go through, all by one total function.

use super::error::RingError;
use super::parts::{Material, NewKey, Note, Origin};
use super::policy::RingPolicy;
use super::record::{Ending, KeyRecord, KeyState, SuspendedFrom, Tombstone};
use super::view::Standing;
use super::{EMERGENCY_KEYS, LAST_NOW, MAX_KEYS, MAX_NUMBER, MAX_TOMBSTONES, Ring};
use crate::Timestamp;
use crate::keyring::KeyId;

/// A change of a ring. New keys come with it, named and wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Puts a standby into a ring that has none.
    Stage {
        /// The standby.
        key: NewKey,
    },
    /// The standby becomes the primary, the old one verify-only, and a new standby is staged.
    ///
    /// Every node changes over by its own clock when the time comes, even if nobody can write to
    /// the ring then.
    Rotate {
        /// The next standby.
        standby: NewKey,
        /// When the new primary signs; as soon as it safely can if this is `None`.
        sign_from: Option<Timestamp>,
    },
    /// The standby becomes the primary now: every node changes over when it reads of it.
    Promote {
        /// A new standby, if one is to be staged in the same write.
        standby: Option<NewKey>,
    },
    /// Takes a key out of use until it is resumed or revoked. The standby takes over from the
    /// primary, at once if that was signing.
    Suspend {
        /// The key.
        key: KeyId,
        /// A new standby, if the ring would be left without one.
        standby: Option<NewKey>,
        /// Replaces the note of the key.
        note: Option<Note>,
    },
    /// Puts a suspended key back; one that signed comes back verify-only.
    Resume {
        /// The key.
        key: KeyId,
    },
    /// Gives a key up for good. The standby takes over from the primary, at once if that was
    /// signing.
    Revoke {
        /// The key.
        key: KeyId,
        /// A new standby, if the ring would be left without one.
        standby: Option<NewKey>,
        /// Replaces the note of the key.
        note: Option<Note>,
    },
    /// Gives up every key, the standby too, and begins anew within the same ring.
    ///
    /// The new primary signs at once, before all nodes know it.
    RevokeAll {
        /// The new primary.
        primary: NewKey,
        /// The new standby.
        standby: NewKey,
        /// Replaces the note of every key that is revoked by this.
        note: Option<Note>,
    },
    /// Destroys the material of a key that has ended and was held long enough.
    Destroy {
        /// The key.
        key: KeyId,
    },
    /// Brings in a key from elsewhere, to verify until its end what it signed there.
    Import {
        /// The key.
        key: NewKey,
        /// The first second at which it no longer verifies.
        verify_until: Timestamp,
    },
    /// Replaces the wrapped material of all keys by that of the same keys under another wrapping.
    Rewrap {
        /// The new material of every key of the ring.
        materials: Vec<(KeyId, Material)>,
    },
    /// Sets another policy.
    SetPolicy {
        /// The policy.
        policy: RingPolicy,
    },
}

impl Operation {
    /// Whether it only takes keys out of use, so that a wrong clock must not stop it.
    fn is_emergency(&self) -> bool {
        matches!(
            self,
            Self::Suspend { .. } | Self::Revoke { .. } | Self::RevokeAll { .. }
        )
    }
}

impl Ring {
    /// The ring after this operation, one generation later; the one way in which rings change.
    ///
    /// The times that it writes never go backwards: where `now` is earlier than the last write,
    /// they are those of the last write.
    ///
    /// # Errors
    /// When the ring does not allow it, with a reason and a hint.
    ///
    /// # Examples
    /// ```
    /// use privyseal::ring::{Material, NewKey, NewRing, Note, Operation, Ring, RingId, RingPolicy};
    /// use privyseal::{KeyId, Timestamp};
    ///
    /// let key = |byte| -> Result<NewKey, privyseal::ring::RingError> {
    ///     Ok(NewKey {
    ///         id: KeyId::from_bytes([byte; 8]),
    ///         material: Material::new(vec![byte; 40])?,
    ///         note: Note::default(),
    ///     })
    /// };
    /// let start = Timestamp::from_unix_seconds(1_700_000_000);
    /// let ring = Ring::init(
    ///     NewRing {
    ///         id: RingId::from_bytes([7; 16]),
    ///         policy: RingPolicy::default(),
    ///         primary: key(1)?,
    ///         standby: key(2)?,
    ///     },
    ///     start,
    /// )?;
    /// let rotate = Operation::Rotate { standby: key(3)?, sign_from: None };
    /// let ring = ring.apply(rotate, start.plus_seconds(30 * 86400))?;
    /// assert_eq!(ring.generation(), 2);
    /// assert_eq!(ring.primary().id(), KeyId::from_bytes([2; 8]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, operation: Operation, now: Timestamp) -> Result<Self, RingError> {
        if now > LAST_NOW {
            return Err(RingError::BeyondTime);
        }
        // A standby that was staged by a clock far behind would look older than it is.
        if now.plus_seconds(self.policy.skew) < self.written_at && !operation.is_emergency() {
            return Err(RingError::ClockBehind {
                now,
                written_at: self.written_at,
            });
        }
        let mut change = Change::of(self, now)?;
        change.make(operation)?;
        debug_assert_eq!(change.ring.check(), Ok(()));
        Ok(change.ring)
    }
}

/// A ring on its way to the next generation.
pub(super) struct Change {
    pub(super) ring: Ring,
    at: Timestamp,
}

impl Change {
    fn of(ring: &Ring, now: Timestamp) -> Result<Self, RingError> {
        if ring.generation >= MAX_NUMBER {
            return Err(RingError::Exhausted);
        }
        let at = now.max(ring.written_at);
        let mut ring = Ring {
            previous: Some(ring.digest()),
            ..ring.clone()
        };
        ring.generation += 1;
        ring.written_at = at;
        Ok(Self { ring, at })
    }

    /// A ring that is being made.
    pub(super) fn first(ring: Ring) -> Self {
        let at = ring.written_at;
        Self { ring, at }
    }

    fn make(&mut self, operation: Operation) -> Result<(), RingError> {
        match operation {
            Operation::Stage { key } => self.stage(key, ORDINARY_KEYS),
            Operation::Rotate { standby, sign_from } => self.rotate(standby, sign_from),
            Operation::Promote { standby } => self.promote(standby),
            Operation::Suspend { key, standby, note } => self.suspend(key, standby, note),
            Operation::Resume { key } => self.resume(key),
            Operation::Revoke { key, standby, note } => self.revoke(key, standby, note),
            Operation::RevokeAll {
                primary,
                standby,
                note,
            } => self.revoke_all(primary, standby, note.as_ref()),
            Operation::Destroy { key } => self.destroy(key),
            Operation::Import { key, verify_until } => self.import(key, verify_until),
            Operation::Rewrap { materials } => self.rewrap(materials),
            Operation::SetPolicy { policy } => self.set_policy(policy),
        }
    }

    fn stage(&mut self, key: NewKey, limit: usize) -> Result<(), RingError> {
        if let Some(standby) = self.ring.standby() {
            return Err(RingError::StandbyExists(standby.id));
        }
        self.add(key, KeyState::Staged, Origin::Generated, limit)?;
        Ok(())
    }

    fn rotate(&mut self, next: NewKey, sign_from: Option<Timestamp>) -> Result<(), RingError> {
        let earliest = self
            .earliest_flip(self.ring.policy.activation)?
            .max(self.at);
        let latest = self.at.plus_seconds(self.ring.policy.period).max(earliest);
        let flip = sign_from.unwrap_or(earliest);
        if flip < earliest {
            return Err(RingError::TooEarly { earliest });
        }
        // A mistyped year would keep the ring from rotating until then.
        if flip > latest {
            return Err(RingError::TooLate { latest });
        }
        self.flip(flip)?;
        self.stage(next, ORDINARY_KEYS)
    }

    fn promote(&mut self, next: Option<NewKey>) -> Result<(), RingError> {
        let earliest = self.earliest_flip(self.ring.policy.reach())?;
        if self.at < earliest {
            return Err(RingError::TooEarly { earliest });
        }
        self.flip(self.at)?;
        next.map_or(Ok(()), |key| self.stage(key, ORDINARY_KEYS))
    }

    /// When the standby may sign, if it has to be known, and the primary to sign, this long before.
    ///
    /// The second half keeps three keys from signing at a time on different nodes.
    fn earliest_flip(&self, delay: u64) -> Result<Timestamp, RingError> {
        let primary = self.ring.primary();
        let primary_from = primary.sign_from.unwrap_or(primary.created_at);
        if self.ring.is_flip_pending(self.at) {
            return Err(RingError::FlipPending { at: primary_from });
        }
        let standby = self.ring.standby().ok_or(RingError::NoStandby)?;
        let since = standby.state_since.max(primary_from);
        Ok(since.plus_seconds(delay).max(self.ring.no_flip_before))
    }

    /// The primary retires and the standby takes over, at the same time.
    fn flip(&mut self, at: Timestamp) -> Result<(), RingError> {
        let primary = self.ring.primary().id;
        self.retire(primary, at)?;
        self.enter(primary, KeyState::VerifyOnly)?;
        self.standby_takes_over(at)
    }

    fn standby_takes_over(&mut self, at: Timestamp) -> Result<(), RingError> {
        let standby = self.ring.standby().ok_or(RingError::NoStandby)?.id;
        self.enter(standby, KeyState::Primary)?;
        self.record(standby)?.sign_from = Some(at);
        Ok(())
    }

    /// Another key signs from this time on; this one verifies until the last token under it ends.
    fn retire(&mut self, key: KeyId, at: Timestamp) -> Result<(), RingError> {
        let retention = self.ring.policy.retention();
        let former = self.ring.former_tokens_until;
        let record = self.record(key)?;
        let until = at.max(record.sign_from.unwrap_or(at));
        let end = until.plus_seconds(retention).max(former);
        record.sign_until = Some(until);
        record.verify_until = record.verify_until.max(Some(end));
        Ok(())
    }

    fn suspend(
        &mut self,
        key: KeyId,
        next: Option<NewKey>,
        note: Option<Note>,
    ) -> Result<(), RingError> {
        let (standing, refusal) = self.look_at(key, "suspend")?;
        let from = match self.record(key)?.state {
            KeyState::Staged => SuspendedFrom::Staged,
            KeyState::Primary => SuspendedFrom::Primary,
            KeyState::VerifyOnly if standing.verifies() => SuspendedFrom::VerifyOnly,
            KeyState::VerifyOnly | KeyState::Suspended(_) | KeyState::Revoked => {
                return Err(refusal);
            }
        };
        if from == SuspendedFrom::Primary {
            self.retire(key, self.at)?;
        }
        self.take_out(key, KeyState::Suspended(from), next, note)
    }

    fn revoke(
        &mut self,
        key: KeyId,
        next: Option<NewKey>,
        note: Option<Note>,
    ) -> Result<(), RingError> {
        // Also of a key that has expired: by some clock it may not have.
        let (standing, refusal) = self.look_at(key, "revoke")?;
        if standing == Standing::Revoked {
            return Err(refusal);
        }
        self.take_out(key, KeyState::Revoked, next, note)
    }

    /// Takes a key out of use, and sees to it that another one signs if this one did or would.
    fn take_out(
        &mut self,
        key: KeyId,
        state: KeyState,
        next: Option<NewKey>,
        note: Option<Note>,
    ) -> Result<(), RingError> {
        let was_primary = self.ring.primary().id == key;
        let predecessor = self.ring.predecessor().map(|predecessor| predecessor.id);
        let pending = self.ring.is_flip_pending(self.at);
        if was_primary {
            self.hand_over(predecessor.filter(|_| pending))?;
        } else if pending && predecessor == Some(key) {
            let primary = self.ring.primary().id;
            self.record(primary)?.sign_from = Some(self.at);
        }
        self.enter(key, state)?;
        if let Some(note) = note {
            self.record(key)?.note = note;
        }
        next.map_or(Ok(()), |key| self.stage(key, MAX_KEYS))
    }

    /// The standby becomes the primary in place of the present one.
    ///
    /// If that did not sign yet, its predecessor goes on signing until the standby, too, is known
    /// to all nodes: nothing forces them to meet a key that they do not know.
    fn hand_over(&mut self, signing: Option<KeyId>) -> Result<(), RingError> {
        let standby = self.ring.standby().ok_or(RingError::NoStandby)?;
        let ready = standby
            .state_since
            .plus_seconds(self.ring.policy.activation)
            .max(self.ring.no_flip_before);
        let at = match (signing, self.ring.primary().sign_from) {
            (Some(predecessor), Some(set)) => {
                let at = ready.max(set);
                self.retire(predecessor, at)?;
                at
            }
            _ => self.at,
        };
        self.standby_takes_over(at)
    }

    fn resume(&mut self, key: KeyId) -> Result<(), RingError> {
        let (_, refusal) = self.look_at(key, "resume")?;
        let KeyState::Suspended(from) = self.record(key)?.state else {
            return Err(refusal);
        };
        let state = match (from, self.ring.standby()) {
            (SuspendedFrom::Staged, Some(standby)) => {
                return Err(RingError::StandbyExists(standby.id));
            }
            (SuspendedFrom::Staged, None) => KeyState::Staged,
            (SuspendedFrom::Primary | SuspendedFrom::VerifyOnly, _) => KeyState::VerifyOnly,
        };
        self.enter(key, state)
    }

    fn revoke_all(
        &mut self,
        primary: NewKey,
        standby: NewKey,
        note: Option<&Note>,
    ) -> Result<(), RingError> {
        let (at, generation) = (self.at, self.ring.generation);
        for key in &mut self.ring.keys {
            if key.state != KeyState::Revoked {
                key.enter(KeyState::Revoked, at, generation);
                if let Some(note) = note {
                    key.note = note.clone();
                }
            }
        }
        self.found(primary, standby)
    }

    /// A primary that signs at once, and its standby, in a ring without either.
    pub(super) fn found(&mut self, primary: NewKey, standby: NewKey) -> Result<(), RingError> {
        let sign_from = Some(self.at);
        self.add(primary, KeyState::Primary, Origin::Generated, MAX_KEYS)?
            .sign_from = sign_from;
        self.stage(standby, MAX_KEYS)
    }

    fn destroy(&mut self, key: KeyId) -> Result<(), RingError> {
        let (standing, refusal) = self.look_at(key, "destroy")?;
        let record = self.record(key)?;
        let (ending, ended_at) = match standing {
            Standing::Expired => (Ending::Expired, record.verify_until),
            Standing::Revoked => (Ending::Revoked, Some(record.state_since)),
            _ => return Err(refusal),
        };
        let ended_at = ended_at.unwrap_or(self.at);
        let until = ended_at.plus_seconds(self.ring.policy.hold);
        if self.at < until {
            return Err(RingError::HoldNotOver { key, until });
        }
        self.make_room_for_a_tombstone()?;
        let destroyed_at = self.at;
        let ended = self.ring.keys.extract_if(.., |record| record.id == key);
        let tombstones = ended.map(|record| Tombstone {
            id: record.id,
            sequence: record.sequence,
            created_at: record.created_at,
            ending,
            ended_at,
            destroyed_at,
            note: record.note,
        });
        self.ring.tombstones.extend(tombstones);
        Ok(())
    }

    /// Forgets the oldest key that merely expired, if there are as many tombstones as can be.
    ///
    /// A revoked key is never forgotten, so that nobody can bring it back.
    fn make_room_for_a_tombstone(&mut self) -> Result<(), RingError> {
        let tombstones = &mut self.ring.tombstones;
        if tombstones.len() < MAX_TOMBSTONES {
            return Ok(());
        }
        let oldest = tombstones
            .iter()
            .position(|tombstone| tombstone.ending == Ending::Expired);
        tombstones.remove(oldest.ok_or(RingError::Full {
            what: "tombstones of revoked keys",
            limit: MAX_TOMBSTONES,
        })?);
        Ok(())
    }

    fn import(&mut self, key: NewKey, verify_until: Timestamp) -> Result<(), RingError> {
        if verify_until <= self.at {
            return Err(RingError::EndIsPast);
        }
        if verify_until > LAST_NOW {
            return Err(RingError::BeyondTime);
        }
        let state = KeyState::VerifyOnly;
        let record = self.add(key, state, Origin::Imported, ORDINARY_KEYS)?;
        record.verify_until = Some(verify_until);
        Ok(())
    }

    fn rewrap(&mut self, mut materials: Vec<(KeyId, Material)>) -> Result<(), RingError> {
        for record in &mut self.ring.keys {
            let place = materials.iter().position(|(id, _)| *id == record.id);
            let place = place.ok_or(RingError::Rewrap(record.id))?;
            record.material = materials.swap_remove(place).1;
        }
        match materials.first() {
            None => Ok(()),
            Some((id, _)) if self.ring.key(*id).is_some() => Err(RingError::Rewrap(*id)),
            Some((id, _)) => Err(RingError::UnknownKey(*id)),
        }
    }

    fn set_policy(&mut self, policy: RingPolicy) -> Result<(), RingError> {
        policy.check()?;
        let (former, at) = (self.ring.policy, self.at);
        let primary = self.ring.primary();
        if policy.reach() > former.reach() && self.ring.is_flip_pending(at) {
            // That its time was late enough was judged by the shorter reach.
            let at = primary.sign_from.unwrap_or(at);
            return Err(RingError::FlipPending { at });
        }
        // Nodes that have not read the new policy go by the former one for its D + F, and tokens
        // that were made under it live as long as it said.
        if policy.reach() < former.reach() {
            let settled = at.plus_seconds(former.reach());
            self.ring.no_flip_before = self.ring.no_flip_before.max(settled);
        }
        if policy.retention() < former.retention() {
            let ended = at.plus_seconds(former.retention());
            self.ring.former_tokens_until = self.ring.former_tokens_until.max(ended);
        }
        self.ring.policy = policy;
        for key in &mut self.ring.keys {
            // What has ended stays so.
            if let (Some(end), Some(from)) = (key.verify_until, key.sign_until)
                && key.state != KeyState::Revoked
                && end > at
            {
                key.verify_until = Some(end.max(from.plus_seconds(policy.retention())));
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        key: NewKey,
        state: KeyState,
        origin: Origin,
        limit: usize,
    ) -> Result<&mut KeyRecord, RingError> {
        let ring = &mut self.ring;
        if ring.key(key.id).is_some() || ring.tombstones.iter().any(|dead| dead.id == key.id) {
            return Err(RingError::KeyAlreadyUsed(key.id));
        }
        if ring.keys.len() >= limit {
            return Err(RingError::Full {
                what: "keys",
                limit,
            });
        }
        let sequence = ring.next_sequence;
        if sequence >= MAX_NUMBER {
            return Err(RingError::Exhausted);
        }
        ring.next_sequence += 1;
        Ok(ring.keys.push_mut(KeyRecord {
            id: key.id,
            sequence,
            state,
            state_since: self.at,
            state_generation: ring.generation,
            created_at: self.at,
            sign_from: None,
            sign_until: None,
            verify_until: None,
            material: key.material,
            origin,
            note: key.note,
        }))
    }

    fn enter(&mut self, key: KeyId, state: KeyState) -> Result<(), RingError> {
        let (at, generation) = (self.at, self.ring.generation);
        self.record(key)?.enter(state, at, generation);
        Ok(())
    }

    fn record(&mut self, key: KeyId) -> Result<&mut KeyRecord, RingError> {
        let found = self.ring.keys.iter_mut().find(|record| record.id == key);
        found.ok_or(RingError::UnknownKey(key))
    }

    /// How a key stands, and the error of doing this to it as it does.
    fn look_at(
        &self,
        key: KeyId,
        action: &'static str,
    ) -> Result<(Standing, RingError), RingError> {
        let standing = self.ring.standing(key, self.at);
        let refusal = RingError::WrongState {
            key,
            action,
            standing,
        };
        match standing {
            Standing::Unknown => Err(RingError::UnknownKey(key)),
            Standing::Destroyed(_) => Err(refusal),
            _ => Ok((standing, refusal)),
        }
    }
}

/// How many keys the ring may have before only emergencies add to them.
const ORDINARY_KEYS: usize = MAX_KEYS - EMERGENCY_KEYS;
