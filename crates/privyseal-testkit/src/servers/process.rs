//! A server as a child process that ends with ours.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// It is killed when this is dropped, and all that it started with it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts it, and asks until `ready` says yes; what it says goes to the file `log`.
    ///
    /// # Errors
    /// When it cannot be started, ends, or is not ready within two minutes, which even a machine
    /// that has much else to do is given; the log is then quoted.
    pub fn start(mut command: Command, log: &Path, ready: impl Fn() -> bool) -> Result<Self> {
        let file = File::create(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?);
        command.stderr(file);
        let mut process = Self(spawn(command)?);
        let deadline = Instant::now() + PATIENCE;
        while !ready() {
            let ended = process.0.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                bail!("the server is not ready ({ended:?}); its log:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        signal(name, &[self.0.id()]);
    }

    /// Asks it to end by a signal, and waits until it has.
    pub fn end(mut self, name: &str) {
        self.signal(name);
        // Whatever it comes to, it is gone after this.
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let workers = children(self.0.id());
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.0.kill();
        signal("KILL", &workers);
        let _ = self.0.wait();
    }
}

/// Starts a program on a thread that never ends.
///
/// The kernel sends the signal of `setpriv --pdeathsig` when the *thread* ends that started the
/// child, and the threads of tests end early.
fn spawn(command: Command) -> Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static STARTER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in orders {
                // Who asked is waiting.
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let program = command.get_program().to_owned();
    let (sender, answer) = mpsc::channel();
    STARTER.send((command, sender))?;
    answer
        .recv()?
        .with_context(|| format!("could not start {}", program.display()))
}

/// Sends a signal to processes by their ids; one that has ended is no error.
fn signal(name: &str, processes: &[u32]) {
    if processes.is_empty() {
        return;
    }
    let mut command = Command::new("kill");
    command.arg(format!("-{name}"));
    command.args(processes.iter().map(u32::to_string));
    let _ = command.stderr(Stdio::null()).status();
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    tasks
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}

const PATIENCE: Duration = Duration::from_mins(2);
