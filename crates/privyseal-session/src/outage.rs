//! What happens to requests while the store, or a key, is out of reach.

mod breaker;
mod erased;
mod guarded;
mod stale;

use std::time::Duration;

pub(crate) use guarded::GuardedStore;

/// How a request is answered that needs its session while the store cannot be asked, or while the
/// key of its cookie is [unavailable](privyseal::Error::is_unavailable).
///
/// No policy deletes a cookie, and none is asked by a request that leaves its session alone.
/// Writes need the store under every policy: a request that has to write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutagePolicy {
    /// Refuses the request: 503, and a `Retry-After` of this time in whole seconds.
    FailClosed {
        /// When to try again.
        retry_after: Duration,
    },
    /// Answers as if the visitor had no session. The cookie stays, and so does the session.
    ///
    /// # Security
    /// Whatever the application grants to strangers only, such as signing up, is open to everybody
    /// meanwhile.
    Anonymous,
    /// Answers a read with the session as this node saw it last, unless that is too long ago;
    /// otherwise refuses the request, as it does while a key is out of reach.
    ///
    /// # Security
    /// A session that was ended or changed through another node is answered as it was, for
    /// `max_age` at most. One that was ended through this node is not. Sessions of this policy are
    /// kept in the memory of the process as they are in the store.
    StaleReads {
        /// How long ago the store may have answered for the session.
        max_age: Duration,
    },
}

impl OutagePolicy {
    /// When a request that is refused should be sent again. The store is probed four times a
    /// second, but those who were refused should not all come back at once.
    pub(crate) const fn retry_after(&self) -> Duration {
        match self {
            Self::FailClosed { retry_after } => *retry_after,
            Self::Anonymous | Self::StaleReads { .. } => DEFAULT_RETRY_AFTER,
        }
    }
}

impl Default for OutagePolicy {
    /// Refuses, and says to come back after five seconds.
    fn default() -> Self {
        Self::FailClosed {
            retry_after: DEFAULT_RETRY_AFTER,
        }
    }
}

const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);
