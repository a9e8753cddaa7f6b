//! What a run must reach and would like to reach, judged by the run's own ratios.

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::harness::Measured;
use crate::keys;
use crate::requests::BARE;

/// One figure of the run with its two bars; less is better.
#[derive(Serialize)]
pub(crate) struct Target {
    pub(crate) what: &'static str,
    pub(crate) unit: Unit,
    pub(crate) figure: f64,
    pub(crate) must: f64,
    pub(crate) goal: f64,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// Times the reference.
    Ratio,
    /// Nanoseconds over bare axum.
    Nanoseconds,
    /// Allocations over bare axum.
    Allocations,
    /// Times what the peer adds to bare axum.
    Overhead,
    /// Nanoseconds of the row alone.
    NanosecondsInAll,
    /// Bytes of memory per revocation.
    Bytes,
}

pub(crate) fn targets(rows: &[Measured], bytes_per_revocation: f64) -> Result<Vec<Target>> {
    BARS.iter()
        .map(|&(what, unit, name, reference, must, goal)| {
            let (row, reference) = (find(rows, name)?, find(rows, reference)?);
            let bare = find(rows, BARE)?;
            let figure = match unit {
                Unit::Ratio => row.ratio(reference),
                Unit::Nanoseconds => row.over(reference),
                Unit::Allocations => count(row)? - count(reference)?,
                Unit::Overhead => row.over(bare) / reference.over(bare),
                Unit::NanosecondsInAll => row.median(),
                Unit::Bytes => bytes_per_revocation,
            };
            Ok(Target {
                what,
                unit,
                figure,
                must,
                goal,
            })
        })
        .collect()
}

fn find<'a>(rows: &'a [Measured], name: &str) -> Result<&'a Measured> {
    let row = rows.iter().find(|row| row.name == name);
    row.with_context(|| format!("no row is called `{name}`"))
}

fn count(row: &Measured) -> Result<f64> {
    let count = row.allocations.context("allocations are counted")?;
    Ok(f64::from(u32::try_from(count)?))
}

type Bar = (&'static str, Unit, &'static str, &'static str, f64, f64);

/// What, in which unit, of which row, compared with which row, must, goal.
#[rustfmt::skip]
const BARS: &[Bar] = &[
    ("verify 100 B, Flask", Unit::Ratio, "100B verify flask", "100B hmac-sha1", 1.45, 1.3),
    ("sign 100 B, Flask, incompressible", Unit::Ratio, "100B sign flask", "100B hmac-sha1", 1.7, 1.4),
    ("seal 100 B", Unit::Ratio, "100B seal sealed", "100B seal xaes-256-gcm", 1.4, 1.2),
    ("open 100 B", Unit::Ratio, "100B open sealed", "100B open xaes-256-gcm", 1.4, 1.2),
    ("seal 100 B, beside cookie-rs", Unit::Ratio, "100B seal sealed", "100B seal cookie-rs private", 0.75, 0.75),
    ("open 100 B, beside cookie-rs", Unit::Ratio, "100B open sealed", "100B open cookie-rs private", 0.75, 0.75),
    ("untouched request, signed", Unit::Nanoseconds, "request untouched signed", BARE, 200.0, 120.0),
    ("untouched request, signed", Unit::Allocations, "request untouched signed", BARE, 6.0, 3.0),
    ("untouched request, sealed", Unit::Nanoseconds, "request untouched sealed", BARE, 200.0, 120.0),
    ("untouched request, sealed", Unit::Allocations, "request untouched sealed", BARE, 6.0, 3.0),
    ("typed read, signed", Unit::Nanoseconds, "request read signed", BARE, 800.0, 600.0),
    ("typed write, signed", Unit::Nanoseconds, "request write signed", BARE, 1150.0, 900.0),
    ("typed read beside SignedCookieJar", Unit::Overhead, "request read signed", "request read SignedCookieJar", 0.35, 0.35),
    ("typed write beside SignedCookieJar", Unit::Overhead, "request write signed", "request write SignedCookieJar", 0.35, 0.35),
    ("key ring check", Unit::NanosecondsInAll, keys::CHECK, BARE, 20.0, 10.0),
    ("revocation check, found of 10^6", Unit::NanosecondsInAll, "revocation check hit", BARE, 100.0, 50.0),
    ("revocation check, none of 10^6", Unit::NanosecondsInAll, "revocation check miss", BARE, 100.0, 50.0),
    ("memory of a revocation, of 10^6", Unit::Bytes, "revocation check hit", BARE, 48.0, 24.0),
];
