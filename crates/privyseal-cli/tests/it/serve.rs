use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::docs::{blocks, pages};
use crate::visitor::Visitor;
use crate::{Place, WEAK_KEY};

/// The example key of Flask's documentation: strong, if the whole world did not have it.
const KNOWN_KEY: &str = "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf";

pub(crate) const FREE_PORT: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A server that is killed when it goes out of scope.
pub(crate) struct Server {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Server {
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_with(place, FREE_PORT)
    }

    pub(crate) fn start_with(
        place: &Place,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        Self::of(place.command(arguments))
    }

    /// Starts the command; standard output goes nowhere.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        // There may be warnings before.
        let address = loop {
            let read = stderr.read_line(&mut said).unwrap();
            assert_ne!(read, 0, "{said}");
            let line = said.lines().last().unwrap_or_default();
            if let Some(address) = line.strip_prefix("serving on http://") {
                break address.to_owned();
            }
        };
        Self {
            child,
            stderr,
            address,
        }
    }

    fn get(&self, path: &str) -> String {
        self.send("GET", path, "", "")
    }

    /// The whole answer, headers included.
    pub(crate) fn send(&self, method: &str, path: &str, cookie: &str, form: &str) -> String {
        let headers = format!(
            "Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n",
            form.len()
        );
        self.send_with(method, path, &headers, form)
    }

    /// The same with these headers.
    pub(crate) fn send_with(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
             {headers}Connection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends the signal; gives the exit code and what else was said.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(status.success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_first_start_makes_a_key_and_serves() {
    let place = Place::new();
    let server = Server::start(&place);
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(server.get("/").contains("Four ways to keep a session"));
    let key = fs::read(place.path("privyseal-data/keys/0001.key")).unwrap();
    assert_eq!(server.stop("-TERM"), (Some(0), String::new()));

    let again = Server::start(&place);
    let same = fs::read(place.path("privyseal-data/keys/0001.key")).unwrap();
    assert!(key == same);
    assert_eq!(again.stop("-TERM"), (Some(0), String::new()));
}

/// The lines of the documents that start the server, on a free port.
#[test]
fn the_documents_start_it() {
    let pages = pages();
    let lines = pages
        .iter()
        .flat_map(|(_, page)| blocks(page))
        .flat_map(str::lines);
    let calls: Vec<&str> = lines
        .filter_map(|line| {
            line.strip_prefix("$ cargo run --release -- ")
                .or_else(|| line.strip_prefix("$ privyseal "))
                .filter(|call| call.starts_with("serve"))
                .filter(|call| !call.contains("--store") && !call.contains("--ring"))
        })
        .collect();
    assert_eq!(calls.len(), 3, "{calls:?}");
    for call in calls {
        let place = Place::new();
        let call = call.replace("127.0.0.1:8080", "127.0.0.1:0");
        let mut arguments: Vec<&str> = call.split(' ').collect();
        if !arguments.contains(&"--listen") {
            arguments.extend(["--listen", "127.0.0.1:0"]);
        }
        let server = Server::start_with(&place, arguments);
        assert!(server.get("/").starts_with("HTTP/1.1 200 OK\r\n"), "{call}");
        assert!(
            place.path("privyseal-data/keys/0001.key").exists(),
            "{call}"
        );
        assert_eq!(server.stop("-TERM").0, Some(0), "{call}");
    }
}

#[test]
fn a_full_run_never_says_a_key() {
    let place = Place::new();
    let server = Server::start(&place);
    let mut said = String::new();
    for mode in ["stored", "sealed", "signed", "flask"] {
        let mut visitor = Visitor::new(mode);
        for (method, path, form) in [
            ("POST", "/sign-in", "name=Ada"),
            ("GET", "", ""),
            ("POST", "/note", "note=hello"),
            ("POST", "/rotate", ""),
            ("GET", "", ""),
            ("GET", "/change?at=9", ""),
            ("GET", "/change?at=x", ""),
            ("POST", "/note", "no form at all"),
            ("POST", "/sign-out-others", ""),
            ("POST", "/sign-out-one", "id=x"),
            ("GET", "", ""),
            ("POST", "/sign-out", ""),
            ("POST", "/replay", "cookie=x"),
            ("GET", "/nothing", ""),
        ] {
            said += &visitor.go(&server, method, path, form);
        }
    }
    let (code, stderr) = server.stop("-TERM");
    assert_eq!(code, Some(0));
    said += &stderr;
    assert!(said.contains("Ada"), "nobody was signed in");
    for number in 1..=5 {
        let file = place.path(&format!("privyseal-data/keys/{number:04}.key"));
        let key = fs::read_to_string(file).unwrap();
        for part in key.trim_end().as_bytes().windows(16) {
            assert!(!said.contains(str::from_utf8(part).unwrap()), "{said}");
        }
    }
}

#[test]
fn ctrl_c_is_code_130() {
    let server = Server::start(&Place::new());
    assert_eq!(server.stop("-INT"), (Some(130), String::new()));
}

#[test]
fn a_weak_known_or_missing_key_is_code_2_with_one_error_and_a_hint_and_without_the_key() {
    let place = Place::new();
    Server::start(&place).stop("-TERM");
    let key = place.path("privyseal-data/keys/0001.key");

    for (unfit, why) in [
        (WEAK_KEY, "the secret key is made of words"),
        (KNOWN_KEY, "the secret key is publicly known"),
        ("", "the secret key is missing or blank"),
    ] {
        place.write("privyseal-data/keys/0001.key", &format!("{unfit}\n"));
        let ran = place.run(FREE_PORT);
        assert_eq!((ran.code, ran.stdout()), (Some(2), ""), "{ran:?}");
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "{ran:?}");
        assert_eq!(ran.stderr.matches("hint: ").count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(why), "{ran:?}");
        assert!(unfit.is_empty() || !ran.stderr.contains(unfit), "{ran:?}");
    }

    fs::remove_file(&key).unwrap();
    let gone = place.run(FREE_PORT);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(gone.stderr.contains("hint: restore"), "{gone:?}");
    assert!(!key.exists());
}

#[test]
fn to_listen_beyond_this_machine_is_warned_of() {
    let place = Place::new();
    for (address, warned) in [("0.0.0.0:0", true), ("[::ffff:127.0.0.1]:0", false)] {
        let mut child = place
            .command(["serve", "--listen", address])
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.starts_with("serving on http://"), "{line}");
        if warned {
            line.clear();
            stderr.read_line(&mut line).unwrap();
            assert!(
                line.starts_with("warning: other machines can reach"),
                "{line}"
            );
        }
        let pid = child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(status.success());
        line.clear();
        stderr.read_to_string(&mut line).unwrap();
        assert_eq!(line.contains("hint: "), warned, "{line}");
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_port_that_is_taken_is_code_2_with_a_hint() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Place::new().run(["serve", "--listen", &address]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr
            .contains(&format!("could not listen on {address}"))
    );
    assert!(ran.stderr.contains("hint: choose another"), "{ran:?}");
}

#[test]
fn json_tells_programs_where_it_listens() {
    let place = Place::new();
    let mut child = place
        .command(["--json", "serve", "--listen", "127.0.0.1:0"])
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let mut values = serde_json::Deserializer::from_reader(stdout).into_iter();
    let value: serde_json::Value = values.next().unwrap().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["store"], "sqlite");
    let url = value["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
}
