//! What is true, whoever knows it, and what follows from that for everyone.

use std::collections::BTreeMap;
use std::rc::Rc;

use privyseal::ring::{Ending, KeyRecord, KeyState, Ring, Standing};
use privyseal::{KeyId, Timestamp};

use super::coverage::Coverage;
use super::writer::Attempt;
use super::{Breach, Invariant};
use crate::limits::Limits;

/// The truth about every key, and the promises that were made to the holders of tokens.
#[derive(Debug)]
pub(super) struct Ledger {
    limits: Limits,
    /// F of the longest policy so far.
    lease: u64,
    keys: BTreeMap<KeyId, Truth>,
    numbers: BTreeMap<u64, KeyId>,
    last_emergency: Option<u64>,
}

#[derive(Debug, Default)]
struct Truth {
    /// From when on every fresh node knows it.
    settled_at: u64,
    /// From when on no fresh node accepts it.
    dead_from: Option<u64>,
    is_suspended: bool,
    /// From when on every fresh node knows that it was resumed.
    restored_at: Option<u64>,
    /// It signs before everybody knows it, because of an emergency.
    is_hasty: bool,
    is_destroyed: bool,
    /// The last second of any token under it.
    expires: Option<Timestamp>,
}

impl Ledger {
    pub(super) fn new(limits: Limits, first: &Ring) -> Self {
        let mut ledger = Self {
            limits,
            lease: first.policy().lease,
            keys: BTreeMap::new(),
            numbers: BTreeMap::new(),
            last_emergency: None,
        };
        for key in first.keys() {
            ledger.keys.insert(key.id(), Truth::default());
            ledger.numbers.insert(key.sequence(), key.id());
        }
        ledger
    }

    /// How long after the clock was read for a write some fresh node may go by what was before.
    pub(super) fn reach(&self) -> u64 {
        self.limits.propagation + self.lease
    }

    pub(super) fn knows(&self, key: KeyId) -> bool {
        self.keys.contains_key(&key)
    }

    /// Takes in a generation that was written.
    pub(super) fn learn(&mut self, attempt: &Attempt, now: u64) -> Result<(), Breach> {
        let ring = &attempt.ring;
        let settled_at = attempt.read_at + self.reach();
        self.lease = self.lease.max(ring.policy().lease);
        let last_number = self
            .numbers
            .last_key_value()
            .map_or(0, |(number, _)| *number);
        for key in ring.keys() {
            let known = self.numbers.get(&key.sequence()).copied();
            if known == Some(key.id()) {
                continue;
            }
            if known.is_some() || key.sequence() <= last_number || self.knows(key.id()) {
                let what = format!("key {} is number {} as well", key.id(), key.sequence());
                return Err(Breach(Invariant::I5, what));
            }
            self.numbers.insert(key.sequence(), key.id());
            let truth = Truth {
                settled_at,
                ..Truth::default()
            };
            self.keys.insert(key.id(), truth);
        }
        self.follow(ring, settled_at)?;
        if attempt.is_emergency() {
            self.last_emergency = Some(now);
            self.note_haste(ring, now);
        }
        if attempt.is_rotation() {
            has_successor(ring)?;
        }
        Ok(())
    }

    /// What the generation makes of every key there ever was.
    fn follow(&mut self, ring: &Ring, settled_at: u64) -> Result<(), Breach> {
        for (id, truth) in &mut self.keys {
            let state = ring.key(*id).map(KeyRecord::state);
            let ending = ring.tombstones().iter().find(|dead| dead.id() == *id);
            let is_revoked = state == Some(KeyState::Revoked)
                || ending.is_some_and(|dead| dead.ending() == Ending::Revoked);
            if truth.dead_from.is_some() != is_revoked {
                if truth.dead_from.is_some() {
                    return Err(Breach(Invariant::I5, format!("{id} is no longer revoked")));
                }
                truth.dead_from = Some(settled_at);
            }
            if truth.is_destroyed && state.is_some() {
                return Err(Breach(
                    Invariant::I5,
                    format!("{id} was destroyed and is back"),
                ));
            }
            truth.is_destroyed = state.is_none();
            let is_suspended = matches!(state, Some(KeyState::Suspended(_)));
            if truth.is_suspended && !is_suspended {
                truth.restored_at = Some(settled_at);
            }
            truth.is_suspended = is_suspended;
        }
        Ok(())
    }

