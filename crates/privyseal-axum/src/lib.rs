#![doc = include_str!("../README.md")]

/// The pages with examples in Rust, which run as doctests. `tests/it/book.rs` checks that none is
/// missing here.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/cookies-and-policy.md")]
    struct CookiesAndPolicy;

    #[doc = include_str!("../../../docs/flask.md")]
    struct Flask;

    #[doc = include_str!("../../../docs/forms.md")]
    struct Forms;

    #[doc = include_str!("../../../docs/modes.md")]
    struct Modes;

    #[doc = include_str!("../../../docs/outages.md")]
    struct Outages;

    #[doc = include_str!("../../../docs/rotating-keys.md")]
    struct RotatingKeys;

    #[doc = include_str!("../../../docs/secret-keys.md")]
    struct SecretKeys;

    #[doc = include_str!("../../../docs/signing-out.md")]
    struct SigningOut;

    #[doc = include_str!("../../../docs/stored-sessions.md")]
    struct StoredSessions;

    #[doc = include_str!("../../../docs/stores.md")]
    struct Stores;

    #[doc = include_str!("../../../docs/where-keys-come-from.md")]
    struct WhereKeysComeFrom;
}

mod extract;
mod layer;

pub use extract::{Session, SessionRejection};
pub use layer::{ResponseFuture, SessionLayer, SessionService};

pub use privyseal_session::{
    Cleanup, CookiePolicy, Engine, Excess, FlaskRules, LiveKeyRing, NotFresh, OnConflict,
    OutagePolicy, ParallelSessions, SameSite, SessionError, SessionInfo, Timeouts, cookie, csrf,
    flash, metrics,
    revocation::{self, Revocations},
    store::{self, Subject},
};
