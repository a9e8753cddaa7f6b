//! The keys change while sessions live.

use std::collections::BTreeMap;

use http::HeaderMap;
use privyseal::KeyRing;
use privyseal_session::{CookiePolicy, LiveKeyRing, SameSite};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, every_mode, key, open, ring, set_cookies, verify_key};
use crate::kinds::every_kind;

/// The cookies of a response that the browser keeps: names and attributes.
fn kept(response: &HeaderMap) -> BTreeMap<String, String> {
    let cookies = set_cookies(response).into_iter();
    cookies
        .filter(|cookie| !cookie.contains("Max-Age=0"))
        .map(|cookie| {
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let (name, _) = pair.split_once('=').unwrap();
            (name.to_owned(), attributes.to_owned())
        })
        .collect()
}

#[test]
fn nobody_is_signed_out_by_a_rotation_and_the_cookie_is_made_anew_with_the_same_attributes() {
    let policy = CookiePolicy::builder("id")
        .domain("example.org")
        .path("/shop")
        .same_site(SameSite::Strict)
        .build()
        .unwrap();
    for remembered in [false, true] {
        every_kind(|kind| {
            let name = format!("{}, remembered: {remembered}", kind.name);
            let mut browser = Browser::new(&kind.engine.clone().with_cookie(policy.clone()));
            let written = browser.visit(|visit| {
                let mut session = open(visit);
                session.insert("a", 1);
                kind.fill(&mut session);
                if kind.follows_flask() {
                    session.set_permanent(remembered);
                } else {
                    session.remember(remembered);
                }
            });
            let first = kept(&written.1.unwrap());
            let outlives = first.values().all(|value| value.contains("Expires="));
            assert_eq!((first.is_empty(), outlives), (false, remembered), "{name}");

            kind.keys.replace(kind.keys.current().rotated(key(b'b')));
            // Flask sends a cookie again that is permanent, and no other unless it changed.
            let (is_sent_again, is_sent_always) = if kind.follows_flask() {
                (remembered, remembered)
            } else {
                (true, false)
            };
            let response = browser.read();
            assert_eq!(!kept(&response).is_empty(), is_sent_again, "{name}");
            let response = if is_sent_again {
                response
            } else {
                browser.set("b", 1)
            };
            assert_eq!(kept(&response), first, "{name}");
            let again = kept(&browser.read());
            assert_eq!(!again.is_empty(), is_sent_always, "{name}: once is enough");
            // The old key is no longer needed.
            kind.keys.replace(ring(b'b'));
            assert_eq!(browser.get("a"), Some(1), "{name}");
        });
    }
}

#[test]
fn a_key_that_was_removed_makes_a_stranger_whose_cookie_stays() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let clock = FakeClock::at(START);
    for (name, engine) in every_mode(&keys, &clock) {
        keys.replace(ring(b'a'));
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        keys.replace(ring(b'b'));
        assert_eq!(browser.get("a"), None, "{name}");
        assert!(set_cookies(&browser.read()).is_empty(), "{name}");
        // So a key that was removed by mistake can be put back.
        keys.replace(KeyRing::new(key(b'b')).with_verify_only([verify_key(b'a')]));
        assert_eq!(browser.get("a"), Some(1), "{name}");
    }
}

#[test]
fn a_rotation_during_a_request_signs_with_the_new_key() {
    for at in 0..4 {
        let keys = LiveKeyRing::new(ring(b'a'));
        let (name, engine) = every_mode(&keys, &FakeClock::at(START))[at].clone();
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        browser
            .visit(|handle| {
                let mut session = open(handle);
                keys.replace(keys.current().rotated(key(b'b')));
                session.insert("a", 2);
            })
            .1
            .unwrap();
        keys.replace(ring(b'b'));
        assert_eq!(browser.get("a"), Some(2), "{name}");
    }
}
