//! The services of AWS as moto has them, as a child process.

use std::net::SocketAddr;

use anyhow::Result;

use crate::child::Server;
use crate::python::Python;

/// `interop/moto_app.py`, running: what it knows is gone with it.
#[derive(Debug)]
pub struct MotoApp {
    address: SocketAddr,
    _server: Server,
}

impl MotoApp {
    /// Starts it, with nothing in it.
    ///
    /// # Errors
    /// When there is no Python with moto, or it does not start.
    pub fn start() -> Result<Self> {
        let (server, address) = PYTHON.serve("moto_app.py", "")?;
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

const PYTHON: Python = Python {
    variable: "PRIVYSEAL_MOTO_PYTHON",
    environment: "moto-venv",
    package: "moto",
};
