#![doc = include_str!("../README.md")]

mod extract;
mod layer;

pub use extract::{Session, SessionRejection};
pub use layer::{ResponseFuture, SessionLayer, SessionService};

pub use privyseal_session::{
    CookiePolicy, Engine, FlaskRules, LiveKeyRing, SameSite, Timeouts, cookie,
};
