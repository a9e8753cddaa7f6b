//! PostgreSQL.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::instance::{self, Directory};

/// A PostgreSQL server with its own data, on loopback and on a Unix socket; ends with us.
///
/// Commits are written through to the operating system, so that killing the server loses none. They
/// are not forced to the disk: no test pulls the plug.
#[derive(Debug)]
pub struct PostgresServer {
    directory: Directory,
    port: u16,
    programs: PathBuf,
    databases: AtomicU32,
    tls: bool,
    child: Option<Child>,
}

impl PostgresServer {
    /// Starts one, which takes about three seconds.
    ///
    /// # Errors
    /// When it is not installed or does not get ready.
    pub fn start() -> Result<Self> {
        Self::start_with(false)
    }

    /// Starts one that speaks TLS to those who ask for it, with a certificate by
    /// [`authority`](Self::authority).
    ///
    /// # Errors
    /// As [`start`](Self::start), and when there is no `openssl`.
    pub fn start_tls() -> Result<Self> {
        Self::start_with(true)
    }

    fn start_with(tls: bool) -> Result<Self> {
        let versions: Vec<String> = (13..=20)
            .rev()
            .map(|version| format!("/usr/lib/postgresql/{version}/bin/initdb"))
            .collect();
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        let initdb = instance::program(&versions, "postgresql")?;
        let directory = Directory::new("psl-pg-")?;
        let data = directory.path().join("data");
        let user = "postgres";
        let mut make = instance::command_as(user, Path::new("mkdir"), None)?;
        instance::run(make.arg("-m700").arg(&data))?;
        let mut initialise = instance::command_as(user, &initdb, None)?;
        initialise.arg("-D").arg(&data);
        initialise.args(["-A", "trust", "-U", user, "-N", "--locale=C.UTF-8"]);
        instance::run(&mut initialise)?;
        let mut server = Self {
            directory,
            port: instance::free_port()?,
            programs: initdb.parent().context("it is in a directory")?.to_owned(),
            databases: AtomicU32::new(0),
            tls,
            child: None,
        };
        if tls {
            instance::make_certificates(user, server.directory.path())?;
        }
        server.restart()?;
        Ok(server)
    }

    /// The one that the tests of a binary share; each takes a [`database`](Self::database) of it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// The file with the certificate that it is to be trusted by.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The URL of its first database, over loopback.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Creates an empty database; the URL of it.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn database(&self) -> Result<String> {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(&name))
    }

    /// The same database over the Unix socket.
    pub fn socket_url(&self, url: &str) -> String {
        let directory = self.directory.path().display().to_string();
        let directory = directory.replace('/', "%2F");
        url.replace("127.0.0.1", &directory)
    }

    /// Runs a statement as the superuser, with the server's own client.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn execute(&self, database: &str, statement: &str) -> Result<()> {
        instance::run(self.client(database).args(["-c", statement]))
    }

    /// Kills the server and all of its processes at once; what is in memory is lost.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let workers = instance::children(child.id());
            let _ = child.kill();
            instance::signal("KILL", &workers);
            let _ = child.wait();
        }
    }

    /// Shuts it down in order; open connections are told so.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            instance::signal("INT", &[child.id()]);
            let _ = child.wait();
        }
    }

    /// Starts it again with the same data on the same port; stops it before if it runs.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn restart(&mut self) -> Result<()> {
        self.stop();
        let log = self.directory.path().join("log");
        // What is left of a killed server holds on to its memory for a moment, and then a new one
        // refuses to start.
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let mut child = self.spawn(&log)?;
            let ready = || self.client("postgres").args(["-c", "SELECT 1"]).output();
            let ready = || ready().is_ok_and(|output| output.status.success());
            match instance::wait_until_ready(&mut child, &log, ready) {
                Ok(()) => {
                    self.child = Some(child);
                    return Ok(());
                }
                Err(error) if Instant::now() > deadline => bail!(error),
                Err(_) => {}
            }
        }
    }

    fn spawn(&self, log: &Path) -> Result<Child> {
        let program = self.programs.join("postgres");
        let mut command = instance::command_as("postgres", &program, Some("INT"))?;
        command.arg("-D").arg(self.directory.path().join("data"));
        command.arg("-k").arg(self.directory.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        let log = File::create(log)?;
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(log);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        if self.tls {
            let file = |name| self.directory.path().join(name).display().to_string();
            command.args(["-c", "ssl=on"]);
            command
                .arg("-c")
                .arg(format!("ssl_cert_file={}", file("server.pem")));
            command
                .arg("-c")
                .arg(format!("ssl_key_file={}", file("server.key")));
        }
        instance::spawn(command)
    }

    fn client(&self, database: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-U", "postgres", "-p", &self.port.to_string()]);
        command.arg("-h").arg(self.directory.path());
        command.args(["-d", database, "-v", "ON_ERROR_STOP=1"]);
        command
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `fsync=off` still hands every commit to the operating system before it is acknowledged, as long
/// as `synchronous_commit` is on: it survives the server, though not the machine.
const SETTINGS: [&str; 5] = [
    "fsync=off",
    "synchronous_commit=on",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=200",
];
