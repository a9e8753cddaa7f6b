//! Cookies in and out: reading the one of our name, and writing it with attributes that hold.

mod chunks;
mod policy;
mod read;
mod write;

pub use policy::{CookiePolicy, CookiePolicyBuilder, CookiePolicyError, SameSite};
pub use read::Reading;
pub use write::MAX_COOKIE_LEN;

pub(crate) use chunks::{Came, Found, SetCookies};
pub(crate) use write::{Lifetime, forbid_caching, vary_by_cookie};
