//! Where `serve` keeps its sessions: what a restart leaves, who shares them, and what is said when
//! they cannot be had.

use std::process::Command;

use privyseal_testkit::servers::mariadb::MariadbServer;
use privyseal_testkit::servers::postgres::PostgresServer;
use privyseal_testkit::servers::redis::RedisServer;

use crate::serve::{FREE_PORT, Server};
use crate::visitor::Visitor;
use crate::{Place, mode};

const MODES: [&str; 4] = ["stored", "sealed", "signed", "flask"];

#[test]
fn a_restart_keeps_everybody_signed_in_and_those_out_who_signed_out() {
    for signal in ["-TERM", "-KILL"] {
        let place = Place::new();
        let server = Server::start(&place);
        let mut visitors = MODES.map(|mode| Visitor::signed_in(&server, mode, "Ada"));
        let mut leavers = MODES.map(|mode| Visitor::signed_in(&server, mode, "Bob"));
        for leaver in &mut leavers {
            let kept = leaver.cookie.clone();
            leaver.press(&server, "/sign-out", "");
            leaver.cookie = kept;
        }
        assert_eq!(mode(&place.path("privyseal-data/sessions.db")), 0o600);
        server.stop(signal);

        let server = Server::start(&place);
        for visitor in &mut visitors {
            assert!(visitor.is_in(&server), "{signal} {}", visitor.cookie);
        }
        for leaver in &mut leavers {
            assert!(!leaver.is_in(&server), "{signal} {}", leaver.cookie);
        }
    }
}

#[test]
fn two_servers_on_one_file_share_their_sessions() {
    let place = Place::new();
    let (one, other) = (Server::start(&place), Server::start(&place));
    for mode in MODES {
        let mut visitor = Visitor::signed_in(&one, mode, "Ada");
        assert!(visitor.is_in(&other), "{mode}");
        let kept = visitor.cookie.clone();
        visitor.press(&other, "/sign-out", "");
        visitor.cookie = kept;
        assert!(!visitor.is_in(&other), "{mode}");
        if mode == "stored" {
            assert!(!visitor.is_in(&one));
        }
        visitor.wait_until_out(&one);
    }
}

#[test]
fn sessions_in_memory_end_with_the_process() {
    let place = Place::new();
    let arguments = [&FREE_PORT[..], &["--store", "memory"]].concat();
    let server = Server::start_with(&place, &arguments);
    let mut visitor = Visitor::signed_in(&server, "stored", "Ada");
    assert_eq!(server.stop("-TERM"), (Some(0), String::new()));
    assert!(!place.path("privyseal-data/sessions.db").exists());
    assert!(!visitor.is_in(&Server::start_with(&place, &arguments)));
}

#[test]
fn another_file_is_chosen_by_its_path() {
    let place = Place::new();
    let arguments = [&FREE_PORT[..], &["--store", "sqlite:other.db"]].concat();
    let server = Server::start_with(&place, &arguments);
    Visitor::signed_in(&server, "stored", "Ada");
    assert!(place.path("other.db").exists());
    assert!(!place.path("privyseal-data/sessions.db").exists());
}

#[test]
fn a_url_of_no_store_is_code_2_with_one_error_and_a_hint_and_is_not_quoted() {
    let place = Place::new();
    for (url, why) in [
        ("hunter2", "begins with no kind of store"),
        ("mongodb://u:hunter2@h", "begins with no kind of store"),
        ("sqlite:", "names no file"),
        ("redis://u:hunter2", "names no host"),
        ("postgres://u:hunter2@h/d", "holds a password"),
        ("mysql://h/d?password=hunter2", "holds a password"),
        ("redis://:hunter2@h", "holds a password"),
    ] {
        let ran = place.run([&FREE_PORT[..], &["--store", url]].concat());
        assert_eq!((ran.code, ran.stdout()), (Some(2), ""), "{url}");
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "{ran:?}");
        assert_eq!(ran.stderr.matches("hint: ").count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(why), "{ran:?}");
        assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn a_store_that_cannot_be_reached_is_code_2_and_named_without_its_password() {
    let place = Place::new();
    // Nobody listens on port 1.
    for (scheme, name) in [
        ("postgres", "PostgreSQL at 127.0.0.1:1"),
        ("mysql", "MySQL at 127.0.0.1:1"),
        ("redis", "Redis at 127.0.0.1:1"),
        ("rediss", "Redis at 127.0.0.1:1"),
    ] {
        place.write(
            "store.url",
            &format!("{scheme}://ada:hunter2@127.0.0.1:1/0\n"),
        );
        for json in [None, Some("--json")] {
            let mut arguments = [&FREE_PORT[..], &["--store-file", "store.url"]].concat();
            arguments.extend(json);
            let ran = place.run(arguments);
            assert_eq!((ran.code, ran.stdout()), (Some(2), ""), "{ran:?}");
            let first = ran.stderr.lines().next().unwrap();
            let error = format!("error: could not use the store of sessions: {name}");
            assert_eq!(first, error, "{ran:?}");
            assert_eq!(ran.stderr.matches("hint: ").count(), 1, "{ran:?}");
            let hint = format!("hint: see that {name} runs");
            assert!(ran.stderr.contains(&hint), "{ran:?}");
            assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
            assert!(!ran.stderr.contains("ada"), "{ran:?}");
        }
    }
    let ran = place.run([&FREE_PORT[..], &["--store", "sqlite:none/sessions.db"]].concat());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr.contains("SQLite file none/sessions.db"),
        "{ran:?}"
    );
}

