//! Sessions that move into a store when they are too large for a cookie.

use http::StatusCode;
use privyseal_session::SessionError;
use privyseal_session::metrics::Event;

use crate::browser::{Browser, open, wait};
use crate::kinds::{Kind, Place, id_of, kinds, named, sign_out};
use crate::limits::noise;

fn spilled(kind: &Kind) -> bool {
    kind.place == Place::Spilled
}

/// A visitor whose session is in the cookie.
fn in_cookie(kind: &Kind) -> Browser {
    let mut browser = kind.browser();
    browser.set("a", 1);
    assert!(kind.store.written().is_empty());
    browser
}

fn grow(browser: &Browser, key: &str) -> crate::browser::Visit {
    let visit = browser.begin();
    open(&visit).insert(key, noise(5000));
    visit
}

fn has(browser: &mut Browser, key: &str) -> bool {
    browser.visit(|visit| open(visit).contains_key(key)).0
}

#[test]
fn of_two_requests_that_outgrow_one_cookie_both_are_answered_a11() {
    kinds(spilled, |kind| {
        let browser = in_cookie(kind);
        let (first, second) = (grow(&browser, "first"), grow(&browser, "second"));
        let [mut one, mut other] = [browser.clone(), browser];
        one.finish(&first, StatusCode::OK).unwrap();
        other.finish(&second, StatusCode::OK).unwrap();
        // What is in cookies is not merged. But neither is it lost with an error.
        assert!(has(&mut one, "first"), "{}", kind.name);
        assert!(has(&mut other, "second"), "{}", kind.name);
        for mut browser in [one, other] {
            let mut copy = sign_out(&mut browser);
            assert_eq!(copy.get("a"), None, "{}", kind.name);
        }
    });
}

#[test]
fn of_one_session_that_moved_into_the_store_twice_nothing_outlives_either_end_a10() {
    let has_log = |kind: &Kind| spilled(kind) && kind.revokes;
    for renews in [false, true] {
        for ended in [0, 1] {
            kinds(has_log, |kind| {
                let mut small = in_cookie(kind);
                let old = small.clone();
                let moving = [grow(&small, "first"), grow(&small, "second")];
                small.set("small", 1);
                if renews {
                    open(&moving[0]).renew();
                }
                let mut large = [old.clone(), old.clone()];
                // The second first: the one that renews takes the others' cookie from them.
                for at in [1, 0] {
                    let finished = large[at].finish(&moving[at], StatusCode::OK);
                    finished.unwrap();
                }
                let ids = large.each_mut().map(id_of);
                assert_eq!(
                    ids[1],
                    id_of(&mut large[1].clone()),
                    "the first to move keeps it"
                );
                assert_ne!(ids[0], ids[1]);
                sign_out(&mut large[ended].clone());
                for mut browser in large.into_iter().chain([small, old]) {
                    assert_eq!(browser.get("a"), None, "{renews} {ended}");
                }
            });
        }
    }
}

/// Without a log, the copy of a cookie is good until it times out; the store does not forget.
#[test]
fn a_session_that_signed_out_of_the_store_is_not_moved_there_again_a10() {
    kinds(spilled, |kind| {
        let mut browser = in_cookie(kind);
        let slow = grow(&browser, "slow");
        let moving = grow(&browser, "moving");
        let old = browser.clone();
        browser.finish(&moving, StatusCode::OK).unwrap();
        sign_out(&mut browser);
        let mut late = old;
        late.finish(&slow, StatusCode::OK).unwrap();
        assert!(!has(&mut late, "slow"), "{}", kind.name);
        assert_eq!(kind.events.of(Event::WriteDropped), 1, "{}", kind.name);
    });
}

#[test]
fn a_session_that_moves_is_counted_once_and_is_no_lost_cookie() {
    kinds(spilled, |kind| {
        let mut browser = kind.visitor();
        browser.set("a", 2);
        assert_eq!(kind.events.of(Event::SessionCreated), 1, "{}", kind.name);
        assert_eq!(kind.events.of(Event::CookieTooLarge), 0, "{}", kind.name);
    });
}

#[test]
fn a_cookie_that_is_not_sent_is_counted() {
    let kind = Kind::new(Place::Sealed, false);
    let ((), response) = kind.browser().visit(|visit| {
        open(visit).insert("b", noise(5000));
    });
    assert!(matches!(response, Err(SessionError::TooLarge { .. })));
    assert_eq!(kind.events.of(Event::CookieTooLarge), 1);
}

/// The store has only the sessions that are too large, so what it ends is not all of them.
#[test]
fn the_sessions_in_cookies_are_not_passed_over_in_silence_7_4_2() {
    kinds(spilled, |kind| {
        let mut small = in_cookie(kind);
        small
            .visit(|visit| open(visit).sign_in(named("ada")))
            .1
            .unwrap();
        let mut large = kind.user("ada");
        let all = wait(kind.engine.end_all_of(&named("ada")));
        if kind.revokes {
            all.unwrap();
            assert_eq!(small.get("a"), None);
            assert_eq!(large.get("a"), None);
        } else {
            assert!(matches!(all, Err(SessionError::NotSupported)));
        }
        let keep = privyseal::sealed::SessionId::from_bytes([7; 16]);
        let others = wait(kind.engine.end_others_of(&named("ada"), keep));
        assert!(matches!(others, Err(SessionError::NotSupported)));
    });
}
