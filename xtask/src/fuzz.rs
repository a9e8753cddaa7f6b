//! `cargo xtask fuzz`: coverage-guided search for crashes, on stable Rust.
//!
//! cargo-fuzz needs a nightly compiler for the address sanitizer, which code without `unsafe`
//! has little use for. Coverage alone is an LLVM pass that stable rustc passes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{cargo, output, program, quietly};
use crate::step::step;

/// How long each target runs when it is only to show that it works.
pub(crate) const SMOKE_SECONDS: u64 = 10;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let request = Request::parse(arguments)?;
    let all = targets()?;
    let chosen: Vec<String> = match request.target {
        None => all,
        Some(target) if all.contains(&target) => vec![target],
        Some(target) => {
            bail!(
                "no fuzz target is called `{target}`\n\nhint: one of {}",
                all.join(", ")
            )
        }
    };
    for target in chosen {
        step(&format!("fuzz: {target}"), || {
            search(&target, request.seconds, Chance::Fresh)
        })?;
    }
    Ok(())
}

/// The names of all targets, sorted: the files in `fuzz/fuzz_targets`.
pub(crate) fn targets() -> Result<Vec<String>> {
    let directory = fuzz_directory().join("fuzz_targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(
                path.file_stem()
                    .and_then(|stem| stem.to_str())
                    .map(str::to_owned),
            );
        }
    }
    ensure!(
        !targets.is_empty(),
        "no fuzz target in {}",
        directory.display()
    );
    targets.sort();
    Ok(targets)
}

/// Where a search gets its dice from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chance {
    /// The same ones every time, for CI: whoever broke a target sees it, and nobody else.
    Fixed,
    /// New ones every time, for whoever is looking for something new.
    Fresh,
}

/// Runs one target for `seconds`, and says what coverage it reached.
///
/// New inputs go to `fuzz/corpus/TARGET`; `fuzz/seeds/TARGET` and the dictionary
/// `fuzz/seeds/TARGET.dict`, where they exist, are where the search starts.
pub(crate) fn search(target: &str, seconds: u64, chance: Chance) -> Result<String> {
    let binary = build(target)?;
    let fuzz = fuzz_directory();
    let corpus = fuzz.join("corpus").join(target);
    let artifacts = fuzz.join("artifacts").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;

    // libFuzzer looks at its memory once a second; the shell's limit also holds in between.
    let mut command = program("sh");
    command.args([
        "-c",
        &format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$0\" \"$@\""),
    ]);
    command
        .arg(binary)
        .arg(format!("-max_total_time={seconds}"))
        .args(matches!(chance, Chance::Fixed).then_some("-seed=1"));
    command
        .args(LIMITS)
        .arg(format!("-artifact_prefix={}/", artifacts.display()));
    let dictionary = fuzz.join("seeds").join(format!("{target}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    command.arg(corpus);
    let seeds = fuzz.join("seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    let log = quietly(command).with_context(|| {
        format!(
            "`{target}` found something; the input is in {}",
            artifacts.display()
        )
    })?;
    let reached = Reached::parse(&log).with_context(|| format!("`{target}` searched blindly"))?;
    Ok(format!(
        "cov: {} in {} runs",
        reached.coverage, reached.runs
    ))
}

fn build(target: &str) -> Result<PathBuf> {
    let host = host_triple()?;
    let mut command = cargo(["build", "--release", "--locked", "--target", &host]);
    command
        .args(["--bin", target])
        .current_dir(fuzz_directory());
    instrument(&mut command);
    quietly(command)?;
    Ok(fuzz_directory()
        .join("target")
        .join(host)
        .join("release")
        .join(target))
}

