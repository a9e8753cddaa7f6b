#![doc = include_str!("../README.md")]

mod cleanup;
mod codec;
pub mod cookie;
pub mod csrf;
mod engine;
mod error;
pub mod flash;
mod handle;
mod merge;
mod meta;
pub mod metrics;
mod outage;
mod record;
mod refusal;
pub mod revocation;
mod rules;
mod session;
pub mod store;
mod stored;

pub use cleanup::Cleanup;
pub use cookie::{CookiePolicy, CookiePolicyError, SameSite};
pub use engine::Engine;
pub use error::SessionError;
pub use handle::SessionHandle;
pub use merge::OnConflict;
pub use outage::OutagePolicy;
pub use privyseal::{Clock, LiveKeyRing, RefreshKeys, SystemClock};
pub use rules::{FlaskRules, Timeouts};
pub use session::{NotFresh, Session};
pub use stored::{Excess, ParallelSessions, SessionInfo};
