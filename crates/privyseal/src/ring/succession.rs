//! Whether what was read is what should come after what was known.

use super::record::{Ending, KeyState};
use super::{MAX_TOMBSTONES, Ring};
use crate::keyring::KeyId;

/// How a ring that was read relates to the one that was known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Succession {
    /// A later generation: to be taken.
    Newer,
    /// The very same.
    Same,
    /// An earlier generation: a rollback, such as a restored backup.
    Older,
    /// Another history of the same ring: two stores that each took writes, or a restored backup
    /// that was written to.
    Fork,
    /// Another ring.
    Foreign,
}

impl Ring {
    /// What this ring is to somebody who knew `previous`: everything but [`Succession::Newer`] and
    /// [`Succession::Same`] is to be held off.
    ///
    /// Where generations were skipped, the hash of the last one cannot be compared, and a fork
    /// shows by its facts: another key under a number, a revocation undone, a key gone.
    pub fn follows(&self, previous: &Self) -> Succession {
        if self.id != previous.id {
            return Succession::Foreign;
        }
        match self.generation.checked_sub(previous.generation) {
            None => Succession::Older,
            Some(0) if self == previous => Succession::Same,
            Some(0) => Succession::Fork,
            Some(1) if self.previous != Some(previous.digest()) => Succession::Fork,
            _ if self.contradicts(previous) => Succession::Fork,
            _ => Succession::Newer,
        }
    }

    /// Whether no sequence of operations leads from there to here.
    fn contradicts(&self, previous: &Self) -> bool {
        let forgetful = self.tombstones.len() >= MAX_TOMBSTONES;
        self.next_sequence < previous.next_sequence
            || previous.facts().any(|(sequence, id, revoked)| {
                match self.facts().find(|(known, ..)| *known == sequence) {
                    Some((_, known, still)) => known != id || (revoked && !still),
                    None => revoked || !forgetful,
                }
            })
    }

    /// Number, name and whether it is revoked, of all keys that the ring remembers.
    fn facts(&self) -> impl Iterator<Item = (u64, KeyId, bool)> {
        let keys = self
            .keys
            .iter()
            .map(|key| (key.sequence, key.id, key.state == KeyState::Revoked));
        let dead = self
            .tombstones
            .iter()
            .map(|dead| (dead.sequence, dead.id, dead.ending == Ending::Revoked));
        keys.chain(dead)
    }
}
