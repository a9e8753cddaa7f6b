//! Dates as Werkzeug's `parse_date` reads them: RFC 2822, leniently.
//!
//! A transcription of CPython 3.11's `email.utils.parsedate_to_datetime`, oddities included, for
//! what a Python application put into a cookie must mean the same here.

use std::borrow::Cow;

use super::python_int::{self, decimal_digit, is_space};
use crate::value::DateTime;

/// Why a text is not read as a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// `parse_date` returns `None`.
    NoDate,
    /// `parse_date` raises `OverflowError`, or the instant lies outside years 1 to 9999.
    OutOfRange,
}

/// The instant that the text stands for. A date without zone is in UTC.
pub(super) fn parse(text: &str) -> Result<DateTime, Unreadable> {
    // What a real serializer wrote, at a fraction of the cost; but two-digit years are completed.
    if let Some(instant) = DateTime::parse_printed(text).filter(|instant| instant.date().0 >= 100) {
        return Ok(instant);
    }
    let fields = Fields::split(text).ok_or(Unreadable::NoDate)?;
    let numbers = fields.numbers().ok_or(Unreadable::NoDate)?;
    let offset = zone_seconds(&fields.zone);
    // Python builds the zone first: a `timedelta` of at most 999,999,999 days, then a `timezone`
    // of less than one.
    if !(-MAX_DELTA_DAYS..=MAX_DELTA_DAYS).contains(&offset.div_euclid(DAY)) {
        return Err(Unreadable::OutOfRange);
    }
    let offset = i64::try_from(offset)
        .ok()
        .filter(|offset| offset.abs() < 86_400);
    let offset = offset.ok_or(Unreadable::NoDate)?;
    // Then all fields become C integers, and only then must they be a date.
    let mut fields = [0; 6];
    for (field, number) in fields.iter_mut().zip(numbers) {
        *field = i64::from(i32::try_from(number).map_err(|_| Unreadable::OutOfRange)?);
    }
    let [year, month, day, hour, minute, second] = fields;
    let local = DateTime::from_utc((year, month, day), (hour, minute, second));
    let local = local.ok_or(Unreadable::NoDate)?;
    DateTime::from_unix_seconds(local.unix_seconds() - offset).ok_or(Unreadable::OutOfRange)
}

const DAY: i128 = 86_400;
const MAX_DELTA_DAYS: i128 = 999_999_999;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const LONG_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The words of a date, in their places.
struct Fields<'a> {
    day: &'a str,
    month: i128,
    year: &'a str,
    time: &'a str,
    zone: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let mut words: Vec<&str> = text
            .split(is_space)
            .filter(|word| !word.is_empty())
            .take(8)
            .collect();
        skip_day_name(&mut words)?;
        if let [date, rest @ ..] = words.as_slice()
            && rest.len() == 2
        {
            // RFC 850: 06-Nov-94.
            let parts: Vec<&str> = date.split('-').collect();
            if parts.len() == 3 {
                words = parts.into_iter().chain(rest.iter().copied()).collect();
            }
        }
        if let [.., last] = words.as_slice()
            && words.len() == 4
        {
            // A zone may stick to the time: 08:49:37+0100.
            let time = *last;
            let sign = time
                .find('+')
                .or_else(|| time.find('-'))
                .filter(|at| *at > 0);
            let (time, zone) = time.split_at(sign.unwrap_or(time.len()));
            words.pop();
            words.extend([time, zone]);
        }
        let [mut day, mut month, mut year, mut time, mut zone] = *words.first_chunk()?;
        if day.is_empty() || month.is_empty() || year.is_empty() {
            return None;
        }
        let month = if let Some(number) = month_number(month) {
            number
        } else {
            (day, month) = (month, day);
            month_number(month)?
        };
        day = day.strip_suffix(',').unwrap_or(day);
        if year.find(':').is_some_and(|at| at > 0) {
            (year, time) = (time, year);
        }
        year = year.strip_suffix(',').unwrap_or(year);
        let starts_with_digit = year
            .chars()
            .next()
            .map(|first| decimal_digit(first).is_some())?;
        if !starts_with_digit {
            (year, zone) = (zone, year);
        }
        time = time.strip_suffix(',').unwrap_or(time);
        // Upper case is Unicode's here: Python takes "eſt" for EST, too.
        Some(Self {
            day,
            month,
            year,
            time,
            zone: zone.to_uppercase().into(),
        })
    }

    /// Year, month, day, hour, minute, second.
    fn numbers(&self) -> Option<[i128; 6]> {
        let mut parts: Vec<&str> = self.time.split(':').collect();
        if parts.len() == 1 {
            // Some mailers write 08.49.37.
            parts = self.time.split('.').collect();
        }
        let (hour, minute, second) = match *parts.as_slice() {
            [hour, minute] => (hour, minute, "0"),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        };
        let year = match python_int::decimal(self.year)? {
            // RFC 822's two-digit years, as POSIX completes them.
            short @ 69..100 => short + 1900,
            short @ ..69 => short + 2000,
            full => full,
        };
        Some([
            year,
            self.month,
            python_int::decimal(self.day)?,
            python_int::decimal(hour)?,
            python_int::decimal(minute)?,
            python_int::decimal(second)?,
        ])
    }
}

/// Takes the day's name off, with or without a comma and white space after it.
fn skip_day_name(words: &mut Vec<&str>) -> Option<()> {
    let first = words.first_mut()?;
    if first.ends_with(',') || DAYS.iter().any(|day| first.eq_ignore_ascii_case(day)) {
        words.remove(0);
    } else if let Some((_, after)) = first.rsplit_once(',') {
        *first = after;
    }
    Some(())
}

