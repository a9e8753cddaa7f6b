//! Somebody signs in to the session of somebody else.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use privyseal_session::csrf::CsrfPolicy;
use privyseal_session::{OnConflict, Session, SessionError};
use serde::{Deserialize, Serialize};

use crate::browser::{Browser, open, set_cookies, wait};
use crate::kinds::{Kind, Place, kinds, named};

fn is_ours(kind: &Kind) -> bool {
    !kind.follows_flask()
}

/// A user who has left a bit of everything in the session.
fn settled(kind: &Kind, subject: &str) -> Browser {
    let mut browser = kind.user(subject);
    let settled = browser.visit(|visit| {
        let mut session = open(visit);
        session.insert("secret", "of the first user");
        session.add("hits", 5).unwrap();
        session.flash("info", "for the first user").unwrap();
        session.set_label("the first user's phone").unwrap();
        session.elevate(2);
        session.remember(true);
    });
    settled.1.unwrap();
    browser
}

fn keys(browser: &mut Browser) -> Vec<String> {
    let (mut keys, _) = browser.visit(|visit| {
        let session = open(visit);
        session
            .keys()
            .map(|key| key.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
    });
    keys.sort();
    keys
}

#[test]
fn another_user_finds_nothing_of_the_first_one_a12() {
    kinds(is_ours, |kind| {
        let name = &kind.name;
        let mut browser = settled(kind, "ada");
        let copy = browser.clone();
        let (token, _) = browser.visit(|visit| open(visit).csrf_token().unwrap());
        let ((), answered) = browser.visit(|visit| {
            let mut session = open(visit);
            session.insert("unsaved", 1);
            session.sign_in(named("bob"));
            assert!(session.is_empty(), "{name}");
            assert!(session.take_flashes().is_empty(), "{name}");
            session.insert("b", 1);
            assert_eq!(session.add("hits", 1).unwrap(), 1, "{name}");
        });
        let answered = answered.unwrap();
        let cookie = set_cookies(&answered)[0];
        assert!(!cookie.contains("Expires"), "{name}: {cookie}");
        assert_eq!(keys(&mut browser), ["b", "hits"], "{name}");
        let ((), _) = browser.visit(|visit| {
            let mut session = open(visit);
            assert_eq!(session.subject(), Some(named("bob")), "{name}");
            assert!(session.take_flashes().is_empty(), "{name}");
            let fresh = |level| session.require_fresh(Duration::from_mins(1), level);
            assert!(fresh(0).is_ok() && fresh(1).is_err(), "{name}");
            let (policy, headers) = (CsrfPolicy::default(), HeaderMap::new());
            let checked = wait(session.check_csrf(&policy, &Method::POST, &headers, Some(&token)));
            assert!(checked.is_err(), "{name}");
        });
        if kind.place == Place::Stored {
            let of = |user| wait(kind.engine.sessions_of(&named(user))).unwrap();
            assert!(of("ada").is_empty());
            let infos = of("bob");
            assert_eq!(infos.len(), 1);
            assert!(infos[0].label.is_none() && !infos[0].remembered && infos[0].level == 0);
        }
        let (subject, _) = copy.clone().visit(|visit| open(visit).subject());
        assert_ne!(subject, Some(named("bob")), "{name}");
        assert_eq!(copy.clone().get("b"), None, "{name}");
        if kind.ends_copies() {
            assert_eq!(copy.clone().get("a"), None, "{name}");
        }
    });
}

#[test]
fn a_visitor_who_signs_in_and_a_user_who_does_so_again_keep_what_they_had() {
    kinds(is_ours, |kind| {
        let mut browser = kind.visitor();
        for _ in 0..2 {
            let ((), answered) = browser.visit(|visit| {
                let mut session = open(visit);
                session.add("hits", 1).unwrap();
                session.insert("unsaved", 1);
                session.sign_in(named("ada"));
                assert!(session.contains_key("unsaved"), "{}", kind.name);
            });
            answered.unwrap();
            assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
            assert_eq!(browser.get("unsaved"), Some(1), "{}", kind.name);
        }
        assert_eq!(browser.get("hits"), Some(2), "{}", kind.name);
        let mut settled = settled(kind, "bob");
        let again = settled.visit(|visit| open(visit).sign_in(named("bob")));
        assert!(set_cookies(&again.1.unwrap())[0].contains("Expires"));
        assert_eq!(settled.get("hits"), Some(5), "{}", kind.name);
    });
}

#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Shop {
    cart: Vec<String>,
    theme: String,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            cart: Vec::new(),
            theme: "light".to_owned(),
        }
    }
}

