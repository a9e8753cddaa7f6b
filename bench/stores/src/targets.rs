//! What a run must reach and would like to reach, judged by the run's own ratios.

use privyseal_bench_load::Kind;
use serde::Serialize;

use crate::field::Database::{self, Mysql, Postgres, Redis, Sqlite};
use crate::latency::Row;
use crate::outage;

/// One figure of the run with its bars; less is better.
#[derive(Serialize)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) figure: f64,
    pub(crate) must: Option<f64>,
    pub(crate) goal: Option<f64>,
}

pub(crate) fn targets(rows: &[Row], outages: &[outage::Row]) -> Vec<Target> {
    let mut targets: Vec<_> = BARS.iter().filter_map(|bar| bar.judge(rows)).collect();
    targets.extend(round_trips(rows));
    targets.extend(outages.iter().map(|row| Target {
        what: format!("{:?} down, p99 of untouched requests", row.database),
        figure: row.ratio,
        must: Some(1.2),
        goal: None,
    }));
    targets
}

/// The time of one request beside that of another.
struct Bar {
    database: Database,
    request: Kind,
    ours: &'static str,
    theirs: &'static str,
    must: Option<f64>,
    goal: Option<f64>,
}

impl Bar {
    fn judge(&self, rows: &[Row]) -> Option<Target> {
        let find = |contender: &str| {
            rows.iter().find(|row| {
                row.database == self.database
                    && row.request == self.request
                    && row.contender == contender
            })
        };
        Some(Target {
            what: format!(
                "{:?} {:?}, {} beside {}",
                self.database, self.request, self.ours, self.theirs
            ),
            figure: find(self.ours)?.ratio(find(self.theirs)?),
            must: self.must,
            goal: self.goal,
        })
    }
}

/// Round trips of ours, which are calls where the store is a file: at most these, and never more
/// than a peer's.
fn round_trips(rows: &[Row]) -> Vec<Target> {
    let trips = |row: &Row| row.round_trips.unwrap_or(row.calls);
    let ours = rows.iter().filter(|row| row.contender == "privyseal");
    let targets = ours.map(|row| {
        let peers = rows.iter().filter(|other| {
            other.database == row.database
                && other.request == row.request
                && other.contender.contains("-session")
        });
        let allowed = match row.request {
            Kind::Untouched => 0.0,
            Kind::Read => 1.0,
            Kind::Touch | Kind::Write => 2.0,
        };
        let must = peers.map(trips).fold(allowed, f64::min);
        Target {
            what: format!("{:?} {:?}, round trips", row.database, row.request),
            figure: trips(row),
            must: Some(must),
            goal: None,
        }
    });
    targets.collect()
}

const fn bar(
    database: Database,
    request: Kind,
    ours: &'static str,
    theirs: &'static str,
    must: Option<f64>,
    goal: Option<f64>,
) -> Bar {
    Bar {
        database,
        request,
        ours,
        theirs,
        must,
        goal,
    }
}

#[rustfmt::skip]
const BARS: &[Bar] = &[
    bar(Sqlite, Kind::Read, "privyseal", "tower-sessions, WAL", Some(0.5), Some(0.25)),
    bar(Sqlite, Kind::Touch, "privyseal", "tower-sessions, WAL", Some(1.0), None),
    bar(Sqlite, Kind::Write, "privyseal", "tower-sessions, WAL", Some(0.5), Some(0.25)),
    bar(Redis, Kind::Read, "privyseal", "tower-sessions", Some(1.0), None),
    bar(Redis, Kind::Touch, "privyseal", "tower-sessions", Some(1.0), None),
    bar(Redis, Kind::Write, "privyseal", "tower-sessions", Some(1.0), None),
    bar(Redis, Kind::Read, "privyseal, actix", "actix-session", Some(1.0), None),
    bar(Redis, Kind::Touch, "privyseal, actix", "actix-session", Some(1.0), None),
    bar(Redis, Kind::Write, "privyseal, actix", "actix-session", Some(1.0), None),
    bar(Redis, Kind::Read, "privyseal", "bare client", None, Some(1.15)),
    bar(Redis, Kind::Write, "privyseal", "bare client", None, Some(1.15)),
    bar(Postgres, Kind::Read, "privyseal", "tower-sessions", Some(0.7), Some(0.5)),
    bar(Postgres, Kind::Touch, "privyseal", "tower-sessions", Some(1.0), None),
    bar(Postgres, Kind::Write, "privyseal", "tower-sessions", Some(0.7), Some(0.5)),
    bar(Mysql, Kind::Read, "privyseal", "tower-sessions", Some(1.0), None),
    bar(Mysql, Kind::Touch, "privyseal", "tower-sessions", Some(1.0), None),
    bar(Mysql, Kind::Write, "privyseal", "tower-sessions", Some(1.0), None),
];