fn month_number(word: &str) -> Option<i128> {
    let is_word = |month: &&str| month.eq_ignore_ascii_case(word);
    let place = MONTHS
        .iter()
        .position(&is_word)
        .or_else(|| LONG_MONTHS.iter().position(is_word))?;
    i128::try_from(place + 1).ok()
}

/// Seconds east of UTC; zero when the zone is unknown.
fn zone_seconds(zone: &str) -> i128 {
    let clock = match zone {
        "AST" | "EDT" => -400,
        "ADT" => -300,
        "EST" | "CDT" => -500,
        "CST" | "MDT" => -600,
        "MST" | "PDT" => -700,
        "PST" => -800,
        _ => python_int::decimal(zone).unwrap_or(0),
    };
    let magnitude = clock.saturating_abs();
    let seconds = (magnitude / 100)
        .saturating_mul(3600)
        .saturating_add(magnitude % 100 * 60);
    if clock < 0 { -seconds } else { seconds }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2024-02-29 07:04:56 UTC.
    const LEAP_DAY: i64 = 1_709_190_296;

    fn seconds(text: &str) -> Result<i64, Unreadable> {
        parse(text).map(DateTime::unix_seconds)
    }

    #[test]
    fn the_forms_of_one_instant() {
        for text in [
            "Thu, 29 Feb 2024 07:04:56 GMT",
            "Thu,29 Feb 2024 07:04:56 GMT",
            "thu 29 FEB 2024 07:04:56 gmt",
            "Xyz, 29 february 2024 07:04:56",
            "29 Feb 2024 07:04:56 -0000",
            "Mon, 29 Feb 24 7:4:56 Z",
            "29 Feb 2024 08:04:56+0100",
            "29 Feb 2024 08:04:56 +0100 (CET)",
            "29 Feb 2024 02:04:56 EST",
            "29 Feb 2024 02:04:56 eſt",
            "29 Feb 2024 00:04:56 PDT",
            "Thursday, 29-Feb-24 07:04:56 GMT",
            "Thu Feb 29 07:04:56 2024",
            "Feb 29, 2024 07:04:56 GMT",
            "29 Feb GMT 07:04:56 2024",
            "29 Feb 2024, 07.04.56, UNKNOWN",
            "29\u{3000}Feb\x1f2024\n07:04:56 UT",
            "٢٩ Feb 2_024 +7:04:56 GMT",
        ] {
            assert_eq!(seconds(text), Ok(LEAP_DAY), "{text:?}");
        }
    }

    #[test]
    fn two_digit_years_are_completed_as_posix_does() {
        for (short, full) in [(0, 2000), (68, 2068), (69, 1969), (99, 1999)] {
            let long = seconds(&format!("1 Jan {full} 0:00"));
            assert!(long.is_ok());
            assert_eq!(seconds(&format!("1 Jan {short:02} 0:00")), long);
        }
        assert_eq!(parse("1 Jan 100 0:00").map(DateTime::date), Ok((100, 1, 1)));
    }

    #[test]
    fn what_is_no_date_for_python_is_none_here() {
        for text in [
            "",
            " ",
            "Thu,",
            "2024-02-29T07:04:56Z",
            "Thu, 30 Feb 2024 07:04:56 GMT",
            "29 Feb 2023 07:04:56 GMT",
            "29 Feb 2024 07:04:60 GMT",
            "29 Feb 2024 24:00:00 GMT",
            "29 Foo 2024 07:04:56 GMT",
            "29 Feb 2024 07 GMT",
            "29 Feb 2024 GMT",
            "29 Feb 2024 07:04:56:00 GMT",
            "29 Feb 10000 07:04:56 GMT",
            "29 Feb 2147483647 07:04:56 GMT",
            "-- Feb -- 07:04:56",
        ] {
            assert_eq!(parse(text), Err(Unreadable::NoDate), "{text:?}");
        }
    }

    #[test]
    fn offsets_are_bounded_by_a_day() {
        let midnight = "2 Jan 2024 00:00:00";
        let utc = seconds(midnight).expect("a date");
        assert_eq!(seconds(&format!("{midnight} +2359")), Ok(utc - 86_340));
        assert_eq!(seconds(&format!("{midnight} -2359")), Ok(utc + 86_340));
        assert_eq!(
            seconds(&format!("{midnight} +2360")),
            Err(Unreadable::NoDate)
        );
        assert_eq!(
            seconds(&format!("{midnight} -2400")),
            Err(Unreadable::NoDate)
        );
    }

    #[test]
    fn what_overflows_in_python_is_out_of_range() {
        for text in [
            "1 Jan 2147483648 0:00",
            "-2147483649 Jan 2024 0:00",
            "1 Jan 2024 0:99999999999999999999999999999999999999999999",
            "1 Jan 2024 0:00 2400000000000",
            "1 Jan 2024 0:00 -99999999999999999999999999999999999999999999",
            "31 Dec 9999 23:59:59 -0001",
        ] {
            assert_eq!(parse(text), Err(Unreadable::OutOfRange), "{text:?}");
        }
        // An offset of 999,999,999 days is still a `timedelta`, only no time zone.
        assert_eq!(
            parse("1 Jan 2024 0:00 2399999997600"),
            Err(Unreadable::NoDate)
        );
    }

    proptest! {
        #[test]
        fn every_printed_instant_reads_back(seconds in -59_011_459_200..=253_402_300_799_i64) {
            let instant = DateTime::from_unix_seconds(seconds).expect("in range");
            prop_assert_eq!(parse(&instant.to_string()), Ok(instant));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = parse(&text);
        }

        #[test]
        fn nothing_like_a_date_panics(text in "[0-9a-zA-Z:,. +\\-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
