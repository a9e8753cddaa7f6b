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
    let date_time = i64::try_from(time.unix_seconds())
        .ok()
        .and_then(DateTime::from_unix_seconds);
    match date_time {
        Some(at) => {
            let ((year, month, day), (hour, minute, second)) = (at.date(), at.time());
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
        }
        None => time.to_string(),
    }
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
