#![doc = include_str!("../README.md")]

/// The page of the book about actix-web, which runs as a doctest. `tests/it/book.rs` of
/// `privyseal-axum` checks that no page is missing.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../docs/actix.md")]
    struct Actix;
}

mod border;
mod extract;
mod middleware;

pub use extract::{Session, SessionRejection};
pub use middleware::{ResponseFuture, SessionMiddleware, SessionService};

pub use privyseal_session::{
    Cleanup, CookiePolicy, Engine, Excess, FlaskRules, LiveKeyRing, NotFresh, OnConflict,
    OutagePolicy, ParallelSessions, SameSite, SessionError, SessionInfo, Timeouts, cookie, csrf,
    flash, metrics,
    revocation::{self, Revocations},
    store::{self, Subject},
};
