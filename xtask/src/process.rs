//! Child processes: where their output goes, and what their failure says.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// The cargo that runs this program, in the root of the repository.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = program(env!("CARGO"));
    command.args(arguments);
    command
}

/// A program in the root of the repository.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(crate::root()).stdin(Stdio::null());
    command
}

/// Runs `command` with its output kept in a log file, and gives back the log's text.
///
/// A file and not a pipe: nothing is held in memory while it runs, and a run that is killed
/// leaves its log behind.
pub(crate) fn quietly(mut command: Command) -> Result<String> {
    let log = log_path(&command)?;
    let out = File::create(&log).with_context(|| format!("could not create {}", log.display()))?;
    let name = describe(&command);
    let status = command
        .stdout(out.try_clone()?)
        .stderr(out)
        .status()
        .with_context(|| format!("could not start `{name}`"))?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        eprintln!("\n{}", text.trim_end());
        bail!(
            "`{name}` failed: {status}\n\nhint: its output is above, and in {}",
            log.display()
        );
    }
    Ok(text)
}

/// What `command` prints on its standard output, when it succeeds.
pub(crate) fn output(mut command: Command) -> Result<Vec<u8>> {
    let name = describe(&command);
    let output = command
        .output()
        .with_context(|| format!("could not start `{name}`"))?;
    if !output.status.success() {
        bail!(
            "`{name}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(output.stdout)
}

/// Whether `command` starts and succeeds; what it prints is of no interest.
pub(crate) fn succeeds(mut command: Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The directory that builds go to.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let metadata = output(cargo(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata)?;
    let directory = metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str);
    Ok(PathBuf::from(
        directory.context("`cargo metadata` names no target directory")?,
    ))
}

fn log_path(command: &Command) -> Result<PathBuf> {
    let directory = target_directory()?.join("xtask-logs");
    fs::create_dir_all(&directory)?;
    let name: String = describe(command)
        .chars()
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    Ok(directory.join(format!("{name}.log")))
}

/// The command as a person would type it, without the path of the program.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = program("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn quietly_returns_both_streams() {
        let text = quietly(shell("echo out-of-quietly; echo err >&2")).unwrap();
        assert_eq!(text, "out-of-quietly\nerr\n");
    }

    #[test]
    fn quietly_names_the_command_and_its_log_when_it_fails() {
        let error = quietly(shell("exit 3 # quietly fails"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`sh -c exit 3") && error.contains(".log"),
            "{error}"
        );
        assert!(error.contains("hint: "), "{error}");
    }

    #[test]
    fn output_carries_what_the_command_complained_about() {
        let error = output(shell("echo broken pipe organ >&2; exit 1"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("broken pipe organ"), "{error}");
    }
}
