//! How often the store is asked.

use http::StatusCode;
use privyseal_session::metrics::StoreCall::{self, Create, End, Load, Touch, Update};

use crate::browser::{Browser, Visit, open};
use crate::kinds::{Kind, Place, named};

const TOUCH: i64 = 180;

/// The calls of one request.
fn calls(kind: &Kind, browser: &mut Browser, handler: impl FnOnce(&Visit)) -> Vec<StoreCall> {
    kind.store.calls();
    browser.visit(handler).1.unwrap();
    kind.store.calls()
}

fn read(visit: &Visit) {
    open(visit);
}

#[test]
fn each_request_makes_the_calls_it_needs_and_no_more() {
    for revokes in [false, true] {
        let kind = Kind::new(Place::Stored, revokes);
        let mut browser = kind.visitor();
        let calls =
            |browser: &mut Browser, handler: &dyn Fn(&Visit)| calls(&kind, browser, handler);
        assert_eq!(calls(&mut browser, &|_| ()), []);
        assert_eq!(calls(&mut browser, &read), [Load]);
        kind.clock.advance(TOUCH - 1);
        assert_eq!(calls(&mut browser, &read), [Load]);
        kind.clock.advance(1);
        assert_eq!(calls(&mut browser, &read), [Load, Touch]);
        assert_eq!(calls(&mut browser, &read), [Load]);
        kind.clock.advance(TOUCH);
        let write = |visit: &Visit| drop(open(visit).insert("a", 2));
        assert_eq!(calls(&mut browser, &write), [Load, Update]);
        assert_eq!(calls(&mut browser, &write), [Load], "the same value again");
        let sign_in = |visit: &Visit| open(visit).sign_in(named("ada"));
        assert_eq!(calls(&mut browser, &sign_in), [Load, Update]);
        assert_eq!(
            calls(&mut browser, &|visit| open(visit).renew()),
            [Load, Update]
        );
        assert_eq!(calls(&mut browser, &|visit| open(visit).end()), [Load, End]);
        let mut new = Browser::new(&kind.engine);
        assert_eq!(calls(&mut new, &read), []);
        assert_eq!(calls(&mut new, &sign_in), [Create]);
    }
}

#[test]
fn a_response_that_is_a_server_error_writes_nothing_not_even_the_use() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = kind.user("ada");
    kind.clock.advance(TOUCH);
    let visit = browser.begin();
    open(&visit).insert("a", 2);
    kind.store.calls();
    browser
        .finish(&visit, StatusCode::INTERNAL_SERVER_ERROR)
        .unwrap();
    assert_eq!(kind.store.calls(), []);
}

/// Each cookie is as long as ours, so that it is looked at.
#[test]
fn a_forged_id_never_reaches_the_store() {
    let kind = Kind::new(Place::Stored, false);
    let good = kind.visitor().cookie.unwrap();
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let mut forger = Browser::with_cookie(&kind.engine, &changed);
        assert_eq!(calls(&kind, &mut forger, read), [], "character {at}");
    }
    let mut owner = Browser::with_cookie(&kind.engine, &good);
    assert_eq!(calls(&kind, &mut owner, read), [Load]);
}

#[test]
fn a_request_that_loses_the_race_makes_one_call_more() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = kind.visitor();
    let slow = browser.begin();
    open(&slow).insert("slow", 1);
    browser.set("fast", 1);
    kind.store.calls();
    browser.finish(&slow, StatusCode::OK).unwrap();
    assert_eq!(kind.store.calls(), [Update, Update]);
}

#[test]
fn a_session_in_its_cookie_asks_no_store_until_it_spills() {
    let kind = Kind::new(Place::Spilled, false);
    let mut browser = Browser::new(&kind.engine);
    let write = |visit: &Visit| drop(open(visit).insert("a", 1));
    assert_eq!(calls(&kind, &mut browser, write), []);
    assert_eq!(calls(&kind, &mut browser, read), []);
    let grow = |visit: &Visit| kind.fill(&mut open(visit));
    assert_eq!(calls(&kind, &mut browser, grow), [Create]);
    assert_eq!(calls(&kind, &mut browser, read), [Load]);
}