    /// In an emergency a key may have to sign that not everybody knows.
    fn note_haste(&mut self, ring: &Ring, now: u64) {
        for clock in now..=now + self.limits.skew {
            let signer = ring.signer_at(Timestamp::from_unix_seconds(clock)).id();
            if let Some(truth) = self.keys.get_mut(&signer) {
                truth.is_hasty |= truth.settled_at > now;
            }
        }
    }

    /// A token is signed on a fresh node, by its clock.
    pub(super) fn sign(
        &mut self,
        ring: &Ring,
        clock: Timestamp,
        now: u64,
    ) -> Result<KeyId, Breach> {
        let signer = ring.signer_at(clock).id();
        let expires = clock.plus_seconds(ring.policy().token_life);
        let truth = self.keys.get_mut(&signer);
        let truth = truth.ok_or_else(|| Breach(Invariant::I5, format!("{signer} is made up")))?;
        if truth.dead_from.is_some_and(|from| from <= now) {
            return Err(Breach(
                Invariant::I2,
                format!("{signer} is revoked and signs"),
            ));
        }
        truth.expires = truth.expires.max(Some(expires));
        Ok(signer)
    }

    /// The keys under which there are tokens.
    pub(super) fn signers(&self) -> Vec<KeyId> {
        let signed = self
            .keys
            .iter()
            .filter(|(_, truth)| truth.expires.is_some());
        signed.map(|(id, _)| *id).collect()
    }

    /// The most demanding token under a key is shown to a fresh node.
    pub(super) fn present(
        &self,
        key: KeyId,
        ring: &Rc<Ring>,
        clock: Timestamp,
        now: u64,
        coverage: &mut Coverage,
    ) -> Result<(), Breach> {
        let Some(truth) = self.keys.get(&key) else {
            return Ok(());
        };
        let lives = truth.expires.is_some_and(|end| clock <= end);
        let fail = |invariant, what| Err(Breach(invariant, format!("{key} {what}")));
        match ring.standing(key, clock) {
            standing if standing.verifies() => {
                if truth.dead_from.is_some_and(|from| from <= now) {
                    return fail(Invariant::I2, "is revoked and verifies");
                }
                coverage.accepted += 1;
                coverage.accepted_after_resume += u64::from(truth.restored_at.is_some());
            }
            Standing::Unknown => {
                if !truth.is_hasty || truth.settled_at <= now {
                    return fail(Invariant::I1, "has signed and is unknown");
                }
                coverage.not_yet_known += 1;
            }
            Standing::Suspended => {
                if !truth.is_suspended && truth.restored_at.is_some_and(|at| at <= now) {
                    return fail(Invariant::I14, "was resumed and is still suspended");
                }
                coverage.suspended += 1;
            }
            Standing::Revoked | Standing::Destroyed(Ending::Revoked) => {
                if truth.dead_from.is_none() {
                    return fail(Invariant::I6, "is refused, and nobody revoked it");
                }
                coverage.revoked += 1;
            }
            _ if lives => return fail(Invariant::I6, "has ended before a token under it"),
            _ => coverage.expired += 1,
        }
        Ok(())
    }

    /// I3, of the keys with which fresh nodes sign at this moment.
    pub(super) fn check_signers(&self, signers: &[KeyId], now: u64) -> Result<(), Breach> {
        let emergency = self.last_emergency;
        let is_calm = emergency.is_none_or(|at| now >= at + self.reach() + self.limits.skew);
        if signers.len() > 2 && is_calm {
            return Err(Breach(Invariant::I3, format!("{signers:?} sign at a time")));
        }
        Ok(())
    }
}

/// I7, of a ring that was just rotated.
fn has_successor(ring: &Ring) -> Result<(), Breach> {
    let ready = ring.standby().is_some_and(|standby| {
        let known = standby.state_since().plus_seconds(ring.policy().activation);
        known < ring.written_at().plus_seconds(ring.policy().period)
    });
    if ready {
        return Ok(());
    }
    let what = "a rotation leaves nobody to sign a period later";
    Err(Breach(Invariant::I7, what.to_owned()))
}
