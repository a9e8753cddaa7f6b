//! The programs in `examples/`, as a reader would run them.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use privyseal::SystemClock;
use privyseal::ring::{Operation, RingPolicy};
use privyseal_keys::KeyDirectory;
use privyseal_keys::kek::FileKek;
use privyseal_keys::repository::{DynRepository, FileRepository};
use privyseal_keys::ring::{Keeper, NewKeys};
use privyseal_testkit::client::Browser;
use privyseal_testkit::flask::python;

use crate::application::KEYS;

/// A program that serves, and is ended by its process id when it goes out of scope.
struct Program {
    child: Child,
    address: SocketAddr,
    /// What it says next; kept open, because a program that nobody listens to fails.
    _output: Box<dyn Read>,
}

impl Program {
    /// An example, on a free port.
    fn example(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(path_of(name));
        command.arg("127.0.0.1:0").args(arguments);
        let mut child = spawn(command.stdout(Stdio::piped()));
        let output = child.stdout.take().unwrap();
        Self::listening(child, output)
    }

    /// The Flask application in the documentation of an example.
    fn flask_snippet(example: &str) -> (Self, tempfile::TempDir) {
        let place = tempfile::tempdir().unwrap();
        let lines = example.lines().map_while(|line| line.strip_prefix("//!"));
        let snippet: Vec<&str> = lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .skip_while(|line| *line != "```python")
            .skip(1)
            .take_while(|line| *line != "```")
            .collect();
        fs::write(place.path().join("app.py"), snippet.join("\n")).unwrap();
        let mut command = Command::new(python().unwrap());
        command
            .args(["-m", "flask", "--app", "app", "run", "--port", "0"])
            .current_dir(place.path());
        let mut child = spawn(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        let output = child.stderr.take().unwrap();
        (Self::listening(child, output), place)
    }

    /// Waits for the line that says where it listens.
    fn listening(child: Child, output: impl Read + 'static) -> Self {
        let mut output = BufReader::new(output);
        let mut said = String::new();
        loop {
            let start = said.len();
            assert_ne!(output.read_line(&mut said).unwrap(), 0, "{said}");
            if let Some((_, address)) = said[start..].split_once(" on http://") {
                return Self {
                    child,
                    address: address.trim().parse().unwrap(),
                    _output: Box::new(output),
                };
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo test` builds the examples beside this program; `cargo test --test it` does not.
fn path_of(example: &str) -> PathBuf {
    let here = env::current_exe().unwrap();
    let directory = here.ancestors().nth(2).unwrap();
    let program = directory.join("examples").join(example);
    assert!(program.exists(), "hint: run cargo test -p privyseal-axum");
    program
}

fn spawn(command: &mut Command) -> Child {
    command
        .env("SECRET_KEY", KEYS[0])
        .env_remove("SECRET_KEY_FALLBACKS")
        .spawn()
        .unwrap()
}

#[test]
fn the_counter_counts_and_the_browser_cannot_read_it() {
    let counter = Program::example("counter", &[]);
    let mut browser = Browser::default();
    for visit in ["visit 1", "visit 2"] {
        assert_eq!(browser.get(counter.address, "/").unwrap().body, visit);
    }
    let mut stranger = Browser::default();
    assert_eq!(stranger.get(counter.address, "/").unwrap().body, "visit 1");
    assert_eq!(browser.cookies["__Host-session"].as_bytes()[0], b'A'); // version 1 of a sealed token
}

#[test]
fn the_counter_does_not_start_without_a_key() {
    let output = Command::new(path_of("counter"))
        .arg("127.0.0.1:0")
        .env("SECRET_KEY", "dev")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    assert_ne!(output.stderr, b"");
}

#[test]
fn flask_and_its_neighbour_count_together() {
    let example = include_str!("../../examples/flask_neighbour.rs");
    let (flask, _place) = Program::flask_snippet(example);
    let rust = Program::example("flask_neighbour", &[]);
    let mut browser = Browser::default();
    for (visit, (server, name)) in (1..).zip([
        (&flask, "Flask"),
        (&rust, "Rust"),
        (&flask, "Flask"),
        (&rust, "Rust"),
    ]) {
        let body = browser.get(server.address, "/").unwrap().body;
        assert_eq!(body, format!("visit {visit}, counted by {name}"));
    }
}

#[test]
fn a_rotation_signs_nobody_out() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("keys");
    let program = Program::example("rotation", &[path.to_str().unwrap(), "0.01"]);
    let mut browser = Browser::default();
    let mut visit = |expected: u32| {
        let body = browser.get(program.address, "/").unwrap().body;
        assert_eq!(body, format!("visit {expected}"));
        key_in(&browser.cookies["__Host-session"])
    };
    let old = visit(1);
    assert_eq!(visit(2), old);
    KeyDirectory::open_or_create(&path)
        .unwrap()
        .rotate()
        .unwrap();
    // Until it has read the directory it signs with the old key; every visit is counted meanwhile.
    let changed = (3..10_000).find(|expected| visit(*expected) != old);
    assert!(changed.is_some(), "it still signs with the old key");
}

#[test]
fn two_programs_share_a_ring_and_obey_a_revocation() {
    let place = tempfile::tempdir().unwrap();
    let [ring, kek] = ["ring", "kek"].map(|name| place.path().join(name));
    let arguments = [ring.to_str().unwrap(), kek.to_str().unwrap()];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let keeper = Keeper::new(
        DynRepository::new(FileRepository::new(&ring)),
        Arc::new(FileKek::create(&kek).unwrap()),
    );
    let programs = [(); 2].map(|()| Program::example("key_ring", &arguments));
    let health = |program: &Program| {
        let health = Browser::default().get(program.address, "/health").unwrap();
        (health.status, health.body)
    };
    for program in &programs {
        let (status, body) = health(program);
        assert!(status == 503 && body.starts_with("empty"), "{body}");
    }
    // They take the ring that is made meanwhile.
    let made = keeper.init(RingPolicy::default(), NewKeys::default(), &SystemClock);
    runtime.block_on(made).unwrap();
    for program in &programs {
        while health(program).0 != 200 {}
    }
    let mut browser = Browser::default();
    let mut visit = |turn: usize| {
        let program = &programs[turn % 2];
        browser.get(program.address, "/").unwrap().body
    };
    for turn in 0..6 {
        assert_eq!(visit(turn), format!("visit {}", turn + 1));
    }
    let revoked = keeper.apply(&SystemClock, |opened| {
        Ok(Some(Operation::Revoke {
            key: opened.ring().primary().id(),
            standby: Some(opened.new_key()?),
            note: None,
        }))
    });
    runtime.block_on(revoked).unwrap();
    // The session began under the revoked key, so it is over; another one begins, under the next.
    let over = (0..10_000).find(|turn| visit(*turn) == "visit 1");
    assert!(over.is_some(), "the revoked key is alive");
}

/// The version and the key id of a sealed token are its first nine bytes: twelve characters.
fn key_in(token: &str) -> String {
    token[..12].to_owned()
}
