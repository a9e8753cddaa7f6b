//! This test binary as a second process: it runs one test, on a database that it is told.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where a child finds its database.
const DATABASE: &str = "PRIVYSEAL_STORES_TEST_DATABASE";

/// A child that runs a test; it is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Runs this test of ours in a child.
    pub(super) fn start(test: &str, database: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command
            .args([test, "--exact", "--quiet", "--nocapture"])
            .env(DATABASE, database)
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

    /// Lets a child that waits in [`wait_for_go`] go on.
    pub(super) fn go(&mut self) {
        writeln!(self.stdin, "go").unwrap();
    }

    /// The next line of its own that a child writes; `None` when it has ended.
    pub(super) fn line(&mut self) -> Option<String> {
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
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits until it has ended by itself; whether its test passed.
    pub(super) fn passed(mut self) -> bool {
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

/// In a child: the database it was told. Nothing in the process that runs all tests.
pub(super) fn told_database() -> Option<OsString> {
    std::env::var_os(DATABASE)
}

/// In a child: writes a line for the parent, whole, and past the capture of the harness.
pub(super) fn tell(line: &str) {
    if told_database().is_none() {
        return;
    }
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(format!("{MARK}{line}\n").as_bytes())
        .unwrap();
    stdout.flush().unwrap();
}

/// In a child: waits for the parent.
pub(super) fn wait_for_go() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// What a line of a child begins with.
const MARK: &str = "child: ";
