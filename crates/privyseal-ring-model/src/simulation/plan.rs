//! What a life is like.

use privyseal::ring::RingPolicy;

use super::dice::Dice;
use crate::limits::{Limits, Slip};

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) limits: Limits,
    pub(super) poll: u64,
    pub(super) nodes: usize,
    pub(super) seconds: u64,
    /// What the ring keeps to at first, and what else it may be told to.
    pub(super) policies: [RingPolicy; 3],
    pub(super) longest_cut: u64,
    pub(super) whim_rarity: u64,
    pub(super) has_emergencies: bool,
}

impl Plan {
    pub(super) fn draw(slip: Option<Slip>, dice: &mut Dice) -> Self {
        let poll = dice.between(1, 3);
        // A store that takes no time cannot be taken for faster than it is.
        let least = u64::from(slip == Some(Slip::ShortActivation));
        let limits = Limits {
            propagation: dice.between(least, 3),
            lease: 2 * poll + dice.below(3),
            skew: dice.between(1, 3),
        };
        let tight = limits.policy(slip);
        let first = RingPolicy {
            poll,
            period: tight.period + dice.below(20),
            token_life: dice.between(1, 60),
            hold: dice.below(40),
            ..tight
        };
        let longer_lease = RingPolicy {
            lease: first.lease + 2,
            activation: first.activation + 2,
            period: first.period + 4,
            ..first
        };
        let longer_tokens = RingPolicy {
            token_life: first.token_life + 20,
            ..first
        };
        Self {
            limits,
            poll,
            nodes: 3 + dice.index(4),
            seconds: dice.between(40, 120),
            policies: [first, longer_lease, longer_tokens],
            longest_cut: 2 * limits.reach(),
            whim_rarity: dice.between(5, 20),
            has_emergencies: dice.one_in(2),
        }
    }
}
