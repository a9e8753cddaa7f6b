//! Lengths of time and points in time, as people write and read them.

use std::fmt;
use std::str::FromStr;

use privyseal::Timestamp;
use privyseal::value::DateTime;

/// A length of time in whole seconds: `90s`, `5m`, `1h30m`, `31d`, `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) u64);

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "0" {
            return Ok(Self(0));
        }
        let mut rest = text;
        let mut seconds = 0_u64;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(FORM)?;
            let (number, unit) = rest.split_at(end);
            let number: u64 = number.parse().map_err(|_| FORM)?;
            let (name, after) = unit.split_at_checked(1).ok_or(FORM)?;
            let (_, length) = UNITS.iter().find(|(unit, _)| *unit == name).ok_or(FORM)?;
            let part = number.checked_mul(*length).ok_or(FORM)?;
            seconds = seconds.checked_add(part).ok_or(FORM)?;
            rest = after;
        }
        if text.is_empty() {
            return Err(FORM);
        }
        Ok(Self(seconds))
    }
}

impl fmt::Display for Span {
    /// The two largest units: `31 d`, `1 h 30 m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut shown = 0;
        for (unit, length) in UNITS.iter().skip(1) {
            let count = rest / length;
            if shown > 0 && count == 0 {
                break;
            }
            if count > 0 && shown < 2 {
                let gap = if shown > 0 { " " } else { "" };
                write!(f, "{gap}{count} {unit}")?;
                shown += 1;
                rest %= length;
            }
        }
        if shown == 0 {
            f.write_str("0 s")
        } else {
            Ok(())
        }
    }
}

/// When something ends: after a length of time, or at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    After(Span),
    At(Timestamp),
}

impl When {
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::After(Span(seconds)) => now.plus_seconds(seconds),
            Self::At(time) => time,
        }
    }
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(span) = text.parse() {
            return Ok(Self::After(span));
        }
        let time = parse_rfc3339(text).and_then(|time| u64::try_from(time.unix_seconds()).ok());
        time.map(|seconds| Self::At(Timestamp::from_unix_seconds(seconds)))
            .ok_or("write a length of time such as 31d, or a time such as 2027-01-31T00:00:00Z")
    }
}

/// `2027-01-31` or `2027-01-31T12:30:00Z`.
fn parse_rfc3339(text: &str) -> Option<DateTime> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    DateTime::from_utc(three(date, '-')?, three(time, ':')?)
}

fn three(text: &str, separator: char) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(separator).map(|part| {
        let is_number = part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    });
    let three = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(three)
}

const UNITS: [(&str, u64); 5] = [
    ("w", 604_800),
    ("d", 86_400),
    ("h", 3600),
    ("m", 60),
    ("s", 1),
];

const FORM: &str = "write a length of time such as 90s, 5m, 1h30m or 31d";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("0", 0, "0 s"),
            ("0s", 0, "0 s"),
            ("90s", 90, "1 m 30 s"),
            ("1h", 3600, "1 h"),
            ("1h30m", 5400, "1 h 30 m"),
            ("31d", 2_678_400, "31 d"),
            ("2w", 1_209_600, "14 d"),
            ("1d1s", 86_401, "1 d"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(
                (span.0, span.to_string().as_str()),
                (seconds, shown),
                "{text}"
            );
        }
        for text in [
            "",
            "1",
            "h",
            "1x",
            "-1h",
            "1h 2m",
            "1.5h",
            "99999999999999999999d",
            "9\u{e9}",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_end_is_a_length_of_time_or_a_time() {
        let now = Timestamp::from_unix_seconds(1_700_000_000);
        for (text, seconds) in [
            ("1h", 1_700_003_600),
            ("2023-11-14T22:13:21Z", 1_700_000_001),
            ("2023-11-15", 1_700_006_400),
        ] {
            let when: When = text.parse().unwrap();
            assert_eq!(
                when.from(now),
                Timestamp::from_unix_seconds(seconds),
                "{text}"
            );
        }
        for text in [
            "",
            "tomorrow",
            "2023-13-01",
            "2023-11-14T22:13:21",
            "1969-01-01",
            "1-2-3-4",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
