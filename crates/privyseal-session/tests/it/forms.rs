//! Tokens for forms, messages and labels, through the session.

use std::time::Duration;

use http::{HeaderMap, Method};
use privyseal_session::csrf::CsrfPolicy;
use privyseal_session::{Session, SessionError, Timeouts};

use crate::browser::{Browser, key, open, set_cookies, wait};
use crate::kinds::{Kind, Place, kinds, named};

fn is_ours(kind: &Kind) -> bool {
    !kind.follows_flask()
}

fn token(browser: &mut Browser) -> String {
    let (token, response) = browser.visit(|visit| open(visit).csrf_token().unwrap());
    response.unwrap();
    token
}

/// Whether a form with this token passes, from a client that sends no other sign of its origin.
fn passes(browser: &mut Browser, token: &str) -> bool {
    let (checked, _) = browser.visit(|visit| {
        let (policy, headers) = (CsrfPolicy::default(), HeaderMap::new());
        let session = open(visit);
        wait(session.check_csrf(&policy, &Method::POST, &headers, Some(token)))
    });
    checked.is_ok()
}

#[test]
fn a_visitor_who_is_given_a_token_is_given_a_session_to_bind_it_to_v3_5_1() {
    kinds(is_ours, |kind| {
        let mut browser = kind.browser();
        let issued = token(&mut browser);
        assert!(!browser.request().is_empty(), "{}", kind.name);
        assert!(passes(&mut browser, &issued), "{}", kind.name);
        assert!(!passes(&mut browser, "forged"), "{}", kind.name);
        assert!(!passes(&mut kind.browser(), &issued), "{}", kind.name);
        let mut other = kind.browser();
        let of_other = token(&mut other);
        assert!(!passes(&mut browser, &of_other), "{}", kind.name);
        assert!(!passes(&mut other, &issued), "{}", kind.name);
    });
}

#[test]
fn a_token_dies_when_the_session_gains_rights_v3_5_1() {
    let gains: [fn(&mut Session); 2] = [
        |session| session.sign_in(named("ada")),
        |session| session.elevate(2),
    ];
    for gain in gains {
        kinds(is_ours, |kind| {
            let mut browser = kind.visitor();
            let before = token(&mut browser);
            browser.visit(|visit| gain(&mut open(visit))).1.unwrap();
            assert!(!passes(&mut browser, &before), "{}", kind.name);
            let after = token(&mut browser);
            assert!(passes(&mut browser, &after), "{}", kind.name);
        });
    }
}

/// Where there is no log, the planted cookie still opens what it held: a session with the same id,
/// and signed in as often.
#[test]
fn a_token_of_who_planted_the_cookie_is_no_token_of_who_signed_in_with_it_a12_v3_5_1() {
    kinds(is_ours, |kind| {
        let mut planter = kind.visitor();
        let mut victim = planter.clone();
        let sign_in = |browser: &mut Browser, name| {
            let signed_in = browser.visit(|visit| {
                let mut session = open(visit);
                session.sign_in(named(name));
                kind.fill(&mut session);
            });
            signed_in.1.unwrap();
        };
        sign_in(&mut victim, "ada");
        sign_in(&mut planter, "mallory");
        let of_planter = token(&mut planter);
        assert!(passes(&mut planter, &of_planter), "{}", kind.name);
        assert!(!passes(&mut victim, &of_planter), "{}", kind.name);
    });
}

/// The page is open while the session gets its new id.
#[test]
fn a_token_outlives_writes_new_ids_and_a_rotation_of_the_keys() {
    kinds(is_ours, |kind| {
        let mut browser = kind.user("ada");
        let issued = token(&mut browser);
        browser.set("b", 1);
        assert!(passes(&mut browser, &issued), "{}", kind.name);
        kind.keys.replace(kind.keys.current().rotated(key(b'b')));
        assert!(passes(&mut browser, &issued), "{}", kind.name);
        browser.visit(|visit| open(visit).renew()).1.unwrap();
        assert!(passes(&mut browser, &issued), "{}", kind.name);
        if !kind.has_rows() {
            return; // nothing rotates the cookie of a session that lives in it
        }
        browser.engine = kind.engine.clone().with_timeouts(Timeouts {
            rotate_every: Some(Duration::from_mins(1)),
            ..Timeouts::default()
        });
        kind.clock.advance(60);
        let before = browser.cookie.clone();
        assert!(passes(&mut browser, &issued), "{}", kind.name);
        assert_ne!(browser.cookie, before, "{}", kind.name);
        assert!(passes(&mut browser, &issued), "{}", kind.name);
    });
}

#[test]
fn under_flasks_rules_there_is_no_token_and_none_passes() {
    let kind = Kind::new(Place::Flask, false);
    let mut browser = kind.visitor();
    let (refused, _) = browser.visit(|visit| open(visit).csrf_token());
    assert!(matches!(
        refused,
        Err(SessionError::NotUnderFlasksRules { .. })
    ));
    assert!(!passes(&mut browser, "any"));
}

#[test]
fn a_message_is_shown_once_by_whichever_request_comes_next() {
    kinds(
        |_| true,
        |kind| {
            let mut browser = kind.visitor();
            let said = browser.visit(|visit| {
                let mut session = open(visit);
                session.flash("message", "Saved.").unwrap();
                session.flash("error", "But not all of it.").unwrap();
                assert!(session.flash("message", &"x".repeat(2000)).is_err());
            });
            said.1.unwrap();
            let take = |browser: &mut Browser| {
                let (taken, response) = browser.visit(|visit| open(visit).take_flashes());
                response.unwrap();
                taken
                    .into_iter()
                    .map(|flash| flash.message)
                    .collect::<Vec<_>>()
            };
            let expected = ["Saved.", "But not all of it."];
            assert_eq!(take(&mut browser), expected, "{}", kind.name);
            assert!(take(&mut browser).is_empty(), "{}", kind.name);
            let response = browser.visit(|visit| open(visit).take_flashes()).1.unwrap();
            assert!(
                set_cookies(&response).is_empty(),
                "{}: none waited",
                kind.name
            );
        },
    );
}

#[test]
fn a_label_has_200_bytes_at_most() {
    kinds(is_ours, |kind| {
        let mut browser = kind.visitor();
        browser
            .visit(|visit| {
                let mut session = open(visit);
                session.set_label("x".repeat(200)).unwrap();
                session.set_label("ä".repeat(100)).unwrap();
                for long in ["x".repeat(201), "ä".repeat(101)] {
                    let refused = session.set_label(long).unwrap_err();
                    assert!(matches!(
                        refused,
                        SessionError::TextTooLong { limit: 200, .. }
                    ));
                }
            })
            .1
            .unwrap();
    });
}
