//! Whatever is derived from the ring follows it: a rotation, a quarantine, a revocation.

use http::{HeaderMap, Method};
use privyseal::KeyRing;
use privyseal::ring::Operation;
use privyseal_session::Session;
use privyseal_session::csrf::{CsrfError, CsrfPolicy};
use privyseal_session::metrics::Event;

use crate::browser::{Browser, open, set_cookies, wait};
use crate::documents::{document, id, promote, revoke, snapshot, suspend, then, without};
use crate::key_outages::is_outage;
use crate::kinds::{Kind, Place, every_kind, kinds};

/// What has become of something that was made under the key `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Good,
    Refused,
    Outage,
}

/// The rings that come after the one in which `a` signs, and what they say of a thing of `a`. The
/// one that accepts it is the last.
fn rings_after() -> [(&'static str, KeyRing, Seen); 5] {
    let rotated = promote(&document(b'a', b'b'), b'c');
    let suspended = suspend(&rotated, b'a');
    let resumed = then(&suspended, Operation::Resume { key: id(b'a') });
    [
        ("suspended", snapshot(&suspended), Seen::Outage),
        ("locked", without(&rotated, b"a"), Seen::Outage),
        ("revoked", snapshot(&revoke(&rotated, b'a')), Seen::Refused),
        ("resumed", snapshot(&resumed), Seen::Good),
        ("rotated", snapshot(&rotated), Seen::Good),
    ]
}

/// Tries a thing of `a` under all of them.
fn follows_the_ring(kind: &Kind, seen: impl Fn(&KeyRing) -> Seen) {
    for (name, keys, expected) in rings_after() {
        kind.keys.replace(keys.clone());
        assert_eq!(seen(&keys), expected, "{}: {name}", kind.name);
    }
}

/// A visitor whose session is of the key `a`.
fn visitor_of_a(kind: &Kind, write: impl FnOnce(&mut Session)) -> Browser {
    kind.keys.replace(snapshot(&document(b'a', b'b')));
    let mut browser = kind.visitor();
    browser.visit(|visit| write(&mut open(visit))).1.unwrap();
    browser
}

/// What a request with the cookies of `a` finds, which are left as they are unless they are good.
fn look(browser: &Browser, found: impl FnOnce(&mut Session) -> bool) -> Seen {
    let mut browser = browser.clone();
    let before = browser.request();
    let (seen, _) = browser.visit(|visit| match visit.open() {
        Ok(mut session) => {
            if found(&mut session) {
                Seen::Good
            } else {
                Seen::Refused
            }
        }
        Err(error) => {
            assert!(is_outage::<()>(&Err(error)));
            Seen::Outage
        }
    });
    if seen != Seen::Good {
        assert_eq!(browser.request(), before, "{seen:?}: the cookie stays");
    }
    seen
}

fn has_a(session: &mut Session) -> bool {
    session.get("a").and_then(privyseal::value::Value::as_i64) == Some(1)
}

#[test]
fn rotation_covers_sessions_in_cookies() {
    let is_in_cookie = |kind: &Kind| !kind.has_rows();
    kinds(is_in_cookie, |kind| {
        let browser = visitor_of_a(kind, |_| ());
        follows_the_ring(kind, |_| look(&browser, has_a));
    });
}

#[test]
fn rotation_covers_references_to_stored_sessions() {
    kinds(Kind::has_rows, |kind| {
        let browser = visitor_of_a(kind, |_| ());
        follows_the_ring(kind, |_| look(&browser, has_a));
    });
}

/// The cookie is of `b` already, so that the row alone is asked.
#[test]
fn rotation_covers_rows_sealed_at_rest() {
    let rows = |kind: &Kind| kind.place == Place::Stored;
    kinds(rows, |kind| {
        let rotated = snapshot(&promote(&document(b'a', b'b'), b'c'));
        let sealing = kind.engine.clone().with_sealing_at_rest();
        kind.keys.replace(snapshot(&document(b'a', b'b')));
        let mut browser = Browser::new(&sealing);
        browser.set("a", 1);
        let (id, old) = kind.store.written().pop().unwrap();
        kind.keys.replace(rotated.clone());
        browser.read();
        follows_the_ring(kind, |_| {
            wait(kind.store.overwrite(id, &old));
            look(&browser, has_a)
        });
        // What is written next is sealed by the key that signs.
        kind.keys.replace(rotated.clone());
        browser.set("b", 1);
        kind.keys.replace(snapshot(&revoke(
            &promote(&document(b'a', b'b'), b'c'),
            b'a',
        )));
        assert_eq!(look(&browser, has_a), Seen::Good, "{}", kind.name);
    });
}

/// The cookie is of `b` already, so that the token alone is asked.
#[test]
fn rotation_covers_csrf() {
    let is_ours = |kind: &Kind| !kind.follows_flask();
    kinds(is_ours, |kind| {
        let mut browser = visitor_of_a(kind, |_| ());
        let issue = |browser: &mut Browser| {
            let (token, response) = browser.visit(|visit| open(visit).csrf_token().unwrap());
            response.unwrap();
            token
        };
        let check = |browser: &Browser, token: &str| {
            let (policy, headers) = (CsrfPolicy::default(), HeaderMap::new());
            let session = open(&browser.begin());
            wait(session.check_csrf(&policy, &Method::POST, &headers, Some(token)))
        };
        let token = issue(&mut browser);
        kind.keys
            .replace(snapshot(&promote(&document(b'a', b'b'), b'c')));
        assert!(!set_cookies(&browser.read()).is_empty(), "{}", kind.name);
        let unavailable = kind.events.of(Event::KeyUnavailable);
        follows_the_ring(kind, |_| match check(&browser, &token) {
            Ok(()) => Seen::Good,
            Err(CsrfError::Forged) => Seen::Refused,
            Err(error) => {
                let (status, retry_after, _) = error.response();
                assert_eq!((status.as_u16(), retry_after.is_some()), (503, true));
                Seen::Outage
            }
        });
        assert_eq!(kind.events.of(Event::KeyUnavailable), unavailable + 2);
        // The next form is of the key that signs.
        let next = issue(&mut browser);
        kind.keys.replace(snapshot(&revoke(
            &promote(&document(b'a', b'b'), b'c'),
            b'a',
        )));
        assert_eq!(check(&browser, &token), Err(CsrfError::Forged));
        assert_eq!(check(&browser, &next), Ok(()), "{}", kind.name);
    });
}

/// A visitor who is served without their session in an outage holds a token of it.
#[test]
fn a_form_of_a_session_that_is_out_of_reach_is_an_outage_and_no_forgery_i11() {
    let is_ours = |kind: &Kind| !kind.follows_flask();
    kinds(is_ours, |kind| {
        let mut browser = visitor_of_a(kind, |_| ());
        let token = browser.visit(|visit| open(visit).csrf_token().unwrap()).0;
        browser.engine = kind
            .engine
            .clone()
            .with_outage_policy(privyseal_session::OutagePolicy::Anonymous);
        kind.keys.replace(KeyRing::unavailable());
        let session = open(&browser.begin());
        let (policy, headers) = (CsrfPolicy::default(), HeaderMap::new());
        let checked = wait(session.check_csrf(&policy, &Method::POST, &headers, Some(&token)));
        let is_outage = matches!(checked, Err(CsrfError::Unavailable { .. }));
        assert!(is_outage, "{}: {checked:?}", kind.name);
        let checked = wait(session.check_csrf(&policy, &Method::GET, &headers, None));
        assert_eq!(checked, Ok(()), "{}: nothing is asked of it", kind.name);
    });
}

#[test]
fn rotation_covers_flashes() {
    every_kind(|kind| {
        let browser = visitor_of_a(kind, |session| session.flash("message", "Saved.").unwrap());
        // Taken once, a message is gone: of the rings that accept it, only the last.
        let rings = rings_after()
            .into_iter()
            .filter(|(name, ..)| *name != "resumed");
        for (name, keys, expected) in rings {
            kind.keys.replace(keys);
            let seen = look(&browser, |session| !session.take_flashes().is_empty());
            assert_eq!(seen, expected, "{}: {name}", kind.name);
        }
    });
}

#[test]
fn rotation_covers_remember_me() {
    every_kind(|kind| {
        let remember = |session: &mut Session| {
            if kind.follows_flask() {
                session.set_permanent(true);
            } else {
                session.remember(true);
            }
        };
        let mut browser = visitor_of_a(kind, remember);
        follows_the_ring(kind, |_| look(&browser, has_a));
        // The last ring accepts it, and the cookie that takes its place outlives the browser too.
        let made_anew = browser.read();
        let cookies = set_cookies(&made_anew);
        assert!(!cookies.is_empty(), "{}", kind.name);
        let outlives = cookies.iter().all(|cookie| cookie.contains("Expires="));
        assert!(outlives, "{}: {cookies:?}", kind.name);
        kind.keys.replace(snapshot(&revoke(
            &promote(&document(b'a', b'b'), b'c'),
            b'a',
        )));
        assert_eq!(look(&browser, has_a), Seen::Good, "{}", kind.name);
    });
}
