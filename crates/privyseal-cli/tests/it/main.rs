//! The program as its users see it: arguments in; standard output, standard error and an exit code
//! out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails when its helpers do"
)]

mod docs;
mod exit_codes;
mod key;
mod leaks;
mod ring;
mod ring_cloud;
mod ring_end;
mod ring_export;
mod serve;
mod serve_ring;
mod session;
mod store;
mod token;
#[cfg(unix)]
mod typed_keys;
/// The server of the tests of `privyseal-vault`.
#[cfg(feature = "vault")]
#[path = "../../../privyseal-vault/tests/it"]
mod vault_tests {
    #[allow(
        dead_code,
        unused_imports,
        reason = "the tests of the client use all of it"
    )]
    pub(crate) mod fake;
}
mod visitor;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A key as `key generate` makes it; it is in this file, so it is good for nothing else.
const KEY: &str = "6a1f0c94b7e25d38f4310e8bc9a7562d8e4fb30172dc69a5f01b8c37e6d2945a";
const OTHER_KEY: &str = "d0957b1e3ca4f8620f7d2be891c6530a4be87f12a69d3c05e7410d8fb63a925c";
/// Weak, and not publicly known.
const WEAK_KEY: &str = "velvet-hamster-22";

/// A directory of its own to run commands in.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With `secret.key`, `other.key` and `weak.key`.
    fn with_keys() -> Self {
        let place = Self::new();
        for (name, key) in [
            ("secret.key", KEY),
            ("other.key", OTHER_KEY),
            ("weak.key", WEAK_KEY),
        ] {
            place.write(name, &format!("{key}\n"));
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(self.path(name), mode).unwrap();
        }
    }

    fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_privyseal"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in [
            "CREDENTIALS_DIRECTORY",
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "PRIVYSEAL_RING",
            "PRIVYSEAL_KEK",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    fn run_with_stdin<'a>(&self, arguments: impl IntoIterator<Item = &'a str>, input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // The command may end without reading it all.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ran::from(child.wait_with_output().unwrap())
    }
}

/// What came of a command.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    fn stdout(&self) -> &str {
        str::from_utf8(&self.stdout).unwrap()
    }

    /// The text of standard output, after exit code 0 without a word on standard error.
    #[track_caller]
    fn quietly(&self) -> &str {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout()
    }

    #[track_caller]
    fn json(&self) -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_slice(&self.stdout).unwrap();
        assert_eq!(value["schema_version"], 1);
        value
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
