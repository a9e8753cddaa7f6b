//! `privyseal ring rotate`, `stage`, `promote`, `resume` and `destroy`: one operation each, which
//! ends no session.

use anyhow::Result;
use clap::Args;
use privyseal::ring::Operation;

use super::change::ChangeFlags;
use super::find::find;
use crate::Answer;
use crate::output::Output;
use crate::span::When;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring rotate
  privyseal ring rotate --at 2027-01-31T03:00:00Z
  privyseal ring rotate --dry-run")]
pub(crate) struct Rotate {
    /// When the standby takes over, as a time or in a while [default: as soon as every node knows it]
    #[arg(long, value_name = "WHEN")]
    at: Option<When>,
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Rotate {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        self.flags.run(output, |opened, now| {
            Ok(Operation::Rotate {
                standby: opened.new_key()?,
                sign_from: self.at.map(|at| at.from(now)),
            })
        })?;
        Ok(Answer::Yes)
    }
}

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring stage")]
pub(crate) struct Stage {
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Stage {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        self.flags.run(output, |opened, _| {
            let key = opened.new_key()?;
            Ok(Operation::Stage { key })
        })?;
        Ok(Answer::Yes)
    }
}

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring promote")]
pub(crate) struct Promote {
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Promote {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        self.flags.run(output, |opened, _| {
            let standby = Some(opened.new_key()?);
            Ok(Operation::Promote { standby })
        })?;
        Ok(Answer::Yes)
    }
}

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring resume 3fa94c0de86b7215")]
pub(crate) struct Resume {
    /// The key: its id or the beginning of it
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Resume {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        self.flags.run(output, |opened, _| {
            let key = find(opened.ring(), &self.key)?;
            Ok(Operation::Resume { key })
        })?;
        Ok(Answer::Yes)
    }
}

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring destroy 3fa94c0de86b7215")]
pub(crate) struct Destroy {
    /// The key: its id or the beginning of it
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Destroy {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        self.flags.run(output, |opened, _| {
            let key = find(opened.ring(), &self.key)?;
            Ok(Operation::Destroy { key })
        })?;
        Ok(Answer::Yes)
    }
}
