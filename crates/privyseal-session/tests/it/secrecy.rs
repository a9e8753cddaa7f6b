//! What must not be said.

use std::collections::HashSet;
use std::error::Error as _;
use std::fmt::Debug;

use privyseal::KeyRing;
use privyseal::sealed::{Context, Sealer, SessionId};
use privyseal_session::{Engine, LiveKeyRing, Session};
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::ready;
use serde::{Deserialize, Serialize};

use crate::browser::{Browser, START, every_mode, key, key_bytes, open};

/// The spellings in which a dump could show the key.
fn assert_hides_the_key(shown: &impl Debug) {
    let key = key(b'a');
    let bytes = key_bytes(b'a');
    let list = format!("{bytes:?}");
    let short_list = list
        .trim_matches(['[', ']'])
        .split(", ")
        .take(6)
        .collect::<Vec<_>>();
    let text = format!("{shown:?}\n{shown:#?}");
    let text = text.replace('\n', " ");
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for spelling in [
        key.expose_hex().to_string(),
        key.expose_base64().to_string(),
        key.expose_base64url().to_string(),
        short_list.join(", "),
        String::from_utf8_lossy(&bytes).into_owned(),
    ] {
        assert!(!squeezed.contains(&spelling), "{squeezed} shows {spelling}");
    }
}

#[test]
fn debug_does_not_leak_key() {
    let keys = LiveKeyRing::new(KeyRing::new(key(b'a')));
    assert_hides_the_key(&keys);
    for (_, engine) in every_mode(&keys, &FakeClock::at(START)) {
        let mut browser = Browser::new(&engine);
        browser.set("password", "hunter2");
        // The engine has prepared its keys by now.
        assert_hides_the_key(&engine);
        let request = browser.request();
        let handle = engine.begin(&request);
        let session: Session = ready(handle.open(&request)).unwrap();
        for shown in [
            format!("{handle:?}"),
            format!("{session:?}"),
            format!("{engine:?}"),
        ] {
            assert_hides_the_key(&shown);
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(
                !shown.contains(browser.cookie.as_deref().unwrap()),
                "{shown}"
            );
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Numbers {
    password: u32,
}

/// The text of the error itself is safe to show; only its source, for the developer, quotes data.
#[test]
fn errors_leak_neither_key_nor_session() {
    let keys = LiveKeyRing::new(KeyRing::new(key(b'a')));
    for (name, engine) in every_mode(&keys, &FakeClock::at(START)) {
        let mut browser = Browser::new(&engine);
        browser.set("password", "hunter2");
        let (error, _) = browser.visit(|handle| handle.open::<Numbers>().unwrap_err());
        assert!(!error.to_string().contains("hunter2"), "{name}");
        assert_hides_the_key(&error);
        assert!(
            error.source().is_some(),
            "{name}: the developer can find out more"
        );

        let ((), response) = browser.visit(|handle| {
            open(handle).insert("much", "hunter2".repeat(100_000));
        });
        if let Err(error) = response {
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{name}");
        }
    }
}

/// As many as an unoptimised build seals in a second: what repeats itself does so sooner.
#[test]
fn ten_thousand_seals_have_as_many_nonces() {
    let context = Context {
        purpose: "session",
        cookie_name: "__Host-session",
        application: "",
    };
    let sealer = Sealer::new(&KeyRing::new(key(b'a')), context);
    let now = privyseal::Timestamp::from_unix_seconds(START);
    let mut rng = rand::rng();
    let id = SessionId::random(&mut rng).unwrap();
    // Version and key id take nine bytes, twelve characters; the nonce the 32 after them.
    let nonces: HashSet<String> = (0..10_000)
        .map(|_| sealer.seal(b"", id, now, &mut rng).unwrap()[12..44].to_owned())
        .collect();
    assert_eq!(nonces.len(), 10_000);
}

#[test]
fn the_engine_never_seals_the_same_session_alike() {
    let engine = Engine::sealed(KeyRing::new(key(b'a'))).with_clock(FakeClock::at(START));
    let mut cookies = HashSet::new();
    let mut browser = Browser::new(&engine);
    browser.set("a", 1);
    for _ in 0..1000 {
        browser
            .visit(|handle| {
                let mut session: Session = open(handle);
                session.mark_modified();
            })
            .1
            .unwrap();
        assert!(cookies.insert(browser.cookie.clone().unwrap()));
    }
}
