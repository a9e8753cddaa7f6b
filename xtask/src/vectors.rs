//! `cargo xtask vectors FILE`: tokens made by real libraries, checked one by one.

use std::path::Path;

use anyhow::{Result, bail, ensure};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [file] = arguments else {
        bail!("`vectors` takes one file\n\nhint: run `cargo xtask vectors vectors/wire.jsonl`");
    };
    let report = privyseal_testkit::vectors::run(Path::new(file))?;
    print!("{report}");
    ensure!(
        report.failures().is_empty(),
        "{} vectors do not agree",
        report.failures().len()
    );
    Ok(())
}
