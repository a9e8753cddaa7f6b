//! The run as tables for people and as JSON for programs.

use anyhow::Result;
use serde::Serialize;

use crate::targets::Target;
use crate::{latency, million, outage, sweep};

#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    pub(crate) rounds: usize,
    pub(crate) latency: Vec<latency::Row>,
    pub(crate) sweep: Vec<sweep::Row>,
    pub(crate) outage: Vec<outage::Row>,
    pub(crate) million: Vec<million::Row>,
    pub(crate) targets: Vec<Target>,
}

impl Report {
    pub(crate) fn print_json(&self) -> Result<()> {
        println!("{}", serde_json::to_string_pretty(self)?);
        Ok(())
    }

    pub(crate) fn print_tables(&self) {
        if !self.latency.is_empty() {
            self.print_latency();
            self.print_sweep();
            self.print_outage();
            self.print_targets();
        }
        self.print_million();
    }

    fn print_latency(&self) {
        println!(
            "{:<9} {:<24} {:<10} {:>8} {:>15} {:>7} {:>6} {:>6}",
            "store", "sessions by", "request", "us", "p10-p90", "x ours", "calls", "trips"
        );
        for row in &self.latency {
            println!(
                "{:<9} {:<24} {:<10} {:>8.1} {:>15} {:>7} {:>6.2} {:>6}",
                word(row.database),
                row.contender,
                word(row.request),
                row.time.median,
                format!("{:.1}-{:.1}", row.time.p10, row.time.p90),
                or_dash(row.times_ours),
                row.calls,
                or_dash(row.round_trips),
            );
        }
    }

    fn print_sweep(&self) {
        println!(
            "\n{:<9} {:<24} {:<8} {:>7} {:>11} {:>9} {:>9}",
            "store", "sessions by", "request", "clients", "requests/s", "p50 us", "p99 us"
        );
        for row in &self.sweep {
            println!(
                "{:<9} {:<24} {:<8} {:>7} {:>11.0} {:>9.1} {:>9.1}",
                word(row.database),
                row.contender,
                word(row.request),
                row.clients,
                row.requests_per_second,
                row.p50,
                row.p99,
            );
        }
    }

    fn print_outage(&self) {
        println!(
            "\n{:<9} {:>22} {:>22} {:>6}",
            "store", "untouched p99 us, up", "server killed", "ratio"
        );
        for row in &self.outage {
            println!(
                "{:<9} {:>22.2} {:>22.2} {:>6.2}",
                word(row.database),
                row.p99_up,
                row.p99_down,
                row.ratio
            );
        }
    }

    fn print_million(&self) {
        for row in &self.million {
            println!(
                "\n{}: {} sessions made in {:.0} s, {:.0} bytes each; a read at random takes \
                 {:.1} us (p50) and {:.1} us (p99); with few sessions {:.1} and {:.1} us",
                word(row.database),
                row.sessions,
                row.filling,
                row.bytes_per_session,
                row.read_p50,
                row.read_p99,
                row.one_p50,
                row.one_p99,
            );
        }
    }

    fn print_targets(&self) {
        println!(
            "\n{:<58} {:>7} {:>12} {:>12}",
            "target", "figure", "must", "goal"
        );
        for target in &self.targets {
            let verdict = |bar: Option<f64>| match bar {
                Some(bar) if target.figure <= bar + ROUNDING => format!("{bar:.2} holds"),
                Some(bar) => format!("{bar:.2} misses"),
                None => "-".to_owned(),
            };
            println!(
                "{:<58} {:>7.2} {:>12} {:>12}",
                target.what,
                target.figure,
                verdict(target.must),
                verdict(target.goal)
            );
        }
    }
}

fn word(value: impl std::fmt::Debug) -> String {
    format!("{value:?}").to_lowercase()
}

fn or_dash(figure: Option<f64>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.2}"))
}

/// A request at the end of a job may be counted on one side of it only.
const ROUNDING: f64 = 0.005;
