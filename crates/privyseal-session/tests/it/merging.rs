//! Requests that change one session at the same time.

use http::StatusCode;
use privyseal::value::Value;
use privyseal_session::metrics::{Event, StoreCall};
use privyseal_session::{Engine, OnConflict, Session, SessionError};

use crate::browser::{Browser, open, wait};
use crate::kinds::{Kind, Place, kinds, named};

/// Two requests load the session before either is saved; the answer to the second.
fn race(
    browser: &mut Browser,
    first: impl FnOnce(&mut Session),
    second: impl FnOnce(&mut Session),
) -> Result<(), SessionError> {
    let requests = [browser.begin(), browser.begin()];
    first(&mut open(&requests[0]));
    second(&mut open(&requests[1]));
    browser.finish(&requests[0], StatusCode::OK).unwrap();
    browser.finish(&requests[1], StatusCode::OK).map(drop)
}

fn failing(kind: &Kind) -> Engine {
    kind.engine.clone().with_on_conflict(OnConflict::Fail)
}

#[test]
fn changes_of_different_keys_are_both_kept_under_either_policy_a11() {
    kinds(Kind::has_rows, |kind| {
        for policy in [OnConflict::LastWrite, OnConflict::Fail] {
            let mut browser = kind.visitor();
            browser.engine = kind.engine.clone().with_on_conflict(policy);
            browser.set("gone", 1);
            race(
                &mut browser,
                |session| {
                    session.insert("b", 2);
                    session.remove("gone");
                },
                |session| {
                    session.insert("a", 3);
                    session.insert("c", 3);
                },
            )
            .unwrap();
            let found = ["a", "b", "c", "gone"].map(|key| browser.get(key));
            assert_eq!(found, [Some(3), Some(2), Some(3), None], "{}", kind.name);
        }
        assert_eq!(kind.events.of(Event::WriteMerged), 2, "{}", kind.name);
    });
}

#[test]
fn of_changes_of_one_key_the_last_one_wins_or_fails_and_changes_nothing_a11() {
    kinds(Kind::has_rows, |kind| {
        let first = |session: &mut Session| drop(session.insert("a", 2));
        let second = |session: &mut Session| {
            session.insert("a", 3);
            session.insert("b", 3);
        };
        let mut browser = kind.visitor();
        race(&mut browser, first, second).unwrap();
        assert_eq!((browser.get("a"), browser.get("b")), (Some(3), Some(3)));

        let mut browser = kind.visitor();
        browser.engine = failing(kind);
        let conflict = race(&mut browser, first, second).unwrap_err();
        assert!(matches!(conflict, SessionError::Conflict), "{conflict}");
        assert_eq!(conflict.response().0, StatusCode::CONFLICT);
        let found = (browser.get("a"), browser.get("b"));
        assert_eq!(found, (Some(2), None), "{}", kind.name);
        assert_eq!(kind.events.of(Event::ConflictGivenUp), 1, "{}", kind.name);
        // Trying again, as the response says, works.
        browser.set("a", 4);
        assert_eq!(browser.get("a"), Some(4));
    });
}

#[test]
fn counters_are_added_up_under_either_policy_a11() {
    kinds(Kind::has_rows, |kind| {
        for engine in [kind.engine.clone(), failing(kind)] {
            let mut browser = kind.visitor();
            browser.engine = engine;
            race(
                &mut browser,
                |session| assert_eq!(session.add("n", 5).unwrap(), 5),
                |session| {
                    assert_eq!(session.add("n", 2).unwrap(), 2);
                    assert_eq!(session.add("n", -1).unwrap(), 1);
                },
            )
            .unwrap();
            assert_eq!(browser.get("n"), Some(6), "{}", kind.name);
        }
    });
}

