//! What the private instances have in common: a directory, programs, users and certificates.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

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

/// A command that runs as another user if we are root, and as ourselves if we are not, or if none
/// is named; it gets `death_signal` when we are gone.
///
/// # Errors
/// When it cannot be told who we are.
pub fn command(user: Option<&str>, program: &Path, death_signal: Option<&str>) -> Result<Command> {
    let mut words: Vec<String> = Vec::new();
    if let Some(user) = user
        && std::fs::metadata("/proc/self")?.uid() == 0
    {
        let (user, group) = (format!("--reuid={user}"), format!("--regid={user}"));
        words.extend(["setpriv".into(), user, group, "--clear-groups".into()]);
    }
    // The way to another user clears the signal, so it is set behind that, by a second setpriv.
    if let Some(signal) = death_signal {
        words.extend(["setpriv", "--pdeathsig", signal].map(str::to_owned));
    }
    let mut command = match words.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.current_dir("/");
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
/// a user, or by ourselves.
///
/// # Errors
/// When there is no `openssl`, or it fails.
pub fn make_certificates(user: Option<&str>, directory: &Path) -> Result<()> {
    let openssl = program(&["/usr/bin/openssl", "/usr/local/bin/openssl"], "openssl")?;
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2";
    let authority = "-keyout ca.key -out ca.pem -subj /CN=Test -addext keyUsage=keyCertSign";
    let server = "-keyout server.key -out server.pem -subj /CN=Server -CA ca.pem -CAkey ca.key \
                  -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE";
    for arguments in [authority, server] {
        let mut make_one = command(user, &openssl, None)?;
        make_one.args(make.split(' '));
        make_one.args(arguments.split_ascii_whitespace());
        run(make_one.current_dir(directory))?;
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
