//! `privyseal ring history`

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use privyseal_keys::repository::KEPT_GENERATIONS;
use privyseal_keys::ring::{KeeperError, Opened};
use serde::Serialize;

use super::diff::{Change, changes};
use super::explained;
use crate::Answer;
use crate::clock::rfc3339;
use crate::output::Output;
use crate::ring::{RingFlags, block_on};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring history
  privyseal ring history --limit 3")]
pub(crate) struct Arguments {
    /// How many generations to show, the last one first; repositories keep 16 at most
    #[arg(long, value_name = "N", default_value_t = KEPT_GENERATIONS)]
    limit: usize,
    #[command(flatten)]
    ring: RingFlags,
}

#[derive(Serialize)]
struct History {
    generations: Vec<Generation>,
}

#[derive(Serialize)]
struct Generation {
    #[serde(rename = "generation")]
    number: u64,
    written_at: Option<String>,
    /// None where the generation before is not kept any more.
    changes: Option<Vec<Change>>,
    /// Why it cannot be read.
    error: Option<String>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let access = self.ring.access()?;
        // One more, to tell the last one that is shown from.
        let limit = self.limit.saturating_add(1).min(KEPT_GENERATIONS);
        let known = block_on(async {
            let keeper = access.keeper().await?;
            keeper.history(limit).await.map_err(explained)
        })?;
        if known.is_empty() {
            return Err(KeeperError::Absent.into());
        }
        let before = known.iter().skip(1).map(Some).chain([None]);
        let generations = known.iter().zip(before);
        let history = History {
            generations: generations
                .map(|(it, before)| Generation::of(it, before))
                .take(self.limit)
                .collect(),
        };
        output.print(&history.to_text(), &history)?;
        Ok(Answer::Yes)
    }
}

type Kept = (u64, Result<Opened, KeeperError>);

impl Generation {
    fn of((generation, opened): &Kept, before: Option<&Kept>) -> Self {
        let ring = opened.as_ref().map(Opened::ring);
        let before = match before {
            Some((_, Ok(before))) => Some(before.ring()),
            _ => None,
        };
        Self {
            number: *generation,
            written_at: ring.ok().map(|ring| rfc3339(ring.written_at())),
            changes: match ring {
                Ok(ring) if ring.generation() == 1 => Some(changes(None, ring)),
                Ok(ring) => before.map(|before| changes(Some(before), ring)),
                Err(_) => None,
            },
            error: ring.err().map(ToString::to_string),
        }
    }
}

impl History {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for generation in &self.generations {
            let number = generation.number;
            match (&generation.written_at, &generation.error) {
                (Some(at), _) => {
                    let _ = writeln!(text, "generation {number}, written {at}");
                }
                (None, error) => {
                    let error = error.as_deref().unwrap_or_default();
                    let _ = writeln!(text, "generation {number} cannot be read: {error}");
                }
            }
            for change in generation.changes.iter().flatten() {
                text.push_str(&change.to_text());
            }
        }
        text
    }
}
