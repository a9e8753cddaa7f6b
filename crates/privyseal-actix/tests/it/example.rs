//! The program in `examples/`, as a reader would run it.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use privyseal::SecretKey;
use privyseal_testkit::client::Browser;

/// A program that serves, and is ended by its process id when it goes out of scope.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `cargo test` builds the examples beside this program; `cargo test --test it` does not.
fn counter() -> Command {
    let here = env::current_exe().unwrap();
    let directory: PathBuf = here.ancestors().nth(2).unwrap().join("examples");
    // Not `counter`: that is the other adapter's, and both are built into one directory.
    let program = directory.join("actix_counter");
    assert!(program.exists(), "hint: run cargo test -p privyseal-actix");
    let mut command = Command::new(program);
    command
        .arg("127.0.0.1:0")
        .env_remove("SECRET_KEY_FALLBACKS");
    command
}

#[test]
fn the_counter_counts_and_the_browser_cannot_read_it() {
    let key = SecretKey::generate().unwrap().expose_hex();
    let mut command = counter();
    command.env("SECRET_KEY", key.as_str());
    let mut program = Program(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut output = BufReader::new(program.0.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let (_, address) = line.split_once(" on http://").unwrap();
    let address: SocketAddr = address.trim().parse().unwrap();

    let mut browser = Browser::default();
    for visit in ["visit 1", "visit 2"] {
        assert_eq!(browser.get(address, "/").unwrap().body, visit);
    }
    let mut stranger = Browser::default();
    assert_eq!(stranger.get(address, "/").unwrap().body, "visit 1");
    let cookie = browser.cookies.get("__Host-session").unwrap();
    assert!(cookie.starts_with('A'), "version 1 of a sealed token");
}

#[test]
fn the_counter_does_not_start_without_a_good_key() {
    let output = counter().env("SECRET_KEY", "dev").output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    assert_ne!(output.stderr, b"");
}
