//! The peers in Python, in a process that stays alive and measures on command.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::harness::Contender;
use crate::payloads::{DEFLATED, KILOBYTE, PLAIN, Payload};

/// The running process; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Python(Rc<RefCell<Process>>);

struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn start() -> Result<Self> {
        let python = interpreter()?;
        let mut child = Command::new(&python)
            .args(["-c", include_str!("peers.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", python.display()))?;
        let requests = child.stdin.take().context("it was asked for a pipe")?;
        let answers = child.stdout.take().context("it was asked for a pipe")?;
        let mut process = Process {
            child,
            requests,
            answers: BufReader::new(answers),
        };
        let texts: BTreeMap<&str, &str> = [PLAIN, DEFLATED, KILOBYTE]
            .map(|payload| (payload.name, payload.json))
            .into();
        let compressed = process.ask(&serde_json::to_string(&texts)?)?;
        ensure!(
            serde_json::from_str::<Vec<String>>(&compressed)? == [DEFLATED.name, KILOBYTE.name],
            "Flask compresses {compressed}, which is not what the payloads are there for",
        );
        Ok(Self(Rc::new(RefCell::new(process))))
    }

    pub(crate) fn contender(
        &self,
        name: String,
        reference: Option<&str>,
        operation: &str,
        payload: Payload,
    ) -> Contender {
        let process = self.0.clone();
        let operation = format!("{operation} {}", payload.name);
        Contender::elsewhere(name, reference, move |iterations| {
            let answer = process
                .borrow_mut()
                .ask(&format!("{operation} {iterations}"))?;
            Ok(Duration::from_secs_f64(answer.parse()?))
        })
    }
}

impl Process {
    fn ask(&mut self, request: &str) -> Result<String> {
        writeln!(self.requests, "{request}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        ensure!(!answer.is_empty(), "the Python process ended");
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It holds nothing that would need an orderly end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python with the packages of `interop/requirements.txt`: the one the caller names, or the
/// environment that `cargo xtask test` makes, made here when it is not there yet.
fn interpreter() -> Result<PathBuf> {
    if let Some(python) = std::env::var_os("PRIVYSEAL_INTEROP_PYTHON") {
        return Ok(python.into());
    }
    let environment = crate::target_directory()?.join("interop-venv");
    let python = environment.join("bin/python");
    let mut imports = Command::new(&python);
    imports
        .args(["-c", "import flask, itsdangerous"])
        .stderr(Stdio::null());
    if imports.status().is_ok_and(|status| status.success()) {
        return Ok(python);
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&environment);
    succeed(venv)?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "-r"])
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../interop/requirements.txt"
        ));
    succeed(pip)?;
    Ok(python)
}

fn succeed(mut command: Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}
