//! A Redis server as a child process.

use std::io::{BufRead as _, BufReader, ErrorKind, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context as _, Result, bail};

/// It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process(Child);

impl Process {
    /// Starts it and waits until it accepts connections.
    pub(super) fn start(configuration: &Path) -> Result<Self> {
        let configuration = configuration.to_owned();
        let (sender, started) = mpsc::channel();
        // The kernel kills the child when the thread ends that started it, and the thread of a
        // test ends before a server that tests share. This one lives as long as the child.
        std::thread::Builder::new().spawn(move || match launch(&configuration) {
            Ok((process, log)) => {
                // Whoever waits may be gone; then the process has been dropped with the message.
                let _ = sender.send(Ok(process));
                log.for_each(drop);
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        })?;
        started
            .recv()
            .context("the thread that starts it panicked")?
    }

    /// Asks it to end, and waits until it has.
    pub(super) fn terminate(mut self) -> Result<()> {
        self.signal("TERM")?;
        self.0.wait()?;
        Ok(())
    }

    /// Sends it a signal by name.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status()?;
        if !sent.success() {
            bail!("could not send SIG{name} to redis-server");
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

type Log = Lines<BufReader<ChildStdout>>;

fn launch(configuration: &Path) -> Result<(Process, Log)> {
    let directory = configuration.parent().context("a file in a directory")?;
    let mut child = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "redis-server"])
        .arg(configuration)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                anyhow::anyhow!("there is no setpriv\n\nhint: apt-get install util-linux")
            }
            _ => error.into(),
        })?;
    let stdout = child
        .stdout
        .take()
        .context("its standard output is a pipe")?;
    let process = Process(child);
    let mut log = BufReader::new(stdout).lines();
    let mut said = Vec::new();
    for line in log.by_ref() {
        let line = line?;
        if line.contains("eady to accept connections") {
            return Ok((process, log));
        }
        said.push(line);
    }
    bail!(
        "redis-server did not start; it said:\n{}\n\nhint: apt-get install redis-server",
        said.join("\n")
    )
}
