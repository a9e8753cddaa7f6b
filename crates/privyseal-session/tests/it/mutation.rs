//! What a handler does to its session, and what is left of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use privyseal::value::{Dict, Value};
use privyseal_session::store::Subject;
use privyseal_session::{Engine, LiveKeyRing, Session, SessionError};
use privyseal_testkit::clock::FakeClock;
use serde::{Deserialize, Serialize};

use crate::browser::{Browser, START, Visit, every_mode, open, own_modes, ring, set_cookies};

fn keys() -> LiveKeyRing {
    LiveKeyRing::new(ring(b'a'))
}

fn modes() -> [(&'static str, Engine); 4] {
    every_mode(&keys(), &FakeClock::at(START))
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Visitor {
    visits: u32,
    roles: Vec<String>,
    name: String,
}

#[test]
fn a_typed_session_leaves_alone_what_it_did_not_change() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        let roles = Value::Tuple(vec!["admin".into()]);
        let markup = Value::Markup("<b>Ada</b>".into());
        browser.set("roles", roles.clone());
        browser.set("name", markup.clone());
        browser.set("unknown", Value::Uuid([7; 16]));
        browser
            .visit(|handle| {
                let mut session: Session<Visitor> = handle.open().unwrap();
                assert_eq!(session.roles, ["admin"]);
                session.visits += 1;
            })
            .1
            .unwrap();
        let (held, _) = browser.visit(|handle| (*open(handle)).clone());
        assert_eq!(held.get("visits"), Some(&Value::Int(1)), "{name}");
        assert_eq!(held.get("roles"), Some(&roles), "{name}: a tuple stays one");
        assert_eq!(
            held.get("name"),
            Some(&markup),
            "{name}: markup stays markup"
        );
        assert_eq!(held.get("unknown"), Some(&Value::Uuid([7; 16])), "{name}");
    }
}

#[test]
fn a_typed_session_is_saved_whole_the_first_time() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        browser
            .visit(|handle| {
                handle.open::<Visitor>().unwrap().visits = 1;
            })
            .1
            .unwrap();
        let (keys, _) = browser.visit(|handle| open(handle).len());
        assert_eq!(keys, 3, "{name}");
    }
}

#[test]
fn two_extractors_of_one_request_do_not_undo_each_other() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        browser.set("old", 1);
        browser.set("gone", 1);
        browser
            .visit(|handle| {
                let mut first = open(handle);
                let mut second: Session<Dict> = handle.open().unwrap();
                second.insert("old", 2);
                second.remove("gone");
                drop(second);
                first.insert("new", 3);
            })
            .1
            .unwrap();
        assert_eq!(browser.get("old"), Some(2), "{name}");
        assert_eq!(browser.get("new"), Some(3), "{name}");
        assert_eq!(browser.get("gone"), None, "{name}");
    }
}

#[test]
fn a_value_saved_early_and_changed_again_is_saved_again() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        browser
            .visit(|handle| {
                let mut session = open(handle);
                session.insert("a", 1);
                session.save().unwrap();
                session.insert("b", 2);
                session.save().unwrap();
                session.remove("a");
            })
            .1
            .unwrap();
        assert_eq!(browser.get("a"), None, "{name}");
        assert_eq!(browser.get("b"), Some(2), "{name}");
    }
}

#[test]
fn clones_of_a_handle_in_many_threads_lose_nothing_a11() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        browser
            .visit(|handle| {
                std::thread::scope(|scope| {
                    for thread in 0..20 {
                        let handle = handle.clone();
                        scope.spawn(move || open(&handle).insert(format!("key {thread}"), thread));
                    }
                });
            })
            .1
            .unwrap();
        let (keys, _) = browser.visit(|handle| open(handle).len());
        assert_eq!(keys, 20, "{name}");
    }
}

#[test]
fn a_handler_that_panics_saves_nothing() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        let ((), response) = browser.visit(|handle| {
            let half_done = catch_unwind(AssertUnwindSafe(|| {
                let mut session = open(handle);
                session.insert("a", 2);
                panic!("half way");
            }));
            assert!(half_done.is_err());
        });
        assert!(set_cookies(&response.unwrap()).is_empty(), "{name}");
        assert_eq!(browser.get("a"), Some(1), "{name}");
    }
}

#[test]
fn a_session_held_past_its_response_changes_nothing() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        let (late, response) = browser.visit(open);
        let mut late = late;
        late.insert("a", 1);
        drop(late);
        assert!(set_cookies(&response.unwrap()).is_empty(), "{name}");
        assert_eq!(browser.cookie, None, "{name}");
    }
}

