//! What every store has to pass: the contract of [`Store`] and [`RevocationLog`], sentence by
//! sentence, for tests of ours and of yours.
//!
//! A check that fails panics, and says which rule was broken. All ids, subjects and names are
//! random, so the store need not be empty, and one store serves for all checks; but nobody else
//! may sweep or append to it meanwhile. Run it on several threads, or the races are none:
//!
//! ```
//! use std::sync::Arc;
//!
//! use privyseal_stores::MemoryStore;
//! use privyseal_stores::conformance::{self, Expiry, Waking};
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let store = Arc::new(MemoryStore::new(10_000));
//! conformance::store(&store, Expiry::Swept).await;
//! conformance::revocation_log(&store, Waking::Pushes).await;
//! # });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the contract leaves open and the suite asks for all the same:
//!
//! - Times up to `i64::MAX` come back exactly; a later one comes back as any time from there on.
//! - [`list`](Store::list) finds as many sessions as there are, up to its limit.
//! - A reader of the log may ask for what is after position `i64::MAX`.

/// Panics with a sentence about the rule, unless it was kept.
macro_rules! rule {
    ($kept:expr, $($sentence:tt)+) => {
        assert!($kept, "the contract is broken: {}", format_args!($($sentence)+))
    };
}

mod expiry;
mod kit;
mod log;
mod races;
mod restart;
mod rows;
mod subjects;
mod writes;

use std::sync::Arc;

use privyseal_session::revocation::RevocationLog;
use privyseal_session::store::Store;

pub use restart::{OUTAGE_DEADLINE, Power, RECOVERY_DEADLINE, restart};

/// Checks a store against all rules of its contract.
///
/// # Panics
/// When the store breaks one of them, with a message that says which.
pub async fn store<S: Store>(store: &Arc<S>, expiry: Expiry) {
    let kit = kit::Kit::new(store);
    rows::check(&kit).await;
    writes::check(&kit).await;
    subjects::check(&kit).await;
    races::check(&kit).await;
    expiry::check(&kit, expiry).await;
}

/// Checks a log of revocations against all rules of its contract.
///
/// # Panics
/// When the log breaks one of them, with a message that says which.
pub async fn revocation_log<L: RevocationLog>(log: &Arc<L>, waking: Waking) {
    log::check(log, waking).await;
}

/// How rows that expired leave the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// [`Store::delete_expired`] removes them.
    Swept,
    /// The database does, by its own clock; [`Store::delete_expired`] has nothing to do.
    ByItself,
}

/// How a reader of the log learns that there is something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waking {
    /// [`RevocationLog::changed`] returns.
    Pushes,
    /// It asks every now and then.
    Polled,
}