#[test]
fn the_value_in_the_handler_is_its_default_and_what_is_written_from_then_on_is_kept() {
    kinds(is_ours, |kind| {
        let mut browser = kind.user("ada");
        let dark = browser.visit(|visit| {
            let mut session: Session<Shop> = visit.open().unwrap();
            session.cart.push("a present for bob".to_owned());
            session.theme = "dark".to_owned();
        });
        dark.1.unwrap();
        let signed_in = browser.visit(|visit| {
            let mut session: Session<Shop> = visit.open().unwrap();
            session.cart.push("another one".to_owned());
            session.sign_in(named("bob"));
            assert!(session.cart.is_empty(), "{}", kind.name);
            assert_eq!(session.theme, "light", "{}", kind.name);
            session.cart.push("a book".to_owned());
        });
        signed_in.1.unwrap();
        assert_eq!(keys(&mut browser), ["cart", "theme"], "{}", kind.name);
        let ((), _) = browser.visit(|visit| {
            let session: Session<Shop> = visit.open().unwrap();
            assert_eq!(session.cart, ["a book"], "{}", kind.name);
            assert_eq!(session.theme, "light", "{}", kind.name);
        });
    });
}

/// A handler takes the session twice, as when a middleware has one as well.
#[test]
fn another_value_of_the_same_request_brings_nothing_back() {
    kinds(is_ours, |kind| {
        for is_changed_before in [true, false] {
            let mut browser = settled(kind, "ada");
            let signed_in = browser.visit(|visit| {
                let (mut first, mut second) = (open(visit), open(visit));
                if is_changed_before {
                    first.insert("secret", "of the first user, changed");
                }
                second.sign_in(named("bob"));
                second.insert("b", 1);
                if !is_changed_before {
                    first.insert("secret", "of the first user, changed");
                }
                drop(second);
                drop(first);
            });
            signed_in.1.unwrap();
            assert_eq!(keys(&mut browser), ["b"], "{}", kind.name);
        }
    });
}

#[test]
fn through_a_third_user_nothing_comes_back_to_the_first() {
    kinds(is_ours, |kind| {
        let mut browser = settled(kind, "ada");
        let signed_in = browser.visit(|visit| {
            let mut session = open(visit);
            session.sign_in(named("bob"));
            session.insert("b", 1);
            session.sign_in(named("ada"));
            assert!(session.is_empty(), "{}", kind.name);
        });
        signed_in.1.unwrap();
        assert!(keys(&mut browser).is_empty(), "{}", kind.name);
        let (subject, _) = browser.visit(|visit| open(visit).subject());
        assert_eq!(subject, Some(named("ada")), "{}", kind.name);
    });
}

#[test]
fn a_server_error_leaves_the_first_user_signed_in_with_all_they_had() {
    kinds(is_ours, |kind| {
        let mut browser = settled(kind, "ada");
        let visit = browser.begin();
        open(&visit).sign_in(named("bob"));
        let answered = browser.finish(&visit, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(set_cookies(&answered.unwrap()).is_empty());
        assert_eq!(browser.get("hits"), Some(5), "{}", kind.name);
        let (subject, _) = browser.visit(|visit| open(visit).subject());
        assert_eq!(subject, Some(named("ada")), "{}", kind.name);
    });
}

/// The request of the first user comes to its end while the second one signs in.
#[test]
fn what_another_request_saves_meanwhile_stays_with_the_first_user_a11_a12() {
    kinds(Kind::has_rows, |kind| {
        for on_conflict in [OnConflict::LastWrite, OnConflict::Fail] {
            let mut browser = settled(kind, "ada");
            browser.engine = kind.engine.clone().with_on_conflict(on_conflict);
            let signing_in = browser.begin();
            let mut session = open(&signing_in);
            session.sign_in(named("bob"));
            session.insert("shared", 2);
            session.add("hits", 1).unwrap();
            drop(session);
            let meanwhile = browser.clone().visit(|visit| {
                let mut session = open(visit);
                session.insert("late", 1);
                session.insert("shared", 1);
                session.insert("secret", "changed");
                session.add("hits", 10).unwrap();
                session.flash("info", "late").unwrap();
                session.set_label("late").unwrap();
            });
            meanwhile.1.unwrap();
            browser.finish(&signing_in, StatusCode::OK).unwrap();
            let name = format!("{}, {on_conflict:?}", kind.name);
            assert_eq!(keys(&mut browser), ["hits", "shared"], "{name}");
            assert_eq!(browser.get("shared"), Some(2), "{name}");
            assert_eq!(browser.get("hits"), Some(1), "{name}");
            let ((), _) = browser.visit(|visit| {
                let mut session = open(visit);
                assert_eq!(session.subject(), Some(named("bob")), "{name}");
                assert!(session.take_flashes().is_empty(), "{name}");
                let strong = session.require_fresh(Duration::from_mins(1), 1);
                assert!(strong.is_err(), "{name}");
            });
            if kind.place == Place::Stored {
                let infos = wait(kind.engine.sessions_of(&named("bob"))).unwrap();
                assert!(infos.iter().all(|info| info.label.is_none()), "{name}");
                wait(kind.engine.end_all_of(&named("bob"))).unwrap();
            }
        }
    });
}

#[test]
fn what_another_request_saves_afterwards_is_refused_a12() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = settled(kind, "ada");
        let mut first = browser.clone();
        let late = first.begin();
        open(&late).insert("late", 1);
        let signed_in = browser.visit(|visit| open(visit).sign_in(named("bob")));
        signed_in.1.unwrap();
        let refused = first.finish(&late, StatusCode::OK);
        assert!(matches!(refused, Err(SessionError::Conflict)));
        assert!(keys(&mut browser).is_empty(), "{}", kind.name);
    });
}
