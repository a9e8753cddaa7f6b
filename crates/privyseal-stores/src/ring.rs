//! What the repositories of key rings have in common.

use privyseal_keys::repository::{RepositoryError, Stored};
use privyseal_session::store::StoreError;

/// What an error of a store says about a ring.
pub(crate) fn error(error: StoreError) -> RepositoryError {
    match error {
        StoreError::Unavailable(source) => RepositoryError::Unavailable(source),
        StoreError::Unreadable(source) => RepositoryError::Unreadable(source),
        full @ StoreError::Full => RepositoryError::Full(full.into()),
        other => RepositoryError::unavailable(other),
    }
}

/// A ring that was read, unless it is none that we have written.
pub(crate) fn stored(generation: u64, bytes: Vec<u8>) -> Result<Stored, RepositoryError> {
    let stored = Stored { generation, bytes };
    match stored.may_follow(None) {
        Ok(()) => Ok(stored),
        Err(refused) => Err(RepositoryError::unreadable(refused)),
    }
}

/// Nobody removes a ring without its history, unless by hand.
pub(crate) const GONE: RepositoryError =
    RepositoryError::Gone("its history is there, and the ring itself is not");
