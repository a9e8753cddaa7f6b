//! `privyseal ring policy`, and the flags of a policy.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use privyseal::ring::{Operation, Ring, RingError, RingPolicy};
use privyseal_keys::ring::Opened;
use serde::Serialize;

use super::change::{ChangeFlags, Changed, apply};
use super::diff::{figures, policy_seconds};
use crate::Answer;
use crate::output::Output;
use crate::ring::block_on;
use crate::span::Span;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring policy
  privyseal ring policy --period 14d --token-life 7d --dry-run")]
pub(crate) struct Arguments {
    #[command(flatten)]
    policy: PolicyFlags,
    #[command(flatten)]
    flags: ChangeFlags,
}

#[derive(Serialize)]
struct Shown {
    ring: String,
    generation: u64,
    policy_seconds: serde_json::Map<String, serde_json::Value>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let access = self.flags.ring.access()?;
        if self.policy.is_empty() {
            let (_, opened) = block_on(access.read())?;
            let shown = Shown::of(opened.ring());
            output.print(&to_text(opened.ring().policy()), &shown)?;
            return Ok(Answer::Yes);
        }
        let changed = block_on(async {
            let (keeper, opened) = access.read().await?;
            if self.chosen(&opened)? == *opened.ring().policy() {
                return Ok(self.unchanged(&opened));
            }
            apply(&keeper, self.flags.dry_run, |opened, _| {
                let policy = self.chosen(opened)?;
                Ok(Operation::SetPolicy { policy })
            })
            .await
        })?;
        changed.print(output)?;
        Ok(Answer::Yes)
    }

    /// The figures that are named, and for the others those of the ring.
    fn chosen(&self, opened: &Opened) -> Result<RingPolicy> {
        self.policy.over(opened.ring().policy())
    }

    /// A ring that has these figures already is not written again.
    fn unchanged(&self, opened: &Opened) -> Changed {
        Changed {
            before: Some(opened.ring().clone()),
            after: opened.ring().clone(),
            dry_run: self.flags.dry_run,
        }
    }
}

impl Shown {
    fn of(ring: &Ring) -> Self {
        Self {
            ring: ring.id().to_string(),
            generation: ring.generation(),
            policy_seconds: policy_seconds(ring.policy()),
        }
    }
}

/// One figure to a line, for people.
pub(super) fn to_text(policy: &RingPolicy) -> String {
    let mut text = String::new();
    for (name, value) in figures(policy) {
        let _ = writeln!(text, "{name:<12} {}", Span(value));
    }
    text
}

/// How long everything takes and lasts.
#[derive(Args, Debug)]
#[command(next_help_heading = "Policy")]
pub(in crate::commands) struct PolicyFlags {
    /// How long a key is known before it signs [in a new ring: 1h]
    #[arg(long, value_name = "TIME")]
    activation: Option<Span>,
    /// How long a key signs before the next one takes over [in a new ring: 30d]
    #[arg(long, value_name = "TIME")]
    period: Option<Span>,
    /// The longest life of a session or any other token [in a new ring: 31d]
    #[arg(long, value_name = "TIME")]
    token_life: Option<Span>,
    /// How long the material of a key is held back from destruction after its end [in a new ring: 30d]
    #[arg(long, value_name = "TIME")]
    hold: Option<Span>,
    /// How often a node looks at the ring [in a new ring: 1m]
    #[arg(long, value_name = "TIME")]
    poll: Option<Span>,
    /// How long a node may sign by what it read last [in a new ring: 5m]
    #[arg(long, value_name = "TIME")]
    lease: Option<Span>,
    /// The most by which the clocks of two nodes differ [in a new ring: 1m]
    #[arg(long, value_name = "TIME")]
    skew: Option<Span>,
    /// How long until every read gives what was written; 0 where there is one copy [in a new ring: 0]
    #[arg(long, value_name = "TIME")]
    propagation: Option<Span>,
}

impl PolicyFlags {
    /// The policy of a new ring, if it holds.
    pub(in crate::commands) fn policy(&self) -> Result<RingPolicy> {
        self.over(&RingPolicy::default())
    }

    /// This policy with the figures that are named in place of its own, if that holds.
    fn over(&self, usual: &RingPolicy) -> Result<RingPolicy> {
        let or = |span: Option<Span>, usual: u64| span.map_or(usual, |Span(seconds)| seconds);
        let policy = RingPolicy {
            propagation: or(self.propagation, usual.propagation),
            poll: or(self.poll, usual.poll),
            lease: or(self.lease, usual.lease),
            skew: or(self.skew, usual.skew),
            activation: or(self.activation, usual.activation),
            period: or(self.period, usual.period),
            token_life: or(self.token_life, usual.token_life),
            hold: or(self.hold, usual.hold),
        };
        policy.check().map_err(RingError::from)?;
        Ok(policy)
    }

    fn is_empty(&self) -> bool {
        let Self {
            activation,
            period,
            token_life,
            hold,
            poll,
            lease,
            skew,
            propagation,
        } = self;
        [
            activation,
            period,
            token_life,
            hold,
            poll,
            lease,
            skew,
            propagation,
        ]
        .into_iter()
        .all(Option::is_none)
    }
}
