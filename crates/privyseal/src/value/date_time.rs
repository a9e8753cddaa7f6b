//! An instant of whole seconds, as Flask's sessions carry a `datetime`.

use std::fmt;
use std::str::FromStr;

use crate::value::ValueError;

/// A UTC instant of second precision in the years 1 to 9999, the range of Python's `datetime`.
///
/// It prints as HTTP and Flask write it, and parses from exactly that form.
///
/// # Examples
/// ```
/// use privyseal::value::DateTime;
///
/// let leap_day = DateTime::from_unix_seconds(1_709_190_296).expect("in 2024");
/// assert_eq!(leap_day.to_string(), "Thu, 29 Feb 2024 07:04:56 GMT");
/// assert_eq!("Thu, 29 Feb 2024 07:04:56 GMT".parse(), Ok(leap_day));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(i64);

/// 0001-01-01 00:00:00 and 9999-12-31 23:59:59.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl DateTime {
    /// The instant so many seconds after 1970-01-01 00:00:00 UTC; `None` outside years 1 to 9999.
    pub const fn from_unix_seconds(seconds: i64) -> Option<Self> {
        if seconds < FIRST || seconds > LAST {
            return None;
        }
        Some(Self(seconds))
    }

    /// The instant of a date and time of day in UTC; `None` when there is no such moment.
    ///
    /// Months and days count from 1. There are no leap seconds, as in Python.
    pub fn from_utc(
        (year, month, day): (i64, i64, i64),
        (hour, minute, second): (i64, i64, i64),
    ) -> Option<Self> {
        let in_range = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second);
        in_range.then(|| {
            Self(days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second)
        })
    }

    /// Reads exactly the form that [`Display`](fmt::Display) writes, the right weekday included.
    pub(crate) fn parse_printed(text: &str) -> Option<Self> {
        let (weekday, rest) = text.split_at_checked(3)?;
        let (day, rest) = rest.strip_prefix(", ")?.split_at_checked(2)?;
        let (month, rest) = rest.strip_prefix(' ')?.split_at_checked(3)?;
        let rest = rest.strip_prefix(' ')?.strip_suffix(" GMT")?.as_bytes();
        let (year, time) = rest.split_at_checked(4)?;
        let [b' ', hour @ .., b':', m, n, b':', s, t] = time else {
            return None;
        };
        let month = MONTHS.iter().position(|name| *name == month)?;
        let date = (
            number(year)?,
            i64::try_from(month).ok()? + 1,
            number(day.as_bytes())?,
        );
        let parsed = Self::from_utc(
            date,
            (number(hour)?, number(&[*m, *n])?, number(&[*s, *t])?),
        )?;
        (hour.len() == 2 && parsed.weekday() == weekday).then_some(parsed)
    }

    fn weekday(self) -> &'static str {
        name(&WEEKDAYS, self.0.div_euclid(DAY).rem_euclid(7))
    }

    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Year, month and day in UTC.
    pub fn date(self) -> (i64, i64, i64) {
        civil_from_days(self.0.div_euclid(DAY))
    }

    /// The instant as RFC 3339 writes it: `2024-02-29T07:04:56Z`.
    pub fn to_rfc3339(self) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// Hour, minute and second in UTC.
    pub fn time(self) -> (i64, i64, i64) {
        let second = self.0.rem_euclid(DAY);
        (second / 3600, second / 60 % 60, second % 60)
    }
}

/// The number of a month's days in the proleptic Gregorian calendar.
fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date. The year is counted from March, so that the leap day is its
/// last, and 400-year eras all have 146,097 days (Howard Hinnant, "chrono-compatible low-level
/// date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// A name by its place in a table; the place comes from a remainder, so it is always there.
fn name(table: &[&'static str], place: i64) -> &'static str {
    usize::try_from(place)
        .ok()
        .and_then(|place| table.get(place))
        .copied()
        .unwrap_or_default()
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let (hour, minute, second) = self.time();
        let weekday = self.weekday();
        let month = name(&MONTHS, month - 1);
        write!(
            f,
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        )
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DateTime {
    type Err = ValueError;

    /// Reads exactly the form that [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::parse_printed(text).ok_or_else(|| {
            ValueError::new("a datetime must look like \"Thu, 29 Feb 2024 07:04:56 GMT\"")
        })
    }
}

/// The number that decimal digits spell; `None` when it does not fit.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_the_edges() {
        for (seconds, text) in [
            (FIRST, "Mon, 01 Jan 0001 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_190_296, "Thu, 29 Feb 2024 07:04:56 GMT"),
            (LAST, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let instant = DateTime::from_unix_seconds(seconds).expect("in range");
            assert_eq!(instant.to_string(), text);
            assert_eq!(text.parse(), Ok(instant));
        }
        assert_eq!(DateTime::from_unix_seconds(FIRST - 1), None);
        assert_eq!(DateTime::from_unix_seconds(LAST + 1), None);
    }

    /// Found by the fuzz target `tagged_loads`.
    #[test]
    fn an_hour_of_a_hundred_digits_is_no_instant() {
        let hour = "7".repeat(100);
        let text = format!("Thu, 29 Feb 2024 {hour}:04:56 GMT");
        assert!(text.parse::<DateTime>().is_err());
    }

    #[test]
    fn every_day_of_ten_thousand_years_round_trips() {
        let mut day = FIRST;
        while day <= LAST {
            let instant = DateTime::from_unix_seconds(day).expect("in range");
            assert_eq!(
                DateTime::from_utc(instant.date(), instant.time()),
                Some(instant)
            );
            day += DAY;
        }
    }

    #[test]
    fn moments_that_do_not_exist_are_refused() {
        let midnight = (0, 0, 0);
        for date in [
            (0, 1, 1),
            (10_000, 1, 1),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
        ] {
            assert_eq!(DateTime::from_utc(date, midnight), None, "{date:?}");
        }
        for date in [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 12, 32)] {
            assert_eq!(DateTime::from_utc(date, midnight), None, "{date:?}");
        }
        for time in [(24, 0, 0), (0, 60, 0), (0, 0, 60), (-1, 0, 0)] {
            assert_eq!(DateTime::from_utc((2024, 2, 29), time), None, "{time:?}");
        }
    }

    #[test]
    fn only_the_printed_form_parses() {
        for text in [
            "",
            "Wed, 29 Feb 2024 07:04:56 GMT",
            "Thu, 29 Feb 2024 07:04:56 UTC",
            "Thu, 29 Feb 2024 07:04:56 GMT ",
            "Thu, +9 Feb 2024 07:04:56 GMT",
            "Thu 29 Feb 2024 07:04:56 GMT",
            "2024-02-29T07:04:56Z",
            "Thu, 29 Feb 2024 07:04:5é GMT",
            "Thu, 29 Feb 2024 7:04:56 GMT",
            "Thu, 29 Feb 2024 007:04:56 GMT",
            "Thu, 29 Feb 02024 07:04:56 GMT",
            "Thé, 29 Feb 2024 07:04:56 GMT",
            "Thu, 29 Foo 2024 07:04:56 GMT",
        ] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
    }
}
