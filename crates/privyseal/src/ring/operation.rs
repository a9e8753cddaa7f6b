//! The changes that a ring can go through, all by one total function.

use super::change::Change;
use super::error::RingError;
use super::parts::{Material, NewKey, Note};
use super::policy::RingPolicy;
use super::{LAST_NOW, Ring};
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
        let next = Change::of(self, now)?.make(operation)?;
        debug_assert_eq!(next.check(), Ok(()));
        Ok(next)
    }
}
