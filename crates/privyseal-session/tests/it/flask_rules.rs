//! What has no meaning under Flask's rules says so.

use http::StatusCode;
use privyseal_session::{Session, SessionError};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, every_mode, open, ring, set_cookies};
use crate::kinds::named;

type Call = fn(&mut Session);

/// Of those that return nothing, the response tells.
const CALLS: [(&str, Call); 5] = [
    ("sign_in", |session| session.sign_in(named("ada"))),
    ("elevate", |session| session.elevate(2)),
    ("remember", |session| session.remember(true)),
    ("remember", |session| session.remember(false)),
    ("renew", |session| session.renew()),
];

/// In Flask's format, and sealed.
fn visitors() -> [Browser; 2] {
    let [_, _, flask, sealed] = every_mode(&ring(b'a').into(), &FakeClock::at(START));
    [flask, sealed].map(|(_, engine)| {
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        browser
    })
}

#[test]
fn a_call_that_would_do_nothing_makes_the_response_an_error_that_names_it() {
    for (name, call) in CALLS {
        for mut browser in visitors() {
            let cookie = browser.cookie.clone();
            let (subject, answered) = browser.visit(|visit| {
                let mut session = open(visit);
                session.insert("a", 2);
                call(&mut session);
                session.subject()
            });
            assert_eq!(subject, None, "{name}");
            let error = answered.unwrap_err();
            let text = error.to_string();
            let start = format!("`Session::{name}` does nothing under Flask's rules; ");
            assert!(text.starts_with(&start), "{text}");
            let (status, _, body) = error.response();
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{name}");
            assert_eq!(body, "The session could not be saved.", "{name}");
            assert_eq!(browser.cookie, cookie, "{name}");
            assert_eq!(browser.get("a"), Some(1), "{name}");
        }
    }
}

#[test]
fn those_that_can_say_so_at_once_do_and_the_response_goes_on() {
    for mut browser in visitors() {
        let ((), answered) = browser.visit(|visit| {
            let mut session = open(visit);
            let label = session.set_label("phone").unwrap_err();
            let token = session.csrf_token().unwrap_err();
            for error in [label, token] {
                assert!(
                    matches!(error, SessionError::NotUnderFlasksRules { .. }),
                    "{error}"
                );
            }
            session.insert("a", 2);
        });
        answered.unwrap();
        assert_eq!(browser.get("a"), Some(2));
    }
}

#[test]
fn who_signs_out_is_signed_out_whatever_was_called_before() {
    for (name, call) in CALLS {
        for mut browser in visitors() {
            let ((), answered) = browser.visit(|visit| {
                let mut session = open(visit);
                call(&mut session);
                session.end();
            });
            let answered = answered.unwrap();
            assert!(set_cookies(&answered)[0].contains("Max-Age=0"), "{name}");
        }
    }
}
