//! What every repository has to pass: the contract of [`Repository`], sentence by sentence, for
//! tests of ours and of yours.
//!
//! A check that fails panics, and says which rule was broken. Run it on several threads, or the
//! races are none:
//!
//! ```
//! # #[cfg(feature = "files")] {
//! use privyseal_keys::repository::FileRepository;
//! use privyseal_keys::repository::conformance::{self, History, Waking};
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let place = tempfile::tempdir()?;
//! let mut number = 0;
//! let fresh = async || {
//!     number += 1;
//!     let path = place.path().join(number.to_string());
//!     [FileRepository::new(&path), FileRepository::new(&path)]
//! };
//! conformance::repository(fresh, Waking::Pushes, History::Kept).await;
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`leave_marks`] and [`marks_are`] are for races of processes, and for writers that are killed.

/// Panics with a sentence about the rule, unless it was kept.
macro_rules! rule {
    ($kept:expr, $($sentence:tt)+) => {
        assert!($kept, "the contract is broken: {}", format_args!($($sentence)+))
    };
}

mod changes;
mod contract;
mod marks;
mod races;

use super::{MAX_RING_BYTES, Repository, RepositoryError, Stored};

pub use marks::{begin_marks, leave_marks, marks, marks_are};

/// Checks a repository against all rules of its contract.
///
/// `fresh` gives two repositories that share one place, as two processes do, in which there never
/// was a ring; each time another place.
///
/// # Panics
/// When the repository breaks a rule, with a message that says which.
pub async fn repository<R: Repository>(
    fresh: impl AsyncFnMut() -> [R; 2],
    waking: Waking,
    history: History,
) {
    repository_of(MAX_RING_BYTES, fresh, waking, history).await;
}

/// The same for a repository that has no room for the longest rings: it takes those of up to
/// `longest` bytes, and says of longer ones that they are too long ([`RepositoryError::Full`]).
///
/// # Panics
/// As [`repository`].
pub async fn repository_of<R: Repository>(
    longest: usize,
    mut fresh: impl AsyncFnMut() -> [R; 2],
    waking: Waking,
    history: History,
) {
    contract::check(&mut fresh, longest, history).await;
    races::check(&mut fresh, history).await;
    changes::check(&mut fresh, waking).await;
}

/// How a reader learns that the ring has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waking {
    /// [`Repository::changed`] returns.
    Pushes,
    /// It asks every now and then.
    Polled,
}

/// What [`Repository::history`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The last [`KEPT_GENERATIONS`](super::KEPT_GENERATIONS).
    Kept,
    /// The present generation alone.
    None,
}

/// What a repository answered; an error fails the check.
fn answered<T>(call: &str, result: Result<T, RepositoryError>) -> T {
    match result {
        Ok(answer) => answer,
        Err(error) => panic!("{call} failed with a working repository: {error:?}"),
    }
}

fn stored(generation: u64, bytes: impl Into<Vec<u8>>) -> Stored {
    Stored {
        generation,
        bytes: bytes.into(),
    }
}
