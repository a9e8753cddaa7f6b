//! `cargo xtask bench`: the benchmarks are programs of their own, built as users build.

use anyhow::{Result, ensure};

use crate::process::{cargo, target_directory};
use crate::tools;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some((first, rest)) = arguments.split_first()
        && first == "stores"
    {
        return stores(rest);
    }
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

/// Ours and the peers are two programs: one can have one SQLite only, and theirs is another.
fn stores(arguments: &[String]) -> Result<()> {
    for install in [tools::redis, tools::postgres, tools::mariadb] {
        install()?;
    }
    let peers = target_directory()?.join("peers");
    let mut build = cargo(["build", "--release", "--locked", "--manifest-path"]);
    build.arg(crate::root().join("bench/stores/peers/Cargo.toml"));
    build.arg("--target-dir").arg(&peers);
    let status = build.status()?;
    ensure!(status.success(), "the peers do not build: {status}");
    let mut command = cargo([
        "run",
        "--profile=stores",
        "--locked",
        "--package=privyseal-bench-stores",
        "--",
        "--peers",
    ]);
    command.arg(peers.join("release/privyseal-bench-peers"));
    let status = command.args(arguments).status()?;
    ensure!(status.success(), "the benchmarks failed: {status}");
    Ok(())
}
