//! Nothing is opened until it is asked for, and then the response says so.

use http::HeaderMap;
use http::header::{CACHE_CONTROL, VARY};
use privyseal::KeyRing;
use privyseal_session::{Engine, LiveKeyRing, Session};
use privyseal_testkit::clock::FakeClock;
use serde::{Deserialize, Serialize};

use crate::browser::{Browser, START, every_mode, key, open, own_modes, ring, set_cookies};

fn verifications(keys: &LiveKeyRing) -> u64 {
    let ring = keys.current();
    ring.keys()
        .map(privyseal::keyring::RingKey::verifications)
        .sum()
}

fn assert_uncacheable(response: &HeaderMap, name: &str) {
    assert_eq!(response[VARY], "Cookie", "{name}");
    assert_eq!(response[CACHE_CONTROL], "no-store", "{name}");
}

#[test]
fn an_untouched_session_costs_no_verification_and_leaves_the_response_alone() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let clock = FakeClock::at(START);
    for (name, engine) in own_modes(&keys, &clock) {
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        let before = verifications(&keys);
        clock.advance(600); // so that a touch would be due
        let ((), response) = browser.visit(|_| ());
        assert!(response.unwrap().is_empty(), "{name}");
        assert_eq!(verifications(&keys), before, "{name}");
        // The counter can tell: a read moves it.
        browser.read();
        assert_eq!(verifications(&keys), before + 1, "{name}");
    }
}

#[test]
fn under_flasks_rules_only_a_refresh_opens_what_is_untouched() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let rules = privyseal_session::FlaskRules {
        refresh_each_request: false,
        ..Default::default()
    };
    let engine = Engine::flask(keys.clone()).with_flask_rules(rules);
    let mut browser = Browser::new(&engine);
    browser
        .visit(|handle| {
            open(handle).set_permanent(true);
        })
        .1
        .unwrap();
    let ((), response) = browser.visit(|_| ());
    assert!(response.unwrap().is_empty());
    assert_eq!(verifications(&keys), 0);
}

type Touch = fn(&Session);

#[test]
fn every_touch_keeps_the_response_out_of_caches_a1() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let touches: [(&str, Touch); 5] = [
        ("nothing but asking", |_| ()),
        ("get", |session| drop(session.get("a").cloned())),
        ("contains", |session| assert!(!session.contains_key("no"))),
        ("len", |session| assert!(session.len() < 2)),
        ("iterate", |session| assert!(session.iter().count() < 2)),
    ];
    for (name, engine) in own_modes(&keys, &FakeClock::at(START)) {
        for (touch_name, touch) in touches {
            for cookie in ["none", "good", "forged"] {
                let mut browser = Browser::new(&engine);
                match cookie {
                    "good" => drop(browser.set("a", 1)),
                    "forged" => browser.cookie = Some("forged".to_owned()),
                    _ => {}
                }
                let ((), response) = browser.visit(|handle| touch(&open(handle)));
                let response = response.unwrap();
                let name = format!("{name}, {touch_name}, {cookie}");
                assert_uncacheable(&response, &name);
                assert!(set_cookies(&response).is_empty(), "{name}");
            }
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Numbers {
    a: u32,
}

#[test]
fn an_open_that_fails_is_a_touch_a1() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let clock = FakeClock::at(START);
    for (name, engine) in own_modes(&keys, &clock) {
        // Authentic, but of another type.
        let mut browser = Browser::new(&engine);
        browser.set("a", "text");
        let (opened, response) = browser.visit(|handle| handle.open::<Numbers>().is_ok());
        assert!(!opened, "{name}");
        assert_uncacheable(&response.unwrap(), name);
    }
    // Authentic, but no session at all.
    let flask = privyseal::formats::flask::FlaskSession::sha256(&ring(b'a'));
    let number = flask
        .sign(b"5", privyseal::Timestamp::from_unix_seconds(START))
        .unwrap();
    for (name, engine) in [
        ("signed", Engine::signed(keys.clone())),
        (
            "Flask's rules",
            Engine::flask(keys.clone())
                .with_flask_options(privyseal::formats::flask::FlaskOptions::sha256()),
        ),
    ] {
        let mut browser = Browser::with_cookie(&engine.with_clock(clock.clone()), &number);
        let (opened, response) = browser.visit(|handle| handle.open::<Numbers>().is_ok());
        assert!(!opened, "{name}");
        assert_eq!(response.unwrap()[VARY], "Cookie", "{name}");
    }
}

#[test]
fn a_ring_that_only_verifies_serves_readers_and_refuses_writers() {
    let clock = FakeClock::at(START);
    let signing = LiveKeyRing::new(ring(b'a'));
    let verifying = LiveKeyRing::new(KeyRing::verify_only([key(b'a').into()]));
    for ((name, writer), (_, reader)) in every_mode(&signing, &clock)
        .into_iter()
        .zip(every_mode(&verifying, &clock))
    {
        let mut browser = Browser::new(&writer);
        browser.set("a", 1);
        browser
            .visit(|handle| open(handle).set_permanent(true))
            .1
            .unwrap();
        browser.engine = reader;
        clock.advance(600); // a touch is due, and a refresh
        let response = browser.read();
        assert_eq!(response[VARY], "Cookie", "{name}");
        assert!(set_cookies(&response).is_empty(), "{name}");
        assert_eq!(browser.get("a"), Some(1), "{name}");
        let ((), response) = browser.visit(|handle| {
            open(handle).insert("a", 2);
        });
        let error = response.unwrap_err().to_string();
        assert!(error.contains("no secret key was set"), "{name}: {error}");
    }
}

#[test]
fn without_any_key_a_session_is_empty_and_cannot_be_written() {
    for (name, engine) in every_mode(
        &LiveKeyRing::new(KeyRing::verify_only([])),
        &FakeClock::at(START),
    ) {
        let mut browser =
            Browser::with_cookie(&engine, "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
        assert_eq!(browser.get("a"), None, "{name}");
        let ((), response) = browser.visit(|handle| {
            open(handle).insert("a", 2);
        });
        assert!(response.is_err(), "{name}");
    }
}
