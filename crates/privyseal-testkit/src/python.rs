//! Programs of `interop/`, each under a Python with the packages that it needs.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::child::Server;

/// A Python with certain packages.
pub(crate) struct Python {
    /// The variable that names it.
    pub(crate) variable: &'static str,
    /// Where it is otherwise, in `target/`.
    pub(crate) environment: &'static str,
    /// What it is for.
    pub(crate) package: &'static str,
}

impl Python {
    pub(crate) fn path(&self) -> Result<PathBuf> {
        if let Some(python) = std::env::var_os(self.variable) {
            return Ok(python.into());
        }
        let target = workspace().join("target");
        let python = target.join(self.environment).join("bin/python");
        if !python.exists() {
            let package = self.package;
            bail!(
                "there is no Python with {package} to test against\n\nhint: run cargo xtask test"
            );
        }
        Ok(python)
    }

    /// Starts a program that prints its port when it is ready.
    pub(crate) fn serve(&self, script: &str, input: &str) -> Result<(Server, SocketAddr)> {
        let mut command = Command::new(self.path()?);
        command.arg(workspace().join("interop").join(script));
        let (server, port) = Server::start(command, input)?;
        Ok((server, (Ipv4Addr::LOCALHOST, port.parse()?).into()))
    }
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
