//! This test binary as further processes: each runs one test, on a database that it is told.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test fails when its helpers do"
)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A child that runs a test; it is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Runs this test of ours in a child, on the database of this path or URL.
    pub fn start(test: &str, database: impl AsRef<OsStr>) -> Self {
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
    pub fn line(&mut self) -> Option<String> {
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
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits until it has ended by itself; whether its test passed.
    pub fn passed(mut self) -> bool {
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
pub fn ten_at_once(test: &str, database: impl AsRef<OsStr>) {
    all_at_once(&vec![database.as_ref().to_owned(); 10], test);
}

/// Runs a test of ours in one child for each of these databases; all begin at the same moment.
pub fn all_at_once(databases: &[impl AsRef<OsStr>], test: &str) {
    let start = |database| Process::start(test, database);
    let mut processes: Vec<Process> = databases.iter().map(start).collect();
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
pub fn command(test: &str, database: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--quiet", "--nocapture"])
        .env(DATABASE, database);
    command
}

/// In a child: the database it was told. Nothing in the process that runs all tests.
pub fn told_database() -> Option<String> {
    Some(std::env::var_os(DATABASE)?.into_string().unwrap())
}

/// The same, at the moment when all of [`all_at_once`] begin.
pub fn told_database_and_to_go() -> Option<String> {
    let database = told_database()?;
    tell(READY);
    std::io::stdin().read_line(&mut String::new()).unwrap();
    Some(database)
}

/// In a child: writes a line for the parent, whole, and past the capture of the harness.
pub fn tell(line: &str) {
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
