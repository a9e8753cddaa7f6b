//! Requests that leave their session alone, with the server up and with the server killed.

use anyhow::Result;
use privyseal_bench_load::{Job, Kind};
use serde::Serialize;

use crate::Effort;
use crate::field::{Contender, Database, Field};
use crate::numbers::{median, ratio};

/// One of ours, and its server.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) database: Database,
    /// The 99th percentile in microseconds, the median of the windows.
    pub(crate) p99_up: f64,
    pub(crate) p99_down: f64,
    pub(crate) ratio: f64,
}

/// Other requests of the same application read their session meanwhile, and fail while it is down.
pub(crate) fn run(field: &mut Field, effort: &Effort) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for database in [Database::Redis, Database::Postgres, Database::Mysql] {
        if let Some(contender) = field.ours_on(database) {
            rows.push(of(field, contender, effort)?);
        }
    }
    Ok(rows)
}

fn of(field: &mut Field, contender: Contender, effort: &Effort) -> Result<Row> {
    let (mut up, mut down) = (Vec::new(), Vec::new());
    windows(field, contender, effort, &mut Vec::new())?;
    for _ in 0..effort.outages {
        windows(field, contender, effort, &mut up)?;
        field.server(contender.database)?.kill();
        windows(field, contender, effort, &mut down)?;
        field.server(contender.database)?.restart()?;
        // The store is found again before it is measured again.
        windows(field, contender, effort, &mut Vec::new())?;
    }
    Ok(Row {
        database: contender.database,
        p99_up: median(&up),
        p99_down: median(&down),
        ratio: ratio(&down, &up),
    })
}

fn windows(
    field: &mut Field,
    contender: Contender,
    effort: &Effort,
    p99: &mut Vec<f64>,
) -> Result<()> {
    for _ in 0..effort.windows {
        let job = Job {
            kind: Kind::Untouched,
            visitors: 1,
            millis: WINDOW,
            scattered: false,
            beside: 8,
        };
        let outcome = field.run(contender, &contender.id(), job)?;
        p99.push(f64::from(outcome.p99_ns) / 1000.0);
    }
    Ok(())
}

/// Milliseconds.
const WINDOW: u64 = 100;
