//! When a session ends, to the second.

use std::ops::Range;
use std::time::Duration;

use privyseal_session::{Engine, LiveKeyRing, Timeouts};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, own_modes, ring, set_cookies};

const IDLE: i64 = 30 * 60;
const ABSOLUTE: i64 = 12 * 60 * 60;
const TOUCH: i64 = 3 * 60;
const SKEW: i64 = 60;

fn for_each_mode(test: impl Fn(&str, Engine, FakeClock)) {
    for_modes(0..3, test);
}

/// The modes whose cookie holds the session, and the time it was issued.
fn for_each_cookie_mode(test: impl Fn(&str, Engine, FakeClock)) {
    for_modes(0..2, test);
}

fn for_modes(modes: Range<usize>, test: impl Fn(&str, Engine, FakeClock)) {
    let keys = LiveKeyRing::new(ring(b'a'));
    for at in modes {
        let clock = FakeClock::at(START);
        let (name, engine) = own_modes(&keys, &clock)[at].clone();
        test(name, engine, clock);
    }
}

#[test]
fn the_idle_timeout_ends_a_session_at_its_second() {
    for (age, alive) in [(IDLE - 1, true), (IDLE, true), (IDLE + 1, false)] {
        for_each_mode(|name, engine, clock| {
            let mut browser = Browser::new(&engine);
            browser.set("a", 1);
            clock.advance(age);
            assert_eq!(browser.get("a").is_some(), alive, "{name} at {age}");
        });
    }
}

#[test]
fn the_absolute_timeout_ends_a_busy_session_at_its_second() {
    for (age, alive) in [
        (ABSOLUTE - 1, true),
        (ABSOLUTE, true),
        (ABSOLUTE + 1, false),
    ] {
        for_each_mode(|name, engine, clock| {
            let mut browser = Browser::new(&engine);
            browser.set("a", 1);
            let end = START + u64::try_from(age).unwrap();
            while clock.seconds() + 1000 < end {
                clock.advance(1000);
                browser.set("a", 1_i64 + i64::try_from(clock.seconds()).unwrap());
            }
            clock.set(end);
            assert_eq!(browser.get("a").is_some(), alive, "{name} at {age}");
        });
    }
}

/// A cookie-held session of a peer works after its lifetime: there the browser was asked to
/// forget it, and nobody else.
#[test]
fn peers_5_a_kept_copy_is_dead_after_the_lifetime() {
    for_each_mode(|name, engine, clock| {
        let mut browser = Browser::new(&engine);
        let response = browser.set("a", 1);
        assert!(!set_cookies(&response)[0].contains("Expires"), "{name}");
        let copy = browser.cookie.unwrap();
        clock.advance(IDLE + 1);
        assert_eq!(
            Browser::with_cookie(&engine, &copy).get("a"),
            None,
            "{name}"
        );
        clock.advance(ABSOLUTE);
        assert_eq!(
            Browser::with_cookie(&engine, &copy).get("a"),
            None,
            "{name}"
        );
    });
}

#[test]
fn reading_sends_the_cookie_again_when_it_is_old_enough() {
    for (age, sent) in [(TOUCH - 1, 0), (TOUCH, 1), (TOUCH + 1, 1)] {
        for_each_cookie_mode(|name, engine, clock| {
            let mut browser = Browser::new(&engine);
            browser.set("a", 1);
            clock.advance(age);
            assert_eq!(set_cookies(&browser.read()).len(), sent, "{name} at {age}");
            // And then not again at once.
            assert!(set_cookies(&browser.read()).is_empty(), "{name} at {age}");
        });
    }
}

/// In a peer the lifetime falls back to the default on the next write, and reads never slide it.
#[test]
fn peers_4_the_lifetime_is_the_one_that_was_set_and_reading_keeps_a_session_alive() {
    for idle in [2, 10, 60, 3600, 30 * 24 * 3600] {
        for_each_mode(|name, engine, clock| {
            let timeouts = Timeouts {
                idle: Duration::from_secs(idle),
                absolute: Duration::from_hours(10_000),
                ..Timeouts::default()
            };
            let mut browser = Browser::new(&engine.with_timeouts(timeouts));
            browser.set("a", 1);
            for _ in 0..5 {
                clock.advance(i64::try_from(idle).unwrap() / 2 + 1);
                browser.read();
            }
            assert_eq!(browser.get("a"), Some(1), "{name}, idle {idle}");
            browser.set("b", 2);
            clock.advance(i64::try_from(idle).unwrap());
            assert_eq!(browser.get("a"), Some(1), "{name}, idle {idle}");
        });
    }
}

#[test]
fn a_cookie_from_the_future_is_taken_within_the_skew() {
    for (ahead, alive) in [(SKEW - 1, true), (SKEW, true), (SKEW + 1, false)] {
        for_each_cookie_mode(|name, engine, clock| {
            let mut browser = Browser::new(&engine);
            clock.advance(ahead);
            browser.set("a", 1);
            clock.set(START);
            let response = browser.read();
            assert!(
                set_cookies(&response).is_empty(),
                "{name}: not deleted either"
            );
            assert_eq!(browser.get("a").is_some(), alive, "{name} at {ahead}");
            // Once the clocks agree again, so does the session.
            clock.advance(ahead);
            assert_eq!(browser.get("a"), Some(1), "{name} at {ahead}");
        });
    }
}

#[test]
fn a_clock_that_goes_back_within_the_skew_does_not_shorten_or_lengthen_a_session() {
    for_each_mode(|name, engine, clock| {
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        clock.advance(-SKEW);
        browser.set("b", 2);
        assert_eq!(browser.get("a"), Some(1), "{name}");
        clock.set(START + u64::try_from(IDLE - SKEW).unwrap());
        assert_eq!(browser.get("a"), Some(1), "{name}");
        clock.set(START + u64::try_from(ABSOLUTE).unwrap() + 1);
        assert_eq!(browser.get("a"), None, "{name}");
    });
}

#[test]
fn a_clock_that_was_set_back_does_not_end_a_session_that_is_used_meanwhile() {
    let clock = FakeClock::at(START + 7200);
    let engine = crate::browser::stored(&LiveKeyRing::new(ring(b'a')), &clock);
    let mut browser = Browser::new(&engine);
    browser.set("a", 1);
    clock.set(START);
    browser.set("a", 2);
    clock.set(START + 7200 + 60);
    assert_eq!(browser.get("a"), Some(2));
    clock.set(START + 7200 + u64::try_from(IDLE).unwrap());
    assert_eq!(
        browser.get("a"),
        Some(2),
        "as long as it would have lasted without"
    );
}
