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

    #[doc = include_str!("../../../docs/modes.md")]
    struct Modes;

    #[doc = include_str!("../../../docs/rotating-keys.md")]
    struct RotatingKeys;

    #[doc = include_str!("../../../docs/secret-keys.md")]
    struct SecretKeys;
}

mod extract;
mod layer;

pub use extract::{Session, SessionRejection};
pub use layer::{ResponseFuture, SessionLayer, SessionService};

pub use privyseal_session::{
    CookiePolicy, Engine, FlaskRules, LiveKeyRing, SameSite, Timeouts, cookie,
};
