//! The real Redis, alone or as a cluster of three.

mod cluster;
mod process;
mod tls;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

pub use cluster::RedisCluster;
use process::Process;

/// A Redis server with data of its own, gone when this is dropped.
///
/// It keeps an append-only file and syncs it before it answers, so that whatever was acknowledged
/// is there again after [`kill`](Self::kill) and [`restart`](Self::restart).
#[derive(Debug)]
pub struct RedisServer {
    directory: TempDir,
    port: u16,
    scheme: &'static str,
    process: Option<Process>,
}

impl RedisServer {
    /// Starts one on a free port of the loopback interface, and on a socket.
    ///
    /// # Errors
    /// When there is no `redis-server`, or it does not start.
    pub fn start() -> Result<Self> {
        Self::start_with("")
    }

    /// Starts one with more lines for its configuration: `requirepass`, `user`, `maxmemory`, ...
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(configuration: &str) -> Result<Self> {
        let server = Self::prepare("redis")?;
        let listen = format!("port {}", server.port);
        server.launch(&format!("{listen}\n{configuration}"))
    }

    /// Starts one that speaks TLS only; its certificate is from [`ca_file`](Self::ca_file).
    ///
    /// # Errors
    /// As [`start`](Self::start), and when there is no `openssl`.
    pub fn start_tls() -> Result<Self> {
        let server = Self::prepare("rediss")?;
        tls::make_certificates(server.directory.path())?;
        let files = "tls-cert-file server.pem\ntls-key-file server.key\ntls-ca-cert-file ca.pem";
        let listen = format!("port 0\ntls-port {}\ntls-auth-clients no", server.port);
        server.launch(&format!("{listen}\n{files}"))
    }

    /// One that all tests of a program share; nobody may stop it.
    ///
    /// # Panics
    /// When it does not start, with the reason.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RedisServer> = OnceLock::new();
        SHARED.get_or_init(|| match Self::start() {
            Ok(server) => server,
            Err(error) => panic!("{error:#}"),
        })
    }

    fn prepare(scheme: &'static str) -> Result<Self> {
        Ok(Self {
            directory: tempfile::Builder::new().prefix("redis").tempdir()?,
            port: free_port()?,
            scheme,
            process: None,
        })
    }

    fn launch(mut self, configuration: &str) -> Result<Self> {
        let directory = self.directory.path().display();
        let lines = format!(
            "bind 127.0.0.1\ndir {directory}\nunixsocket {directory}/redis.sock\nsave \"\"\n\
             appendonly yes\nappendfsync always\n{configuration}\n"
        );
        std::fs::write(self.configuration(), lines)?;
        self.restart()?;
        Ok(self)
    }

    fn configuration(&self) -> PathBuf {
        self.directory.path().join("redis.conf")
    }

    /// Where it listens, as a URL without credentials.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// The URL of its socket.
    pub fn socket_url(&self) -> String {
        let socket = self.directory.path().join("redis.sock");
        format!("redis+unix://{}", socket.display())
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that its certificate is from, in PEM; of
    /// [`start_tls`](Self::start_tls).
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Ends it at once, as a loss of power would (SIGKILL).
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::terminate)
    }

    /// Starts it on the same port with the data it left; a running one is killed first.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        self.process = Some(Process::start(&self.configuration())?);
        Ok(())
    }

    /// Suspends it (SIGSTOP): connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.process.as_ref().context("it runs")?.signal("STOP")
    }

    /// Ends [`freeze`](Self::freeze).
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self) -> Result<()> {
        self.process.as_ref().context("it runs")?.signal("CONT")
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
