//! The times that a ring keeps to, and the inequalities without which it would fail its users.

use std::fmt;

/// How long everything takes and lasts, in whole seconds.
///
/// The letters are those of the inequalities that [`RingPolicy::check`] holds it to.
///
/// # Examples
/// ```
/// use privyseal::ring::RingPolicy;
///
/// let policy = RingPolicy { propagation: 30, ..RingPolicy::default() };
/// assert!(policy.check().is_ok());
/// let hasty = RingPolicy { activation: 60, ..policy };
/// assert_eq!(
///     hasty.check().unwrap_err().to_string(),
///     "activation is 60 s, less than propagation + lease + skew = 390 s"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RingPolicy {
    /// D: until a write to the store is what every read of it gives; 0 if it has one copy.
    pub propagation: u64,
    /// R: between two looks of a node at the store.
    pub poll: u64,
    /// F: how long a node may go by what it read, before it has to stop signing.
    pub lease: u64,
    /// S: the most by which the clocks of any two nodes differ.
    pub skew: u64,
    /// A: between staging a key and signing with it.
    pub activation: u64,
    /// P: between two rotations.
    pub period: u64,
    /// L: the longest life of a token.
    pub token_life: u64,
    /// H: between the end of a key and the destruction of its material.
    pub hold: u64,
}

impl RingPolicy {
    /// The most seconds that any figure may have: a hundred years.
    pub const MAX_SECONDS: u64 = 3_155_760_000;

    /// Whether nodes that keep to these figures cannot fail one another.
    ///
    /// # Errors
    /// The first inequality that does not hold, with its figures.
    pub fn check(&self) -> Result<(), PolicyError> {
        if let Some((name, value)) = self
            .fields()
            .into_iter()
            .find(|(_, value)| *value > Self::MAX_SECONDS)
        {
            return Err(PolicyError {
                rule: PolicyRule::Bounded,
                name,
                value,
                bound: Self::MAX_SECONDS,
            });
        }
        let rules = [
            (PolicyRule::Polls, "poll", self.poll, 1),
            (
                PolicyRule::LeaseOutlastsPolls,
                "lease",
                self.lease,
                2 * self.poll,
            ),
            (PolicyRule::SkewCoversRounding, "skew", self.skew, 1),
            (
                PolicyRule::ActivationOutlastsReach,
                "activation",
                self.activation,
                self.reach(),
            ),
            (
                PolicyRule::PeriodOutlastsActivation,
                "period",
                self.period,
                2 * self.activation,
            ),
            (PolicyRule::TokensLive, "token_life", self.token_life, 1),
        ];
        match rules.into_iter().find(|(_, _, value, least)| value < least) {
            None => Ok(()),
            Some((rule, name, value, bound)) => Err(PolicyError {
                rule,
                name,
                value,
                bound,
            }),
        }
    }

    /// D + F + S: how long after a write, by any clock, some node may still go by what was before.
    pub fn reach(&self) -> u64 {
        self.propagation
            .saturating_add(self.lease)
            .saturating_add(self.skew)
    }

    /// L + D + F + S: how long a retired key has to verify, because a node that has not heard of
    /// the retirement signs with it for another D + F.
    pub fn retention(&self) -> u64 {
        self.token_life.saturating_add(self.reach())
    }

    /// The figures by name, in alphabetical order.
    pub(super) fn fields(&self) -> [(&'static str, u64); 8] {
        [
            ("activation", self.activation),
            ("hold", self.hold),
            ("lease", self.lease),
            ("period", self.period),
            ("poll", self.poll),
            ("propagation", self.propagation),
            ("skew", self.skew),
            ("token_life", self.token_life),
        ]
    }
}

impl Default for RingPolicy {
    /// For a store with one copy: polls every minute, a lease of five, clocks within a minute;
    /// keys wait an hour and sign for 30 days, tokens live 31 days, material is held for 30.
    fn default() -> Self {
        Self {
            propagation: 0,
            poll: 60,
            lease: 5 * 60,
            skew: 60,
            activation: HOUR,
            period: 30 * DAY,
            token_life: 31 * DAY,
            hold: 30 * DAY,
        }
    }
}

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// An inequality that a policy has to fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyRule {
    /// No figure is beyond a hundred years.
    Bounded,
    /// R >= 1.
    Polls,
    /// F >= 2 R: one failed look must not make a node stale.
    LeaseOutlastsPolls,
    /// S >= 1: times are whole seconds, so that even equal clocks differ by a rounded second.
    SkewCoversRounding,
    /// A >= D + F + S: no node meets a token whose key it does not know.
    ActivationOutlastsReach,
    /// P >= 2 A: the next standby is ready before it is its turn.
    PeriodOutlastsActivation,
    /// L >= 1.
    TokensLive,
}

