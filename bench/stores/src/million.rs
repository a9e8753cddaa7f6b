//! A million live sessions.

use std::path::Path;

use anyhow::{Context as _, Result};
use privyseal_bench_load::{Job, Kind};
use serde::Serialize;

use crate::Effort;
use crate::field::{Contender, Database, Field};
use crate::numbers::as_f64;

/// A database with that many sessions.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) database: Database,
    pub(crate) sessions: usize,
    pub(crate) bytes_per_session: f64,
    /// Seconds that it took to make them.
    pub(crate) filling: f64,
    /// Microseconds of a request that reads one of them at random.
    pub(crate) read_p50: f64,
    pub(crate) read_p99: f64,
    /// The same with a single session in the database.
    pub(crate) one_p50: f64,
    pub(crate) one_p99: f64,
}

pub(crate) fn run(field: &mut Field, effort: &Effort) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for database in [Database::Sqlite, Database::Redis] {
        if let Some(contender) = field.ours_on(database) {
            rows.push(of(field, contender, effort.sessions)?);
        }
    }
    Ok(rows)
}

fn of(field: &mut Field, contender: Contender, sessions: usize) -> Result<Row> {
    let url = field.new_url(contender)?;
    let mut job = Job {
        kind: Kind::Read,
        visitors: 1,
        millis: 2_000,
        scattered: false,
        beside: 0,
    };
    let one = field.run(contender, &contender.id(), job)?;
    let before = bytes(contender.database, &url)?;
    let began = std::time::Instant::now();
    field.fill(contender, sessions)?;
    let filling = began.elapsed().as_secs_f64();
    let after = bytes(contender.database, &url)?;
    job.scattered = true;
    field.run(
        contender,
        &contender.id(),
        Job {
            millis: 1_000,
            ..job
        },
    )?;
    let many = field.run(contender, &contender.id(), job)?;
    let microseconds = |nanoseconds: u32| f64::from(nanoseconds) / 1000.0;
    Ok(Row {
        database: contender.database,
        sessions,
        bytes_per_session: as_f64(after.saturating_sub(before)) / as_f64(sessions as u64),
        filling,
        read_p50: microseconds(many.p50_ns),
        read_p99: microseconds(many.p99_ns),
        one_p50: microseconds(one.p50_ns),
        one_p99: microseconds(one.p99_ns),
    })
}

/// What the database takes: its file, or the memory of its server.
fn bytes(database: Database, url: &str) -> Result<u64> {
    if database == Database::Sqlite {
        return Ok(Path::new(url).metadata()?.len());
    }
    let mut connection = redis::Client::open(url)?.get_connection()?;
    let info: String = redis::cmd("INFO").arg("memory").query(&mut connection)?;
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    Ok(used
        .context("the server says what it uses")?
        .trim()
        .parse()?)
}
