//! `privyseal ring revoke`

use std::io::Write as _;

use anstream::stderr;
use anyhow::Result;
use clap::Args;
use privyseal::ring::{NewKey, Note, Operation, Ring, RingError, Standing};
use privyseal::{KeyId, Timestamp};
use privyseal_keys::ring::Opened;
use privyseal_server::{StoreUrl, count_sessions};

use super::change::{ChangeFlags, apply, reach};
use super::explained;
use super::find::find;
use super::suspend::unchanged;
use crate::Answer;
use crate::clock::{self, rfc3339};
use crate::confirm::confirmed;
use crate::failure;
use crate::output::Output;
use crate::ring::{Access, block_on};
use crate::span::Span;
use crate::store::StoreFlags;

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring revoke 3fa94c0de86b7215 --note 'leaked in a backup'
  privyseal ring revoke primary --dry-run
  privyseal ring revoke --all --yes")]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// A remark on the key, which everyone sees who may look at the ring
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// Store of the sessions, which are counted before they end
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    flags: ChangeFlags,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Which {
    /// The key: its id, the beginning of it, `primary` or `standby`
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// Every key of the ring, the standby too: for when the whole ring has leaked
    #[arg(long)]
    all: bool,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let note = self.note.clone().map(Note::new).transpose()?;
        let access = self.flags.ring.access()?;
        let store = self.store.given()?;
        block_on(async {
            let (keeper, opened) = access.read().await?;
            let name = self.which.key.as_deref();
            let key = name.map(|name| find(opened.ring(), name)).transpose()?;
            let now = clock::now();
            let sessions = match &store {
                Some(store) => count(store, now).await,
                None => None,
            };
            tell(&announcement(opened.ring(), key, &access, sessions, now));
            if !self.flags.dry_run && !confirmed(self.yes)? {
                return Err(unchanged().into());
            }
            let changed = apply(&keeper, self.flags.dry_run, |opened, now| match key {
                Some(key) => with_standby(opened, now, |standby| Operation::Revoke {
                    key,
                    standby,
                    note: note.clone(),
                }),
                None => Ok(Operation::RevokeAll {
                    primary: opened.new_key()?,
                    standby: opened.new_key()?,
                    note: note.clone(),
                }),
            });
            changed.await?.print(output)
        })?;
        Ok(Answer::Yes)
    }
}

/// How many sessions there are, if that can be known; a store that is away stops no revocation.
async fn count(store: &StoreUrl, now: Timestamp) -> Option<u64> {
    count_sessions(store, now).await.unwrap_or_else(|error| {
        failure::warn(&error.to_string(), &error.hint());
        None
    })
}

/// The operation, with a new standby if the ring would be left without one.
pub(super) fn with_standby(
    opened: &Opened,
    now: Timestamp,
    operation: impl Fn(Option<NewKey>) -> Operation,
) -> Result<Operation> {
    let without = operation(None);
    let next = opened.ring().apply(without.clone(), now);
    let next = next.map_err(|error: RingError| explained(error.into()))?;
    if next.standby().is_some() {
        return Ok(without);
    }
    Ok(operation(Some(opened.new_key()?)))
}

/// What a revocation ends, and when, before it is done.
fn announcement(
    ring: &Ring,
    key: Option<KeyId>,
    access: &Access,
    sessions: Option<u64>,
    now: Timestamp,
) -> String {
    let what = match key {
        Some(key) => of_one(key, ring.standing(key, now)),
        None => "every session and every other token of the ring ends\nthe new key is not known \
                 to all nodes yet: for a while some answer \"unavailable\" to what others have \
                 just signed, which is better than to accept what a thief has signed\n"
            .to_owned(),
    };
    let sessions = how_many(sessions, key.is_none());
    let within = reach(ring, None);
    let soon = if access.url.is_pushed() {
        "most nodes obey at once; "
    } else {
        ""
    };
    let by = rfc3339(now.plus_seconds(within));
    let within = Span(within);
    format!(
        "{what}{sessions}{soon}the last one obeys by {by}, {within} from now\n\
         a node that has lost its ring goes on with what it knows, unless it runs with \
         `--on-stale refuse`\n"
    )
}

fn how_many(sessions: Option<u64>, is_all: bool) -> String {
    match sessions {
        Some(count) if is_all => format!(
            "the store has {count} sessions, which all end; those in cookies cannot be counted\n"
        ),
        Some(count) => format!(
            "the store has {count} sessions, and no more than these end in it; those in cookies \
             cannot be counted\n"
        ),
        None => "how many sessions these are is not known: those in cookies cannot be counted, \
                 and --store names an SQLite file or a PostgreSQL database whose sessions can\n"
            .to_owned(),
    }
}

fn of_one(key: KeyId, standing: Standing) -> String {
    match standing {
        Standing::Staged => format!(
            "the key {key} has signed nothing yet, so no session ends; another standby takes its \
             place\n"
        ),
        Standing::Signs => format!(
            "the key {key} signs: every session that began or was renewed under it ends, and \
             another key signs from now on\n"
        ),
        Standing::Expired => {
            format!("the key {key} has expired, so sessions under it have ended already\n")
        }
        other => format!(
            "the key {key} is {other}: every session that has not been renewed under a newer key \
             ends\n"
        ),
    }
}

fn tell(text: &str) {
    // Without a standard error there is nobody to tell.
    let _ = stderr().write_all(text.as_bytes());
}
