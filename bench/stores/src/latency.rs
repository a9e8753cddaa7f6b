//! One client: how long a request takes, and how often it asks the store.

use anyhow::Result;
use privyseal_bench_load::{Job, Kind};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::Effort;
use crate::field::{BARE, CONTENDERS, Contender, Database, Field};
use crate::numbers::{Spread, as_f64, ratio};
use crate::proxy::Proxy;

/// A contender and what its requests do.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) database: Database,
    pub(crate) contender: &'static str,
    pub(crate) request: Kind,
    /// Microseconds.
    pub(crate) time: Spread,
    /// Times ours, within each round; unknown for ours.
    pub(crate) times_ours: Option<f64>,
    /// Calls of the store per request.
    pub(crate) calls: f64,
    /// Round trips to the server per request; a file has none.
    pub(crate) round_trips: Option<f64>,
    #[serde(skip)]
    rounds: Vec<f64>,
}

impl Row {
    /// How many times the other this is: the median of the ratios of the rounds.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        ratio(&self.rounds, &other.rounds)
    }
}

/// Every round gives each of them its turn, so that a machine that slows down slows them all.
pub(crate) fn run(field: &mut Field, effort: &Effort) -> Result<Vec<Row>> {
    let mut rows = counted(field)?;
    for _ in 0..effort.rounds {
        for row in &mut rows {
            let job = Job {
                millis: effort.batch,
                ..one(row.request)
            };
            let contender = contender(row.database, row.contender);
            let outcome = field.run(contender, &contender.id(), job)?;
            let took = as_f64(outcome.took_ns) / as_f64(outcome.requests);
            row.rounds.push(took / 1000.0);
        }
    }
    let ours: Vec<_> = rows.iter().map(|row| reference(&rows, row)).collect();
    for (row, ours) in rows.iter_mut().zip(ours) {
        row.time = Spread::of(&row.rounds);
        row.times_ours = ours.map(|ours| ratio(&row.rounds, &ours));
    }
    Ok(rows)
}

/// The rounds of ours on the same database, if this is somebody else.
fn reference(rows: &[Row], row: &Row) -> Option<Vec<f64>> {
    let is_ours = |other: &&Row| other.database == row.database && other.request == row.request;
    let ours = rows.iter().find(is_ours)?;
    (ours.contender != row.contender).then(|| ours.rounds.clone())
}

/// All rows, without their times: each contender is opened once more, behind a proxy.
fn counted(field: &mut Field) -> Result<Vec<Row>> {
    let runtime = Runtime::new()?;
    let mut rows = Vec::new();
    for contender in field.contenders() {
        let mut proxy = None;
        let mut name = contender.id();
        if contender.database != Database::Sqlite {
            let behind = Proxy::start(&runtime, &field.new_url(contender)?)?;
            name.push_str(", behind a proxy");
            field.open(contender, &name, behind.url())?;
            proxy = Some(behind);
        }
        for request in requests(contender) {
            let mut job = Job {
                millis: SETTLING,
                ..one(*request)
            };
            // Every connection of a pool prepares its statements once.
            field.run(
                contender,
                &name,
                Job {
                    visitors: 32,
                    ..job
                },
            )?;
            job.millis = COUNTING;
            let before = proxy.as_ref().map_or(0, Proxy::trips);
            let outcome = field.run(contender, &name, job)?;
            let trips = |proxy: &Proxy| as_f64(proxy.trips() - before);
            rows.push(Row {
                database: contender.database,
                contender: contender.name,
                request: *request,
                time: Spread::default(),
                times_ours: None,
                calls: as_f64(outcome.calls) / as_f64(outcome.requests),
                round_trips: proxy
                    .as_ref()
                    .map(trips)
                    .map(|t| t / as_f64(outcome.requests)),
                rounds: Vec::new(),
            });
        }
    }
    Ok(rows)
}

fn requests(contender: Contender) -> &'static [Kind] {
    if contender == BARE {
        return &[Kind::Read, Kind::Write];
    }
    &[Kind::Untouched, Kind::Read, Kind::Touch, Kind::Write]
}

fn contender(database: Database, name: &str) -> Contender {
    let is_it = |other: &&Contender| other.database == database && other.name == name;
    CONTENDERS.iter().find(is_it).copied().unwrap_or(BARE)
}

const fn one(kind: Kind) -> Job {
    Job {
        kind,
        visitors: 1,
        millis: 0,
        scattered: false,
        beside: 0,
    }
}

/// Milliseconds before the counting, and for it.
const SETTLING: u64 = 100;
const COUNTING: u64 = 100;
