//! When a session ends, and when its cookie is sent again.

use std::time::Duration;

use privyseal::value::{Dict, Value};

use crate::meta::Meta;
use crate::store::Subject;

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
    /// `idle` of a session that is remembered: see [`Session::remember`](crate::Session::remember).
    /// 30 days by default.
    pub remembered_idle: Duration,
    /// `absolute` of a session that is remembered. 90 days by default.
    pub remembered_absolute: Duration,
    /// A session in a store gets a new id when it has had its id for this long, so that a stolen
    /// cookie is noticed when both copies are used. Never by default.
    pub rotate_every: Option<Duration>,
    /// For this long after a session in a store was given a new id, requests that still bring the
    /// old one are answered, with the new one. 20 seconds by default; 10 to 30 are sensible: the
    /// time that the requests of one page take. For sessions in cookies see
    /// [`Session::renew`](crate::Session::renew).
    pub grace: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Duration::from_mins(30),
            absolute: Duration::from_hours(12),
            touch: Duration::from_mins(3),
            clock_skew: Duration::from_mins(1),
            remembered_idle: Duration::from_hours(30 * 24),
            remembered_absolute: Duration::from_hours(90 * 24),
            rotate_every: None,
            grace: Duration::from_secs(20),
        }
    }
}

impl Timeouts {
    pub(crate) fn idle_of(&self, meta: &Meta) -> Duration {
        if meta.remembered {
            self.remembered_idle
        } else {
            self.idle
        }
    }

    pub(crate) fn absolute_of(&self, meta: &Meta) -> Duration {
        if meta.remembered {
            self.remembered_absolute
        } else {
            self.absolute
        }
    }

    pub(crate) fn touch_of(&self, meta: &Meta) -> Duration {
        self.touch.min(self.idle_of(meta) / 2)
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
    /// The key of the session that holds who is signed in, so that
    /// [`Engine::end_all_of`](crate::Engine::end_all_of) finds them: `_user_id` by default, which
    /// is Flask-Login's.
    pub subject_key: &'static str,
}

impl Default for FlaskRules {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(31 * 24),
            refresh_each_request: true,
            subject_key: "_user_id",
        }
    }
}

impl FlaskRules {
    /// Who is signed in, as far as the session says.
    pub(crate) fn subject_of(&self, session: &Dict) -> Option<Subject> {
        match session.get(self.subject_key)? {
            Value::Str(id) => Subject::new(id.as_str()?).ok(),
            Value::Int(id) => Subject::new(id.to_string()).ok(),
            _ => None,
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
    /// The longest that any session lives.
    pub(crate) fn longest_life(self) -> Duration {
        match self {
            Self::Timeouts(timeouts) => timeouts.absolute.max(timeouts.remembered_absolute),
            // Flask signs a session anew as often as it changes; one cookie lives this long.
            Self::Flask(rules) => rules.lifetime,
        }
    }

    /// How old a cookie may be at most, and how far in the future.
    pub(crate) fn bounds(self) -> (Duration, Duration) {
        match self {
            Self::Timeouts(timeouts) => {
                let idle = timeouts.idle.max(timeouts.remembered_idle);
                (idle, timeouts.clock_skew)
            }
            Self::Flask(rules) => (rules.lifetime, Duration::ZERO),
        }
    }
}
