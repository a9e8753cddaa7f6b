//! `cargo xtask ci`: everything CI does, cheapest first.

use anyhow::{Result, ensure};

use crate::process::{cargo, quietly};
use crate::step::step;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    ensure!(
        arguments.is_empty(),
        "`ci` takes no arguments\n\nhint: run `cargo xtask ci`"
    );
    step("format", || {
        quietly(cargo(["fmt", "--all", "--check"])).map(|_| String::new())
    })?;
    step("tidy", || {
        crate::tidy::run(&[])?;
        Ok(String::new())
    })?;
    step("clippy", || {
        // Nothing here runs the tests that need a server of one's own; they break unseen otherwise.
        let features = format!("{},privyseal-vault/live", crate::test::STORES);
        let clippy = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            &features,
            "--locked",
            "--",
            "-D",
            "warnings",
        ];
        quietly(cargo(clippy)).map(|_| String::new())
    })?;
    // A workspace of its own, which breaks unseen otherwise.
    step("clippy of the benchmark's peers", || {
        let mut clippy = cargo(["clippy", "--locked", "--manifest-path"]);
        clippy.arg(crate::bench::peers_manifest());
        clippy
            .arg("--target-dir")
            .arg(crate::bench::peers_target()?);
        clippy.args(["--", "-D", "warnings"]);
        quietly(clippy).map(|_| String::new())
    })?;
    step("documentation", || {
        let mut doc = cargo(["doc", "--workspace", "--no-deps", "--locked", "--features"]);
        doc.arg(crate::test::STORES);
        doc.env("RUSTDOCFLAGS", "-Dwarnings");
        quietly(doc).map(|_| String::new())
    })?;
    crate::test::run(&[])
}
