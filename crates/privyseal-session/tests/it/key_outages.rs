//! Keys that are out of reach, and keys that have ended: what requests get, and what stays.

use std::time::Duration;

use privyseal::ring::{Operation, Ring};
use privyseal::value::{Dict, Value};
use privyseal::{KeyRing, Timestamp};
use privyseal_session::csrf::CsrfError;
use privyseal_session::metrics::Event;
use privyseal_session::{OutagePolicy, SessionError};

use crate::browser::{Browser, START, Visit, key, open, set_cookies, wait};
use crate::documents::{document, id, new_key, promote, revoke, snapshot, suspend, then, without};
use crate::kinds::{Kind, Place, every_kind, kinds, named};

pub(crate) const POLICIES: [OutagePolicy; 3] = [
    OutagePolicy::FailClosed {
        retry_after: Duration::from_secs(7),
    },
    OutagePolicy::Anonymous,
    OutagePolicy::StaleReads {
        max_age: Duration::from_mins(1),
    },
];

/// Rings under which nothing can be said of a cookie that the key `a` made, which comes back.
fn outages() -> Vec<(&'static str, KeyRing)> {
    let suspended = suspend(&document(b'a', b'b'), b'a');
    vec![
        ("in quarantine", snapshot(&suspended)),
        ("in quarantine and locked", without(&suspended, b"a")),
        ("locked", without(&document(b'a', b'b'), b"a")),
        (
            "new to a stale node",
            snapshot(&document(b'c', b'd')).stale(),
        ),
        ("of a ring that was never read", KeyRing::unavailable()),
    ]
}

pub(crate) fn is_outage<T>(answer: &Result<T, SessionError>) -> bool {
    matches!(answer, Err(error @ SessionError::Unavailable { .. })
        if error.response().0 == 503 && error.response().1.is_some())
}

pub(crate) type Handler = fn(&Visit) -> Result<Option<i64>, SessionError>;

pub(crate) fn read(visit: &Visit) -> Result<Option<i64>, SessionError> {
    let session = visit.open::<Dict>()?;
    Ok(session.get("a").and_then(Value::as_i64))
}

fn write(visit: &Visit) -> Result<Option<i64>, SessionError> {
    visit.open::<Dict>()?.insert("a", 2);
    Ok(None)
}

fn clear(visit: &Visit) -> Result<Option<i64>, SessionError> {
    let mut session = visit.open::<Dict>()?;
    session.insert("b", 1);
    session.clear();
    Ok(None)
}

fn end(visit: &Visit) -> Result<Option<i64>, SessionError> {
    visit.open::<Dict>()?.end();
    Ok(None)
}

pub(crate) const CHANGES: [Handler; 2] = [write, end];

/// One request, after which the browser must have the cookies that it had.
pub(crate) fn ask(
    told: &str,
    browser: &mut Browser,
    handler: Handler,
) -> (
    Result<Option<i64>, SessionError>,
    Result<http::HeaderMap, SessionError>,
) {
    let before = browser.request();
    let (seen, response) = browser.visit(handler);
    if let Ok(response) = &response {
        assert!(set_cookies(response).is_empty(), "{told}: a cookie");
    }
    assert_eq!(browser.request(), before, "{told}: the cookie stays");
    (seen, response)
}

