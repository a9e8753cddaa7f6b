//! What the world keeps to, and what the ring is told of it.

use privyseal::ring::RingPolicy;

/// The limits that a world keeps to, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// D: from reading the clock for a write until every read gives what was written.
    pub propagation: u64,
    /// F: a node is fresh to the last moment that is not later than this after its read.
    pub lease: u64,
    /// S: clocks are right or ahead, by no more than this.
    pub skew: u64,
}

/// What is one second beyond what it may be, to see that this is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// The ring takes the store for one second faster than it is. Its policy passes, and its keys
    /// sign one second too early.
    ShortActivation,
    /// The standby takes over in an emergency one second too young.
    YoungStandby,
    /// A write reaches the store one second too late after its clock was read.
    LateWrite,
    /// The reach of a revocation is taken for one second shorter than it is.
    ShortRevocation,
}

impl Slip {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ShortActivation,
        Self::YoungStandby,
        Self::LateWrite,
        Self::ShortRevocation,
    ];

    /// The name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ShortActivation => "short-activation",
            Self::YoungStandby => "young-standby",
            Self::LateWrite => "late-write",
            Self::ShortRevocation => "short-revocation",
        }
    }
}

impl Limits {
    /// D + F: from a write until no fresh node goes by what was before.
    pub(crate) fn reach(self) -> u64 {
        self.propagation + self.lease
    }

    /// The tightest policy of a ring in this world. Nothing in it expires, unless it is changed.
    ///
    /// No policy that breaks an inequality can be had, not even here. One that is told the wrong D
    /// breaks what it stands for all the same.
    pub(crate) fn policy(self, slip: Option<Slip>) -> RingPolicy {
        let short = u64::from(slip == Some(Slip::ShortActivation));
        let propagation = self.propagation.checked_sub(short);
        let propagation = propagation.expect("a store that takes no time cannot be faster");
        let activation = propagation + self.lease + self.skew;
        RingPolicy {
            propagation,
            poll: 1,
            lease: self.lease,
            skew: self.skew,
            activation,
            period: 2 * activation,
            token_life: FOREVER,
            hold: FOREVER,
        }
    }
}

const FOREVER: u64 = 1_000_000;
