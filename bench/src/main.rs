//! How fast Privyseal is, beside bare cryptography and its peers, in one run: see `README.md`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

mod callgrind;
mod harness;
mod keys;
mod payloads;
mod python;
mod report;
mod requests;
mod revocation;
mod sealed;
mod signed;
mod targets;
mod values;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use privyseal::{KeyRing, SecretKey, Timestamp};

use crate::harness::{Contender, Effort};
use crate::report::Report;

fn main() -> ExitCode {
    let result = Arguments::parse(std::env::args().skip(1)).and_then(|arguments| run(&arguments));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if let Some(name) = &arguments.callgrind {
        return callgrind::run(name);
    }
    let fixture = Fixture::new()?;
    if let Some(name) = &arguments.only {
        return repeat(name, arguments.iterations, &fixture);
    }
    let mut contenders = in_process(&fixture)?;
    contenders.extend(values::contenders(&fixture)?);
    let (revocations, bytes) = revocation::contenders()?;
    contenders.extend(revocations);
    let effort = if arguments.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let measured = harness::run(&mut contenders, effort)?;
    let targets = targets::targets(&measured, bytes)?;
    let report = Report::new(&measured, targets, effort.rounds);
    if arguments.json {
        report.print_json()?;
    } else {
        report.print_table();
    }
    Ok(())
}

/// Everything but `dumps` and `loads`, which need Python, and the revocations, which take a
/// second to set up.
fn in_process(fixture: &Fixture) -> Result<Vec<Contender>> {
    let mut contenders = signed::contenders(fixture)?;
    contenders.extend(sealed::contenders(fixture)?);
    contenders.extend(keys::contenders(fixture)?);
    contenders.extend(requests::contenders(fixture)?);
    Ok(contenders)
}

fn repeat(name: &str, iterations: u64, fixture: &Fixture) -> Result<()> {
    let mut contenders = if name.starts_with(revocation::PREFIX) {
        revocation::contenders()?.0
    } else {
        in_process(fixture)?
    };
    let Some(contender) = contenders.iter_mut().find(|other| other.name == name) else {
        let names: Vec<&str> = contenders.iter().map(|other| other.name.as_str()).collect();
        bail!(
            "no operation is called `{name}`\n\nhint: one of\n{}",
            names.join("\n")
        );
    };
    let took = contender.repeat(iterations)?;
    println!("{name}: {iterations} times in {took:?}");
    Ok(())
}

/// What all contenders share.
struct Fixture {
    ring: KeyRing,
    now: Timestamp,
}

impl Fixture {
    fn new() -> Result<Self> {
        Ok(Self {
            ring: KeyRing::new(SecretKey::from_text(KEY)?),
            now: Timestamp::from_unix_seconds(1_795_000_000),
        })
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    quick: bool,
    json: bool,
    only: Option<String>,
    iterations: u64,
    callgrind: Option<String>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = Self {
            iterations: 1,
            ..Self::default()
        };
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} takes a value"))
            };
            match word.as_str() {
                "--quick" => arguments.quick = true,
                "--json" => arguments.json = true,
                "--only" => arguments.only = Some(value()?),
                "--iterations" => arguments.iterations = value()?.parse()?,
                "--callgrind" => arguments.callgrind = Some(value()?),
                _ => bail!("unknown argument `{word}`\n\nhint: {USAGE}"),
            }
        }
        Ok(arguments)
    }
}

/// The directory that this program was built into.
fn target_directory() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let directory = program.ancestors().nth(2);
    Ok(directory.context("it stands in target/release")?.to_owned())
}

const USAGE: &str =
    "[--quick] [--json] | --only NAME --iterations N | --callgrind NAME; see bench/README.md";

/// A key of 32 hexadecimal digits, as Flask's documentation tells applications to make one.
const KEY: &str = "b436ca2a091deb3401aead38c119efab";

/// cookie-rs takes 64 bytes: one half signs, the other encrypts.
const JAR_KEY: [u8; 64] = [7; 64];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        Arguments::parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn arguments_are_read() {
        let parsed = parse("--only x --iterations 7").unwrap();
        assert_eq!((parsed.only.as_deref(), parsed.iterations), (Some("x"), 7));
        assert!(parse("--quick --json").unwrap().json);
        assert!(parse("--only").is_err());
        assert!(parse("--fast").is_err());
    }
}
