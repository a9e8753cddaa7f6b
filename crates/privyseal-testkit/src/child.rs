//! Programs that a test starts and ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A program that serves until this is dropped; it is ended by its process id.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Kept open: the program ends when it closes, so a test that is killed leaves none behind.
    _stdin: ChildStdin,
}

impl Server {
    /// Starts it, gives it `input`, and waits for the line that says it is ready.
    ///
    /// # Errors
    /// When it cannot be started, or ends before it is ready; its complaints are on our stderr.
    pub fn start(mut command: Command, input: &str) -> Result<(Self, String)> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {program}"))?;
        let mut stdin = child.stdin.take().context("its standard input is a pipe")?;
        let stdout = child.stdout.take().context("its standard output is one")?;
        let server = Self {
            child,
            _stdin: {
                writeln!(stdin, "{input}")?;
                stdin
            },
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        match line.strip_prefix("ready ") {
            Some(ready) => Ok((server, ready.trim_end().to_owned())),
            None => bail!("{program} is not ready; it said: {line:?}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
