//! `privyseal key migrate`

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use privyseal::ring::{NewKey, Note, Operation, Ring};
use privyseal::{Clock as _, KeyId, SystemClock};
use privyseal_keys::repository::Repository as _;
use privyseal_keys::ring::NewKeys;
use privyseal_server::open_repository;
use serde::Serialize;

use crate::Answer;
use crate::clock::rfc3339;
use crate::commands::ring::{PolicyFlags, Source, apply, explained, make};
use crate::output::Output;
use crate::ring::{Access, IntoFlags, block_on};
use crate::span::When;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal key migrate --from env:SECRET_KEY --into file:ring --new-kek kek
  privyseal key migrate --from old.key --into postgres://app@db.internal/app --kek file:/etc/app/kek")]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    into: IntoFlags,
    /// Make a key-encryption key in this file, for a ring that is made
    #[arg(long, value_name = "PATH", help_heading = "Ring")]
    new_kek: Option<PathBuf>,
    /// When the old key stops verifying, as a time or in a while [default: after the longest life of a token]
    #[arg(long, value_name = "WHEN")]
    verify_until: Option<When>,
    /// A remark on the key, which everyone sees who may look at the ring
    #[arg(long, value_name = "TEXT", default_value = "migrated")]
    note: String,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Check everything, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Migrated {
    dry_run: bool,
    /// Whether there was none.
    makes_ring: bool,
    place: String,
    old_key: String,
    verifies_until: String,
    generation: Option<u64>,
    signer: Option<String>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let policy = self.policy.policy()?;
        let note = Note::new(self.note.clone())?;
        let bytes = self.source.read()?;
        let access = self.into.access_with(self.new_kek.as_deref())?;
        let now = SystemClock.now();
        let verify_until = match self.verify_until {
            Some(when) => when.from(now),
            None => now.plus_seconds(policy.token_life),
        };
        let migrated = block_on(async {
            let found = open_repository(&access.url).read().await;
            let makes_ring = found.map_err(|error| explained(error.into()))?.is_none();
            let ring = if makes_ring && self.dry_run {
                None
            } else {
                if makes_ring {
                    let new_kek = self.new_kek.as_deref();
                    make(&access, new_kek, policy, NewKeys::default()).await?;
                }
                let import = |key| Operation::Import { key, verify_until };
                Some(take_in(&access, &bytes, &note, import, self.dry_run).await?)
            };
            anyhow::Ok(Migrated {
                dry_run: self.dry_run,
                makes_ring,
                place: access.url.to_string(),
                old_key: KeyId::of(&bytes).to_string(),
                verifies_until: rfc3339(verify_until),
                generation: ring.as_ref().map(Ring::generation),
                signer: ring.map(|ring| ring.signer_at(now).id().to_string()),
            })
        })?;
        output.print(&migrated.to_text(), &migrated)?;
        Ok(Answer::Yes)
    }
}

async fn take_in(
    access: &Access,
    bytes: &[u8],
    note: &Note,
    import: impl Fn(NewKey) -> Operation,
    dry_run: bool,
) -> Result<Ring> {
    let keeper = access.keeper().await?;
    let changed = apply(&keeper, dry_run, |opened, _| {
        let mut key = opened.envelope().wrap(bytes)?;
        key.note = note.clone();
        Ok(import(key))
    });
    Ok(changed.await?.after)
}

impl Migrated {
    fn to_text(&self) -> String {
        let Self {
            place,
            old_key,
            verifies_until,
            ..
        } = self;
        let mut text = String::new();
        if self.makes_ring {
            let verb = if self.dry_run { "would make" } else { "made" };
            let _ = writeln!(text, "{verb} the {place}, with a new key that signs");
        }
        let verb = if self.dry_run { "would take" } else { "took" };
        let _ = writeln!(
            text,
            "{verb} the old key {old_key} into it, to verify only, until {verifies_until}"
        );
        if self.dry_run {
            text.push_str("dry run: nothing was written\n");
            return text;
        }
        let _ = writeln!(
            text,
            "\n\
             1. let the application take its keys from the ring (a `Watcher` in place of a key)\n\
             2. when every node does so, take the old key out of its configuration\n\
             3. after {verifies_until} no session is under it any more: nothing is left to do, and \
             the ring destroys it after its hold\n\
             \n\
             whoever has seen the old key can forge sessions until then; to end that at once, and \
             every session under it:\n\
             \x20 privyseal ring revoke {old_key}"
        );
        text
    }
}