#[test]
fn a_url_comes_from_a_file_standard_input_or_a_credential() {
    let place = Place::new();
    place.write("store_url", "sqlite:from-file.db\n");
    let serve = |arguments: &[&str]| place.command([&FREE_PORT[..], arguments].concat());
    Server::of(serve(&["--store-file", "store_url"])).stop("-TERM");
    assert!(place.path("from-file.db").exists());

    place.write("store_url", "sqlite:from-stdin.db\r\n");
    let mut piped = serve(&["--store-file", "-"]);
    piped.stdin(std::fs::File::open(place.path("store_url")).unwrap());
    Server::of(piped).stop("-TERM");
    assert!(place.path("from-stdin.db").exists());

    place.write("store_url", "sqlite:from-credential.db");
    let mut with_credential = serve(&[]);
    with_credential.env("CREDENTIALS_DIRECTORY", place.path("."));
    Server::of(with_credential).stop("-TERM");
    assert!(place.path("from-credential.db").exists());
    assert!(!place.path("privyseal-data/sessions.db").exists());

    let both = ["--store", "memory", "--store-file", "store_url"];
    let ran = place.run([&FREE_PORT[..], &both].concat());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let missing = place.run([&FREE_PORT[..], &["--store-file", "none"]].concat());
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(missing.stderr.contains("from none"), "{missing:?}");
}

#[test]
fn a_file_with_a_password_that_others_can_read_is_warned_of() {
    let place = Place::new();
    place.write("store.url", "redis://:hunter2@127.0.0.1:1\n");
    let arguments = [&FREE_PORT[..], &["--store-file", "store.url"]].concat();
    assert!(!place.run(arguments.clone()).stderr.contains("warning: "));
    let status = Command::new("chmod")
        .args(["644", "store.url"])
        .current_dir(place.path("."))
        .status();
    assert!(status.unwrap().success());
    let ran = place.run(arguments);
    assert!(
        ran.stderr
            .starts_with("warning: store.url holds a password")
    );
    assert!(ran.stderr.contains("hint: run `chmod 600 store.url`"));
}

/// What a server of a store keeps: sessions over a restart, lists, and what was ended.
fn serves_from(url: &str) {
    let place = Place::new();
    place.write("store.url", url);
    let arguments = [&FREE_PORT[..], &["--store-file", "store.url"]].concat();
    let server = Server::start_with(&place, &arguments);
    let mut visitors = MODES.map(|mode| Visitor::signed_in(&server, mode, "Ada"));
    server.stop("-KILL");

    let (one, other) = (
        Server::start_with(&place, &arguments),
        Server::start_with(&place, &arguments),
    );
    for visitor in &mut visitors {
        assert!(visitor.is_in(&one) && visitor.is_in(&other));
    }
    let [stored, ..] = &mut visitors;
    stored.press(&one, "/sign-out-everywhere", "");
    for visitor in &mut visitors {
        visitor.wait_until_out(&one);
        visitor.wait_until_out(&other);
    }
    for server in [one, other] {
        assert_eq!(server.stop("-TERM"), (Some(0), String::new()));
    }
}

#[test]
fn sessions_are_kept_in_postgresql() {
    serves_from(&PostgresServer::shared().database().unwrap());
}

#[test]
fn sessions_are_kept_in_mariadb() {
    serves_from(&MariadbServer::shared().database().unwrap());
}

#[test]
fn sessions_are_kept_in_redis() {
    serves_from(&RedisServer::start().unwrap().url());
}
