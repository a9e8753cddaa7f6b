//! Many clients at once, from one to 256.

use anyhow::Result;
use privyseal_bench_load::{Job, Kind};
use serde::Serialize;

use crate::Effort;
use crate::field::{BARE, Database, Field};
use crate::numbers::{as_f64, median};

/// So many clients of one contender.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) database: Database,
    pub(crate) contender: &'static str,
    pub(crate) request: Kind,
    pub(crate) clients: usize,
    pub(crate) requests_per_second: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

pub(crate) fn run(field: &mut Field, effort: &Effort) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for clients in [1, 4, 16, 64, 256] {
        for kind in [Kind::Read, Kind::Write] {
            rows.extend(of(field, effort, clients, kind)?);
        }
    }
    Ok(rows)
}

fn of(field: &mut Field, effort: &Effort, clients: usize, request: Kind) -> Result<Vec<Row>> {
    let mut measured: Vec<_> = field
        .contenders()
        .into_iter()
        .filter(|contender| *contender != BARE)
        .map(|contender| (contender, Vec::new()))
        .collect();
    let job = Job {
        kind: request,
        visitors: clients,
        millis: effort.sweep,
        scattered: false,
        beside: 0,
    };
    for contender in &measured {
        field.fill(contender.0, clients)?;
    }
    for _ in 0..effort.sweep_rounds {
        for (contender, outcomes) in &mut measured {
            outcomes.push(field.run(*contender, &contender.id(), job)?);
        }
    }
    let rows = measured.into_iter().map(|(contender, outcomes)| {
        let of = |figure: fn(&privyseal_bench_load::Outcome) -> f64| {
            median(&outcomes.iter().map(figure).collect::<Vec<_>>())
        };
        Row {
            database: contender.database,
            contender: contender.name,
            request,
            clients,
            requests_per_second: of(|each| as_f64(each.requests) * 1e9 / as_f64(each.took_ns)),
            p50: of(|each| f64::from(each.p50_ns) / 1000.0),
            p99: of(|each| f64::from(each.p99_ns) / 1000.0),
        }
    });
    Ok(rows.collect())
}
