//! What can go wrong with a store.

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not answer.
///
/// The sources are for logs of the operator; none of them may quote the data of a session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be asked now; it may answer later. Never a statement about the session.
    #[error("the session store is unavailable")]
    Unavailable(#[source] Source),
    /// The store has no room for another session.
    #[error("the session store is full")]
    Full,
    /// The store answered, but not with what this version of the program can read.
    #[error("the session store gave an answer that cannot be read")]
    Unreadable(#[source] Source),
}

impl StoreError {
    /// The store cannot be asked now.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable(source.into())
    }

    /// The store's answer makes no sense.
    pub fn unreadable(source: impl Into<Source>) -> Self {
        Self::Unreadable(source.into())
    }

    /// Whether asking again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
