//! Who signs: how keys become the standby, the primary, and its predecessor.

use super::{Change, ORDINARY_KEYS};
use crate::Timestamp;
use crate::keyring::KeyId;
use crate::ring::MAX_KEYS;
use crate::ring::error::RingError;
use crate::ring::parts::{NewKey, Origin};
use crate::ring::record::KeyState;

impl Change {
    /// A primary that signs at once, and its standby, in a ring without either.
    pub(super) fn found(&mut self, primary: NewKey, standby: NewKey) -> Result<(), RingError> {
        let sign_from = Some(self.at);
        self.add(primary, KeyState::Primary, Origin::Generated, MAX_KEYS)?
            .sign_from = sign_from;
        self.stage(standby, MAX_KEYS)
    }

    pub(super) fn stage(&mut self, key: NewKey, limit: usize) -> Result<(), RingError> {
        if let Some(standby) = self.ring.standby() {
            return Err(RingError::StandbyExists(standby.id));
        }
        self.add(key, KeyState::Staged, Origin::Generated, limit)?;
        Ok(())
    }

    pub(super) fn rotate(
        &mut self,
        next: NewKey,
        sign_from: Option<Timestamp>,
    ) -> Result<(), RingError> {
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

    pub(super) fn promote(&mut self, next: Option<NewKey>) -> Result<(), RingError> {
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
    pub(super) fn retire(&mut self, key: KeyId, at: Timestamp) -> Result<(), RingError> {
        let retention = self.ring.policy.retention();
        let former = self.ring.former_tokens_until;
        let record = self.record(key)?;
        let until = at.max(record.sign_from.unwrap_or(at));
        let end = until.plus_seconds(retention).max(former);
        record.sign_until = Some(until);
        record.verify_until = record.verify_until.max(Some(end));
        Ok(())
    }

    /// The standby becomes the primary in place of the present one.
    ///
    /// If that did not sign yet, its predecessor goes on signing until the standby, too, is known
    /// to all nodes: nothing forces them to meet a key that they do not know.
    pub(super) fn hand_over(&mut self, signing: Option<KeyId>) -> Result<(), RingError> {
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
}