/// Which inequality a policy breaks, with the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyError {
    rule: PolicyRule,
    name: &'static str,
    value: u64,
    bound: u64,
}

impl PolicyError {
    /// The inequality.
    pub fn rule(&self) -> PolicyRule {
        self.rule
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self.rule {
            PolicyRule::Bounded => "figures are seconds; a year has 31557600",
            PolicyRule::Polls => "let nodes poll once a second or less often",
            PolicyRule::LeaseOutlastsPolls => {
                "raise lease or poll more often: one failed poll must not make a node stale"
            }
            PolicyRule::SkewCoversRounding => {
                "set skew to 1 or more: whole seconds of two clocks differ by rounding alone"
            }
            PolicyRule::ActivationOutlastsReach => {
                "raise activation, or lower lease and skew if the nodes can keep to that; a key \
                 that signs earlier makes tokens which some nodes refuse"
            }
            PolicyRule::PeriodOutlastsActivation => {
                "raise period, or lower activation as far as propagation + lease + skew allow"
            }
            PolicyRule::TokensLive => {
                "set token_life to the longest lifetime of any token, sessions included"
            }
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            name,
            value,
            bound,
        } = self;
        let figure = match rule {
            PolicyRule::Bounded => return write!(f, "{name} is {value} s, more than {bound} s"),
            PolicyRule::Polls | PolicyRule::SkewCoversRounding | PolicyRule::TokensLive => "",
            PolicyRule::LeaseOutlastsPolls => "2 x poll = ",
            PolicyRule::ActivationOutlastsReach => "propagation + lease + skew = ",
            PolicyRule::PeriodOutlastsActivation => "2 x activation = ",
        };
        write!(f, "{name} is {value} s, less than {figure}{bound} s")
    }
}

impl std::error::Error for PolicyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const TIGHT: RingPolicy = RingPolicy {
        propagation: 30,
        poll: 60,
        lease: 120,
        skew: 1,
        activation: 151,
        period: 302,
        token_life: 1,
        hold: 0,
    };

    #[test]
    fn the_default_keeps_its_own_rules() {
        assert_eq!(RingPolicy::default().check(), Ok(()));
    }

    #[test]
    fn every_inequality_holds_at_its_bound_and_not_one_second_below() {
        assert_eq!(TIGHT.check(), Ok(()));
        let broken: [(RingPolicy, PolicyRule, &str); 7] = [
            (
                RingPolicy { poll: 0, ..TIGHT },
                PolicyRule::Polls,
                "poll is 0 s, less than 1 s",
            ),
            (
                RingPolicy {
                    lease: 119,
                    ..TIGHT
                },
                PolicyRule::LeaseOutlastsPolls,
                "lease is 119 s, less than 2 x poll = 120 s",
            ),
            (
                RingPolicy { skew: 0, ..TIGHT },
                PolicyRule::SkewCoversRounding,
                "skew is 0 s, less than 1 s",
            ),
            (
                RingPolicy {
                    activation: 150,
                    ..TIGHT
                },
                PolicyRule::ActivationOutlastsReach,
                "activation is 150 s, less than propagation + lease + skew = 151 s",
            ),
            (
                RingPolicy {
                    period: 301,
                    ..TIGHT
                },
                PolicyRule::PeriodOutlastsActivation,
                "period is 301 s, less than 2 x activation = 302 s",
            ),
            (
                RingPolicy {
                    token_life: 0,
                    ..TIGHT
                },
                PolicyRule::TokensLive,
                "token_life is 0 s, less than 1 s",
            ),
            (
                RingPolicy {
                    hold: RingPolicy::MAX_SECONDS + 1,
                    ..TIGHT
                },
                PolicyRule::Bounded,
                "hold is 3155760001 s, more than 3155760000 s",
            ),
        ];
        for (policy, rule, text) in broken {
            let error = policy.check().unwrap_err();
            assert_eq!(error.rule(), rule);
            assert_eq!(error.to_string(), text);
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn figures_of_any_size_are_judged() {
        let huge = RingPolicy {
            propagation: u64::MAX,
            poll: u64::MAX,
            lease: u64::MAX,
            skew: u64::MAX,
            activation: u64::MAX,
            period: u64::MAX,
            token_life: u64::MAX,
            hold: u64::MAX,
        };
        assert_eq!(huge.check().unwrap_err().rule(), PolicyRule::Bounded);
        assert_eq!(huge.reach(), u64::MAX);
    }
}
