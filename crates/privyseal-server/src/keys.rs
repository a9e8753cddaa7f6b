//! The keys of the server: those of its data directory, or those of a ring that it shares.

mod directory;

use std::sync::Arc;

use privyseal::{KeyRing, RefreshKeys, Timestamp};
use privyseal_axum::LiveKeyRing;
use tokio::task::spawn_blocking;

pub(crate) use directory::DirectoryKeys;

use crate::node::RingNode;

/// Where they come from; a clone shares them.
#[derive(Clone, Debug)]
pub(crate) enum Keys {
    Directory(DirectoryKeys),
    Ring(RingNode),
}

impl Keys {
    /// The ring for engines, which follows every rotation.
    pub(crate) fn live(&self) -> &LiveKeyRing {
        match self {
            Self::Directory(keys) => keys.live(),
            Self::Ring(node) => node.watcher().keys(),
        }
    }

    /// The ring as it is now.
    pub(crate) fn ring(&self) -> KeyRing {
        self.live().current()
    }

    /// Who has the ring read anew for an engine that meets a key which it does not hold.
    pub(crate) fn refresher(&self) -> Option<Arc<dyn RefreshKeys>> {
        Some(Arc::new(self.node()?.watcher().clone()))
    }

    /// The node, if there is one.
    pub(crate) fn node(&self) -> Option<&RingNode> {
        match self {
            Self::Directory(_) => None,
            Self::Ring(node) => Some(node),
        }
    }

    /// What rotating would do.
    pub(crate) fn rotation(&self) -> Rotation {
        match self {
            Self::Directory(_) => Rotation::AtOnce,
            Self::Ring(node) => node.rotation(),
        }
    }

    /// Lets another key sign: from now on, or as soon as every node of the ring knows it.
    pub(crate) async fn rotate(&self) -> Result<(), NotRotated> {
        match self {
            Self::Directory(keys) => {
                let keys = keys.clone();
                match spawn_blocking(move || keys.rotate()).await {
                    Ok(Ok(())) => Ok(()),
                    failed => {
                        tracing::error!(?failed, "the key was not rotated");
                        Err(NotRotated::Unwritten)
                    }
                }
            }
            Self::Ring(node) => node.rotate().await,
        }
    }
}

/// What rotating would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// A new key signs from then on.
    AtOnce,
    /// The standby signs as soon as every node knows it.
    Scheduled,
    /// Nothing yet: another key takes over at this time, and then the ring can be rotated again.
    Pending(Timestamp),
    /// Nothing: this server never writes to its ring.
    Elsewhere,
}

impl Rotation {
    pub(crate) fn is_possible(self) -> bool {
        matches!(self, Self::AtOnce | Self::Scheduled)
    }
}

/// Why the keys are as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRotated {
    /// The data directory did not take the key.
    Unwritten,
    /// The ring allows it later.
    NotYet,
    /// This server never writes to its ring.
    Reader,
    /// The ring cannot be written to now. It may have been rotated all the same.
    Unavailable,
}
