//! How keys are taken out of use, for a while or for good.

use super::Change;
use crate::keyring::KeyId;
use crate::ring::error::RingError;
use crate::ring::parts::{NewKey, Note};
use crate::ring::record::{Ending, KeyState, SuspendedFrom, Tombstone};
use crate::ring::view::Standing;
use crate::ring::{MAX_KEYS, MAX_TOMBSTONES};

impl Change {
    pub(super) fn suspend(
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

    pub(super) fn revoke(
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

    pub(super) fn resume(&mut self, key: KeyId) -> Result<(), RingError> {
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

    pub(super) fn revoke_all(
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

    pub(super) fn destroy(&mut self, key: KeyId) -> Result<(), RingError> {
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
}