/// I11, and I14 at the end: the same cookies are good again.
#[test]
fn a_cookie_whose_key_is_unavailable_is_never_deleted_or_replaced_i11_i14() {
    for policy in POLICIES {
        every_kind(|kind| {
            let whole = snapshot(&document(b'a', b'b'));
            kind.keys.replace(whole.clone());
            let mut browser = kind.visitor();
            browser.engine = kind.engine.clone().with_outage_policy(policy);
            assert_eq!(browser.get("a"), Some(1));
            for (outage, keys) in outages() {
                let told = format!("{}, {policy:?}: {outage}", kind.name);
                kind.keys.replace(keys);
                let unavailable = kind.events.of(Event::KeyUnavailable);
                let (seen, response) = ask(&told, &mut browser, read);
                if policy == OutagePolicy::Anonymous {
                    assert_eq!(seen.unwrap(), None, "{told}");
                    assert!(response.is_ok(), "{told}");
                } else {
                    assert!(is_outage(&seen), "{told}: {seen:?}");
                }
                assert_eq!(
                    kind.events.of(Event::KeyUnavailable),
                    unavailable + 1,
                    "{told}"
                );
                for change in CHANGES {
                    let (seen, response) = ask(&told, &mut browser, change);
                    assert!(is_outage(&seen) || is_outage(&response), "{told}");
                }
                // Where there is nothing to forget, nothing is lost; but neither is the cookie.
                let (_, response) = ask(&told, &mut browser, clear);
                assert!(response.is_ok() || is_outage(&response), "{told}");
                // Nobody asked for the session.
                let (_, response) = ask(&told, &mut browser, |_| Ok(None));
                assert!(response.unwrap().is_empty(), "{told}");
                assert_eq!(kind.events.of(Event::RefusedForged), 0, "{told}");

                kind.keys.replace(whole.clone());
                assert_eq!(browser.clone().get("a"), Some(1), "{told}");
            }
            let resumed = suspend(&document(b'a', b'b'), b'a');
            let resumed = then(&resumed, Operation::Resume { key: id(b'a') });
            kind.keys.replace(snapshot(&resumed));
            assert_eq!(browser.get("a"), Some(1), "{}: resumed", kind.name);
            assert_eq!(kind.events.of(Event::SessionEnded), 0);
        });
    }
}

/// A visitor without a cookie has nothing to lose; but a node that cannot sign begins no session.
#[test]
fn a_visitor_without_a_cookie_is_served_as_far_as_the_node_can_sign() {
    every_kind(|kind| {
        for (outage, keys) in outages() {
            let told = format!("{}: {outage}", kind.name);
            let signs = keys.primary().is_some();
            kind.keys.replace(keys);
            let mut browser = kind.browser();
            let (seen, response) = browser.visit(read);
            assert_eq!((seen.unwrap(), response.is_ok()), (None, true), "{told}");
            let ((), response) = browser.visit(|visit| {
                let mut session = open(visit);
                session.insert("a", 1);
                kind.fill(&mut session);
            });
            assert_eq!(is_outage(&response), !signs, "{told}: {response:?}");
            assert_eq!(browser.request().is_empty(), !signs, "{told}");
        }
    });
}

/// I12: a cookie that names its key is nobody else's to judge.
#[test]
fn a_cookie_of_a_key_that_has_ended_makes_a_stranger_and_is_told_apart_from_a_forged_one_i12() {
    let names_key = |kind: &Kind| !matches!(kind.place, Place::Signed | Place::Flask);
    let whole = document(b'a', b'b');
    let revoked = snapshot(&revoke(&whole, b'a'));
    let unknown = snapshot(&document(b'c', b'd'));
    let rotated = {
        let operation = Operation::Rotate {
            standby: new_key(&key(b'c')),
            sign_from: None,
        };
        let at = Timestamp::from_unix_seconds(START).plus_seconds(whole.policy().period);
        whole.apply(operation, at).unwrap()
    };
    let end = rotated.key(id(b'a')).unwrap().verify_until().unwrap();
    let expired = KeyRing::from_ring(&rotated, end, |record| {
        Some(record.material().as_bytes().to_vec().into())
    });
    let cases = [
        (revoked, Event::RefusedRevokedKey),
        (unknown, Event::RefusedUnknownKey),
        (expired, Event::RefusedExpiredKey),
    ];
    for (keys, event) in cases {
        every_kind(|kind| {
            kind.keys.replace(snapshot(&whole));
            let mut browser = kind.visitor();
            kind.keys.replace(keys.clone());
            let event = if names_key(kind) {
                event
            } else {
                Event::RefusedForged
            };
            let told = format!("{}: {}", kind.name, event.name());
            assert_eq!(browser.get("a"), None, "{told}");
            assert_eq!(kind.events.of(event), 1, "{told}");
            assert_eq!(kind.events.of(Event::KeyUnavailable), 0, "{told}");
            assert!(set_cookies(&browser.read()).is_empty(), "{told}");
            // The stranger may begin anew.
            browser
                .visit(|visit| {
                    let mut session = open(visit);
                    session.insert("a", 3);
                    kind.fill(&mut session);
                })
                .1
                .unwrap();
            assert_eq!(browser.get("a"), Some(3), "{told}");
        });
    }
}

