//! MariaDB.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;

use super::Restart;
use super::instance::{self, Directory};
use super::port::Port;
use super::process::Process;

/// A MariaDB server with its own data, on loopback and on a Unix socket; ends with us.
///
/// Commits are written through to the operating system, so that killing the server loses none. They
/// are not forced to the disk: no test pulls the plug.
#[derive(Debug)]
pub struct MariadbServer {
    directory: Directory,
    port: Port,
    program: PathBuf,
    databases: AtomicU32,
    tls: bool,
    process: Option<Process>,
}

impl MariadbServer {
    /// Starts one, which takes about six seconds.
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
        let program = instance::program(&["/usr/sbin/mariadbd"], "mariadb-server")?;
        let install = instance::program(&["/usr/bin/mariadb-install-db"], "mariadb-server")?;
        let directory = Directory::new("psl-my-")?;
        let data = directory.path().join("data");
        let mut command = instance::command(Some("mysql"), &install, None)?;
        command.arg("--no-defaults").arg(option("--datadir", &data));
        command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        command.env("TMPDIR", directory.path());
        instance::run(&mut command)?;
        let mut server = Self {
            directory,
            port: Port::claim()?,
            program,
            databases: AtomicU32::new(0),
            tls,
            process: None,
        };
        if tls {
            instance::make_certificates(Some("mysql"), server.directory.path())?;
        }
        server.restart()?;
        Ok(server)
    }

    /// The one that the tests of a binary share; each takes a [`database`](Self::database) of it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariadbServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{error:#}")))
    }

    /// Creates an empty database; the URL of it, over loopback.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn database(&self) -> Result<String> {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("mysql", &format!("CREATE DATABASE {name}"))?;
        // Without `prefer_socket=false` the client moves to the Unix socket by itself.
        Ok(format!(
            "mysql://root@127.0.0.1:{}/{name}?prefer_socket=false",
            self.port.number()
        ))
    }

    /// The file with the certificate that it is to be trusted by.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The URL of the database that is always there, over loopback.
    pub fn url(&self) -> String {
        format!(
            "mysql://root@127.0.0.1:{}/mysql?prefer_socket=false",
            self.port.number()
        )
    }

    /// The same database over the Unix socket.
    pub fn socket_url(&self, url: &str) -> String {
        let path = url.split('?').next().unwrap_or(url);
        format!("{path}?socket={}", self.socket().display())
    }

    /// Runs statements as root, with the server's own client.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn execute(&self, database: &str, statements: &str) -> Result<()> {
        instance::run(self.client(database).args(["-e", statements]))
    }

    fn client(&self, database: &str) -> Command {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--user=root", "--batch"]);
        command
            .arg(option("--socket", &self.socket()))
            .arg(database);
        command
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("my.sock")
    }
}

impl Restart for MariadbServer {
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
        let file = |name| self.directory.path().join(name);
        let mut command = instance::command(Some("mysql"), &self.program, Some("KILL"))?;
        // A server that starts clears the temporary tables of others out of a directory they share.
        command.env("TMPDIR", self.directory.path());
        command.arg("--no-defaults");
        command.arg(option("--datadir", &file("data")));
        command.arg(option("--socket", &self.socket()));
        command.arg(option("--pid-file", &file("pid")));
        command.arg(format!("--port={}", self.port.number()));
        command.args(SETTINGS);
        if self.tls {
            command.arg(option("--ssl-cert", &file("server.pem")));
            command.arg(option("--ssl-key", &file("server.key")));
        }
        let ready = || self.client("mysql").args(["-e", "SELECT 1"]).output();
        let ready = || ready().is_ok_and(|output| output.status.success());
        self.process = Some(Process::start(command, &file("log"), ready)?);
        Ok(())
    }
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

/// At 2, the log is handed to the operating system with every commit and forced to the disk once a
/// second: a commit survives the server, though not the machine.
const SETTINGS: [&str; 5] = [
    "--bind-address=127.0.0.1",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-size=32M",
    "--skip-name-resolve",
    "--max-connections=200",
];
