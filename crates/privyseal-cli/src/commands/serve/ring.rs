//! The flags that say of which ring a server is a node, and what it does there.

use std::fmt;

use anyhow::Result;
use clap::{Args, ValueEnum};
use privyseal_keys::ring::OnStale;
use privyseal_server::{KekChoice, RingNode, RingRole, RingUrl, open_keeper};

use crate::failure::{self, Failure};

/// The ring of a server.
#[derive(Args, Debug)]
#[command(next_help_heading = "Key ring")]
pub(crate) struct NodeFlags {
    /// Ring of the keys, in place of the data directory: file:DIR, shared-file:DIR, sqlite:PATH, postgres://, mysql:// or redis://
    #[arg(long, value_name = "URL", requires = "kek")]
    ring: Option<Unread>,
    /// What unwraps the ring: file:PATH, age:PATH, pkcs11:MODULE?..., or plain for files alone
    #[arg(long, value_name = "KEK", requires = "ring")]
    kek: Option<Unread>,
    /// Also takes a ring that this has wrapped, while rings are rewrapped
    #[arg(long, value_name = "KEK", requires = "ring")]
    old_kek: Vec<Unread>,
    /// Whether this server rotates the ring when that is due, or never writes to it
    #[arg(
        long,
        value_name = "ROLE",
        default_value = "rotator",
        requires = "ring"
    )]
    ring_role: Role,
    /// What becomes of sessions under known keys when the ring could not be read for longer than its lease
    #[arg(long, value_name = "WHAT", default_value = "serve", requires = "ring")]
    on_stale: Stale,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Rotates it; of several servers that do, one is first
    Rotator,
    /// Never writes
    Reader,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Stale {
    /// They are read, and no new ones are begun
    Serve,
    /// They are refused with 503, so that no revocation is missed
    Refuse,
}

/// A text that may hold a password or a PIN, so that neither our errors nor those of clap may quote
/// it.
#[derive(Clone)]
struct Unread(String);

impl From<String> for Unread {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unread(..)")
    }
}

impl NodeFlags {
    /// Joins the ring, if one was named.
    pub(crate) async fn start(self) -> Result<Option<RingNode>> {
        let (Some(Unread(url)), Some(Unread(kek))) = (self.ring, self.kek) else {
            return Ok(None);
        };
        let url: RingUrl = url.parse()?;
        if url.has_password() {
            return Err(password_in_sight().into());
        }
        let kek: KekChoice = kek.parse()?;
        let old = self.old_kek.iter().map(|Unread(kek)| kek.parse());
        let old: Vec<KekChoice> = old.collect::<Result<_, _>>()?;
        let keeper = open_keeper(&url, &kek, &old).await?;
        let node = RingNode::start(keeper, self.ring_role.into(), self.on_stale.into()).await;
        let status = node.status();
        if !status.is_ready() {
            let (state, hint) = state_and_hint(&status.to_string());
            failure::warn(&format!("the {url} cannot be used yet: {state}"), &hint);
        }
        Ok(Some(node))
    }
}

fn state_and_hint(said: &str) -> (String, String) {
    let (state, hint) = said.split_once("\nhint: ").unwrap_or((said, ""));
    let hint = if hint.is_empty() {
        "until it can, nobody can sign in"
    } else {
        hint
    };
    (state.to_owned(), hint.to_owned())
}

fn password_in_sight() -> Failure {
    Failure::new(
        "the URL of the key ring holds a password, and other users of this machine can see it on \
         a command line",
        "change the password if the machine is shared; let the server of the ring know this user \
         by its certificate or its socket",
    )
}

impl From<Role> for RingRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Rotator => Self::Rotator,
            Role::Reader => Self::Reader,
        }
    }
}

impl From<Stale> for OnStale {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::Serve => Self::Serve,
            Stale::Refuse => Self::Refuse,
        }
    }
}
