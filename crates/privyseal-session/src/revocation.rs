//! Ending sessions that live in cookies: what was revoked is remembered until it has expired
//! anyway.
//!
//! A copy of a cookie works for as long as its MAC and its times hold, whatever the browser was
//! told. So each node holds the revocations in memory and asks them about every session it opens,
//! and all nodes learn of new ones from a [`RevocationLog`] that they share.

mod error;
mod follower;
mod log;
mod name;
mod options;
mod revocations;
mod set;
mod shared;
mod steady;

use std::future::Future;

use privyseal::Timestamp;

use crate::store::StoreError;

pub use error::RevocationError;
pub use name::RevocationName;
pub use options::RevocationOptions;
pub use revocations::{Presented, Revocations};

/// One statement: the sessions of this name are refused, if they began at or before a time.
///
/// Of two statements about one name the later of each time counts: a statement can be extended
/// and never be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// What is revoked.
    pub name: RevocationName,
    /// Sessions that began (or, for a user, were signed in) later than this are not meant.
    pub began_until: Timestamp,
    /// From this time on the statement may be forgotten: what it is about has expired.
    pub forget_at: Timestamp,
}

/// A log of revocations that all nodes of an application share: append, and read what is new.
///
/// Each entry has a position, greater than those of all entries that a reader could see before it.
/// A database that hands out positions before it commits has to append under a lock, or a reader
/// would pass over an entry that appears late.
///
/// The future of any method may be dropped before it is done.
pub trait RevocationLog: Send + Sync + 'static {
    /// Appends an entry and wakes those who wait in [`changed`](Self::changed), on every node.
    fn append(&self, entry: &Revocation) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The entries after a position, oldest first, at most `limit` and fewer only if there are no
    /// more; 0 is before the first.
    fn since(
        &self,
        position: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Returns when something may have been appended since the last call, here or elsewhere. It
    /// may return too often, and when it is dropped nothing is lost but a wake-up.
    ///
    /// A log that cannot push never returns, which is the default: the engine also polls.
    fn changed(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Removes at most `limit` entries that may be forgotten; returns how many.
    fn prune(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// What [`RevocationLog::since`] read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries in the order of their positions.
    pub entries: Vec<Revocation>,
    /// The position of the last entry in `entries`; without entries, that of the last entry the
    /// log ever had, also if it was pruned. Less than the position that was asked for means that
    /// the log has lost its past, and the reader begins again at 0.
    pub position: u64,
}
