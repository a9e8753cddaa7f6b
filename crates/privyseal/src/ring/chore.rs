//! What a rotator has to do, and when.

use super::Ring;
use super::record::KeyState;
use super::view::Standing;
use crate::Timestamp;
use crate::keyring::KeyId;

/// What keeps a ring going, one write at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chore {
    /// There is no standby: a key is to be staged.
    Stage,
    /// The primary has signed for a period: the standby is to take over.
    Rotate,
    /// This key has ended and was held long enough: its material is to be destroyed.
    Destroy(KeyId),
}

impl Ring {
    /// What is due at this time, the most urgent first: if the ring refuses one, because it is full
    /// say, the next one may help.
    ///
    /// # Examples
    /// ```
    /// # use privyseal::ring::{Material, NewKey, NewRing, Note, Ring, RingId, RingPolicy};
    /// # use privyseal::{KeyId, Timestamp};
    /// use privyseal::ring::Chore;
    ///
    /// # let key = |byte| NewKey {
    /// #     id: KeyId::from_bytes([byte; 8]),
    /// #     material: Material::new(vec![byte; 40]).unwrap(),
    /// #     note: Note::default(),
    /// # };
    /// # let start = Timestamp::from_unix_seconds(1_700_000_000);
    /// # let ring = Ring::init(
    /// #     NewRing {
    /// #         id: RingId::from_bytes([7; 16]),
    /// #         policy: RingPolicy::default(),
    /// #         primary: key(1),
    /// #         standby: key(2),
    /// #     },
    /// #     start,
    /// # )?;
    /// assert_eq!(ring.chores_at(start).next(), None);
    /// let due = ring.next_chore_after(start).unwrap();
    /// assert_eq!(due, start.plus_seconds(ring.policy().period));
    /// assert_eq!(ring.chores_at(due).next(), Some(Chore::Rotate));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chores_at(&self, now: Timestamp) -> impl Iterator<Item = Chore> {
        let due = self.chores().filter(move |(at, _)| *at <= now);
        due.map(|(_, chore)| chore)
    }

    /// When the next chore falls due, if nothing else changes the ring.
    pub fn next_chore_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.chores().map(|(at, _)| at).filter(|at| *at > now).min()
    }

    /// All chores to come with their times, the more urgent kinds first.
    fn chores(&self) -> impl Iterator<Item = (Timestamp, Chore)> {
        let stage = self
            .standby()
            .is_none()
            .then_some((self.written_at, Chore::Stage));
        let rotate = self.primary().sign_from.map(|from| {
            let due = from.plus_seconds(self.policy.period);
            (due, Chore::Rotate)
        });
        let rotate = rotate.filter(|_| self.standby().is_some());
        let destroy = self.keys.iter().filter_map(|key| {
            let ended = match key.state {
                KeyState::Revoked => key.state_since,
                KeyState::VerifyOnly => key.verify_until?,
                _ => return None,
            };
            let due = ended.plus_seconds(self.policy.hold);
            Some((due, Chore::Destroy(key.id)))
        });
        let is_over = |(at, chore): &(Timestamp, Chore)| match chore {
            // The predecessor of a flip that never came signs on, whatever its end says.
            Chore::Destroy(key) => matches!(
                self.standing(*key, *at),
                Standing::Expired | Standing::Revoked
            ),
            Chore::Stage | Chore::Rotate => true,
        };
        stage
            .into_iter()
            .chain(rotate)
            .chain(destroy.filter(is_over))
    }
}
