//! MariaDB.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;

use super::instance::{self, Directory};

/// A MariaDB server with its own data, on loopback and on a Unix socket; ends with us.
///
/// Commits are written through to the operating system, so that killing the server loses none. They
/// are not forced to the disk: no test pulls the plug.
#[derive(Debug)]
pub struct MariadbServer {
    directory: Directory,
    port: u16,
    program: PathBuf,
    databases: AtomicU32,
    tls: bool,
    child: Option<Child>,
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
        let mut command = instance::command_as("mysql", &install, None)?;
        command.arg("--no-defaults").arg(option("--datadir", &data));
        command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        instance::run(&mut command)?;
        let mut server = Self {
            directory,
            port: instance::free_port()?,
            program,
            databases: AtomicU32::new(0),
            tls,
            child: None,
        };
        if tls {
            instance::make_certificates("mysql", server.directory.path())?;
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
            self.port
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
            self.port
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

    /// Kills the server at once; what is in memory is lost.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Shuts it down in order.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            instance::signal("TERM", &[child.id()]);
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
        let mut command = instance::command_as("mysql", &self.program, Some("KILL"))?;
        command.arg("--no-defaults");
        command.arg(option("--datadir", &self.directory.path().join("data")));
        command.arg(option("--socket", &self.socket()));
        command.arg(option("--pid-file", &self.directory.path().join("pid")));
        command.arg(format!("--port={}", self.port)).args(SETTINGS);
        if self.tls {
            command.arg(option(
                "--ssl-cert",
                &self.directory.path().join("server.pem"),
            ));
            command.arg(option(
                "--ssl-key",
                &self.directory.path().join("server.key"),
            ));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log)?);
        let mut child = instance::spawn(command)?;
        let ready = || self.client("mysql").args(["-e", "SELECT 1"]).output();
        let ready = || ready().is_ok_and(|output| output.status.success());
        instance::wait_until_ready(&mut child, &log, ready)?;
        self.child = Some(child);
        Ok(())
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

impl Drop for MariadbServer {
    fn drop(&mut self) {
        self.kill();
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
