//! What a node makes of the rings that it reads.

use std::time::Duration;

use super::Ring;
use super::succession::Succession;

/// Follows a ring through its generations, and knows how long it may be gone by.
///
/// It has no clock: times are those of a monotonic one, since whenever its node likes. `R` is a
/// ring with whatever its node keeps beside it.
///
/// # Examples
/// ```
/// # use privyseal::ring::{Material, NewKey, NewRing, Note, Ring, RingId, RingPolicy};
/// # use privyseal::{KeyId, Timestamp};
/// use std::time::Duration;
///
/// use privyseal::ring::{Follower, Heard};
///
/// # let key = |byte| NewKey {
/// #     id: KeyId::from_bytes([byte; 8]),
/// #     material: Material::new(vec![byte; 40]).unwrap(),
/// #     note: Note::default(),
/// # };
/// # let ring = Ring::init(
/// #     NewRing {
/// #         id: RingId::from_bytes([7; 16]),
/// #         policy: RingPolicy::default(),
/// #         primary: key(1),
/// #         standby: key(2),
/// #     },
/// #     Timestamp::from_unix_seconds(1_700_000_000),
/// # )?;
/// let lease = Duration::from_secs(ring.policy().lease);
/// let mut follower = Follower::default();
/// let sent = Duration::from_secs(3);
/// assert_eq!(follower.hear(ring, sent), Heard::Taken);
/// assert!(follower.is_fresh(sent + lease));
/// assert!(!follower.is_fresh(sent + lease + Duration::from_millis(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Follower<R = Ring> {
    known: Option<Known<R>>,
}

#[derive(Clone, Debug)]
struct Known<R> {
    ring: R,
    /// When the read was sent that first gave this generation.
    since: Duration,
    /// When the last read was sent that gave it. The answer may have waited, so it is no newer
    /// than that.
    confirmed: Duration,
}

/// What a ring was to a node that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    /// The first one, or a later generation: the node goes by it from now on.
    Taken,
    /// The one that the node goes by; its lease begins anew.
    Same,
    /// An earlier generation, so soon that a copy of the store may not have caught up. Nothing has
    /// changed.
    Behind,
    /// What must not be. The node goes by what it knew, to the end of the lease.
    Held(Succession),
}

impl<R: AsRef<Ring>> Follower<R> {
    /// Takes in what a read has given that was sent at this time.
    ///
    /// A node without a memory takes whatever it reads first.
    pub fn hear(&mut self, ring: R, sent: Duration) -> Heard {
        let Some(known) = &mut self.known else {
            self.take(ring, sent);
            return Heard::Taken;
        };
        match ring.as_ref().follows(known.ring.as_ref()) {
            Succession::Newer => {
                self.take(ring, sent);
                Heard::Taken
            }
            Succession::Same => {
                known.confirmed = known.confirmed.max(sent);
                Heard::Same
            }
            Succession::Older if sent < known.is_everywhere_at() => Heard::Behind,
            other => Heard::Held(other),
        }
    }

    fn take(&mut self, ring: R, sent: Duration) {
        self.known = Some(Known {
            ring,
            since: sent,
            confirmed: sent,
        });
    }

    /// The ring that the node goes by.
    pub fn ring(&self) -> Option<&R> {
        self.known.as_ref().map(|known| &known.ring)
    }

    /// For how long it has not been told that this is the ring.
    pub fn age(&self, now: Duration) -> Option<Duration> {
        let known = self.known.as_ref()?;
        Some(now.saturating_sub(known.confirmed))
    }

    /// The last moment at which the node may sign by what it knows.
    pub fn lease_ends(&self) -> Option<Duration> {
        let known = self.known.as_ref()?;
        let lease = Duration::from_secs(known.ring.as_ref().policy.lease);
        Some(known.confirmed.saturating_add(lease))
    }

    /// Whether the node may sign.
    pub fn is_fresh(&self, now: Duration) -> bool {
        self.lease_ends().is_some_and(|end| now <= end)
    }
}

impl<R> Default for Follower<R> {
    /// Of a node that knows nothing.
    fn default() -> Self {
        Self { known: None }
    }
}

impl<R: AsRef<Ring>> Known<R> {
    /// From when on every read gives this generation or a later one.
    fn is_everywhere_at(&self) -> Duration {
        let propagation = Duration::from_secs(self.ring.as_ref().policy.propagation);
        self.since.saturating_add(propagation)
    }
}

impl AsRef<Self> for Ring {
    fn as_ref(&self) -> &Self {
        self
    }
}
