//! This test binary as further processes: each runs one test, on a database that it is told.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A child that runs a test; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Runs this test of ours in a child, on the database of this path or URL.
    pub(crate) fn start(test: &str, database: impl AsRef<OsStr>) -> Self {
        let mut child = command(test, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Lets a child that waits in [`told_database_and_to_go`] go on.
    fn go(&mut self) {
        writeln!(self.stdin, "go").unwrap();
    }

    /// The next line of its own that a child writes; `None` when it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            // A child that was killed may leave half a line.
            if self.stdout.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
                return None;
            }
            // The test harness of the child writes to the same pipe.
            if let Some(text) = line.strip_prefix(MARK) {
                return Some(text.trim_end().to_owned());
            }
        }
    }

    /// SIGKILL.
    #[cfg(feature = "sqlite")]
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits until it has ended by itself; whether its test passed.
    pub(crate) fn passed(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a test of ours in ten children, which all begin at the same moment.
pub(crate) fn ten_at_once(test: &str, database: impl AsRef<OsStr>) {
    let start = || Process::start(test, database.as_ref());
    let mut processes: Vec<Process> = (0..10).map(|_| start()).collect();
    for process in &mut processes {
        assert_eq!(process.line().as_deref(), Some(READY));
    }
    for process in &mut processes {
        process.go();
    }
    for process in processes {
        assert!(process.passed());
    }
}

/// A child that runs a test of ours, and finds its database in the environment.
pub(crate) fn command(test: &str, database: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--quiet", "--nocapture"])
        .env(DATABASE, database);
    command
}

/// In a child: the database it was told. Nothing in the process that runs all tests.
pub(crate) fn told_database() -> Option<String> {
    Some(std::env::var_os(DATABASE)?.into_string().unwrap())
}

/// The same, at the moment when all of [`ten_at_once`] begin.
pub(crate) fn told_database_and_to_go() -> Option<String> {
    let database = told_database()?;
    tell(READY);
    std::io::stdin().read_line(&mut String::new()).unwrap();
    Some(database)
}

/// In a child: writes a line for the parent, whole, and past the capture of the harness.
pub(crate) fn tell(line: &str) {
    if told_database().is_none() {
        return;
    }
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(format!("{MARK}{line}\n").as_bytes())
        .unwrap();
    stdout.flush().unwrap();
}

/// Where a child finds its database.
const DATABASE: &str = "PRIVYSEAL_STORES_TEST_DATABASE";

/// What a child says that waits for the others.
const READY: &str = "ready";

/// What a line of a child begins with.
const MARK: &str = "child: ";
