//! Ids, times, and how fresh a sign-in is.

use std::collections::HashSet;
use std::time::Duration;

use privyseal::sealed::SessionId;
use privyseal_session::Timeouts;
use privyseal_session::metrics::Event;

use crate::browser::{START, open, set_cookies};
use crate::kinds::{Kind, Place, every_kind, id_of, kinds, named};

const IDLE: i64 = 30 * 60;
const ABSOLUTE: i64 = 12 * 3600;

fn is_ours(kind: &Kind) -> bool {
    !kind.follows_flask()
}

#[test]
fn an_id_has_128_bits_or_more_and_a_million_are_all_different_v7_2_3() {
    let mut rng = rand::rng();
    let ids: HashSet<[u8; 16]> = (0..1_000_000)
        .map(|_| *SessionId::random(&mut rng).unwrap().as_bytes())
        .collect();
    assert_eq!(ids.len(), 1_000_000);
    // No bit is stuck.
    let (mut any, mut all) = ([0; 16], [255; 16]);
    for id in &ids {
        for (at, byte) in id.iter().enumerate() {
            any[at] |= byte;
            all[at] &= byte;
        }
    }
    assert_eq!((any, all), ([255; 16], [0; 16]));
}

/// What opens a stored session is 256 random bits, and the cookie has nothing in it that speaks.
#[test]
fn the_secret_of_a_stored_session_has_256_bits_and_is_new_each_time_v7_2_3() {
    let kind = Kind::new(Place::Stored, false);
    let mut secrets = HashSet::new();
    let mut ids = HashSet::new();
    for _ in 0..300 {
        let mut browser = kind.visitor();
        for gains in [false, true] {
            if gains {
                browser
                    .visit(|visit| open(visit).sign_in(named("ada")))
                    .1
                    .unwrap();
            }
            let cookie = browser.cookie.clone().unwrap();
            let token = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&cookie).unwrap();
            assert_eq!(token.len(), 1 + 8 + 16 + 32 + 32);
            assert!(secrets.insert(token[25..57].to_vec()));
            ids.insert(token[9..25].to_vec());
        }
    }
    assert_eq!(
        ids.len(),
        300,
        "the id names the session through its sign-in"
    );
    let bits = |byte: fn(u8, u8) -> u8, start: u8| {
        let fold = |at: usize| {
            secrets
                .iter()
                .fold(start, |bits, secret| byte(bits, secret[at]))
        };
        (0..32).map(fold).collect::<Vec<_>>()
    };
    assert_eq!(bits(|a, b| a | b, 0), [255; 32]);
    assert_eq!(bits(|a, b| a & b, 255), [0; 32]);
}

#[test]
fn every_cookie_from_before_a_sign_in_or_an_elevation_is_worth_nothing_and_the_id_stays_v7_2_4() {
    kinds(
        |kind| is_ours(kind) && kind.ends_copies(),
        |kind| {
            let mut browser = kind.visitor();
            let id = id_of(&mut browser);
            let mut before = Vec::new();
            for level in 0..4 {
                before.push(browser.clone());
                browser
                    .visit(|visit| {
                        let mut session = open(visit);
                        if level == 0 {
                            session.sign_in(named("ada"));
                        } else {
                            session.elevate(level);
                        }
                    })
                    .1
                    .unwrap();
                assert_eq!(id_of(&mut browser), id, "{}", kind.name);
                assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
                for old in &mut before {
                    assert_eq!(old.get("a"), None, "{}", kind.name);
                }
            }
        },
    );
}

#[test]
fn both_timeouts_hold_to_the_second_in_every_kind_v7_3_1_v7_3_2() {
    kinds(is_ours, |kind| {
        for (age, alive) in [(IDLE - 1, true), (IDLE, true), (IDLE + 1, false)] {
            let mut browser = kind.user("ada");
            kind.clock.advance(age);
            assert_eq!(
                browser.get("a").is_some(),
                alive,
                "{} idle {age}",
                kind.name
            );
        }
        for (age, alive) in [(ABSOLUTE, true), (ABSOLUTE + 1, false)] {
            let start = kind.clock.seconds();
            let mut browser = kind.user("ada");
            let end = start.saturating_add_signed(age);
            while kind.clock.seconds() + 1000 < end {
                kind.clock.advance(1000);
                browser.set("now", kind.clock.seconds());
            }
            kind.clock.set(end);
            assert_eq!(browser.get("a").is_some(), alive, "{} at {age}", kind.name);
        }
    });
}

