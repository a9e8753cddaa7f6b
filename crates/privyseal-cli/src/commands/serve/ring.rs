//! The flags that say of which ring a server is a node, and what it does there.

use anyhow::Result;
use clap::{Args, ValueEnum};
use privyseal_keys::ring::OnStale;
use privyseal_server::{RingNode, RingRole};

use crate::failure;
use crate::ring::RingFlags;

/// The ring of a server, in place of the keys in its data directory.
#[derive(Args, Debug)]
pub(super) struct NodeFlags {
    #[command(flatten)]
    ring: RingFlags,
    /// Whether this server rotates the ring when that is due, or never writes to it
    #[arg(
        long,
        value_name = "ROLE",
        default_value = "rotator",
        help_heading = "Ring"
    )]
    ring_role: Role,
    /// What becomes of sessions when the ring could not be read for longer than its lease
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "serve",
        help_heading = "Ring"
    )]
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
    /// Those under known keys go on, and nothing new is signed
    Serve,
    /// They are answered with 503, so that no revocation is missed
    Refuse,
}

impl NodeFlags {
    /// Joins the ring, if one was named.
    pub(super) async fn start(&self) -> Result<Option<RingNode>> {
        let Some(access) = self.ring.access_if_named()? else {
            return Ok(None);
        };
        let keeper = access.keeper().await?;
        let node = RingNode::start(keeper, self.ring_role.into(), self.on_stale.into()).await;
        let status = node.status();
        if !status.is_ready() {
            let said = status.to_string();
            let (said, hint) = said.split_once("\nhint: ").unwrap_or((&said, "wait"));
            failure::warn(
                &format!("no keys from the {} yet: {said}", access.url),
                hint,
            );
        }
        Ok(Some(node))
    }
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
