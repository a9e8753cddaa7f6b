//! `privyseal ring rewrap`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use privyseal::{Clock as _, SystemClock};
use privyseal_server::open_kek;

use super::change::ChangeFlags;
use super::{Changed, explained, suspend::absent};
use crate::Answer;
use crate::failure::{self, Failure};
use crate::output::Output;
use crate::ring::{block_on, make_kek};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring rewrap --kek file:/etc/app/kek.2027 --old-kek file:/etc/app/kek
  privyseal ring rewrap --new-kek /etc/app/kek.2027 --old-kek file:/etc/app/kek")]
pub(crate) struct Arguments {
    /// Make a key-encryption key in this file and wrap the ring by it; --kek is then one of the old ones
    #[arg(long, value_name = "PATH", help_heading = "Ring")]
    new_kek: Option<PathBuf>,
    #[command(flatten)]
    flags: ChangeFlags,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let mut access = self.flags.ring.access_with(self.new_kek.as_deref())?;
        let dry_run = self.flags.dry_run;
        if let (Some(path), true) = (&self.new_kek, dry_run) {
            if path.try_exists().unwrap_or(true) {
                return Err(Failure::new(
                    format!("there is a file {} already", path.display()),
                    "name another one, or use it with --kek file:PATH",
                )
                .into());
            }
            // The old key does for looking.
            access.kek = match access.old.pop() {
                Some(old) => old,
                None => return Err(no_old_key().into()),
            };
        }
        if access.old.is_empty() && self.new_kek.is_some() && !dry_run {
            return Err(no_old_key().into());
        }
        let changed = block_on(async {
            if let (Some(path), false) = (&self.new_kek, dry_run) {
                // Whoever cannot open the ring makes no key for it.
                let mut before = access.clone();
                if let Some(old) = before.old.pop() {
                    before.kek = old;
                }
                let opened = before.keeper().await?.read().await.map_err(explained)?;
                opened.ok_or_else(|| explained(absent()))?;
                make_kek(path)?;
            }
            let keeper = access.keeper().await?;
            let opened = keeper.read().await.map_err(explained)?;
            let opened = opened.ok_or_else(|| explained(absent()))?;
            let before = opened.ring().clone();
            let after = if dry_run {
                let kek = open_kek(&access.url, &access.kek).await?;
                let rewrapped = opened.envelope().rewrap(&before, kek.as_ref()).await;
                let (_, operation) = rewrapped.map_err(|error| explained(error.into()))?;
                let after = before.apply(operation, SystemClock.now());
                after.map_err(|error| explained(error.into()))?
            } else {
                let rewrapped = keeper.rewrap(&SystemClock).await.map_err(explained)?;
                rewrapped.ring().clone()
            };
            anyhow::Ok(Changed {
                before: Some(before),
                after,
                dry_run,
            })
        })?;
        changed.print(output)?;
        if !dry_run {
            failure::warn(
                "earlier generations in the history are still wrapped by the old key",
                "keep the old key until every node has the new one; whoever has the old key and a \
                 copy of the old ring has its keys, so if it has leaked, revoke them too",
            );
        }
        Ok(Answer::Yes)
    }
}

fn no_old_key() -> Failure {
    Failure::new(
        "nothing says what wraps the key ring now",
        "give --old-kek, such as --old-kek file:/etc/app/kek",
    )
}
