//! The keys change while sessions live.

use privyseal::KeyRing;
use privyseal_session::{CookiePolicy, LiveKeyRing, SameSite};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, every_mode, key, own_modes, ring, set_cookies, verify_key};

#[test]
fn nobody_is_signed_out_by_a_rotation_and_the_cookie_is_made_anew_with_the_same_attributes() {
    let policy = CookiePolicy::builder("id")
        .domain("example.org")
        .path("/shop")
        .same_site(SameSite::Strict)
        .build()
        .unwrap();
    for at in 0..2 {
        let keys = LiveKeyRing::new(ring(b'a'));
        let (name, engine) = own_modes(&keys, &FakeClock::at(START))[at].clone();
        let mut browser = Browser::new(&engine.with_cookie(policy.clone()));
        let response = browser.set("a", 1);
        let attributes = |response: &http::HeaderMap| {
            let cookies = set_cookies(response);
            let (_, attributes) = cookies[0].split_once("; ").unwrap();
            attributes.to_owned()
        };
        let first = attributes(&response);

        keys.replace(keys.current().rotated(key(b'b')));
        let response = browser.read();
        assert_eq!(attributes(&response), first, "{name}");
        assert!(
            set_cookies(&browser.read()).is_empty(),
            "{name}: once is enough"
        );
        // The old key is no longer needed.
        keys.replace(ring(b'b'));
        assert_eq!(browser.get("a"), Some(1), "{name}");
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
                let mut session = crate::browser::open(handle);
                keys.replace(keys.current().rotated(key(b'b')));
                session.insert("a", 2);
            })
            .1
            .unwrap();
        keys.replace(ring(b'b'));
        assert_eq!(browser.get("a"), Some(2), "{name}");
    }
}
