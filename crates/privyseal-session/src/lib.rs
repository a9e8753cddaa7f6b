#![doc = include_str!("../README.md")]

mod clock;
mod codec;
pub mod cookie;
pub mod csrf;
mod engine;
mod error;
pub mod flash;
mod handle;
mod keys;
pub mod metrics;
#[expect(dead_code, unused_imports, reason = "for the engine")]
mod outage;
mod record;
pub mod revocation;
mod rules;
mod session;
pub mod store;

pub use clock::{Clock, SystemClock};
pub use cookie::{CookiePolicy, CookiePolicyError, SameSite};
pub use engine::Engine;
pub use error::SessionError;
pub use handle::SessionHandle;
pub use keys::LiveKeyRing;
pub use outage::OutagePolicy;
pub use rules::{FlaskRules, Timeouts};
pub use session::Session;
