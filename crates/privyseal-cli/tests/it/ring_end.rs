//! What is said before sessions end, what is found in damaged rings, and how a legacy key moves.

use std::fs;
use std::io::{Read, Write};

use privyseal_testkit::servers::postgres::PostgresServer;

use crate::ring::Ring;
use crate::serve::Server;
use crate::visitor::Visitor;
use crate::{Place, Ran};

#[test]
fn a_revocation_says_first_what_it_ends_and_by_when() {
    let ring = Ring::new();
    for (arguments, says) in [
        (
            ["revoke", "primary"],
            "every session that began or was renewed under it ends",
        ),
        (
            ["revoke", "standby"],
            "has signed nothing yet, so no session ends",
        ),
        (
            ["revoke", "--all"],
            "every session and every other token of the ring ends",
        ),
        (["suspend", "primary"], "nobody is signed out"),
    ] {
        let ran = ring.run(&[&arguments[..], &["--dry-run"]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
    let told = ring.run(&["revoke", "primary", "--dry-run"]).stderr;
    assert!(
        told.contains("how many sessions these are is not known"),
        "{told}"
    );
    assert!(
        told.contains("most nodes obey at once; the last one obeys by 20"),
        "{told}"
    );
    assert!(told.contains("Z, 5 m from now\n"), "{told}");
    let told = ring.run(&["revoke", "--all", "--dry-run"]).stderr;
    assert!(told.contains("answer \"unavailable\""), "{told}");

    let polled = Ring::with("sqlite:ring.db", &[]);
    let told = polled.run(&["revoke", "primary", "--dry-run"]).stderr;
    assert!(
        !told.contains("at once") && told.contains("\nthe last one obeys by 20"),
        "{told}"
    );
    assert_eq!((ring.generation(), polled.generation()), (1, 1));
}

/// Signs two people in to a server on this store, and looks whether they are counted.
fn counts_the_sessions_of(store: &str) {
    let ring = Ring::new();
    ring.place.write("store.url", store);
    let serve = [&crate::serve::FREE_PORT[..], &["--store-file", "store.url"]].concat();
    let server = Server::start_with(&ring.place, &serve);
    let _visitors = ["Ada", "Bob"].map(|name| Visitor::signed_in(&server, "stored", name));
    for (which, says) in [
        (
            "primary",
            "the store has 2 sessions, and no more than these end in it;",
        ),
        ("--all", "the store has 2 sessions, which all end;"),
    ] {
        let ran = ring.run(&["revoke", which, "--dry-run", "--store-file", "store.url"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
}

#[test]
fn the_sessions_of_an_sqlite_file_are_counted_before_they_end() {
    counts_the_sessions_of("sqlite:sessions.db");
}

#[test]
fn a_store_that_is_away_stops_no_revocation() {
    let ring = Ring::new();
    for (store, generation) in [("sqlite:none.db", 2), ("postgres://127.0.0.1:1/d", 3)] {
        let ran = ring.run(&["revoke", "primary", "--yes", "--store", store]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let warned = "warning: could not use the store of sessions: ";
        assert!(ran.stderr.starts_with(warned), "{ran:?}");
        assert!(
            ran.stderr
                .contains("how many sessions these are is not known"),
            "{ran:?}"
        );
        assert_eq!(ring.generation(), generation);
    }
    assert!(!ring.place.path("none.db").exists());
}

#[test]
fn the_sessions_of_a_postgresql_database_are_counted_before_they_end() {
    counts_the_sessions_of(&PostgresServer::shared().database().unwrap());
}

#[test]
fn a_revoked_key_is_gone_for_good_and_its_note_stays() {
    let ring = Ring::new();
    let primary = ring.json(&["status"])["signer"]
        .as_str()
        .unwrap()
        .to_owned();
    let revoked = ring.run(&["revoke", &primary, "--yes", "--note", "leaked"]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    assert!(
        revoked
            .stdout()
            .contains(&format!("{primary}  primary -> revoked")),
        "{revoked:?}"
    );
    let again = ring.run(&["revoke", &primary, "--yes"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("it is revoked"), "{again:?}");
    let listed = ring.run(&["list"]);
    assert!(
        listed.quietly().contains("standing   revoked\n"),
        "{listed:?}"
    );
    assert!(
        listed.quietly().contains("note       leaked\n"),
        "{listed:?}"
    );
    assert!(ring.run(&["history"]).quietly().contains("note: leaked"));
}

#[cfg(unix)]
#[test]
fn on_a_terminal_it_asks_and_takes_yes_for_an_answer_alone() {
    let ring = Ring::new();
    for (answer, code, generation) in [("no\n", 2, 1), ("\n", 2, 1), ("yes\n", 0, 2)] {
        let (mut person, program) = crate::typed_keys::terminal();
        let flags = ring.flags.iter().map(String::as_str);
        let arguments = ["ring", "revoke", "primary"].into_iter().chain(flags);
        let mut command = ring.place.command(arguments);
        let mut child = command.stdin(program).spawn().unwrap();
        drop(command);
        let mut stderr = child.stderr.take().unwrap();
        let mut asked = String::new();
        while !asked.ends_with("type yes to go on: ") {
            let mut byte = [0];
            stderr.read_exact(&mut byte).unwrap();
            asked.push(char::from(byte[0]));
        }
        person.write_all(answer.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{answer:?}");
        assert_eq!(ring.generation(), generation, "{answer:?}");
    }
}

/// Changes one byte of a file at its end.
fn damage(ring: &Ring, file: &str) {
    let path = ring.place.path(file);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
}

#[test]
fn damage_is_found_in_every_generation_and_is_code_1() {
    for (file, generation) in [("ring/ring-000000000002", 2), ("ring/ring", 3)] {
        let ring = Ring::new();
        ring.json(&["import", "--from", "other.key"]);
        ring.json(&["rotate"]);
        let sound = ring.run(&["verify"]);
        assert_eq!(
            sound.quietly(),
            "sound: generation 3, 3 generations and 9 wrapped keys checked\n"
        );
        damage(&ring, file);
        let damaged = ring.run(&["verify"]);
        assert_eq!(damaged.code, Some(1), "{damaged:?}");
        let says = format!("\ngeneration {generation} damaged: the key ring cannot be believed");
        assert!(damaged.stdout().contains(&says), "{damaged:?}");
        let json = ring.run(&["verify", "--json"]);
        assert_eq!(json.code, Some(1), "{json:?}");
        assert_eq!(json.json()["sound"], false);
        assert_eq!(json.json()["damage"][0]["generation"], generation);
        let history = ring.run(&["history"]);
        let says = format!("generation {generation} cannot be read: ");
        assert!(history.quietly().contains(&says), "{history:?}");
    }
}

#[test]
fn a_generation_of_another_history_is_found() {
    let ring = Ring::new();
    let first = fs::read(ring.place.path("ring/ring")).unwrap();
    let fork = |name: &str| {
        fs::create_dir(ring.place.path(name)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(ring.place.path(name), mode).unwrap();
        let path = format!("{name}/ring");
        ring.place.write(&path, "");
        fs::write(ring.place.path(&path), &first).unwrap();
        let url = format!("file:{name}");
        let flags = ["--ring", &url, "--kek", "file:kek", "--from"];
        for key in ["other.key", "secret.key"] {
            let arguments = [&["ring", "import"], &flags[..], &[key]].concat();
            assert_eq!(ring.place.run(arguments).code, Some(0));
        }
    };
    fork("one");
    fork("two");
    let path = |name: &str| ring.place.path(&format!("{name}/ring-000000000002"));
    fs::remove_file(path("one")).unwrap();
    fs::copy(path("two"), path("one")).unwrap();
    let ran = ring
        .place
        .run(["ring", "verify", "--ring", "file:one", "--kek", "file:kek"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let says = "\ngeneration 3 damaged: it does not come from the generation before it";
    assert!(ran.stdout().contains(says), "{ran:?}");
}

#[test]
fn a_legacy_key_moves_into_a_ring_and_verifies_until_its_end() {
    let place = Place::with_keys();
    let migrate = |further: &[&str]| {
        let base = [
            "key",
            "migrate",
            "--from",
            "env:LEGACY",
            "--into",
            "file:ring",
        ];
        let mut command = place.command([&base[..], further].concat());
        command.env("LEGACY", crate::KEY);
        Ran::from(command.output().unwrap())
    };
    let rehearsed = migrate(&["--new-kek", "kek", "--dry-run"]);
    assert!(
        rehearsed
            .quietly()
            .starts_with("would make the ring in ring"),
        "{rehearsed:?}"
    );
    assert!(!place.path("ring").exists() && !place.path("kek").exists());

    let moved = migrate(&["--new-kek", "kek", "--verify-until", "14d"]);
    assert!(
        moved
            .quietly()
            .starts_with("made the ring in ring, with a new key that signs\n")
    );
    assert!(
        moved
            .quietly()
            .contains("\n2. when every node does so, take the old key out")
    );
    let listed = place.run([
        "--json",
        "ring",
        "list",
        "--ring",
        "file:ring",
        "--kek",
        "file:kek",
    ]);
    let listed = listed.json();
    assert_eq!(listed["generation"], 2);
    let old = &listed["keys"][2];
    assert_eq!(
        (&old["standing"], &old["origin"]),
        (&"verifies".into(), &"imported".into())
    );
    assert_eq!(old["note"], "migrated");
    assert!(
        moved
            .quietly()
            .contains(old["verifies_until"].as_str().unwrap()),
        "{moved:?}"
    );

    let again = migrate(&["--kek", "file:kek"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(
        again.stderr.contains("the ring has or had the key"),
        "{again:?}"
    );
}

#[test]
fn a_weak_legacy_key_moves_only_when_that_is_said() {
    let place = Place::with_keys();
    let migrate = |further: &[&str]| {
        let base = [
            "key",
            "migrate",
            "--from",
            "weak.key",
            "--into",
            "file:ring",
        ];
        place.run([&base[..], &["--new-kek", "kek"], further].concat())
    };
    let refused = migrate(&[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(!place.path("ring").exists() && !place.path("kek").exists());
    let moved = migrate(&["--danger-accept-weak-key"]);
    assert_eq!(moved.code, Some(0), "{moved:?}");
    assert!(moved.stderr.starts_with("warning: "), "{moved:?}");
    assert!(!moved.stderr.contains(crate::WEAK_KEY));
}
