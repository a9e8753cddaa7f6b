//! The real Flask, as a child process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use serde_json::Value as Json;

use crate::child::Server;

/// `interop/flask_app.py`, running.
#[derive(Debug)]
pub struct FlaskApp {
    address: SocketAddr,
    _server: Server,
}

impl FlaskApp {
    /// Starts it with this configuration: Flask's own names (`SECRET_KEY`, ...), and `DIGEST`.
    ///
    /// # Errors
    /// When there is no Python with Flask, or it does not start.
    pub fn start(config: &Json) -> Result<Self> {
        let mut command = Command::new(python()?);
        command.arg(workspace().join("interop/flask_app.py"));
        let (server, port) = Server::start(command, &config.to_string())?;
        Ok(Self {
            address: (Ipv4Addr::LOCALHOST, port.parse()?).into(),
            _server: server,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The Python with the packages of `interop/requirements.txt`.
///
/// # Errors
/// When it is not there.
pub fn python() -> Result<PathBuf> {
    if let Some(python) = std::env::var_os("PRIVYSEAL_INTEROP_PYTHON") {
        return Ok(python.into());
    }
    let python = workspace().join("target/interop-venv/bin/python");
    if !python.exists() {
        bail!("there is no Python with Flask to test against\n\nhint: run cargo xtask test");
    }
    Ok(python)
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
