//! Several applications on one store.

use privyseal_session::metrics::Event;
use privyseal_session::{Engine, Excess, ParallelSessions, SessionError};
use privyseal_stores::MemoryStore;

use crate::browser::{Browser, open, ring, wait};
use crate::kinds::{Kind, Place, id_of, named};

fn stored() -> Kind {
    Kind::new(Place::Stored, false)
}

fn signed_in(engine: &Engine, subject: &str) -> Browser {
    let mut browser = Browser::new(engine);
    let signed_in = browser.visit(|visit| {
        let mut session = open(visit);
        session.insert("a", 1);
        session.sign_in(named(subject));
    });
    signed_in.1.unwrap();
    browser
}

fn is_alive(browser: &Browser) -> bool {
    browser.clone().get("a") == Some(1)
}

/// A name, none, the same letter by letter with the user's, and one that does not fit beside it.
fn pairs_of_names() -> [(String, String); 5] {
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    [
        pair("shop", "forum"),
        pair("", "forum"),
        pair("shop", ""),
        pair("ad", "a"),
        pair(&"x".repeat(300), &"x".repeat(301)),
    ]
}

#[test]
fn users_of_one_application_neither_see_nor_end_the_sessions_of_another_a14() {
    for (one, other) in pairs_of_names() {
        let kind = stored();
        let [one, other] = [one, other].map(|name| kind.engine.clone().with_application(name));
        let users = ["ada", "da/ada", "//shop/ada", &"u".repeat(255)];
        for user in users {
            let mut here = [signed_in(&one, user), signed_in(&one, user)];
            let mut there = signed_in(&other, user);
            let of = |engine: &Engine| wait(engine.sessions_of(&named(user))).unwrap();
            let ids = |engine: &Engine| of(engine).iter().map(|info| info.id).collect::<Vec<_>>();
            assert_eq!(ids(&other), [id_of(&mut there).unwrap()]);
            assert_eq!(ids(&one).len(), 2);

            let id = id_of(&mut here[0]).unwrap();
            let from_there = wait(other.end_session_of(&named(user), id));
            assert!(!from_there.unwrap(), "{user}");
            let kept = id_of(&mut there).unwrap();
            let others = wait(other.end_others_of(&named(user), kept)).unwrap();
            assert_eq!(others, 0, "{user}");
            assert!(here.iter().all(is_alive));

            assert!(wait(one.end_session_of(&named(user), id)).unwrap());
            assert_eq!(wait(one.end_all_of(&named(user))).unwrap(), 1, "{user}");
            assert!(!here.iter().any(is_alive) && is_alive(&there), "{user}");
            let (subject, _) = there.visit(|visit| open(visit).subject());
            assert_eq!(subject, Some(named(user)), "the application's own name");
            assert_eq!(wait(other.end_all_of(&named(user))).unwrap(), 1, "{user}");
        }
    }
}

#[test]
fn sessions_in_one_application_take_no_place_in_another() {
    let kind = stored();
    for excess in [Excess::Reject, Excess::EvictOldest] {
        let limit = ParallelSessions { max: 1, excess };
        let engine = kind.engine.clone().with_parallel_sessions(limit);
        let browsers = ["", "shop", "forum"]
            .map(|name| signed_in(&engine.clone().with_application(name), "ada"));
        assert!(browsers.iter().all(is_alive));
        kind.clock.advance(1); // it is the newest
        let again = Browser::new(&browsers[1].engine)
            .visit(|visit| open(visit).sign_in(named("ada")))
            .1;
        if excess == Excess::Reject {
            assert!(matches!(again, Err(SessionError::TooManySessions)));
        } else {
            assert!(again.is_ok() && !is_alive(&browsers[1]));
        }
        for name in ["", "shop", "forum"] {
            let engine = engine.clone().with_application(name);
            wait(engine.end_all_of(&named("ada"))).unwrap();
        }
    }
}

/// As an operator reads it in the database.
#[test]
fn a_row_says_whose_it_is_and_of_which_application_and_without_one_is_as_ever() {
    let kind = stored();
    for (application, owner) in [("", "user-4711"), ("shop", "//shop/user-4711")] {
        let engine = kind.engine.clone().with_application(application);
        let mut browser = signed_in(&engine, "user-4711");
        let row = wait(kind.store.row(id_of(&mut browser).unwrap())).unwrap();
        assert_eq!(row.subject.unwrap().as_str(), owner);
    }
}

/// The other application's cookie, with the id and the secret of this one's session in it.
#[test]
fn no_reference_of_another_application_opens_a_session_a14() {
    let kind = stored();
    let [shop, forum] = ["shop", "forum"].map(|name| kind.engine.clone().with_application(name));
    for user in ["ada", "//forum/ada"] {
        let (browser, eve) = (signed_in(&shop, user), signed_in(&forum, "eve"));
        let [of_shop, mut token] = [&browser, &eve].map(|browser| {
            let cookie = browser.cookie.clone().unwrap();
            base64_simd::URL_SAFE_NO_PAD.decode_to_vec(cookie).unwrap()
        });
        // Behind the version and the key id: the session id and the secret; then the tag.
        token[9..57].copy_from_slice(&of_shop[9..57]);
        let spliced = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&token);
        let forged = kind.events.of(Event::RefusedForged);
        assert_eq!(Browser::with_cookie(&forum, &spliced).get("a"), None);
        assert_eq!(kind.events.of(Event::RefusedForged), forged + 1);
        assert!(is_alive(&browser));
    }
}

/// What the store of one node has, another one with another name does not get.
#[test]
fn an_engine_that_is_renamed_keeps_no_user() {
    let engine = Engine::stored(ring(b'a'), MemoryStore::new(10)).with_application("shop");
    signed_in(&engine, "ada");
    let renamed = engine.with_application("store");
    assert!(wait(renamed.sessions_of(&named("ada"))).unwrap().is_empty());
}
