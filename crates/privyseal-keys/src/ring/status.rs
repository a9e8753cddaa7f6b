//! What a node says of its ring, for health checks, metrics and people.

use std::fmt;
use std::time::Duration;

use privyseal::ring::{KeyRecord, Ring, RingId};
use privyseal::{KeyId, Timestamp};

/// How far a node may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// It knows the ring and has looked at it within the lease: it signs and verifies.
    Fresh,
    /// It has not been able to look for longer than the lease. It does not sign, as another key may
    /// sign by now.
    Stale,
    /// It has never read a ring since it was started. It accepts and refuses nothing.
    Empty,
    /// The repository gives what must not be, such as an earlier generation. What was known before
    /// is kept, for the rest of its lease.
    Held,
}

impl NodeState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fresh, Self::Stale, Self::Empty, Self::Held];

    /// The name in metrics and health checks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Empty => "empty",
            Self::Held => "held",
        }
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a node does with tokens under keys that it knows, once its lease has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnStale {
    /// It verifies them: sessions go on, and a key that was revoked meanwhile is still accepted.
    #[default]
    Serve,
    /// It neither accepts nor refuses any: a revocation holds on every node, whatever is down.
    Refuse,
}

/// What a node knows and does, at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingStatus {
    /// How far the node may be believed.
    pub state: NodeState,
    /// Which ring it follows; none while it is empty.
    pub ring: Option<RingSummary>,
    /// Whether it verifies: not while it is empty, nor when it is stale and
    /// [refuses](OnStale::Refuse).
    pub verifies: bool,
    /// Whether it signs.
    pub signs: bool,
    /// How long ago it sent the last read that told it that this is the ring.
    pub age: Option<Duration>,
    /// Why the last read gave no ring that could be taken, with what to do about it.
    pub trouble: Option<String>,
    /// The keys that verify here with how many tokens each has verified in this process, in the
    /// order of trial.
    pub verifications: Vec<(KeyId, u64)>,
}

/// What a node knows of its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSummary {
    /// Which one it is.
    pub id: RingId,
    /// Its generation.
    pub generation: u64,
    /// The key that signs now.
    pub signer: KeyId,
    /// Seconds since the newest key of the ring was made: if it grows beyond the period of the
    /// policy, nothing rotates the ring.
    pub newest_key_age: u64,
    /// Whether a rotation has been due for longer than a standby takes to become ready.
    pub is_rotation_overdue: bool,
}

impl RingSummary {
    pub(super) fn of(ring: &Ring, now: Timestamp) -> Self {
        let policy = ring.policy();
        let newest = ring.keys().iter().map(KeyRecord::created_at).max();
        let due = ring.primary().sign_from().map(|from| {
            let period = policy.period.saturating_add(policy.activation);
            from.plus_seconds(period)
        });
        Self {
            id: ring.id(),
            generation: ring.generation(),
            signer: ring.signer_at(now).id(),
            newest_key_age: newest.and_then(|at| now.seconds_since(at)).unwrap_or(0),
            is_rotation_overdue: due.is_some_and(|due| now > due),
        }
    }
}

impl RingStatus {
    /// Whether requests should be sent to this node.
    pub fn is_ready(&self) -> bool {
        self.verifies
    }
}

impl fmt::Display for RingStatus {
    /// One line: `fresh: ring 0707..., generation 3, 12 s old`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state)?;
        if let Some(ring) = &self.ring {
            write!(f, ": ring {}, generation {}", ring.id, ring.generation)?;
        }
        if let Some(age) = self.age {
            write!(f, ", {} s old", age.as_secs())?;
        }
        if let Some(trouble) = &self.trouble {
            write!(f, "; {trouble}")?;
        }
        Ok(())
    }
}
