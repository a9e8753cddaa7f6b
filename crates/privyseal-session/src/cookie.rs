//! Cookies in and out: reading the one of our name, and writing it with attributes that hold.

#[cfg_attr(not(test), expect(dead_code, reason = "the engine calls it next"))]
mod chunks;
mod policy;
mod read;
mod write;

pub use policy::{CookiePolicy, CookiePolicyBuilder, CookiePolicyError, SameSite};
pub use read::Reading;
pub use write::MAX_COOKIE_LEN;

pub(crate) use write::{Lifetime, forbid_caching, vary_by_cookie};
