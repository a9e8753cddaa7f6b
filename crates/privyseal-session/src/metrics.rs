//! What operators can count: events of sessions, and calls to the store.
//!
//! Labels are closed enums, so that neither an id, a user nor anything a browser sent can become
//! one. With the feature `prometheus` the numbers go into a registry of the official client.

mod label;
#[cfg(feature = "prometheus")]
mod prometheus;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::time::Duration;

use label::labels;

#[cfg(feature = "prometheus")]
pub use prometheus::PrometheusMetrics;

/// Takes the numbers as they come up. Every method does nothing unless it is written.
///
/// The methods are called on the way of requests: they must be quick, and must not block.
///
/// # Examples
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use privyseal_session::metrics::{Event, Metrics};
///
/// /// Counts what may be theft of a cookie.
/// #[derive(Debug, Default)]
/// struct Thefts(AtomicU64);
///
/// impl Metrics for Thefts {
///     fn count(&self, event: Event) {
///         if event == Event::IdReused {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Metrics: Send + Sync + Debug {
    /// Something happened once.
    fn count(&self, event: Event) {
        let _ = event;
    }

    /// A call to the store came to its end. `took` is the time the caller waited for it.
    fn store_call(&self, call: StoreCall, outcome: CallOutcome, took: Duration) {
        let _ = (call, outcome, took);
    }
}

/// Counts nothing; what an engine has until it is given something else.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMetrics;

impl Metrics for NoMetrics {}

labels! {
    /// What happens to sessions, and is worth a counter.
    ///
    /// Each event is also emitted through `tracing`, with its name as the only field, `event`, at
    /// the level of [`level`](Self::level).
    pub enum Event {
        /// A session was begun: the first write of a visitor without one.
        SessionCreated = "session_created",
        /// A session was ended on request, by its user, another device or the application.
        SessionEnded = "session_ended",
        /// A session was given a new secret or cookie while it went on. In a store, the old one has a
        /// grace window.
        SessionRenewed = "session_renewed",
        /// Somebody signed in.
        SignedIn = "signed_in",
        /// The oldest session of a user was ended to make room for a new one.
        SessionEvicted = "session_evicted",
        /// A sign-in was refused, because the user has as many sessions as are allowed.
        SessionLimitReached = "session_limit_reached",

        /// A cookie was refused: no key of the ring made it.
        RefusedForged = "refused_forged",
        /// A cookie was refused: it names a key that was revoked.
        RefusedRevokedKey = "refused_revoked_key",
        /// A cookie was refused: it names a key that is past its end.
        RefusedExpiredKey = "refused_expired_key",
        /// A cookie was refused: it names a key that the ring does not have.
        RefusedUnknownKey = "refused_unknown_key",
        /// A cookie, a sealed row of the store or the token of a form was neither accepted nor refused: its key is in
        /// quarantine or cannot be unwrapped, or this node has not heard of its ring for too long
        /// to know all keys; or the ring could not be read anew for a key that it does not hold. The
        /// policy for outages answers the request.
        KeyUnavailable = "key_unavailable",
        /// A request waited for the ring to be read anew, because it met a key that the ring does not
        /// hold.
        KeyAwaited = "key_awaited",
        /// A cookie was refused: its session timed out.
        RefusedExpired = "refused_expired",
        /// A cookie was refused: it is authentic, but the store does not know its session.
        RefusedUnknown = "refused_unknown",
        /// A cookie was refused: its session was ended, as when somebody signed out.
        RefusedEnded = "refused_ended",
        /// A cookie was refused: it, its user or the whole application was revoked.
        RefusedRevoked = "refused_revoked",
        /// A cookie was refused: it or its secret was superseded, and the grace window is over.
        RefusedSuperseded = "refused_superseded",
        /// A cookie was refused: the session gained rights, or in its cookie was renewed, just now, and
        /// the request was under way with the cookie from before.
        RefusedRetired = "refused_retired",
        /// A cookie was refused: it is authentic, but the row of its session cannot be read, such as
        /// one that is sealed under a key that left the ring. A warning says why.
        RefusedUnreadable = "refused_unreadable",
        /// A superseded secret came back after its grace window, which is what a stolen cookie
        /// looks like. The session was ended for everybody who holds it.
        IdReused = "id_reused",

        /// A write met a newer version of its session, and was merged into it.
        WriteMerged = "write_merged",
        /// A write met newer versions of its session until it was given up, or was refused by the
        /// application's policy.
        ConflictGivenUp = "conflict_given_up",
        /// A write was dropped, because its session ended in the meantime.
        WriteDropped = "write_dropped",
        /// A cookie was not sent, because browsers would drop one of its size in silence.
        CookieTooLarge = "cookie_too_large",

        /// The store or a key was out of reach, and the request was answered without a session.
        OutageAnonymous = "outage_anonymous",
        /// The store could not answer, and the session was read as this node saw it last.
        OutageStale = "outage_stale",
        /// The store or a key was out of reach, and the request was refused.
        OutageRefused = "outage_refused",
        /// The store failed so often that calls to it now fail at once.
        BreakerOpened = "breaker_opened",
        /// The store answered again, and gets every call again.
        BreakerClosed = "breaker_closed",
    }
}

labels! {
    /// A method of [`Store`](crate::store::Store).
    pub enum StoreCall {
        /// [`create`](crate::store::Store::create)
        Create = "create",
        /// [`load`](crate::store::Store::load)
        Load = "load",
        /// [`update`](crate::store::Store::update)
        Update = "update",
        /// [`touch`](crate::store::Store::touch)
        Touch = "touch",
        /// [`end`](crate::store::Store::end)
        End = "end",
        /// [`list`](crate::store::Store::list)
        List = "list",
        /// [`end_all`](crate::store::Store::end_all)
        EndAll = "end_all",
        /// [`delete_expired`](crate::store::Store::delete_expired)
        DeleteExpired = "delete_expired",
    }
}

labels! {
    /// How a call to the store came to its end.
    pub enum CallOutcome {
        /// The store answered, whatever the answer was.
        Answered = "answered",
        /// The store could not be asked, or broke off.
        Unavailable = "unavailable",
        /// The store did not answer by the deadline. A write may have happened all the same.
        TimedOut = "timed_out",
        /// The circuit breaker was open: the call never reached the store.
        NotTried = "not_tried",
        /// The store has no room.
        Full = "full",
        /// The store gave an answer that cannot be read.
        Unreadable = "unreadable",
        /// The caller went away before the store answered, as when a browser hangs up.
        Abandoned = "abandoned",
    }
}

impl Event {
    /// The level at which the event is emitted: `WARN` for what an operator should look into,
    /// `INFO` for the end of such a thing, `DEBUG` for everyday events.
    pub const fn level(self) -> tracing::Level {
        match self {
            Self::IdReused | Self::CookieTooLarge | Self::BreakerOpened => tracing::Level::WARN,
            Self::BreakerClosed => tracing::Level::INFO,
            _ => tracing::Level::DEBUG,
        }
    }
}

/// Counts an event and emits it, so that the two never differ.
pub(crate) fn report(metrics: &dyn Metrics, event: Event) {
    metrics.count(event);
    let name = event.name();
    match event.level() {
        tracing::Level::WARN => tracing::warn!(event = name),
        tracing::Level::INFO => tracing::info!(event = name),
        _ => tracing::debug!(event = name),
    }
}
