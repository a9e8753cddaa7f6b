//! The transcripts in the documents are what the program prints.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Place;

const BINARY: &str = env!("CARGO_BIN_EXE_privyseal");

/// Blocks that are not run here: the page, how the block begins, and what runs it instead.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "docs/operating-key-rings.md",
        "$ privyseal serve --ring ",
        "`serve_ring::the_page_on_operating_a_ring_shows_what_servers_say` starts it like this",
    ),
    (
        "docs/operating-key-rings.md",
        "$ curl http://127.0.0.1:8080/healthz\nfresh",
        "`serve_ring::the_page_on_operating_a_ring_shows_what_servers_say` asks a server",
    ),
    (
        "docs/operating-key-rings.md",
        "$ curl -H ",
        "`serve_ring::the_page_on_operating_a_ring_shows_what_servers_say` asks a server",
    ),
    (
        "docs/operating-key-rings.md",
        "$ curl http://127.0.0.1:8080/metrics",
        "`serve_ring::the_page_on_operating_a_ring_shows_what_servers_say` asks a server",
    ),
    (
        "docs/operating-key-rings.md",
        "$ curl http://127.0.0.1:8080/healthz\nempty",
        "`serve_ring::the_page_on_operating_a_ring_shows_what_servers_say` asks a server",
    ),
    (
        "README.md",
        "$ cargo run --release -- serve\n",
        "`serve::the_documents_start_it` starts it with these arguments",
    ),
    (
        "README.md",
        "$ cargo xtask ci\n",
        "`.ci/run` is this command; `cargo xtask tidy` checks that there is one of the name",
    ),
    (
        "CONTRIBUTING.md",
        "$ cargo xtask ci ",
        "`cargo xtask tidy` checks that there are commands of these names",
    ),
    (
        "docs/sample-application.md",
        "$ privyseal serve\n",
        "`serve::the_documents_start_it` starts it with these arguments",
    ),
    (
        "docs/command-line.md",
        "$ privyseal serve --listen ",
        "`serve::the_documents_start_it` starts it with these arguments",
    ),
    (
        "docs/inside-a-key-ring.md",
        "$ cargo run -p privyseal-ring-model ",
        "the tests of that crate run its simulation, and see that a failing seed prints this command",
    ),
    (
        "crates/privyseal-vault/README.md",
        "export VAULT_ADDR=",
        "needs a real Vault, which is in no registry that tests can reach",
    ),
    (
        "bench/README.md",
        "cargo xtask bench ",
        "a test run is no place to measure; `cargo xtask tidy` checks the name of the command",
    ),
    (
        "bench/README.md",
        "target/release/privyseal-bench ",
        "needs a release build, and Valgrind",
    ),
    (
        "fuzz/README.md",
        "$ cargo xtask fuzz ",
        "`cargo xtask test` runs every target; `cargo xtask tidy` checks the name of the command",
    ),
];

/// Runs the commands of every block marked `console` or `sh`, in one directory for each page, and compares what they print. In an expected line, `[..]` stands for anything.
#[cfg(unix)]
#[test]
fn no_page_lies_about_what_the_program_prints() {
    let (mut commands, mut elsewhere) = (0, 0);
    for (name, page) in pages() {
        let place = Place::new();
        for block in blocks(&page) {
            if ELSEWHERE
                .iter()
                .any(|(on, start, _)| *on == name && block.starts_with(start))
            {
                elsewhere += 1;
                continue;
            }
            for step in block.split("$ ").filter(|step| !step.is_empty()) {
                let (command, expected) = step.split_once('\n').unwrap();
                let printed = shell(&place, command);
                assert!(
                    matches(expected, &printed),
                    "{name}: $ {command}\n--- the page says\n{expected}--- but it is\n{printed}"
                );
                commands += 1;
            }
        }
    }
    assert_eq!(elsewhere, ELSEWHERE.len(), "one of ELSEWHERE is gone");
    assert!(commands >= 30, "only {commands} commands were found");
}

#[test]
fn ci_runs_the_command_of_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = fs::read_to_string(root.join(".ci/run")).unwrap();
    assert!(script.ends_with("\nexec cargo xtask ci\n"), "{script}");
}

#[test]
fn every_transcript_is_marked_as_one() {
    for (name, page) in pages() {
        let fences = page.lines().filter(|line| line.starts_with("```"));
        for fence in fences.step_by(2) {
            let others = ["```", "```bash", "```shell", "```shell-session"];
            assert!(
                !others.contains(&fence),
                "{name}: write ```console or ```text"
            );
        }
    }
}

/// Every page of the repository, with its path from the root.
pub(crate) fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open = vec![root.clone()];
    for directory in ["docs", "docs/decisions", "bench", "fuzz", "vectors"] {
        open.push(root.join(directory));
    }
    open.extend(entries(&root.join("crates")));
    let files = open.iter().flat_map(|directory| entries(directory));
    let pages = files.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    pages
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
            (name.to_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The blocks of a page that show commands.
pub(crate) fn blocks(page: &str) -> impl Iterator<Item = &str> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| {
        let transcript = block.strip_prefix("console\n");
        transcript.or_else(|| block.strip_prefix("sh\n"))
    })
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_command_has_help_with_an_example_first() {
    let place = Place::new();
    for command in [
        &["key", "generate"][..],
        &["key", "check"],
        &["key", "migrate"],
        &["ring", "init"],
        &["ring", "status"],
        &["ring", "list"],
        &["ring", "rotate"],
        &["ring", "stage"],
        &["ring", "promote"],
        &["ring", "suspend"],
        &["ring", "resume"],
        &["ring", "revoke"],
        &["ring", "destroy"],
        &["ring", "import"],
        &["ring", "export"],
        &["ring", "rewrap"],
        &["ring", "policy"],
        &["ring", "verify"],
        &["ring", "history"],
        &["token", "sign"],
        &["token", "verify"],
        &["token", "inspect"],
        &["cookie", "inspect"],
        &["completions"],
        &["man"],
        &["session", "list"],
        &["session", "end"],
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

pub(crate) fn matches(expected: &str, printed: &str) -> bool {
    let Some((start, open)) = expected.split_once("[..]") else {
        return expected == printed;
    };
    let (middle, end) = open.rsplit_once("[..]").unwrap_or(("", open));
    let Some(mut rest) = printed.strip_prefix(start) else {
        return false;
    };
    for piece in middle.split("[..]") {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(end)
}

#[test]
fn a_different_output_does_not_match() {
    assert!(matches("a [..] c\n", "a b c\n"));
    assert!(!matches("a [..] c\n", "a b d\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("", "a"));
    assert!(matches("a\n[..]\n", "a\nb\nc\n"));
    assert!(!matches("a[..]b[..]c", "acb"));
}
