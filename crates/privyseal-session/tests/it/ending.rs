//! A session that was ended stays ended, whoever holds what of it.

use http::StatusCode;
use privyseal_session::metrics::Event;

use crate::browser::{open, set_cookies, wait};
use crate::kinds::{Kind, Place, kinds, named, sign_out};

/// Signed anew by a request that began before, the session would have another time of sign-in, or
/// another MAC, and be another one to the log.
#[test]
fn signing_out_everywhere_holds_for_requests_that_are_under_way_a10_v7_4_2() {
    for confirms in [false, true] {
        kinds(Kind::ends_subjects, |kind| {
            let mut browser = kind.user("ada");
            let slow = browser.begin();
            let mut session = open(&slow);
            wait(kind.engine.end_all_of(&named("ada"))).unwrap();
            kind.clock.advance(5);
            session.insert("late", 1);
            if confirms && !kind.follows_flask() {
                session.elevate(2);
            }
            drop(session);
            let response = browser.finish(&slow, StatusCode::OK).unwrap();
            let removed = set_cookies(&response);
            assert!(!removed.is_empty(), "{}", kind.name);
            assert!(removed.iter().all(|cookie| cookie.contains("Max-Age=0")));
            assert_eq!(browser.get("a"), None, "{}", kind.name);
            assert_eq!(kind.events.of(Event::WriteDropped), 1, "{}", kind.name);
        });
    }
}

/// Flask sends a permanent session again with every response, and signs it anew for that.
#[test]
fn a_permanent_session_that_is_merely_read_is_not_brought_back_a10() {
    let kind = Kind::new(Place::Flask, true);
    let mut browser = kind.user("ada");
    browser
        .visit(|visit| open(visit).set_permanent(true))
        .1
        .unwrap();
    let slow = browser.begin();
    drop(open(&slow));
    sign_out(&mut browser.clone());
    kind.clock.advance(5);
    browser.finish(&slow, StatusCode::OK).unwrap();
    assert_eq!(browser.get("a"), None);
}
