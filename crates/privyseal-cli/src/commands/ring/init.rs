//! `privyseal ring init`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use privyseal::SystemClock;
use privyseal::ring::RingPolicy;
use privyseal_keys::repository::Repository as _;
use privyseal_keys::ring::{KeeperError, NewKeys};
use privyseal_server::open_repository;
use serde::Serialize;

use super::diff::policy_seconds;
use super::source::signing_key;
use super::{Changed, PolicyFlags, explained, policy};
use crate::Answer;
use crate::failure::{self, Failure};
use crate::keys::Encoding;
use crate::output::Output;
use crate::ring::{Access, RingFlags, block_on, make_kek};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring init --ring file:/var/lib/app/ring --new-kek /etc/app/kek
  privyseal ring init --ring postgres://app@db.internal/app --kek file:/etc/app/kek --period 14d")]
pub(crate) struct Arguments {
    #[command(flatten)]
    ring: RingFlags,
    /// Make a key-encryption key in this file and wrap the ring by it
    #[arg(long, value_name = "PATH", help_heading = "Ring")]
    new_kek: Option<PathBuf>,
    /// Let this key sign, in place of a new one: a file, env:NAME, or `-` for standard input or a prompt
    #[arg(long, value_name = "FILE|env:NAME", help_heading = "Key")]
    primary_from: Option<String>,
    /// How the text of that key stands for its bytes
    #[arg(
        long = "key-encoding",
        value_name = "ENCODING",
        default_value = "text",
        help_heading = "Key"
    )]
    encoding: Encoding,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Check everything, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// What would be made.
#[derive(Serialize)]
struct Plan {
    dry_run: bool,
    generation: u64,
    place: String,
    makes_kek: Option<PathBuf>,
    policy_seconds: serde_json::Map<String, serde_json::Value>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let policy = self.policy.policy()?;
        let access = self.ring.access_with(self.new_kek.as_deref())?;
        let from = self.primary_from.as_deref();
        let primary = from
            .map(|from| signing_key(from, self.encoding))
            .transpose()?;
        if self.dry_run {
            block_on(self.rehearse(&access))?;
            let plan = Plan::of(&access, self.new_kek, &policy);
            output.print(&plan.to_text(&policy), &plan)?;
            return Ok(Answer::Yes);
        }
        let keys = NewKeys {
            primary,
            standby: None,
        };
        let made = block_on(make(&access, self.new_kek.as_deref(), policy, keys))?;
        made.print(output)?;
        Ok(Answer::Yes)
    }

    /// What can be known to fail without writing.
    async fn rehearse(&self, access: &Access) -> Result<()> {
        refuse_existing(access).await?;
        match &self.new_kek {
            Some(path) if path.try_exists().unwrap_or(true) => Err(Failure::new(
                format!("there is a file {} already", path.display()),
                "name another one, or use it with --kek file:PATH if it is a key-encryption key",
            )
            .into()),
            Some(_) => Ok(()),
            None => access.keeper().await.map(drop),
        }
    }
}

/// Makes a ring, and before it the key-encryption key if that is new.
pub(in crate::commands) async fn make(
    access: &Access,
    new_kek: Option<&Path>,
    policy: RingPolicy,
    keys: NewKeys,
) -> Result<Changed> {
    refuse_existing(access).await?;
    if let Some(path) = new_kek {
        make_kek(path)?;
    }
    let keeper = access.keeper().await?;
    if access.kek.is_plain() {
        failure::warn(
            "the keys of this ring are not wrapped: whoever reads its files has them",
            "keep the files for their owner alone, and `privyseal ring rewrap --new-kek PATH` \
             when they leave this machine",
        );
    }
    let made = keeper.init(policy, keys, &SystemClock).await;
    Ok(Changed {
        before: None,
        after: made.map_err(explained)?.ring().clone(),
        dry_run: false,
    })
}

async fn refuse_existing(access: &Access) -> Result<()> {
    let found = open_repository(&access.url).read().await;
    match found.map_err(|error| explained(error.into()))? {
        Some(_) => Err(explained(KeeperError::Exists)),
        None => Ok(()),
    }
}

impl Plan {
    fn of(access: &Access, makes_kek: Option<PathBuf>, policy: &RingPolicy) -> Self {
        Self {
            dry_run: true,
            generation: 1,
            place: access.url.to_string(),
            makes_kek,
            policy_seconds: policy_seconds(policy),
        }
    }

    fn to_text(&self, policy: &RingPolicy) -> String {
        let mut text = format!(
            "{}, generation 1 (dry run: nothing was written)\n",
            self.place
        );
        if let Some(path) = &self.makes_kek {
            let _ = writeln!(text, "makes the key-encryption key {}", path.display());
        }
        text.push_str("a key signs at once, and another one stands by\n");
        text.push_str(&policy::to_text(policy));
        text
    }
}
