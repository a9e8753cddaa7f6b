//! Times as humans read them.

use std::fmt;

use crate::Timestamp;
use crate::value::DateTime;

/// A time as RFC 3339 in UTC, or as plain seconds beyond the year 9999.
pub(super) struct Utc(pub(super) Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.unix_seconds();
        let instant = i64::try_from(seconds)
            .ok()
            .and_then(DateTime::from_unix_seconds);
        match instant {
            Some(instant) => f.write_str(&instant.to_rfc3339()),
            None => write!(f, "{seconds} s after 1970"),
        }
    }
}

/// How far `then` is from `now`, in the largest unit that fits.
pub(super) struct Distance {
    pub(super) then: Timestamp,
    pub(super) now: Timestamp,
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.now.seconds_since(self.then) {
            Some(0) => f.write_str("now"),
            Some(seconds) => write!(f, "{} ago", Span(seconds)),
            None => {
                let ahead = self.then.seconds_since(self.now).unwrap_or_default();
                write!(f, "{} in the future", Span(ahead))
            }
        }
    }
}

/// A number of seconds in the largest unit that fits.
pub(super) struct Span(pub(super) u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.0 {
            seconds @ ..60 => (seconds, "second"),
            seconds @ 60..3600 => (seconds / 60, "minute"),
            seconds @ 3600..86_400 => (seconds / 3600, "hour"),
            seconds => (seconds / 86_400, "day"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_distances_round_down() {
        let at = Timestamp::from_unix_seconds;
        assert_eq!(Utc(at(1_700_000_000)).to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(Utc(at(253_402_300_799)).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(
            Utc(at(253_402_300_800)).to_string(),
            "253402300800 s after 1970"
        );
        assert_eq!(
            Utc(at(u64::MAX)).to_string(),
            format!("{} s after 1970", u64::MAX)
        );
        let distance = |then, now| {
            Distance {
                then: at(then),
                now: at(now),
            }
            .to_string()
        };
        for (seconds, text) in [
            (0, "now"),
            (1, "1 second ago"),
            (59, "59 seconds ago"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (86_400, "1 day ago"),
            (864_000, "10 days ago"),
        ] {
            assert_eq!(distance(0, seconds), text);
        }
        assert_eq!(distance(61, 0), "1 minute in the future");
    }
}
