//! `privyseal ring import`

use anyhow::Result;
use clap::Args;
use privyseal::ring::{Note, Operation};

use super::Source;
use super::change::ChangeFlags;
use crate::Answer;
use crate::output::Output;
use crate::span::When;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring import --from old.key --note 'of the first server'
  privyseal ring import --from env:OLD_SECRET_KEY --verify-until 14d")]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// When it stops verifying, as a time or in a while [default: after the longest life of a token]
    #[arg(long, value_name = "WHEN")]
    verify_until: Option<When>,
    /// A remark on the key, which everyone sees who may look at the ring
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let note = self.note.clone().map(Note::new).transpose()?;
        let bytes = self.source.read()?;
        self.flags.run(output, |opened, now| {
            let mut key = opened.envelope().wrap(&bytes)?;
            key.note = note.clone().unwrap_or_default();
            let life = opened.ring().policy().token_life;
            let verify_until = match self.verify_until {
                Some(when) => when.from(now),
                None => now.plus_seconds(life),
            };
            Ok(Operation::Import { key, verify_until })
        })?;
        Ok(Answer::Yes)
    }
}
