//! When a session ends, and when its cookie is sent again.

use std::time::Duration;

/// How long a session lives, enforced by the server and not by the browser.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use privyseal_session::Timeouts;
///
/// let timeouts = Timeouts { idle: Duration::from_mins(15), ..Timeouts::default() };
/// assert_eq!(timeouts.absolute, Duration::from_hours(12));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The session ends when it was not used for this long. 30 minutes by default.
    pub idle: Duration,
    /// The session ends this long after it began, however busy it is. 12 hours by default.
    pub absolute: Duration,
    /// A request that merely reads sends the cookie again when the last one is older than this,
    /// so that reading counts as activity without a new cookie every time. 3 minutes by default;
    /// never more than half of `idle`, or reading alone would not keep a session alive.
    pub touch: Duration,
    /// How far the clocks of the servers may be apart: a cookie issued this far in the future is
    /// still taken. One minute by default.
    pub clock_skew: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Duration::from_mins(30),
            absolute: Duration::from_hours(12),
            touch: Duration::from_mins(3),
            clock_skew: Duration::from_mins(1),
        }
    }
}

impl Timeouts {
    pub(crate) fn touch_seconds(self) -> u64 {
        self.touch.min(self.idle / 2).as_secs()
    }
}

/// Flask's own rules, so that a Flask application and a Rust one behave alike on one cookie.
///
/// Source: `SecureCookieSessionInterface` in `flask/sessions.py` of Flask 3.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlaskRules {
    /// `PERMANENT_SESSION_LIFETIME`: bounds every session; 31 days by default.
    pub lifetime: Duration,
    /// `SESSION_REFRESH_EACH_REQUEST`: a permanent session is sent again on every response, even
    /// one that does not touch it. True by default.
    pub refresh_each_request: bool,
}

impl Default for FlaskRules {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(31 * 24),
            refresh_each_request: true,
        }
    }
}

/// Whose rules hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rules {
    Timeouts(Timeouts),
    Flask(FlaskRules),
}

impl Rules {
    /// How old a cookie may be, and how far in the future.
    pub(crate) fn bounds(self) -> (Duration, Duration) {
        match self {
            Self::Timeouts(timeouts) => (timeouts.idle, timeouts.clock_skew),
            Self::Flask(rules) => (rules.lifetime, Duration::ZERO),
        }
    }
}
