//! `cargo xtask bench`: the benchmarks are programs of their own, built as users build.

use std::path::PathBuf;

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
    let peers = peers_target()?;
    let mut build = cargo(["build", "--release", "--locked", "--manifest-path"]);
    build.arg(peers_manifest()).arg("--target-dir").arg(&peers);
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

/// The peers are a workspace of their own.
pub(crate) fn peers_manifest() -> PathBuf {
    crate::root().join("bench/stores/peers/Cargo.toml")
}

/// Where they are built.
pub(crate) fn peers_target() -> Result<PathBuf> {
    Ok(target_directory()?.join("peers"))
}
