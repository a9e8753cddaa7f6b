//! `privyseal ring verify`

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use privyseal::ring::{Ring, Succession};
use privyseal_keys::kek::KekError;
use privyseal_keys::repository::KEPT_GENERATIONS;
use privyseal_keys::ring::{KeeperError, Opened};
use serde::Serialize;

use super::explained;
use crate::Answer;
use crate::output::{BOLD_GREEN, BOLD_RED, Output, RESET};
use crate::ring::{RingFlags, block_on};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring verify
  privyseal ring verify --old-kek file:/etc/app/kek.2026")]
pub(crate) struct Arguments {
    #[command(flatten)]
    ring: RingFlags,
}

/// What was found.
#[derive(Serialize)]
struct Verdict {
    sound: bool,
    generation: u64,
    checked_generations: usize,
    checked_keys: usize,
    damage: Vec<Finding>,
    /// What another key wrapped, so that nothing can be said of it.
    not_checked: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    generation: u64,
    what: String,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let access = self.ring.access()?;
        let history = block_on(async {
            let keeper = access.keeper().await?;
            keeper.history(KEPT_GENERATIONS).await.map_err(explained)
        })?;
        let verdict = Verdict::of(history)?;
        output.print(&verdict.to_text(), &verdict)?;
        Ok(if verdict.sound {
            Answer::Yes
        } else {
            Answer::No
        })
    }
}

impl Verdict {
    fn of(history: Vec<(u64, Result<Opened, KeeperError>)>) -> Result<Self> {
        let Some((generation, _)) = history.first() else {
            return Err(KeeperError::Absent.into());
        };
        let mut verdict = Self {
            sound: true,
            generation: *generation,
            checked_generations: 0,
            checked_keys: 0,
            damage: Vec::new(),
            not_checked: Vec::new(),
        };
        let present = *generation;
        let mut later: Option<(u64, Opened)> = None;
        for (generation, opened) in history {
            match opened {
                Ok(opened) => {
                    if let Some((number, later)) = &later {
                        verdict.compare(opened.ring(), later.ring(), *number, generation);
                    }
                    verdict.look_into(&opened);
                    later = Some((generation, opened));
                }
                Err(KeeperError::Kek(error @ KekError::WrongKek { .. }))
                    if generation != present =>
                {
                    verdict.not_checked.push(Finding {
                        generation,
                        what: format!("{error}; give the other key with --old-kek"),
                    });
                    later = None;
                }
                // Nothing is known of it, and the one who asked may have named the wrong key.
                Err(error) if error.is_unavailable() => return Err(explained(error)),
                Err(error @ KeeperError::Kek(KekError::WrongKek { .. })) => {
                    return Err(explained(error));
                }
                Err(error) => {
                    verdict.found(generation, with_causes(&error));
                    later = None;
                }
            }
        }
        Ok(verdict)
    }

    /// Its keys and its policy; its MAC was right, or it would not be open.
    fn look_into(&mut self, opened: &Opened) {
        let ring = opened.ring();
        self.checked_generations += 1;
        for key in ring.keys() {
            self.checked_keys += 1;
            if let Err(error) = opened.expose(key) {
                self.found(ring.generation(), error.to_string());
            }
        }
        if let Err(error) = ring.policy().check() {
            self.found(ring.generation(), error.to_string());
        }
    }

    /// Whether one generation comes from the one before it.
    fn compare(&mut self, earlier: &Ring, later: &Ring, number: u64, before: u64) {
        if number != before + 1 {
            self.found(
                number,
                format!("the generations between {before} and it are missing"),
            );
        }
        let what = match later.follows(earlier) {
            Succession::Newer => return,
            Succession::Foreign => "it is another ring than the one before it",
            Succession::Same | Succession::Older | Succession::Fork => {
                "it does not come from the generation before it, as its hash says"
            }
        };
        self.found(number, what.to_owned());
    }

    fn found(&mut self, generation: u64, what: String) {
        self.sound = false;
        self.damage.push(Finding { generation, what });
    }

    fn to_text(&self) -> String {
        let verdict = if self.sound {
            format!("{BOLD_GREEN}sound{RESET}")
        } else {
            format!("{BOLD_RED}damaged{RESET}")
        };
        let mut text = format!(
            "{verdict}: generation {}, {} generations and {} wrapped keys checked\n",
            self.generation, self.checked_generations, self.checked_keys
        );
        for (findings, word) in [
            (&self.damage, "damaged"),
            (&self.not_checked, "not checked"),
        ] {
            for finding in findings {
                let Finding { generation, what } = finding;
                let _ = writeln!(text, "generation {generation} {word}: {what}");
            }
        }
        if !self.sound {
            text.push_str(
                "hint: restore the last generation that is sound, and find out who can write to \
                 the repository\n",
            );
        }
        text
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(error.to_string().split('\n').next().unwrap_or_default());
        cause = error.source();
    }
    text
}
