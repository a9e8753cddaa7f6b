//! Cookies from before a renewal, of sessions that live in cookies.

use privyseal_session::metrics::Event;
use privyseal_session::{Session, SessionError};

use crate::browser::{Browser, open, set_cookies};
use crate::kinds::{Kind, id_of, kinds, named};

const GRACE: i64 = 20;

type Change = fn(&mut Session);

const RENEWALS: [(&str, Change); 3] = [
    ("renewal", Session::renew),
    ("sign-in", |session| session.sign_in(named("ada"))),
    ("elevation", |session| session.elevate(2)),
];

/// In cookies, and with a log.
fn renews(kind: &Kind) -> bool {
    kind.revokes && !kind.has_rows() && !kind.follows_flask()
}

/// For each way to renew a session, in each kind: the browser after it, and as it was before.
fn each(test: impl Fn(&Kind, &str, Browser, Browser)) {
    for (name, renewal) in RENEWALS {
        kinds(renews, |kind| {
            let mut browser = kind.visitor();
            let old = browser.clone();
            let renewed = browser.visit(|visit| renewal(&mut open(visit)));
            renewed.1.unwrap();
            test(kind, &format!("{}, {name}", kind.name), browser, old);
        });
    }
}

fn changed(browser: &mut Browser, change: Change) -> Result<usize, SessionError> {
    let answered = browser.visit(|visit| change(&mut open(visit))).1;
    answered.map(|response| set_cookies(&response).len())
}

#[test]
fn a_cookie_from_before_a_renewal_reads_nothing_and_changes_nothing_and_stays_a10_a12() {
    each(|kind, name, mut browser, mut old| {
        kind.clock.advance(GRACE);
        let (seen, response) = old.visit(|visit| {
            let session = open(visit);
            (session.len(), session.id(), session.is_new())
        });
        assert_eq!(seen, (0, None, true), "{name}");
        assert!(set_cookies(&response.unwrap()).is_empty(), "{name}");
        let changes: [Change; 5] = [
            |session| drop(session.insert("late", 1)),
            |session| drop(session.csrf_token().unwrap()),
            Session::renew,
            |session| session.elevate(2),
            Session::end,
        ];
        for (at, change) in changes.into_iter().enumerate() {
            // That no cookie is among the headers of an error is for `visit` to see.
            let refused = changed(&mut old, change);
            assert!(
                matches!(refused, Err(SessionError::Conflict)),
                "{name} {at}"
            );
        }
        assert_eq!(kind.events.of(Event::WriteDropped), 5, "{name}");
        assert_eq!(kind.events.of(Event::RefusedRetired), 6, "{name}");
        assert_eq!(browser.get("a"), Some(1), "{name}");
        assert_eq!(browser.get("late"), None, "{name}");
    });
}

#[test]
fn who_signs_in_with_a_cookie_from_before_a_renewal_begins_another_session() {
    each(|_, name, mut browser, mut old| {
        changed(&mut old, |session| session.sign_in(named("bob"))).unwrap();
        let (subject, _) = old.visit(|visit| open(visit).subject());
        assert_eq!(subject, Some(named("bob")), "{name}");
        assert_eq!(old.get("a"), None, "{name}");
        assert_ne!(id_of(&mut old), id_of(&mut browser), "{name}");
        assert_eq!(browser.get("a"), Some(1), "{name}");
    });
}

/// The browser never got the answer that brought its new cookie.
#[test]
fn who_comes_with_a_cookie_from_before_a_renewal_after_the_grace_begins_anew() {
    each(|kind, name, mut browser, mut old| {
        kind.clock.advance(GRACE + 1);
        assert_eq!(old.get("a"), None, "{name}");
        assert_eq!(kind.events.of(Event::RefusedSuperseded), 1, "{name}");
        old.set("b", 1);
        assert_eq!((old.get("a"), old.get("b")), (None, Some(1)), "{name}");
        assert_ne!(id_of(&mut old), id_of(&mut browser), "{name}");
        assert_eq!(browser.get("a"), Some(1), "{name}: it is no sign of theft");
    });
}

/// The request was under way when another one renewed the session.
#[test]
fn a_request_that_loses_to_a_renewal_fails_if_it_changed_something_and_may_end_the_session() {
    for (name, renewal) in RENEWALS {
        kinds(renews, |kind| {
            let changes: [(Option<Change>, bool); 4] = [
                (None, false),
                (Some(|session| drop(session.insert("late", 1))), true),
                (Some(|session| session.sign_in(named("ada"))), true),
                (Some(Session::renew), true),
            ];
            for (change, conflicts) in changes {
                let mut browser = kind.visitor();
                let slow = browser.begin();
                let mut session = open(&slow);
                let mut late = browser.clone();
                changed(&mut browser, renewal).unwrap();
                // However long it takes.
                kind.clock.advance(GRACE + 1);
                if let Some(change) = change {
                    change(&mut session);
                }
                drop(session);
                let answered = late.finish(&slow, http::StatusCode::OK);
                if conflicts {
                    let is_conflict = matches!(answered, Err(SessionError::Conflict));
                    assert!(is_conflict, "{}, {name}", kind.name);
                } else {
                    assert!(set_cookies(&answered.unwrap()).is_empty());
                }
                assert_eq!(browser.get("a"), Some(1), "{}, {name}", kind.name);
            }
            let mut browser = kind.visitor();
            let slow = browser.begin();
            open(&slow).end();
            let mut late = browser.clone();
            changed(&mut browser, renewal).unwrap();
            late.finish(&slow, http::StatusCode::OK).unwrap();
            assert_eq!(browser.get("a"), None, "{}, {name}", kind.name);
        });
    }
}
