//! Tokens made by real libraries, run through one check.
//!
//! A file of vectors has one JSON object a line; `vectors/README.md` describes the fields.

mod flask;
mod flow;
mod itsdangerous;
mod line;
mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use line::Line;

/// What became of a file of vectors.
#[derive(Debug, Default)]
pub struct Report {
    systems: BTreeMap<String, Totals>,
    failures: Vec<String>,
}

/// How the lines of one system fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// We do what the real library did.
    pub agreed: usize,
    /// We do not.
    pub failed: usize,
    /// There is no implementation of this system yet.
    pub unsupported: usize,
}

impl Report {
    /// The totals of a system.
    pub fn totals(&self, system: &str) -> Totals {
        self.systems.get(system).copied().unwrap_or_default()
    }

    /// One line for each vector that failed.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "FAIL {failure}")?;
        }
        for (system, totals) in &self.systems {
            let Totals {
                agreed,
                failed,
                unsupported,
            } = totals;
            writeln!(
                f,
                "{system:<22} {agreed:>4} agree {failed:>4} fail {unsupported:>4} unsupported"
            )?;
        }
        Ok(())
    }
}

/// Checks every line of a file.
///
/// # Errors
/// When the file cannot be read, is empty, or a line is not a vector; what a vector shows to be
/// wrong is in the report instead.
pub fn run(path: &Path) -> Result<Report> {
    let file = File::open(path).with_context(|| format!("could not open {}", path.display()))?;
    let mut report = Report::default();
    for (number, text) in BufReader::new(file).lines().enumerate() {
        let place = || format!("{}:{}", path.display(), number + 1);
        let text = text.with_context(place)?;
        if !text.trim().is_empty() {
            check(&Line::parse(&text).with_context(place)?, &mut report).with_context(place)?;
        }
    }
    if report.systems.is_empty() {
        bail!("{} holds no vectors", path.display());
    }
    Ok(report)
}

fn check(line: &Line, report: &mut Report) -> Result<()> {
    let system = line.text("system")?;
    let outcome = match (system, line.text("op")?) {
        ("itsdangerous", "verify") => Some(itsdangerous::check(line)),
        ("flask", "verify") => Some(flask::check(line)),
        ("flask", "flow") => Some(flow::check(line)),
        _ => None,
    };
    let totals = report.systems.entry(system.to_owned()).or_default();
    match outcome {
        None => totals.unsupported += 1,
        Some(Ok(())) => totals.agreed += 1,
        Some(Err(error)) => {
            totals.failed += 1;
            let reason: String = format!("{error:#}").chars().take(MAX_REASON_LEN).collect();
            let (id, case) = (line.text("id")?, line.text("case")?);
            report
                .failures
                .push(format!("{system} {id} {case}: {reason}"));
        }
    }
    Ok(())
}

/// Some tokens are a megabyte long, and so would be what is said of them.
const MAX_REASON_LEN: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Report {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/wire.jsonl");
        run(&file).unwrap()
    }

    #[test]
    fn all_vectors_of_itsdangerous_and_flask_agree() {
        let report = vectors();
        assert_eq!(report.failures(), &[] as &[String]);
        assert_eq!(report.totals("itsdangerous").agreed, 165);
        assert_eq!(report.totals("flask").agreed, 190);
    }

    #[test]
    fn what_is_not_supported_is_not_passed() {
        let django = vectors().totals("django");
        assert_eq!(
            django,
            Totals {
                agreed: 0,
                failed: 0,
                unsupported: 40
            }
        );
    }

    #[test]
    fn a_wrong_expectation_fails() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/wire.jsonl");
        let text = std::fs::read_to_string(file).unwrap();
        let mut report = Report::default();
        let mut changed = 0;
        for line in text
            .lines()
            .filter(|line| line.contains("\"op\": \"verify\""))
        {
            let wrong = match line {
                line if line.contains("\"expect\": \"ok\"") => {
                    line.replace("\"expect\": \"ok\"", "\"expect\": \"expired\"")
                }
                line => line.replace("\"expect\": \"bad_signature\"", "\"expect\": \"ok\""),
            };
            if wrong != line {
                let wrong = Line::parse(&wrong).unwrap();
                let supported = ["flask", "itsdangerous"].contains(&wrong.text("system").unwrap());
                changed += usize::from(supported);
                check(&wrong, &mut report).unwrap();
            }
        }
        assert!(changed > 200, "{changed}");
        assert_eq!(report.failures().len(), changed);
    }
}