/// Asks for the coverage counters that libFuzzer reads.
///
/// Naming the host as `--target` keeps build scripts and macros, which nothing links to
/// libFuzzer, free of them.
fn instrument(command: &mut Command) {
    let coverage = COVERAGE.map(|option| format!(" -Cllvm-args=-sanitizer-coverage-{option}"));
    let flags = format!("--cfg fuzzing -Cpasses=sancov-module{}", coverage.concat());
    command
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", fuzz_directory().join("target"));
}

fn host_triple() -> Result<String> {
    let mut rustc = program("rustc");
    rustc.arg("-vV");
    let text = String::from_utf8(output(rustc)?)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

fn fuzz_directory() -> PathBuf {
    crate::root().join(Path::new("fuzz"))
}

const COVERAGE: [&str; 4] = [
    "level=4",
    "inline-8bit-counters",
    "pc-table",
    "trace-compares",
];

const ADDRESS_SPACE_KIB: u64 = 4 * 1024 * 1024;

const LIMITS: [&str; 4] = [
    "-rss_limit_mb=2048",
    "-timeout=10",
    "-max_len=16384",
    "-print_final_stats=1",
];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    target: Option<String>,
    seconds: u64,
}

impl Request {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut request = Self {
            target: None,
            seconds: SMOKE_SECONDS,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--seconds" {
                let seconds = arguments.next().and_then(|number| number.parse().ok());
                // libFuzzer takes zero for "for ever".
                let seconds = seconds.filter(|seconds| *seconds > 0);
                request.seconds =
                    seconds.context("no number of seconds\n\nhint: `--seconds 60`")?;
            } else if argument.starts_with('-') || request.target.is_some() {
                bail!("unexpected `{argument}`\n\nhint: cargo xtask fuzz [TARGET] [--seconds N]");
            } else {
                request.target = Some(argument.clone());
            }
        }
        Ok(request)
    }
}

/// How far a search came, from libFuzzer's log.
#[derive(Debug, PartialEq, Eq)]
struct Reached {
    coverage: u64,
    runs: u64,
}

impl Reached {
    fn parse(log: &str) -> Result<Self> {
        let coverage = log
            .lines()
            .rev()
            .find_map(|line| number_after(line, "cov: "));
        let runs = log
            .lines()
            .find_map(|line| number_after(line, "stat::number_of_executed_units: "));
        let coverage = coverage.context("no coverage was reported: is the build instrumented?")?;
        let runs = runs.context("no number of runs was reported: did libFuzzer start?")?;
        ensure!(
            coverage > 0 && runs > 0,
            "coverage {coverage} in {runs} runs is no search"
        );
        Ok(Self { coverage, runs })
    }
}

fn number_after(line: &str, label: &str) -> Option<u64> {
    let (_, rest) = line.split_once(label)?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &[&str]) -> Result<Request> {
        Request::parse(
            &arguments
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn arguments() {
        assert_eq!(
            request(&[]).unwrap(),
            Request {
                target: None,
                seconds: SMOKE_SECONDS
            }
        );
        let json = Request {
            target: Some("json".into()),
            seconds: 1,
        };
        assert_eq!(request(&["json", "--seconds", "1"]).unwrap(), json);
        assert_eq!(request(&["--seconds", "1", "json"]).unwrap(), json);
        for wrong in [
            &["--seconds"][..],
            &["--seconds", "0"],
            &["--secs", "1"],
            &["a", "b"],
        ] {
            assert!(request(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_search_without_coverage_fails() {
        let log = "#2\tINITED cov: 12 ft: 13\n#4096\tDONE   cov: 20 ft: 20\n\
                   stat::number_of_executed_units: 4096\n";
        assert_eq!(
            Reached::parse(log).unwrap(),
            Reached {
                coverage: 20,
                runs: 4096
            }
        );
        assert!(Reached::parse(&log.replace("cov: 12 ", "").replace("cov: 20 ", "")).is_err());
        assert!(Reached::parse(&log.replace("cov: 20", "cov: 0")).is_err());
        assert!(Reached::parse("#4096\tDONE cov: 20\n").is_err());
    }
}
