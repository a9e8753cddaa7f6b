//! What the private instances have in common: a directory, a port, and a process that ends with
//! ours.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

/// A directory that is removed when this is dropped, and also when our process is killed, which no
/// destructor survives: a shell waits for the end of a pipe that we hold.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Dropping it tells the shell.
    _alive: ChildStdin,
}

impl Directory {
    /// An empty one with a short path, since that of a Unix socket has at most 107 bytes.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(prefix: &str) -> Result<Self> {
        let directory = TempDir::with_prefix(prefix)?;
        // The server writes to it as another user.
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o1777))?;
        // The server may still be shutting down, and writes files while we remove them.
        let remove = r#"trap "" INT TERM HUP; read -r _
            for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" && break; sleep 0.5; done"#;
        let mut command = Command::new("sh");
        command.args(["-c", remove, "sh"]).arg(directory.path());
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut remover = command.stderr(Stdio::null()).spawn()?;
        Ok(Self {
            _alive: remover.stdin.take().context("it is a pipe")?,
            path: directory.keep(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A port that nobody listens on right now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Starts a server that gets a signal as soon as our process is gone.
///
/// The kernel sends the signal when the *thread* ends that started the child, and the threads of
/// tests end early. So one thread that never ends starts them all.
///
/// # Errors
/// When it cannot be started.
pub fn spawn(command: Command) -> Result<Child> {
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

/// A command that runs as another user if we are root, and as ourselves if we are not.
///
/// # Errors
/// When there is no such user.
pub fn command_as(user: &str, program: &Path, death_signal: Option<&str>) -> Result<Command> {
    let mut command = Command::new("setpriv");
    // The way to another user clears the signal, so it is set behind that, by a second setpriv.
    if std::fs::metadata("/proc/self")?.uid() == 0 {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}")]);
        command.arg("--clear-groups");
        if let Some(signal) = death_signal {
            command.args(["setpriv", "--pdeathsig", signal]);
        }
    } else if let Some(signal) = death_signal {
        command.args(["--pdeathsig", signal]);
    } else {
        command = Command::new(program);
        return Ok(command);
    }
    command.arg(program).current_dir("/");
    Ok(command)
}

/// Runs a command to its end.
///
/// # Errors
/// When it fails, with what it said.
pub fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("could not start {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// Makes an authority (`ca.pem`) and a server's key and certificate of it in a directory, owned by
/// a user.
///
/// # Errors
/// When there is no `openssl`, or it fails.
pub fn make_certificates(user: &str, directory: &Path) -> Result<()> {
    let openssl = program(&["/usr/bin/openssl", "/usr/local/bin/openssl"], "openssl")?;
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2";
    let authority = "-keyout ca.key -out ca.pem -subj /CN=Test -addext keyUsage=keyCertSign";
    let server = "-keyout server.key -out server.pem -subj /CN=Server -CA ca.pem -CAkey ca.key \
                  -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE";
    for arguments in [authority, server] {
        let mut command = command_as(user, &openssl, None)?;
        command.args(make.split(' '));
        command.args(arguments.split_ascii_whitespace());
        run(command.current_dir(directory))?;
    }
    Ok(())
}

/// The first of these programs that exists.
///
/// # Errors
/// When none does; the hint names the package.
pub fn program(candidates: &[&str], package: &str) -> Result<PathBuf> {
    let found = candidates.iter().map(Path::new).find(|path| path.exists());
    found.map(Path::to_path_buf).with_context(|| {
        format!(
            "found none of {candidates:?}\nhint: these tests need a real server: \
             apt-get install --no-install-recommends {package}"
        )
    })
}

/// Asks until the answer is yes; `child` must not end meanwhile.
///
/// # Errors
/// When it ends, or does not answer within half a minute; `log` is then quoted.
pub fn wait_until_ready(child: &mut Child, log: &Path, ready: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !ready() {
        let ended = child.try_wait()?;
        if ended.is_some() || Instant::now() > deadline {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            bail!("the server is not ready ({ended:?}); its log:\n{log}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Sends a signal to processes by their ids; one that has ended is no error.
pub fn signal(signal: &str, processes: &[u32]) {
    let mut command = Command::new("kill");
    command.arg(format!("-{signal}"));
    command.args(processes.iter().map(u32::to_string));
    let _ = command.stderr(Stdio::null()).status();
}

/// The processes that a process has started.
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))
    else {
        return Vec::new();
    };
    tasks
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}