#[test]
fn ending_wins_over_later_writes_and_repeats_path_and_domain() {
    let policy = privyseal_session::CookiePolicy::builder("id")
        .domain("example.org")
        .path("/shop")
        .build()
        .unwrap();
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine.with_cookie(policy.clone()));
        browser.set("a", 1);
        let ((), response) = browser.visit(|handle| {
            let mut session = open(handle);
            session.end();
            session.insert("a", 2);
            session.renew();
            drop(session);
            open(handle).insert("b", 3);
        });
        assert_eq!(
            set_cookies(&response.unwrap()),
            [
                "id=; Domain=example.org; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; \
              HttpOnly; Path=/shop; SameSite=Lax"
            ],
            "{name}"
        );
        assert_eq!(browser.cookie, None, "{name}");
    }
}

#[test]
fn emptying_a_session_removes_its_cookie() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        browser.visit(|handle| open(handle).clear()).1.unwrap();
        assert_eq!(browser.cookie, None, "{name}");
    }
}

#[test]
fn ending_a_session_that_never_was_removes_whatever_the_browser_has() {
    for (name, engine) in own_modes(&keys(), &FakeClock::at(START)) {
        let ((), response) = Browser::new(&engine).visit(|handle| open(handle).end());
        assert!(
            set_cookies(&response.unwrap())[0].contains("Max-Age=0"),
            "{name}"
        );
    }
}

#[test]
fn signing_in_gives_a_new_beginning_under_the_same_id() {
    let clock = FakeClock::at(START);
    let keys = keys();
    let engine = Engine::signed(keys.clone()).with_clock(clock.clone());
    let flask = privyseal::formats::flask::FlaskSession::sha256(&keys.current());
    // A signed cookie shows what the engine keeps beside the data.
    let inside = |browser: &Browser| {
        let cookie = browser.cookie.as_deref().unwrap();
        let now = privyseal::Timestamp::from_unix_seconds(clock.seconds());
        let value = flask.loads(cookie, now).unwrap().value;
        value.as_dict().unwrap().get("_ps").unwrap().clone()
    };
    let mut browser = Browser::new(&engine);
    browser.set("a", 1);
    let first = inside(&browser);
    clock.advance(60);
    browser.set("a", 2);
    assert_eq!(
        inside(&browser),
        first,
        "writing keeps the id and the beginning"
    );

    browser
        .visit(|handle| {
            let mut session = open(handle);
            session.sign_in(Subject::new("ada").unwrap());
            assert_eq!(session.created_at().unix_seconds(), START + 60);
        })
        .1
        .unwrap();
    let (Value::Tuple(first), Value::Tuple(second)) = (first, inside(&browser)) else {
        panic!("not a pair");
    };
    assert_eq!(first[0], Value::from(START));
    assert_eq!(second[0], Value::from(START + 60));
    assert_eq!(first[1], second[1]);
    assert_eq!(browser.get("a"), Some(2));
}

/// Peers that answer 5xx after renewing have deleted the old session and not sent the new one.
#[test]
fn peers_3_renewing_and_then_failing_keeps_the_user_signed_in() {
    for (name, engine) in own_modes(&keys(), &FakeClock::at(START)) {
        let mut browser = Browser::new(&engine);
        browser.set("user", 7);
        let old = browser.cookie.clone();
        // Whatever the status is, the cookie goes out with it; and if it does not, nothing is lost.
        browser.visit(|handle| open(handle).renew()).1.unwrap();
        assert_ne!(browser.cookie, old, "{name}");
        assert_eq!(browser.get("user"), Some(7), "{name}");
        browser.cookie = old;
        assert_eq!(browser.get("user"), Some(7), "{name}");
    }
}

#[test]
fn a_key_of_the_engine_is_refused_to_the_application() {
    let [(_, signed), (_, sealed), ..] = modes();
    for engine in [signed, sealed] {
        let ((), response) = Browser::new(&engine).visit(|handle| {
            open(handle).insert("_ps", "mine");
        });
        assert!(matches!(response, Err(SessionError::ReservedKey("_ps"))));
    }
}

#[test]
fn a_session_that_is_no_map_is_an_error() {
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        let ((), response) = browser.visit(|handle| *handle.open::<u32>().unwrap() = 1);
        assert!(matches!(response, Err(SessionError::NotAMap)), "{name}");
        browser.set("a", 1);
        let (opened, _) = browser.visit(|handle| handle.open::<u32>().is_ok());
        assert!(!opened, "{name}");
    }
}

/// Without `#[serde(default)]`, too.
#[test]
fn an_empty_session_is_the_default_of_its_type() {
    #[derive(Default, Serialize, Deserialize)]
    struct Visits {
        visits: u32,
    }
    for (name, engine) in modes() {
        let mut browser = Browser::new(&engine);
        let visit = |handle: &Visit| {
            let mut session = handle.open::<Visits>().unwrap();
            session.visits += 1;
            session.visits
        };
        assert_eq!(browser.visit(visit).0, 1, "{name}");
        assert_eq!(browser.visit(visit).0, 2, "{name}");
    }
}
