//! The one clock of the program, and how its times are written.

use std::time::SystemTime;

use privyseal::Timestamp;
use privyseal::value::DateTime;

/// The present.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program has to look at the clock somewhere; here it does, and nowhere else"
    )]
    Timestamp::from(SystemTime::now())
}

/// A time in RFC 3339; as plain seconds where that has no form for it.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    i64::try_from(time.unix_seconds())
        .ok()
        .and_then(DateTime::from_unix_seconds)
        .map_or_else(|| time.to_string(), DateTime::to_rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_up_to_the_year_9999() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "253402300800"),
            (u64::MAX, "18446744073709551615"),
        ] {
            assert_eq!(rfc3339(Timestamp::from_unix_seconds(seconds)), text);
        }
    }
}
