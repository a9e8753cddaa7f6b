//! `privyseal ring rewrap`

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use privyseal::{Clock as _, SystemClock};
use privyseal_server::open_kek;

use super::change::ChangeFlags;
use super::{Changed, explained};
use crate::Answer;
use crate::failure::{self, Failure};
use crate::output::Output;
use crate::ring::{Access, block_on, make_kek};

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
        let new_kek = self.new_kek.as_deref();
        let access = self.flags.ring.access_with(new_kek)?;
        if self.flags.dry_run {
            block_on(rehearse(access, new_kek))?.print(output)?;
            return Ok(Answer::Yes);
        }
        block_on(rewrap(&access, new_kek))?.print(output)?;
        failure::warn(
            "earlier generations in the history are still wrapped by the old key",
            "keep the old key until every node has the new one; whoever has the old key and a \
             copy of the old ring has its keys, so if it has leaked, revoke them too",
        );
        Ok(Answer::Yes)
    }
}

/// Makes the new key only for a ring that can be opened.
async fn rewrap(access: &Access, new_kek: Option<&Path>) -> Result<Changed> {
    if let Some(path) = new_kek {
        without_new(access.clone())?.read().await?;
        make_kek(path)?;
    }
    let (keeper, before) = access.read().await?;
    let after = keeper.rewrap(&SystemClock).await.map_err(explained)?;
    Ok(Changed {
        before: Some(before.ring().clone()),
        after: after.ring().clone(),
        dry_run: false,
    })
}

/// Wraps the keys and throws that away; a key that is yet to be made is stood in for by the old
/// one.
async fn rehearse(access: Access, new_kek: Option<&Path>) -> Result<Changed> {
    let access = match new_kek {
        None => access,
        Some(path) if path.try_exists().unwrap_or(true) => {
            return Err(Failure::new(
                format!("there is a file {} already", path.display()),
                "name another one, or use it with --kek file:PATH",
            )
            .into());
        }
        Some(_) => without_new(access)?,
    };
    let (_, opened) = access.read().await?;
    let kek = open_kek(&access.url, &access.kek).await?;
    let rewrapped = opened.envelope().rewrap(opened.ring(), kek.as_ref()).await;
    let (_, operation) = rewrapped.map_err(|error| explained(error.into()))?;
    let after = opened.ring().apply(operation, SystemClock.now());
    Ok(Changed {
        before: Some(opened.ring().clone()),
        after: after.map_err(|error| explained(error.into()))?,
        dry_run: true,
    })
}

/// As long as the new key is not there, what wraps the ring now.
fn without_new(mut access: Access) -> Result<Access> {
    access.kek = access.old.pop().ok_or_else(no_old_key)?;
    Ok(access)
}

fn no_old_key() -> Failure {
    Failure::new(
        "nothing says what wraps the key ring now",
        "give --old-kek, such as --old-kek file:/etc/app/kek",
    )
}
