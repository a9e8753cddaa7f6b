//! Instructions per operation, counted by Valgrind: the same in every run, on a busy machine too.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// Prints the instructions of one operation, and leaves a profile for `callgrind_annotate`.
pub(crate) fn run(name: &str) -> Result<()> {
    let directory = crate::target_directory()?;
    // The difference between the two runs is the operation alone, without the start of the program.
    let few = instructions(name, FEW, &directory.join("callgrind.few"))?;
    let profile = directory.join("callgrind.out");
    let many = instructions(name, MANY, &profile)?;
    println!("{name}: {} instructions", (many - few) / (MANY - FEW));
    println!("callgrind_annotate --inclusive=yes {}", profile.display());
    Ok(())
}

fn instructions(name: &str, iterations: u64, profile: &Path) -> Result<u64> {
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe()?)
        .args(["--only", name, "--iterations", &iterations.to_string()])
        .stdout(Stdio::null())
        .status()
        .context(
            "could not start valgrind\n\nhint: install it (Debian: `apt-get install valgrind`)",
        )?;
    ensure!(status.success(), "valgrind failed: {status}");
    let text = std::fs::read_to_string(profile)?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(totals
        .context("the profile has no totals")?
        .trim()
        .parse()?)
}

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;
