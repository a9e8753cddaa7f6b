//! The run as a table for people and as JSON for programs.

use anyhow::Result;
use serde::Serialize;

use crate::harness::Measured;
use crate::targets::{Target, Unit};

#[derive(Serialize)]
pub(crate) struct Report {
    schema_version: u32,
    rounds: usize,
    rows: Vec<Row>,
    targets: Vec<Target>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    median_ns: f64,
    p10_ns: f64,
    p90_ns: f64,
    reference: Option<String>,
    ratio: Option<f64>,
    over_ns: Option<f64>,
    allocations: Option<u64>,
}

impl Report {
    pub(crate) fn new(measured: &[Measured], targets: Vec<Target>, rounds: usize) -> Self {
        let rows = measured.iter().map(|row| {
            let reference = row.reference.as_ref();
            let reference = measured.iter().find(|other| Some(&other.name) == reference);
            let (p10_ns, p90_ns) = row.spread();
            Row {
                name: row.name.clone(),
                median_ns: row.median(),
                p10_ns,
                p90_ns,
                reference: row.reference.clone(),
                ratio: reference.map(|reference| row.ratio(reference)),
                over_ns: reference.map(|reference| row.over(reference)),
                allocations: row.allocations,
            }
        });
        Self {
            schema_version: 1,
            rounds,
            rows: rows.collect(),
            targets,
        }
    }

    pub(crate) fn print_json(&self) -> Result<()> {
        println!("{}", serde_json::to_string_pretty(self)?);
        Ok(())
    }

    pub(crate) fn print_table(&self) {
        println!(
            "{:<36} {:>9} {:>17} {:>7} {:>9} {:>6}  reference",
            "operation", "ns", "p10-p90", "ratio", "over ns", "allocs"
        );
        for row in &self.rows {
            let spread = format!("{:.0}-{:.0}", row.p10_ns, row.p90_ns);
            let allocations = row.allocations.map(|count| count.to_string());
            println!(
                "{:<36} {:>9.0} {:>17} {:>7} {:>9} {:>6}  {}",
                row.name,
                row.median_ns,
                spread,
                or_dash(row.ratio, 2),
                or_dash(row.over_ns, 0),
                allocations.as_deref().unwrap_or("-"),
                row.reference.as_deref().unwrap_or("-"),
            );
        }
        println!(
            "\n{:<36} {:>14} {:>17} {:>17}",
            "target", "figure", "must", "goal"
        );
        for target in &self.targets {
            let verdict = |bar: f64| {
                if target.figure <= bar {
                    format!("{bar} holds")
                } else {
                    format!("{bar} misses")
                }
            };
            let figure = match target.unit {
                Unit::Ratio | Unit::Overhead => format!("{:.2} x", target.figure),
                Unit::Nanoseconds | Unit::NanosecondsInAll => format!("{:.0} ns", target.figure),
                Unit::Bytes => format!("{:.1} bytes", target.figure),
                Unit::Allocations => format!("{} allocations", target.figure),
            };
            println!(
                "{:<36} {:>14} {:>17} {:>17}",
                target.what,
                figure,
                verdict(target.must),
                verdict(target.goal)
            );
        }
    }
}

fn or_dash(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}
