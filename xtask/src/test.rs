//! `cargo xtask test`: every test there is, on a machine that has Rust and nothing else.
//!
//! No step is left out without a word: what cannot run fails, or says that its part of the
//! repository does not exist.

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{cargo, program, quietly, target_directory};
use crate::step::step;
use crate::{fuzz, tools};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    ensure!(
        arguments.is_empty(),
        "`test` takes no arguments\n\nhint: run `cargo xtask test`"
    );
    step("tool: C++ compiler", || tools::command("g++", &["g++"]))?;
    step("tool: nginx", || tools::command("nginx", &["nginx-light"]))?;
    step("tool: Redis", tools::redis)?;
    step("tool: PostgreSQL", tools::postgres)?;
    step("tool: MariaDB", tools::mariadb)?;
    step("tool: SoftHSM", tools::softhsm)?;
    step("tool: OpenSSL", || tools::command("openssl", &["openssl"]))?;
    step("tool: Python", tools::python)?;
    step(
        "tool: Flask in its own environment",
        tools::interop_environment,
    )?;
    step("tool: moto in its own environment", tools::moto_environment)?;
    let mut passed = 0;
    step("tests", || {
        cargo_tests(&["--workspace", "--features", STORES], &mut passed)
    })?;
    step("tests of core and vectors, every feature", || {
        let packages = ["--package", "privyseal", "--package", "privyseal-testkit"];
        cargo_tests(&[&packages[..], &["--all-features"]].concat(), &mut passed)
    })?;
    for target in fuzz::targets()? {
        step(&format!("fuzz: {target}"), || {
            fuzz::search(&target, fuzz::SMOKE_SECONDS, fuzz::Chance::Fixed)
        })?;
    }
    if crate::root().join("e2e").is_dir() {
        step("tool: Chromium", || {
            tools::command("chromium", &["chromium", "fonts-liberation"])
        })?;
        step("tool: Node", || tools::command("npm", &["nodejs", "npm"]))?;
        step("tool: browser test packages", browser_packages)?;
        step("browser", browser_tests)?;
    } else {
        println!("browser: there is no e2e/ to run");
    }
    // Whatever failed has ended the run before this line.
    println!("{passed} passed, 0 failed");
    Ok(())
}

/// The features that are off by default and need no other build of what all share.
pub(crate) const STORES: &str = "privyseal-stores/all,privyseal-keys/all,\
    privyseal-session/prometheus,privyseal-cli/aws,privyseal-cli/vault";

/// All targets of the chosen crates, then the examples in their documentation; adds to `passed`.
fn cargo_tests(choice: &[&str], passed: &mut u64) -> Result<String> {
    let mut tests = cargo(["test", "--locked", "--no-fail-fast"]);
    tests.args(choice);
    tests.env("PRIVYSEAL_INTEROP_PYTHON", tools::interop_python()?);
    tests.env("PRIVYSEAL_MOTO_PYTHON", tools::moto_python()?);
    let counts = Counts::parse(&quietly(tests)?)?;
    ensure!(
        counts.ignored == 0,
        "{} tests are marked #[ignore], and a skipped test reads as a passed one\n\n\
         hint: give each what it needs, or delete it",
        counts.ignored,
    );
    *passed += counts.passed;
    Ok(format!("{} passed", counts.passed))
}

fn browser_packages() -> Result<String> {
    let mut npm = program("npm");
    npm.args(["ci", "--no-audit", "--no-fund"])
        .current_dir(crate::root().join("e2e"));
    quietly(npm).map(|_| String::new())
}

fn browser_tests() -> Result<String> {
    // The program as the tests have built it; by itself it would be built anew, with fewer features.
    quietly(cargo([
        "test",
        "--locked",
        "--no-run",
        "--workspace",
        "--features",
        STORES,
    ]))?;
    let mut npm = program("npm");
    npm.args(["test"])
        .current_dir(crate::root().join("e2e"))
        .env(
            "PRIVYSEAL_BINARY",
            target_directory()?.join("debug/privyseal"),
        )
        .env(
            "PRIVYSEAL_CHROMIUM",
            tools::find("chromium").context("no chromium on the PATH")?,
        );
    quietly(npm).map(|_| String::new())
}

/// What the `test result:` lines of a run of `cargo test` add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    ignored: u64,
}

impl Counts {
    fn parse(log: &str) -> Result<Self> {
        let mut counts = Self::default();
        for line in log
            .lines()
            .filter_map(|line| line.strip_prefix("test result: "))
        {
            counts.passed += number_before(line, "passed")?;
            counts.ignored += number_before(line, "ignored")?;
        }
        if counts.passed == 0 {
            bail!("`cargo test` ran no test at all");
        }
        Ok(counts)
    }
}

fn number_before(line: &str, word: &str) -> Result<u64> {
    let words: Vec<&str> = line
        .split([' ', ';', '.'])
        .filter(|word| !word.is_empty())
        .collect();
    let number = words.windows(2).find_map(|pair| match pair {
        [number, next] if *next == word => number.parse().ok(),
        _ => None,
    });
    number.with_context(|| format!("`cargo test` prints its totals in a new way: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "running 2 tests\n\
        test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
        test result: ok. 11 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";

    #[test]
    fn totals_are_added_up() {
        assert_eq!(
            Counts::parse(LOG).unwrap(),
            Counts {
                passed: 13,
                ignored: 1
            }
        );
    }

    #[test]
    fn a_run_without_a_test_fails() {
        assert!(Counts::parse("Finished `test` profile\n").is_err());
        let none = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured\n";
        assert!(Counts::parse(none).is_err());
    }

    #[test]
    fn totals_in_an_unknown_shape_fail() {
        assert!(Counts::parse("test result: ok. all fine\n").is_err());
    }
}