/// A ring that cannot be read for longer than its lease.
#[test]
fn a_stale_node_serves_the_sessions_it_knows_and_signs_nothing() {
    every_kind(|kind| {
        kind.keys.replace(snapshot(&document(b'a', b'b')));
        let mut browser = kind.visitor();
        kind.keys.replace(kind.keys.current().stale());
        // Long enough for the cookie to be due.
        kind.clock.advance(600);
        let (seen, response) = ask(&kind.name, &mut browser, read);
        assert_eq!(seen.unwrap(), Some(1), "{}", kind.name);
        assert!(response.is_ok(), "{}", kind.name);
        let (_, response) = ask(&kind.name, &mut browser, write);
        if kind.has_rows() {
            assert!(
                response.is_ok(),
                "{}: its cookie need not change",
                kind.name
            );
            assert_eq!(browser.get("a"), Some(2), "{}", kind.name);
        } else {
            assert!(is_outage(&response), "{}", kind.name);
            assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        }
        if !kind.follows_flask() {
            let renewed = ask(&kind.name, &mut browser, |visit| {
                open(visit).renew();
                Ok(None)
            });
            assert!(is_outage(&renewed.1), "{}", kind.name);
        }
        // To sign out takes no key.
        browser.visit(end).1.unwrap();
        assert!(browser.request().is_empty(), "{}", kind.name);
    });
}

/// The cookie is good, but what it refers to was sealed under another key.
#[test]
fn a_row_sealed_under_an_unavailable_key_is_an_outage_and_one_under_a_revoked_key_unreadable() {
    for policy in POLICIES {
        let kind = Kind::new(Place::Stored, false);
        let engine = kind.engine.clone().with_sealing_at_rest();
        let whole = document(b'a', b'b');
        kind.keys.replace(snapshot(&whole));
        let mut browser = Browser::new(&engine.with_outage_policy(policy));
        browser.set("a", 1);
        let sign_in = browser.visit(|visit| open(visit).sign_in(named("ada")));
        sign_in.1.unwrap();
        let mut with_old_cookie = browser.clone();
        let promoted = promote(&whole, b'c');
        kind.keys.replace(snapshot(&promoted));
        browser.read();
        assert_ne!(browser.cookie, with_old_cookie.cookie);

        let suspended = suspend(&promoted, b'b');
        kind.keys.replace(snapshot(&suspended));
        let told = format!("{policy:?}");
        let (seen, _) = ask(&told, &mut with_old_cookie, read);
        match policy {
            OutagePolicy::Anonymous => assert_eq!(seen.unwrap(), None),
            _ => assert!(is_outage(&seen), "{told}"),
        }
        assert_eq!(kind.events.of(Event::KeyUnavailable), 1, "{told}");
        for change in CHANGES {
            let (seen, response) = ask(&told, &mut with_old_cookie, change);
            assert!(is_outage(&seen) || is_outage(&response), "{told}");
        }
        let engine = &with_old_cookie.engine.clone();
        assert!(is_outage(&wait(engine.sessions_of(&named("ada")))));
        assert_eq!(kind.events.of(Event::RefusedUnreadable), 0, "{told}");

        kind.keys.replace(snapshot(&revoke(&suspended, b'b')));
        assert_eq!(with_old_cookie.get("a"), None, "{told}");
        assert_eq!(kind.events.of(Event::RefusedUnreadable), 1, "{told}");
        assert!(wait(engine.sessions_of(&named("ada"))).unwrap().is_empty());

        let resumed = then(&suspended, Operation::Resume { key: id(b'b') });
        kind.keys.replace(snapshot(&resumed));
        assert_eq!(with_old_cookie.clone().get("a"), Some(1), "{told}");
    }
}

