//! What people notice of a key ring: see `README.md`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

mod reach;
mod rotation;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use privyseal_system_tests::fleet::{Fleet, FleetNode, RingKind};

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    println!(
        "| ring in | requests | rotations | not 200 | signed out | deleted | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for kind in [RingKind::Postgres, RingKind::Redis, RingKind::Sqlite] {
        rotation::run(kind, arguments)?;
    }
    println!("\n| ring in | told by | rounds | p50 ms | p99 ms | longest ms | bound ms |");
    println!("|---|---|---|---|---|---|---|");
    for kind in [
        RingKind::Postgres,
        RingKind::Redis,
        RingKind::File,
        RingKind::Sqlite,
        RingKind::MySql,
    ] {
        reach::run(kind, arguments)?;
    }
    Ok(())
}

/// What was asked for.
struct Arguments {
    binary: PathBuf,
    /// At least so many, for at least so many seconds.
    requests: u64,
    seconds: u64,
    rounds: usize,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = Self {
            binary: "target/release/privyseal".into(),
            requests: 100_000,
            seconds: 60,
            rounds: 200,
        };
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} needs a value"))
            };
            match &*word {
                "--binary" => arguments.binary = value()?.into(),
                "--requests" => arguments.requests = value()?.parse()?,
                "--seconds" => arguments.seconds = value()?.parse()?,
                "--rounds" => arguments.rounds = value()?.parse()?,
                "--quick" => {
                    (arguments.requests, arguments.seconds) = (2_000, 5);
                    arguments.rounds = 5;
                }
                _ => bail!("there is no {word}\n\nhint: see bench/ring/README.md"),
            }
        }
        if !arguments.binary.exists() {
            let binary = arguments.binary.display();
            bail!("there is no {binary}\n\nhint: cargo build --release -p privyseal-cli");
        }
        arguments.binary = arguments.binary.canonicalize()?;
        Ok(arguments)
    }

    /// Three servers on this ring, which is there.
    fn servers(&self, fleet: &Fleet, are_readers: bool) -> Result<Vec<FleetNode>> {
        let mut settings = fleet.settings();
        if are_readers {
            settings = settings.reader();
        }
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let node = FleetNode::serve(&self.binary, &settings)?;
            node.wait_until_state("fresh")?;
            nodes.push(node);
        }
        Ok(nodes)
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

fn name(kind: RingKind) -> &'static str {
    match kind {
        RingKind::File => "file",
        RingKind::Sqlite => "SQLite",
        RingKind::Postgres => "PostgreSQL",
        RingKind::MySql => "MariaDB",
        RingKind::Redis => "Redis",
    }
}
