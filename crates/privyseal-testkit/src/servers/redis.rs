//! The real Redis, alone or as a cluster of three.

mod cluster;

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};

use super::Restart;
use super::instance::{self, Directory};
use super::port::Port;
use super::process::Process;

pub use cluster::RedisCluster;

/// A Redis server with data of its own, gone when this is dropped.
///
/// It keeps an append-only file and syncs it before it answers, so that whatever was acknowledged
/// is there again after [`kill`](Restart::kill) and [`restart`](Restart::restart).
#[derive(Debug)]
pub struct RedisServer {
    directory: Directory,
    port: Port,
    program: PathBuf,
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
        let listen = format!("port {}", server.port.number());
        server.launch(&format!("{listen}\n{configuration}"))
    }

    /// Starts one that speaks TLS only; its certificate is from [`authority`](Self::authority).
    ///
    /// # Errors
    /// As [`start`](Self::start), and when there is no `openssl`.
    pub fn start_tls() -> Result<Self> {
        let server = Self::prepare("rediss")?;
        instance::make_certificates(None, server.directory.path())?;
        let files = "tls-cert-file server.pem\ntls-key-file server.key\ntls-ca-cert-file ca.pem";
        let listen = format!(
            "port 0\ntls-port {}\ntls-auth-clients no",
            server.port.number()
        );
        server.launch(&format!("{listen}\n{files}"))
    }

    /// One that all tests of a program share; nobody may stop it.
    ///
    /// # Panics
    /// When it does not start, with the reason.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RedisServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{error:#}")))
    }

    fn prepare(scheme: &'static str) -> Result<Self> {
        Ok(Self {
            directory: Directory::new("psl-redis-")?,
            port: Port::claim()?,
            program: instance::program(&["/usr/bin/redis-server"], "redis-server")?,
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
        format!("{}://127.0.0.1:{}", self.scheme, self.port.number())
    }

    /// The URL of its socket.
    pub fn socket_url(&self) -> String {
        let socket = self.directory.path().join("redis.sock");
        format!("redis+unix://{}", socket.display())
    }

    /// The file with the certificate that it is to be trusted by.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Suspends it (SIGSTOP): connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.process.as_ref().context("it runs")?.signal("STOP");
        Ok(())
    }

    /// Ends [`freeze`](Self::freeze).
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self) -> Result<()> {
        self.process.as_ref().context("it runs")?.signal("CONT");
        Ok(())
    }
}

impl Restart for RedisServer {
    fn kill(&mut self) {
        self.process = None;
    }

    fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end("TERM");
        }
    }

    fn restart(&mut self) -> Result<()> {
        self.stop();
        let mut command = instance::command(None, &self.program, Some("KILL"))?;
        command.arg(self.configuration());
        // The certificates are named by their files alone.
        command.current_dir(self.directory.path());
        let log = self.directory.path().join("log");
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        let ready = || said().contains("eady to accept connections");
        self.process = Some(Process::start(command, &log, ready)?);
        Ok(())
    }
}
