//! The real Flask, as a child process.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value as Json;

use crate::child::Server;
use crate::python::Python;

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
        let (server, address) = PYTHON.serve("flask_app.py", &config.to_string())?;
        Ok(Self {
            address,
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
    PYTHON.path()
}

const PYTHON: Python = Python {
    variable: "PRIVYSEAL_INTEROP_PYTHON",
    environment: "interop-venv",
    package: "Flask",
};
