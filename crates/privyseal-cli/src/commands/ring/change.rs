//! Changes a ring, or shows what a change would do, and says what became of it.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use privyseal::ring::{KeyRecord, Operation, Ring};
use privyseal::{Clock as _, SystemClock, Timestamp};
use privyseal_keys::ring::{Keeper, Opened};
use serde::Serialize;

use super::diff::{self, Change};
use super::explained;
use crate::clock::rfc3339;
use crate::output::Output;
use crate::ring::{RingFlags, block_on};
use crate::span::Span;

/// Which ring to change, and whether to change it.
#[derive(Args, Debug)]
pub(super) struct ChangeFlags {
    #[command(flatten)]
    pub(super) ring: RingFlags,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl ChangeFlags {
    /// Does what `choose` says when it sees the ring, and prints what that changed.
    pub(super) fn run(
        &self,
        output: Output,
        choose: impl FnMut(&Opened, Timestamp) -> Result<Operation>,
    ) -> Result<()> {
        let access = self.ring.access()?;
        let changed = block_on(async {
            let keeper = access.keeper().await?;
            apply(&keeper, self.dry_run, choose).await
        })?;
        changed.print(output)
    }
}

/// Applies an operation to the ring as it then is. Of those who do so at once each sees what the
/// others have written.
pub(in crate::commands) async fn apply(
    keeper: &Keeper,
    dry_run: bool,
    mut choose: impl FnMut(&Opened, Timestamp) -> Result<Operation>,
) -> Result<Changed> {
    let mut chosen = None;
    let applied = keeper.apply(&SystemClock, |opened| {
        let now = SystemClock.now();
        let next = choose(opened, now).and_then(|operation| {
            let after = opened.ring().apply(operation.clone(), now);
            Ok((operation, after.map_err(|error| explained(error.into()))?))
        });
        let operation = match next {
            Ok((operation, after)) => {
                chosen = Some(Ok(Changed {
                    before: Some(opened.ring().clone()),
                    after,
                    dry_run,
                }));
                Some(operation)
            }
            Err(error) => {
                chosen = Some(Err(error));
                None
            }
        };
        Ok(operation.filter(|_| !dry_run))
    });
    let applied = applied.await.map_err(explained)?;
    let chosen = chosen.unwrap_or_else(|| Err(anyhow::anyhow!("nothing was chosen")))?;
    Ok(Changed {
        after: if dry_run {
            chosen.after
        } else {
            applied.ring().clone()
        },
        ..chosen
    })
}

/// A ring before and after a change.
#[derive(Debug)]
pub(in crate::commands) struct Changed {
    /// None if it was made.
    pub(in crate::commands) before: Option<Ring>,
    pub(in crate::commands) after: Ring,
    pub(in crate::commands) dry_run: bool,
}

#[derive(Serialize)]
struct Report {
    dry_run: bool,
    ring: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_before: Option<u64>,
    generation: u64,
    signer: String,
    /// The key that takes over by itself, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_signer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_signer_at: Option<String>,
    standby: Option<String>,
    known_everywhere_at: String,
    known_everywhere_within_seconds: u64,
    changes: Vec<Change>,
}

impl Changed {
    /// Prints what changed.
    pub(in crate::commands) fn print(&self, output: Output) -> Result<()> {
        let report = self.report();
        output.print(&self.to_text(&report), &report)
    }

    fn report(&self) -> Report {
        let ring = &self.after;
        let now = ring.written_at();
        let next = self.next_signer();
        let reach = reach(ring, self.before.as_ref());
        Report {
            dry_run: self.dry_run,
            ring: ring.id().to_string(),
            generation_before: self.before.as_ref().map(Ring::generation),
            generation: ring.generation(),
            signer: ring.signer_at(now).id().to_string(),
            next_signer: next.map(|key| key.id().to_string()),
            next_signer_at: next.and_then(KeyRecord::sign_from).map(rfc3339),
            standby: ring.standby().map(|key| key.id().to_string()),
            known_everywhere_at: rfc3339(now.plus_seconds(reach)),
            known_everywhere_within_seconds: reach,
            changes: diff::changes(self.before.as_ref(), ring),
        }
    }

    /// The primary, if it does not sign yet.
    fn next_signer(&self) -> Option<&KeyRecord> {
        let signer = self.after.signer_at(self.after.written_at());
        Some(self.after.primary()).filter(|primary| primary.id() != signer.id())
    }

    fn to_text(&self, report: &Report) -> String {
        let mut text = match report.generation_before {
            Some(before) => format!("generation {before} -> {}", report.generation),
            None => format!("ring {}, generation {}", report.ring, report.generation),
        };
        text.push_str(if self.dry_run {
            " (dry run: nothing was written)\n"
        } else {
            "\n"
        });
        for change in &report.changes {
            text.push_str(&change.to_text());
        }
        let _ = writeln!(text, "signs     {}", report.signer);
        if let (Some(next), Some(at)) = (&report.next_signer, &report.next_signer_at) {
            let _ = writeln!(text, "then      {next}, from {at}");
        }
        let standby = report.standby.as_deref().unwrap_or("none");
        let _ = writeln!(text, "standby   {standby}");
        let _ = writeln!(
            text,
            "known     to every node by {}, {} after the change",
            report.known_everywhere_at,
            Span(report.known_everywhere_within_seconds)
        );
        text
    }
}

/// D + F: how long after a write some node may still go by what was before. Nodes that have not
/// read of a shorter lease go by the longer one.
pub(super) fn reach(ring: &Ring, before: Option<&Ring>) -> u64 {
    let of = |ring: &Ring| {
        let policy = ring.policy();
        policy.propagation.saturating_add(policy.lease)
    };
    before.map_or(0, of).max(of(ring))
}
