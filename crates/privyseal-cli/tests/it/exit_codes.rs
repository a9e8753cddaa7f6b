use std::process::{Command, Stdio};

use std::io::Write;

use crate::Place;

#[test]
fn code_0_is_yes() {
    let place = Place::with_keys();
    assert_eq!(place.run(["key", "check", "secret.key"]).code, Some(0));
    assert_eq!(place.run(["--help"]).code, Some(0));
    assert_eq!(place.run(["--version"]).code, Some(0));
}

#[test]
fn code_1_is_no() {
    let place = Place::with_keys();
    assert_eq!(place.run(["key", "check", "weak.key"]).code, Some(1));
    let forged = ["token", "verify", "--key-file", "secret.key", "a.b.c"];
    assert_eq!(place.run(forged).code, Some(1));
}

#[test]
fn code_2_is_an_error() {
    let place = Place::with_keys();
    for arguments in [
        &["key", "check", "missing.key"][..],
        &["key", "check"],
        &["key", "check", "secret.key", "--env", "X"],
        &["key", "generate", "-o", "secret.key"],
        &["key", "generate", "--name", "1X", "--format", "dotenv"],
        &["token", "sign", "{}"],
        &["token", "sign", "--key-file", "weak.key", "{}"],
        &["token", "sign", "--key-file", "secret.key", "{"],
        &["token", "verify", "--key-file", "weak.key", "a.b.c"],
        &["token", "verify", "--key-fd", "99", "a.b.c"],
        &["session", "list", "--subject", "ada"],
        &["session", "list"],
        &["session", "end", "--all"],
        &["session", "end", "--id", "x", "--confirm", "all"],
        &["serve", "--store", "nonsense"],
        &["nonsense"],
        &[],
    ] {
        let ran = place.run(arguments.iter().copied());
        assert_eq!(ran.code, Some(2), "{arguments:?} {ran:?}");
        assert_eq!(ran.stdout(), "", "{arguments:?}");
        assert!(!ran.stderr.is_empty(), "{arguments:?}");
    }
}

/// A shell reports a death by Ctrl-C as 130.
#[cfg(unix)]
#[test]
fn code_130_is_ctrl_c() {
    use std::os::unix::process::ExitStatusExt;

    let place = Place::new();
    // What runs in the background may have been started deaf to Ctrl-C, and so would its children.
    let mut child = Command::new("env")
        .args(["--default-signal=INT", env!("CARGO_BIN_EXE_privyseal")])
        .args(["key", "check", "-"])
        .current_dir(place.path("."))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let status = loop {
        let pid = child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        // The first signal may come before `env` has made the child listen to it.
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::yield_now();
    };
    assert_eq!(status.signal().map(|signal| 128 + signal), Some(130));
}

#[test]
fn a_broken_pipe_is_success() {
    let place = Place::with_keys();
    let mut child = place
        .command(["token", "sign", "--key-file", "secret.key", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads any more before the command has anything to write.
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"{}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}
