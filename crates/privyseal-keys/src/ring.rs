//! Rings at work: opened, changed, followed and kept going.
//!
//! A [`Keeper`] knows a repository and who unwraps what is in it: it reads the ring and changes it
//! by compare-and-swap. A [`Watcher`] is a node's view of the ring: it keeps a
//! [`LiveKeyRing`](privyseal::LiveKeyRing) up to date, and says how far the node may be believed. A
//! [`Rotator`] does what falls due. Any number of nodes may run one, and a node that must never
//! write runs none.

mod error;
mod follow;
mod keeper;
mod opened;
#[cfg(feature = "prometheus")]
mod prometheus;
mod rotator;
mod status;
mod watcher;

pub use error::KeeperError;
pub use keeper::{Keeper, NewKeys};
pub use opened::Opened;
#[cfg(feature = "prometheus")]
pub use prometheus::RingCollector;
pub use rotator::Rotator;
pub use status::{NodeState, OnStale, RingStatus, RingSummary};
pub use watcher::{NewWatcher, Watcher};
