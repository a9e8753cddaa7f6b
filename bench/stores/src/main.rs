//! How fast sessions in stores are, beside those of the peers: see `README.md`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

mod field;
mod latency;
mod million;
mod numbers;
mod ours;
mod outage;
mod proxy;
mod report;
mod sweep;
mod targets;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::field::{Database, Field};
use crate::report::Report;

fn main() -> ExitCode {
    let result = Arguments::parse(std::env::args().skip(1)).and_then(|arguments| {
        if arguments.worker {
            ours::serve()
        } else {
            run(&arguments)
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let peers = arguments.peers.as_ref();
    let peers = peers.context("--peers PATH is missing\n\nhint: run `cargo xtask bench stores`")?;
    let effort = if arguments.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let mut field = Field::start(peers, &arguments.databases())?;
    let mut report = Report {
        schema_version: 1,
        rounds: effort.rounds,
        latency: Vec::new(),
        sweep: Vec::new(),
        outage: Vec::new(),
        million: Vec::new(),
        targets: Vec::new(),
    };
    if arguments.million {
        report.million = million::run(&mut field, &effort)?;
    } else {
        report.latency = latency::run(&mut field, &effort)?;
        report.sweep = sweep::run(&mut field, &effort)?;
        report.outage = outage::run(&mut field, &effort)?;
        report.targets = targets::targets(&report.latency, &report.outage);
    }
    if arguments.json {
        report.print_json()?;
    } else {
        report.print_tables();
    }
    Ok(())
}

/// How long a run takes; times are in milliseconds.
struct Effort {
    rounds: usize,
    batch: u64,
    sweep_rounds: usize,
    sweep: u64,
    /// How often each server is killed, and how many windows before and after are measured.
    outages: usize,
    windows: usize,
    /// What `--million` makes.
    sessions: usize,
}

impl Effort {
    const FULL: Self = Self {
        rounds: 25,
        batch: 60,
        sweep_rounds: 3,
        sweep: 200,
        outages: 3,
        windows: 10,
        sessions: 1_000_000,
    };
    /// Shows that everything works; its figures mean little.
    const QUICK: Self = Self {
        rounds: 3,
        batch: 20,
        sweep_rounds: 1,
        sweep: 40,
        outages: 1,
        windows: 3,
        sessions: 10_000,
    };
}

#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one switch of the command line"
)]
struct Arguments {
    quick: bool,
    json: bool,
    million: bool,
    worker: bool,
    peers: Option<PathBuf>,
    /// The databases that were asked for.
    stores: Vec<Database>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => arguments.quick = true,
                "--json" => arguments.json = true,
                "--million" => arguments.million = true,
                "--worker" => arguments.worker = true,
                "--peers" => {
                    let path = words.next().context("--peers takes a path")?;
                    arguments.peers = Some(path.into());
                }
                "--store" => {
                    let name = words.next().context("--store takes a name")?;
                    let known = Database::ALL.into_iter().find(|(known, _)| *known == name);
                    let (_, store) = known.with_context(|| format!("unknown store `{name}`"))?;
                    arguments.stores.push(store);
                }
                _ => bail!("unknown argument `{word}`\n\nhint: {USAGE}"),
            }
        }
        Ok(arguments)
    }

    /// All of them, unless some were asked for.
    fn databases(&self) -> Vec<Database> {
        if self.stores.is_empty() {
            return Database::ALL.map(|(_, database)| database).to_vec();
        }
        self.stores.clone()
    }
}

const USAGE: &str = "cargo xtask bench stores [--store sqlite|redis|postgres|mysql]... [--quick] [--json] \
     [--million]; see bench/stores/README.md";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read() {
        let parse = |line: &str| Arguments::parse(line.split_whitespace().map(Into::into));
        let parsed = parse("--quick --peers x/y").unwrap();
        assert!(parsed.quick && !parsed.million);
        assert_eq!(parsed.databases().len(), 4);
        assert_eq!(parsed.peers.unwrap(), PathBuf::from("x/y"));
        let parsed = parse("--store redis --store sqlite").unwrap();
        assert_eq!(parsed.databases(), [Database::Redis, Database::Sqlite]);
        assert!(parse("--store oracle").is_err());
        assert!(parse("--peers").is_err());
        assert!(parse("--fast").is_err());
    }
}