/// A sign-in begins the session anew, and activity does not prolong it past its end.
#[test]
fn the_absolute_timeout_counts_from_the_sign_in_v7_3_2() {
    kinds(is_ours, |kind| {
        let mut browser = kind.visitor();
        kind.clock.advance(IDLE);
        browser
            .visit(|visit| open(visit).sign_in(named("ada")))
            .1
            .unwrap();
        let start = kind.clock.seconds();
        for _ in 0..(ABSOLUTE / 1200) {
            kind.clock.advance(1200);
            browser.set("now", kind.clock.seconds());
            browser.visit(|visit| open(visit).elevate(1)).1.unwrap();
        }
        assert_eq!(kind.clock.seconds(), start.saturating_add_signed(ABSOLUTE));
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        kind.clock.advance(1);
        assert_eq!(browser.get("a"), None, "{}", kind.name);
    });
}

/// The clock of the node is an hour behind for a while, or a day ahead.
#[test]
fn a_clock_that_is_set_and_set_right_again_ends_no_session_v7_3_1() {
    every_kind(|kind| {
        let mut browser = kind.user("ada");
        for step in [-45, 45, 24 * 3600, 100 * 24 * 3600] {
            kind.clock.set(START.saturating_add_signed(step));
            let response = browser.read();
            for cookie in set_cookies(&response) {
                assert!(!cookie.contains("Max-Age=0"), "{} at {step}", kind.name);
            }
            kind.clock.set(START);
            assert_eq!(browser.get("a"), Some(1), "{} after {step}", kind.name);
        }
        assert_eq!(kind.events.of(Event::SessionEnded), 0);
    });
}

/// In a store no time comes from the browser, so that no step back is too long.
#[test]
fn a_clock_that_goes_far_back_ends_no_stored_session_and_renews_none() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.user("ada");
        browser.engine = kind.engine.clone().with_timeouts(Timeouts {
            rotate_every: Some(Duration::from_mins(10)),
            ..Timeouts::default()
        });
        let cookie = browser.cookie.clone();
        kind.clock.advance(-24 * 3600);
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        assert_eq!(browser.cookie, cookie, "{}", kind.name);
        browser.set("a", 2);
        assert_eq!(browser.get("a"), Some(2), "{}", kind.name);
    });
}

#[test]
fn a_sign_in_is_fresh_for_as_long_as_was_asked_and_strong_enough_or_not_v7_5_1_v7_5_3() {
    const AGE: Duration = Duration::from_mins(5);
    kinds(is_ours, |kind| {
        let mut browser = kind.visitor();
        let mut fresh = |level| {
            let asked = browser.visit(|visit| open(visit).require_fresh(AGE, level));
            asked.0.is_ok()
        };
        assert!(!fresh(0), "{}: nobody is signed in", kind.name);
        let mut nobody = kind.visitor();
        nobody.visit(|visit| open(visit).elevate(2)).1.unwrap();
        let asked = nobody.visit(|visit| open(visit).require_fresh(AGE, 1));
        assert!(
            asked.0.is_err(),
            "{}: nor was with a second factor",
            kind.name
        );
        let mut browser = kind.user("ada");
        let fresh = |browser: &mut crate::browser::Browser, level| {
            let asked = browser.visit(|visit| open(visit).require_fresh(AGE, level));
            asked.0.is_ok()
        };
        assert!(fresh(&mut browser, 0), "{}", kind.name);
        assert!(!fresh(&mut browser, 1), "{}", kind.name);
        kind.clock.advance(300);
        browser.set("b", 1);
        assert!(fresh(&mut browser, 0), "{}", kind.name);
        kind.clock.advance(1);
        browser.set("b", 2);
        assert!(
            !fresh(&mut browser, 0),
            "{}: writing is no sign-in",
            kind.name
        );
        browser.visit(|visit| open(visit).elevate(2)).1.unwrap();
        assert!(fresh(&mut browser, 2), "{}", kind.name);
        assert!(!fresh(&mut browser, 3), "{}", kind.name);
        kind.clock.advance(-30);
        assert!(fresh(&mut browser, 2), "{}: the clock went back", kind.name);
        kind.clock.advance(30 + 301);
        assert!(!fresh(&mut browser, 2), "{}", kind.name);
        // Who signs in has shown a password, and no second factor.
        browser
            .visit(|visit| open(visit).sign_in(named("ada")))
            .1
            .unwrap();
        assert!(
            fresh(&mut browser, 0) && !fresh(&mut browser, 1),
            "{}",
            kind.name
        );
    });
}
