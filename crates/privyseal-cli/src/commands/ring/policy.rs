//! The flags of a policy.

use anyhow::Result;
use clap::Args;
use privyseal::ring::{RingError, RingPolicy};

use crate::span::Span;

/// How long everything takes and lasts.
#[derive(Args, Debug)]
#[command(next_help_heading = "Policy")]
pub(in crate::commands) struct PolicyFlags {
    /// How long a key is known before it signs [default: 1h]
    #[arg(long, value_name = "TIME")]
    activation: Option<Span>,
    /// How long a key signs before the next one takes over [default: 30d]
    #[arg(long, value_name = "TIME")]
    period: Option<Span>,
    /// The longest life of a session or any other token [default: 31d]
    #[arg(long, value_name = "TIME")]
    token_life: Option<Span>,
    /// How long the material of a key is held back from destruction after its end [default: 30d]
    #[arg(long, value_name = "TIME")]
    hold: Option<Span>,
    /// How often a node looks at the ring [default: 1m]
    #[arg(long, value_name = "TIME")]
    poll: Option<Span>,
    /// How long a node may sign by what it read last [default: 5m]
    #[arg(long, value_name = "TIME")]
    lease: Option<Span>,
    /// The most by which the clocks of two nodes differ [default: 1m]
    #[arg(long, value_name = "TIME")]
    skew: Option<Span>,
    /// How long until every read gives what was written; 0 where there is one copy [default: 0]
    #[arg(long, value_name = "TIME")]
    propagation: Option<Span>,
}

impl PolicyFlags {
    /// The policy, if it holds.
    pub(in crate::commands) fn policy(&self) -> Result<RingPolicy> {
        let usual = RingPolicy::default();
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
}
