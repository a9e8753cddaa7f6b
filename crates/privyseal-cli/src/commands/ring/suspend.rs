//! `privyseal ring suspend`

use std::io::Write as _;

use anstream::stderr;
use anyhow::Result;
use clap::Args;
use privyseal::Timestamp;
use privyseal::ring::{Note, Operation, Ring};
use privyseal_keys::ring::Opened;

use super::change::{ChangeFlags, apply, reach};
use super::find::find;
use super::revoke::with_standby;
use crate::Answer;
use crate::clock::{self, rfc3339};
use crate::confirm::confirmed;
use crate::failure::Failure;
use crate::output::Output;
use crate::ring::block_on;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring suspend 3fa94c0de86b7215 --note 'seen in a log'
  privyseal ring suspend primary --yes")]
pub(crate) struct Arguments {
    /// The key: its id, the beginning of it, `primary` or `standby`
    #[arg(value_name = "KEY")]
    key: String,
    /// A remark on the key, which everyone sees who may look at the ring
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let note = self.note.clone().map(Note::new).transpose()?;
        let access = self.flags.ring.access()?;
        block_on(async {
            let (keeper, opened) = access.read().await?;
            let key = find(opened.ring(), &self.key)?;
            announce(opened.ring(), clock::now());
            if !self.flags.dry_run && !confirmed(self.yes)? {
                return Err(unchanged().into());
            }
            let changed = apply(&keeper, self.flags.dry_run, |opened: &Opened, now| {
                with_standby(opened, now, |standby| Operation::Suspend {
                    key,
                    standby,
                    note: note.clone(),
                })
            });
            changed.await?.print(output)
        })?;
        Ok(Answer::Yes)
    }
}

fn announce(ring: &Ring, now: Timestamp) {
    let by = now.plus_seconds(reach(ring, None));
    let text = format!(
        "requests with a session under this key are answered \"unavailable\" until it is \
         resumed; nobody is signed out\nthe last node obeys by {}\n",
        rfc3339(by)
    );
    // Without a standard error there is nobody to tell.
    let _ = stderr().write_all(text.as_bytes());
}

pub(super) fn unchanged() -> Failure {
    Failure::new(
        "nothing was changed",
        "answer `yes` if that is what you want",
    )
}