#[test]
fn a_counter_stops_at_the_ends_of_its_range_and_nothing_else_counts() {
    kinds(
        |kind| !kind.follows_flask(),
        |kind| {
            let mut browser = kind.browser();
            browser.set("n", i64::MAX - 1);
            browser.set("text", "5");
            browser.set("float", 0.5);
            browser
                .visit(|visit| {
                    let mut session = open(visit);
                    assert_eq!(session.add("n", 5).unwrap(), i64::MAX);
                    assert_eq!(session.add("n", i64::MIN).unwrap(), -1);
                    assert_eq!(session.add("n", i64::MIN).unwrap(), i64::MIN);
                    assert_eq!(session.add("new", i64::MIN).unwrap(), i64::MIN);
                    for key in ["text", "float"] {
                        let refused = session.add(key, 1).unwrap_err();
                        assert!(matches!(refused, SessionError::NotACounter));
                    }
                })
                .1
                .unwrap();
            assert_eq!(browser.get("n"), Some(i64::MIN), "{}", kind.name);
            let (text, _) = browser.visit(|visit| open(visit).get("text").cloned());
            assert_eq!(text, Some(Value::from("5")), "{}: as it was", kind.name);
        },
    );
}

#[test]
fn what_a_session_says_of_itself_is_merged_as_well() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.user("ada");
        race(
            &mut browser,
            |session| session.set_label("phone").unwrap(),
            |session| session.remember(true),
        )
        .unwrap();
        let listed = wait(kind.engine.sessions_of(&named("ada"))).unwrap();
        let facts = (listed[0].label.as_deref(), listed[0].remembered);
        assert_eq!(facts, (Some("phone"), true), "{}", kind.name);
    });
}

#[test]
fn the_same_change_twice_is_no_conflict() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = kind.visitor();
    browser.engine = failing(&kind);
    let same = |session: &mut Session| drop(session.insert("a", 2));
    race(&mut browser, same, same).unwrap();
    assert_eq!(browser.get("a"), Some(2));
}

/// Every task has a browser of its own with the one cookie, and a key of its own.
#[test]
fn sixty_four_writers_of_one_session_lose_nothing_a11() {
    const TASKS: usize = 64;
    const REQUESTS: i64 = 20;
    let kind = Kind::new(Place::Stored, false);
    let browser = kind.visitor();
    let nodes = [kind.engine.clone(), kind.node()];
    wait(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let browser = Browser {
                    engine: nodes[task % 2].clone(),
                    ..browser.clone()
                };
                tokio::spawn(async move {
                    for request in 0..REQUESTS {
                        let visit = browser.begin();
                        let mut session = visit.open_async().await.unwrap();
                        session.add("shared", 1).unwrap();
                        session.insert(format!("key {task}"), request);
                        session.add(&format!("sum {task}"), 1).unwrap();
                        drop(session);
                        visit.answer(StatusCode::OK).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let mut browser = browser;
    assert_eq!(browser.get("shared"), Some(64 * 20));
    for task in 0..TASKS {
        assert_eq!(browser.get(&format!("key {task}")), Some(REQUESTS - 1));
        assert_eq!(browser.get(&format!("sum {task}")), Some(REQUESTS));
    }
    assert!(kind.events.of(Event::WriteMerged) > 0, "they never met");
}

/// Somebody else writes whenever we try to.
#[test]
fn a_write_that_never_wins_is_given_up_with_a_typed_error() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = kind.visitor();
    let slow = browser.begin();
    open(&slow).insert("slow", 1);
    let answer = wait(async {
        let answer = slow.clone();
        let mut held = kind.store.pause(StoreCall::Update);
        let mut answer = tokio::spawn(async move { answer.answer(StatusCode::OK).await });
        let mut round = 0;
        loop {
            tokio::select! {
                answer = &mut answer => break answer.unwrap(),
                () = held.reached() => {}
            }
            round += 1;
            assert!(round <= 1000, "it tries for ever");
            // Between its reading and its writing.
            let other = browser.begin();
            let mut session = other.open_async().await.unwrap();
            session.insert("fast", round);
            drop(session);
            other.answer(StatusCode::OK).await.unwrap();
            let next = kind.store.pause(StoreCall::Update);
            held.go();
            held = next;
        }
    });
    assert!(matches!(answer, Err(SessionError::Conflict)));
    assert_eq!(kind.events.of(Event::ConflictGivenUp), 1);
    drop(kind.store.calls());
    assert_eq!(browser.get("slow"), None);
}