/// A request that loaded its session before the quarantine, and loses the race afterwards.
#[test]
fn a_write_that_meets_a_row_under_an_unavailable_key_is_an_outage() {
    let kind = Kind::new(Place::Stored, false);
    let engine = kind.engine.clone().with_sealing_at_rest();
    let promoted = promote(&document(b'a', b'b'), b'c');
    kind.keys.replace(snapshot(&document(b'a', b'b')));
    let mut browser = Browser::new(&engine);
    browser.set("a", 1);
    let mut other = browser.clone();
    let slow = browser.begin();
    slow.open::<Dict>().unwrap().insert("b", 1);
    // Another request reseals the row under `b`, which is then put in quarantine.
    kind.keys.replace(snapshot(&promoted));
    other.set("c", 1);
    kind.keys.replace(snapshot(&suspend(&promoted, b'b')));
    let answered = browser.finish(&slow, http::StatusCode::OK);
    assert!(is_outage(&answered), "{answered:?}");
    kind.keys.replace(snapshot(&promoted));
    assert_eq!((browser.get("a"), other.get("c")), (Some(1), Some(1)));
}

#[test]
fn tokens_of_forms_follow_the_ring() {
    let kind = Kind::new(Place::Sealed, false);
    let whole = document(b'a', b'b');
    let suspended = suspend(&whole, b'a');
    kind.keys.replace(snapshot(&whole));
    let tokens = |keys: &KeyRing| privyseal_session::csrf::CsrfTokens::new(keys, "id", "shop");
    let token = tokens(&snapshot(&whole)).issue(b"binding").unwrap();
    let verify = |ring: &Ring| tokens(&snapshot(ring)).verify(b"binding", &token);
    assert_eq!(verify(&whole), Ok(()));
    let error = verify(&suspended).unwrap_err();
    assert!(matches!(error, CsrfError::Unavailable { .. }), "{error:?}");
    assert_eq!(verify(&revoke(&whole, b'a')), Err(CsrfError::Forged));
    let resumed = then(&suspended, Operation::Resume { key: id(b'a') });
    assert_eq!(verify(&resumed), Ok(()));
    // And none is made by a node that cannot sign for now.
    let mut browser = kind.visitor();
    kind.keys.replace(snapshot(&whole).stale());
    let (token, _) = browser.visit(|visit| open(visit).csrf_token());
    assert!(is_outage(&token), "{token:?}");
}

/// Of two cookies that came, one that may be ours is no reason to trust the other.
#[test]
fn a_session_in_chunks_beside_one_under_an_unavailable_key_is_an_outage() {
    let kind = Kind::new(Place::Chunked, false);
    kind.keys.replace(snapshot(&document(b'a', b'b')));
    let mut browser = kind.visitor();
    // Under the key that takes over.
    let suspended = snapshot(&suspend(&document(b'a', b'b'), b'a'));
    kind.keys.replace(suspended);
    let mut later = kind.browser();
    later.set("a", 8);
    browser.cookie.clone_from(&later.cookie);
    let (seen, _) = ask("chunks under `a`", &mut browser, read);
    assert!(is_outage(&seen));
}

/// I15, for what the engine says of it.
#[test]
fn no_error_of_an_unavailable_key_names_the_session_or_the_key_i15() {
    kinds(
        |kind| !kind.revokes,
        |kind| {
            let mut browser = kind.visitor();
            let sent = browser.request();
            kind.keys.replace(KeyRing::unavailable());
            let error = browser.visit(read).0.unwrap_err();
            let shown = format!("{error} {error:?} {:?} {:?}", browser.engine, kind.keys);
            assert!(!shown.contains(&id(b'a').to_string()), "{shown}");
            for cookie in sent.values() {
                let (_, value) = cookie.to_str().unwrap().split_once('=').unwrap();
                assert!(!shown.contains(&value[..20]), "{shown}");
            }
        },
    );
}
