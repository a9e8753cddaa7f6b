//! Where key rings live: bytes under a generation number, replaced by compare-and-swap.
//!
//! A repository makes nothing of the bytes. What is in them, whether they are authentic, and
//! whether a lower generation than the last one may be believed, decides whoever reads them. In
//! return a repository keeps apart what a reader must never mix up: that no ring was ever written,
//! that it cannot be read now, and that it was there and is gone. Only the first is
//! `Ok(None)`, and no key may be made because of the other two.

#[cfg(feature = "conformance")]
pub mod conformance;
mod erased;
mod error;
#[cfg(feature = "files")]
mod file;
mod name;
mod shared;

use std::fmt;
use std::future::{Future, pending};

pub use erased::DynRepository;
pub use error::RepositoryError;
#[cfg(feature = "files")]
pub use file::{FileRepository, SharedFileRepository};
pub use name::{RingName, RingNameError};

/// Keeps one key ring.
///
/// An error means that nothing is known of the outcome, unless it is
/// [`Refused`](RepositoryError::Refused): a [`compare_and_swap`](Self::compare_and_swap) that
/// failed may have been done, and so may one whose future was dropped. Whoever needs to know reads
/// again, and compares the bytes. Every other call may be dropped and repeated as one likes.
///
/// # Examples
/// ```
/// use privyseal_keys::repository::{Repository, RepositoryError, Stored, Swap};
///
/// /// Replaces the ring by what `change` makes of it, however many others do so at once.
/// async fn replace(
///     repository: &impl Repository,
///     change: impl Fn(&[u8]) -> Vec<u8>,
/// ) -> Result<Option<Stored>, RepositoryError> {
///     while let Some(old) = repository.read().await? {
///         let new = Stored { generation: old.generation + 1, bytes: change(&old.bytes) };
///         if repository.compare_and_swap(Some(old.generation), &new).await? == Swap::Done {
///             return Ok(Some(new));
///         }
///     }
///     Ok(None)
/// }
/// ```
pub trait Repository: Send + Sync + 'static {
    /// The ring as it stands; `None` only if it is certain that none was ever written.
    ///
    /// What a call returned is there for every call that begins later, on every node, unless the
    /// documentation of the repository says how long that may take.
    fn read(&self) -> impl Future<Output = Result<Option<Stored>, RepositoryError>> + Send;

    /// Replaces the ring if it still has the expected generation, or makes it if none is expected
    /// and none was ever written. Of any number of calls that expect the same, one is done.
    ///
    /// The new generation has to be the expected one plus one; a ring that is made may have any.
    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> impl Future<Output = Result<Swap, RepositoryError>> + Send;

    /// Returns when the ring may have changed since the last return, whoever changed it; also when
    /// it has not. A repository that is told nothing never returns, so readers ask every now and
    /// then as well. For one waiting reader per repository.
    fn changed(&self) -> impl Future<Output = ()> + Send {
        pending()
    }

    /// The last generations, this one first, at most `limit` and at most [`KEPT_GENERATIONS`]; no
    /// more than the present one where the repository keeps no others.
    fn history(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Stored>, RepositoryError>> + Send {
        async move { Ok(self.read().await?.into_iter().take(limit).collect()) }
    }
}

/// A ring as it is kept.
///
/// # Security
/// Its `Debug` does not show the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Which version of the ring this is: from 1 to [`MAX_GENERATION`], one more with each write.
    pub generation: u64,
    /// The ring, as its writer has encoded it: at least one byte, and at most [`MAX_RING_BYTES`].
    pub bytes: Vec<u8>,
}

impl Stored {
    /// Checks that this can be written where that generation is expected.
    ///
    /// Repositories call it before they do anything.
    ///
    /// # Errors
    /// [`Refused`](RepositoryError::Refused), when it cannot.
    pub fn may_follow(&self, expected: Option<u64>) -> Result<(), RepositoryError> {
        let follows = expected.is_none_or(|before| before.checked_add(1) == Some(self.generation));
        if !follows {
            return Err(RepositoryError::Refused(
                "the new generation is not the expected one plus one",
            ));
        }
        if !(1..=MAX_GENERATION).contains(&self.generation) {
            return Err(RepositoryError::Refused("there is no such generation"));
        }
        match self.bytes.len() {
            0 => Err(RepositoryError::Refused("the ring is empty")),
            length if length > MAX_RING_BYTES => {
                Err(RepositoryError::Refused("the ring is longer than 1 MiB"))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// What became of a [`compare_and_swap`](Repository::compare_and_swap).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a conflict has written nothing"]
pub enum Swap {
    /// The new ring is there, and survives what its repository says that it survives.
    Done,
    /// Nothing was written: the ring is not the one that was expected.
    Conflict,
}

/// How many generations a repository keeps that keeps a history, the present one included.
///
/// # Security
/// A key that was destroyed in the ring is still in the generations before, wrapped as it was,
/// until they have left the history.
pub const KEPT_GENERATIONS: usize = 16;

/// The last generation that there can be: what databases have for numbers.
pub const MAX_GENERATION: u64 = i64::MAX.unsigned_abs();

/// The longest ring; one of 128 keys, the most there can be, has far less.
pub const MAX_RING_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(generation: u64, length: usize) -> Stored {
        Stored {
            generation,
            bytes: vec![7; length],
        }
    }

    #[test]
    fn a_generation_follows_the_one_before_it_and_no_other() {
        for (expected, generation, follows) in [
            (None, 1, true),
            (None, 43, true),
            (None, MAX_GENERATION, true),
            (None, 0, false),
            (None, MAX_GENERATION + 1, false),
            (Some(1), 2, true),
            (Some(1), 1, false),
            (Some(1), 3, false),
            (Some(2), 1, false),
            (Some(0), 1, true),
            (Some(MAX_GENERATION), MAX_GENERATION + 1, false),
            (Some(u64::MAX), 0, false),
        ] {
            let allowed = stored(generation, 1).may_follow(expected).is_ok();
            assert_eq!(allowed, follows, "{expected:?} {generation}");
        }
    }

    #[test]
    fn a_ring_is_neither_empty_nor_longer_than_a_mebibyte() {
        assert!(stored(1, 0).may_follow(None).is_err());
        assert!(stored(1, MAX_RING_BYTES).may_follow(None).is_ok());
        assert!(stored(1, MAX_RING_BYTES + 1).may_follow(None).is_err());
    }

    #[test]
    fn debug_does_not_show_the_ring() {
        let stored = Stored {
            generation: 43,
            bytes: b"secret".to_vec(),
        };
        assert_eq!(format!("{stored:?}"), "Stored { generation: 43, .. }");
    }
}
