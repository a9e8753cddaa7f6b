#![doc = include_str!("../README.md")]

/// The chapters of the book that show this crate; their examples run as doctests.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../docs/flask.md")]
    struct Flask;

    #[doc = include_str!("../../../docs/cookies-and-policy.md")]
    struct CookiesAndPolicy;
}

mod extract;
mod layer;

pub use extract::{Session, SessionRejection};
pub use layer::{ResponseFuture, SessionLayer, SessionService};

pub use privyseal_session::{
    CookiePolicy, Engine, FlaskRules, LiveKeyRing, SameSite, Timeouts, cookie,
};
