//! `cargo xtask bench`: the benchmarks are a program of their own, built as users build.

use anyhow::{Result, ensure};

use crate::process::cargo;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut command = cargo([
        "run",
        "--release",
        "--locked",
        "--package",
        "privyseal-bench",
        "--",
    ]);
    let status = command.args(arguments).status()?;
    ensure!(status.success(), "the benchmarks failed: {status}");
    Ok(())
}
