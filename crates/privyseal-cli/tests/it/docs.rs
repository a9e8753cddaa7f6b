//! The transcripts in the documents are what the program prints.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::Place;

const BINARY: &str = env!("CARGO_BIN_EXE_privyseal");

/// Runs the commands of every block that starts with ```` ```console ````, in one directory for the
/// whole page, and compares what they print. In an expected line, `[..]` stands for anything.
#[cfg(unix)]
#[test]
fn the_page_on_the_command_line_does_not_lie() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command-line.md");
    let page = std::fs::read_to_string(page).unwrap();
    let place = Place::new();
    let mut commands = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for step in block.split("$ ").filter(|step| !step.is_empty()) {
            let (command, expected) = step.split_once('\n').unwrap();
            let printed = shell(&place, command);
            assert!(
                matches(expected, &printed),
                "$ {command}\n--- the page says\n{expected}--- but it is\n{printed}"
            );
            commands += 1;
        }
    }
    assert!(commands >= 12, "only {commands} commands were found");
}

#[test]
fn every_command_has_help_with_an_example_first() {
    let place = Place::new();
    for command in [
        &["key", "generate"][..],
        &["key", "check"],
        &["token", "sign"],
        &["token", "verify"],
        &["token", "inspect"],
        &["cookie", "inspect"],
        &["completions"],
        &["man"],
        &["serve"],
    ] {
        let ran = place.run([command, &["--help"]].concat());
        let help = ran.quietly();
        let example = format!("Examples:\n  privyseal {}", command.join(" "));
        assert!(help.starts_with(&example), "{help}");
        let short = place.run([command, &["-h"]].concat());
        assert!(short.quietly().len() < help.len());
    }
}

#[test]
fn completions_and_pages_are_written() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            place
                .run(["completions", shell])
                .quietly()
                .contains("privyseal")
        );
    }
    assert!(place.run(["man"]).quietly().starts_with(".ie "));
    assert_eq!(place.run(["man", "man1"]).quietly(), "");
    for page in [
        "privyseal.1",
        "privyseal-key-generate.1",
        "privyseal-cookie-inspect.1",
    ] {
        assert!(place.path("man1").join(page).exists(), "{page}");
    }
}

fn shell(place: &Place, command: &str) -> String {
    let directory = Path::new(BINARY).parent().unwrap();
    let mut path = OsString::from(directory);
    path.push(":");
    path.push(env::var_os("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; umask 077; {command}")])
        .current_dir(place.0.path())
        .env("PATH", path)
        .env_remove("CREDENTIALS_DIRECTORY")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn matches(expected: &str, printed: &str) -> bool {
    let mut pieces = expected.split("[..]");
    let Some(mut rest) = printed.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut open_end = false;
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        open_end = piece.is_empty();
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || open_end
}

#[test]
fn a_different_output_does_not_match() {
    assert!(matches("a [..] c\n", "a b c\n"));
    assert!(!matches("a [..] c\n", "a b d\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("", "a"));
}
