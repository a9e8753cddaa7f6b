//! How each operation changes a ring.

mod signing;
mod taking_out;

use super::error::RingError;
use super::operation::Operation;
use super::parts::{Material, NewKey, Origin};
use super::policy::RingPolicy;
use super::record::{KeyRecord, KeyState};
use super::view::Standing;
use super::{EMERGENCY_KEYS, LAST_NOW, MAX_KEYS, MAX_NUMBER, Ring};
use crate::Timestamp;
use crate::keyring::KeyId;

/// A ring on its way to the next generation.
pub(super) struct Change {
    ring: Ring,
    at: Timestamp,
}

impl Change {
    pub(super) fn of(ring: &Ring, now: Timestamp) -> Result<Self, RingError> {
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

    /// The first generation, with a primary that signs at once and a standby.
    pub(super) fn first(ring: Ring, primary: NewKey, standby: NewKey) -> Result<Ring, RingError> {
        let at = ring.written_at;
        let mut change = Self { ring, at };
        change.found(primary, standby)?;
        Ok(change.ring)
    }

    pub(super) fn make(mut self, operation: Operation) -> Result<Ring, RingError> {
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
        }?;
        Ok(self.ring)
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
