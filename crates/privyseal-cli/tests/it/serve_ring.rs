//! `privyseal serve --ring`: what it says of its ring, to people and to programs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::Instant;

use serde_json::Value;

use crate::Place;
use crate::docs::{blocks, matches, pages};
use crate::serve::{FREE_PORT, Server};
use crate::visitor::Visitor;

const RING: [&str; 4] = ["--ring", "file:ring", "--kek", "file:ring.kek"];

fn init(place: &Place) {
    let ran = place.run([
        "ring",
        "init",
        "--ring",
        "file:ring",
        "--new-kek",
        "ring.kek",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

fn on_ring(place: &Place, more: &[&str]) -> Server {
    Server::start_with(place, [&FREE_PORT[..], &RING, more].concat())
}

/// The status, and the body as JSON.
fn health(server: &Server) -> (String, Value) {
    let answer = server.send_with("GET", "/healthz", "Accept: application/json\r\n", "");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.to_owned(), serde_json::from_str(body).unwrap())
}

fn line(server: &Server) -> String {
    let answer = server.send("GET", "/healthz", "", "");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn wait_until(server: &Server, state: &str) {
    let start = Instant::now();
    while health(server).1["state"] != state {
        assert!(start.elapsed().as_secs() < 30, "it is not {state}");
        std::thread::yield_now();
    }
}

#[test]
fn a_server_on_a_ring_makes_no_key_of_its_own() {
    let place = Place::new();
    init(&place);
    let server = on_ring(&place, &[]);
    let (status, said) = health(&server);
    assert_eq!(status, "200");
    for (name, value) in [
        ("schema_version", 1.into()),
        ("ready", true.into()),
        ("state", "fresh".into()),
        ("verifies", true.into()),
        ("signs", true.into()),
        ("role", "rotator".into()),
        ("generation", 1.into()),
        ("rotation_overdue", false.into()),
        ("trouble", Value::Null),
        ("rotator_trouble", Value::Null),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    let line = line(&server);
    assert!(line.starts_with("fresh: ring "), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    Visitor::signed_in(&server, "sealed", "Ada");
    assert!(!place.path("privyseal-data/keys").exists());
    assert!(place.path("privyseal-data/sessions.db").exists());

    let metrics = server.send("GET", "/metrics", "", "");
    let signer = said["signer"].as_str().unwrap();
    for expected in [
        "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8",
        r#"privyseal_ring_state{state="fresh"} 1"#,
        r#"privyseal_ring_state{state="stale"} 0"#,
        "privyseal_ring_generation 1",
        "privyseal_ring_rotation_overdue 0",
        &format!(r#"privyseal_ring_verifications_total{{key="{signer}"}} "#),
        r#"privyseal_session_events_total{event="signed_in"} 1"#,
    ] {
        assert!(metrics.contains(expected), "{expected}: {metrics}");
    }
    assert_eq!(server.stop("-TERM"), (Some(0), String::new()));
}

#[test]
fn the_button_sets_the_time_of_the_next_key_and_a_reader_has_none() {
    let place = Place::new();
    init(&place);
    let [rotator, reader] = [
        on_ring(&place, &[]),
        on_ring(&place, &["--ring-role", "reader"]),
    ];
    let mut ada = Visitor::signed_in(&rotator, "sealed", "Ada");
    let page = ada.go(&reader, "GET", "", "");
    assert!(page.contains("it is rotated elsewhere") && !page.contains("Rotate the key"));
    assert!(
        ada.press(&reader, "/rotate", "")
            .starts_with("HTTP/1.1 403 ")
    );
    assert_eq!(health(&reader).1["role"], "reader");

    assert!(
        ada.press(&rotator, "/rotate", "")
            .starts_with("HTTP/1.1 303 ")
    );
    let page = ada.go(&rotator, "GET", "", "");
    assert!(page.contains("The next key is set to sign from "), "{page}");
    assert!(!page.contains("Rotate the key"), "{page}");
    let again = ada.press(&rotator, "/rotate", "");
    assert!(again.starts_with("HTTP/1.1 409 "), "{again}");
    assert_eq!(health(&rotator).1["generation"], 2);
}

/// Starts it where nothing can be read; what it says before it serves.
fn start_without_keys(place: &Place, ring: &str) -> (Child, String) {
    let ring = ["--ring", ring, "--kek", "file:ring.kek"];
    let mut child = place
        .command([&FREE_PORT[..], &ring].concat())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("serving on ") {
        let read = stderr.read_line(&mut said).unwrap();
        assert_ne!(read, 0, "{said}");
    }
    (child, said)
}

#[test]
fn a_server_that_cannot_reach_its_ring_starts_and_says_so() {
    let place = Place::new();
    init(&place);
    for (ring, why) in [
        // Nobody listens there.
        (
            "postgres://app@127.0.0.1:9/app",
            "the key ring cannot be reached",
        ),
        ("file:elsewhere", "there is no key ring here"),
    ] {
        let (mut child, said) = start_without_keys(&place, ring);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(said.contains("warning: no keys from the ring "), "{said}");
        assert!(said.contains(&format!("yet: empty; {why}")), "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
    assert!(!place.path("elsewhere").exists(), "a ring was made");
}

#[test]
fn a_ring_that_is_wrapped_by_another_key_is_not_taken() {
    let place = Place::new();
    init(&place);
    place.run([
        "ring",
        "init",
        "--ring",
        "file:other",
        "--new-kek",
        "other.kek",
    ]);
    let (mut child, said) = start_without_keys(&place, "file:other");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said.contains("yet: empty; "), "{said}");
    let key = fs::read_to_string(place.path("ring.kek")).unwrap();
    assert!(!said.contains(key.trim()), "{said}");
}

#[test]
fn wrong_use_of_the_flags_of_a_ring_is_code_2() {
    let place = Place::new();
    for (flags, why) in [
        (
            &["--ring", "file:ring"][..],
            "nothing says what wraps the key ring",
        ),
        (&["--ring", "file:ring", "--kek", "file:none"], "none"),
        (
            &["--ring", "hunter2", "--kek", "plain"],
            "no kind of repository",
        ),
        (
            &[
                "--ring",
                "postgres://u:hunter2@h/d",
                "--kek",
                "file:ring.kek",
            ],
            "holds a password",
        ),
    ] {
        let ran = place.run([&FREE_PORT[..], flags].concat());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(why), "{ran:?}");
        assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    }
}

/// The blocks of the page that ask a server are asked of one.
#[test]
fn the_page_on_operating_a_ring_shows_what_servers_say() {
    let pages = pages();
    let (_, page) = pages
        .iter()
        .find(|(name, _)| name == "docs/operating-key-rings.md")
        .unwrap();
    let asked: Vec<&str> = blocks(page)
        .filter_map(|block| block.strip_prefix("$ curl "))
        .collect();
    let [fresh, json, empty, metrics] = asked[..] else {
        panic!("{asked:?}");
    };
    let place = Place::new();
    init(&place);
    let server = on_ring(&place, &[]);
    Visitor::signed_in(&server, "sealed", "Ada");
    let body = |answer: String| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let expected = |block: &str| block.split_once('\n').unwrap().1.to_owned();
    let call = format!("$ privyseal serve {}\n", RING.join(" "));
    assert!(page.contains(&call), "{call}");
    let said = line(&server);
    assert!(matches(&expected(fresh), &said), "{said}");
    let said = body(server.send_with("GET", "/healthz", "Accept: application/json\r\n", ""));
    assert!(matches(&expected(json), &said), "{said}");
    let said = body(server.send("GET", "/metrics", "", ""));
    let said: String = said
        .lines()
        .filter(|line| line.starts_with("privyseal_ring"))
        .fold(String::new(), |all, line| all + line + "\n");
    assert!(matches(&expected(metrics), &said), "{said}");

    let gone = Place::new();
    init(&gone);
    fs::rename(gone.path("ring"), gone.path("away")).unwrap();
    let ring = ["--ring", "file:ring", "--kek", "file:ring.kek"];
    let server = Server::start_with(&gone, [&FREE_PORT[..], &ring].concat());
    let said = line(&server);
    assert!(matches(&expected(empty), &said), "{said}");
    fs::rename(gone.path("away"), gone.path("ring")).unwrap();
    wait_until(&server, "fresh");
}
