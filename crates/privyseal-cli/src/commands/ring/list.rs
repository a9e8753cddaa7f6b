//! `privyseal ring list`

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::view::KeyView;
use crate::Answer;
use crate::clock;
use crate::output::{Output, visible};
use crate::ring::{RingFlags, block_on};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring list
  privyseal ring list --json")]
pub(crate) struct Arguments {
    #[command(flatten)]
    ring: RingFlags,
}

#[derive(Serialize)]
struct Listed {
    ring: String,
    generation: u64,
    keys: Vec<KeyView>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let access = self.ring.access()?;
        let (_, opened) = block_on(access.read())?;
        let listed = Listed {
            ring: opened.ring().id().to_string(),
            generation: opened.ring().generation(),
            keys: KeyView::all(opened.ring(), clock::now()),
        };
        output.print(&listed.to_text(), &listed)?;
        Ok(Answer::Yes)
    }
}

impl Listed {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for key in &self.keys {
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = writeln!(text, "key        {}", key.id);
            for (name, value) in [
                ("standing", Some(key.standing.replace('_', ", "))),
                ("made", Some(key.created_at.clone())),
                (
                    "signs",
                    key.signs_from.as_ref().map(|from| format!("from {from}")),
                ),
                (
                    "",
                    key.signs_until
                        .as_ref()
                        .map(|until| format!("until {until}")),
                ),
                (
                    "verifies",
                    key.verifies_until
                        .as_ref()
                        .map(|until| format!("until {until}")),
                ),
                ("destroyed", key.destroyed_at.clone()),
                ("origin", key.origin.map(str::to_owned)),
                (
                    "note",
                    Some(visible(&key.note)).filter(|note| !note.is_empty()),
                ),
            ] {
                if let Some(value) = value {
                    let _ = writeln!(text, "{name:<10} {value}");
                }
            }
        }
        text
    }
}
