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
        let month = match month_number(month) {
            Some(number) => number,
            None => {
                (day, month) = (month, day);
                month_number(month)?
            }
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
        .position(|month| is_word(&month))
        .or_else(|| LONG_MONTHS.iter().position(|month| is_word(&month)))?;
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
