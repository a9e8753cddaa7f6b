//! The one place that reads the clock.

use std::fmt::Debug;
use std::time::SystemTime;

use crate::Timestamp;

/// Tells the time to what lasts: engines, and nodes that follow a key ring. Tests bring their own.
pub trait Clock: Send + Sync + Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that others take"
    )]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}
