//! What can go wrong with revocations.

use std::sync::Arc;

use crate::store::StoreError;

/// Why sessions could not be revoked, or why it is not known which are.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// The log could not be read or written.
    #[error("the log of revocations cannot be used")]
    Log(#[source] Arc<StoreError>),
    /// There is no room for another one in memory. None is forgotten to make room.
    #[error("{0} revocations are in force, and no more may be held in memory")]
    Full(usize),
}

impl From<StoreError> for RevocationError {
    fn from(error: StoreError) -> Self {
        Self::Log(Arc::new(error))
    }
}
