//! The sessions of one user: listing them, ending them, and how many there may be.

use http::StatusCode;
use privyseal_session::metrics::{Event, StoreCall};
use privyseal_session::{Engine, Excess, ParallelSessions, SessionError};

use crate::browser::{Browser, open, wait};
use crate::kinds::{Kind, Place, every_kind, id_of, kinds, named};

fn stored(revokes: bool) -> Kind {
    Kind::new(Place::Stored, revokes)
}

fn is_alive(browser: &Browser) -> bool {
    browser.clone().get("a") == Some(1)
}

#[test]
fn one_call_ends_all_sessions_of_a_user_on_two_nodes_and_no_other_v7_4_2() {
    kinds(Kind::ends_subjects, |kind| {
        let nodes = [kind.engine.clone(), kind.node()];
        let mut browsers: Vec<_> = (0..6).map(|_| kind.user("ada")).collect();
        let bob = kind.user("bob");
        for (at, browser) in browsers.iter_mut().enumerate() {
            browser.engine = nodes[at % 2].clone();
            assert!(is_alive(browser), "{}", kind.name);
        }
        let ended = wait(nodes[0].end_all_of(&named("ada"))).unwrap();
        if kind.has_rows() {
            assert_eq!(ended, 6, "{}", kind.name);
        }
        crate::kinds::until(|| !browsers.iter().any(is_alive));
        assert!(is_alive(&bob), "{}", kind.name);
        // In the same second, one who signs in again is let in.
        if !kind.follows_flask() {
            assert!(is_alive(&kind.user("ada")), "{}", kind.name);
        }
    });
}

#[test]
fn the_others_end_and_this_one_goes_on_v7_4_3() {
    for revokes in [false, true] {
        let kind = stored(revokes);
        let (mut here, others) = (kind.user("ada"), [kind.user("ada"), kind.user("ada")]);
        let bob = kind.user("bob");
        let id = id_of(&mut here).unwrap();
        assert_eq!(
            wait(kind.engine.end_others_of(&named("ada"), id)).unwrap(),
            2
        );
        assert!(is_alive(&here) && is_alive(&bob));
        assert!(!others.iter().any(is_alive));
    }
}

#[test]
fn everything_ends_with_one_call_and_who_comes_after_is_let_in_v7_4_5() {
    every_kind(|kind| {
        let browsers = [kind.user("ada"), kind.user("bob"), kind.visitor()];
        let ended = wait(kind.engine.end_everything());
        if !kind.revokes {
            assert!(matches!(ended, Err(SessionError::NotSupported)));
            return assert!(browsers.iter().all(is_alive), "{}", kind.name);
        }
        ended.unwrap();
        assert!(!browsers.iter().any(is_alive), "{}", kind.name);
        if kind.follows_flask() {
            kind.clock.advance(1); // its sessions are dated by their cookie
        }
        assert!(is_alive(&kind.visitor()), "{}", kind.name);
        assert!(is_alive(&kind.user("ada")), "{}", kind.name);
        let node = kind.node();
        let late = browsers.map(|browser| Browser {
            engine: node.clone(),
            ..browser
        });
        assert!(!late.iter().any(is_alive), "{}", kind.name);
    });
}

#[test]
fn a_user_ends_sessions_of_their_own_only_v7_5_2() {
    let kind = stored(false);
    let (mut ada, mut bob) = (kind.user("ada"), kind.user("bob"));
    let end = |subject, id| wait(kind.engine.end_session_of(&named(subject), id)).unwrap();
    let (of_ada, of_bob) = (id_of(&mut ada).unwrap(), id_of(&mut bob).unwrap());
    assert!(!end("ada", of_bob));
    assert!(is_alive(&bob));
    assert!(end("ada", of_ada));
    assert!(!is_alive(&ada));
    assert!(!end("ada", of_ada));
}

/// The id in the list, in every spelling, put into a cookie.
#[test]
fn a_list_holds_nothing_that_opens_a_session_v7_5_2() {
    let kind = stored(false);
    let mut browser = kind.user("ada");
    browser
        .visit(|visit| open(visit).set_label("phone").unwrap())
        .1
        .unwrap();
    kind.clock.advance(600);
    browser.read();
    let listed = wait(kind.engine.sessions_of(&named("ada"))).unwrap();
    let [info] = listed.as_slice() else {
        panic!("{}", listed.len());
    };
    assert_eq!(Some(info.id), id_of(&mut browser));
    assert_eq!(info.label.as_deref(), Some("phone"));
    assert_eq!(info.last_seen.unix_seconds(), kind.clock.seconds());
    let shown = format!("{} {info:?}", info.id);
    let cookie = browser.cookie.clone().unwrap();
    let token = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&cookie).unwrap();
    // The id is the third part of the cookie; without the secret, which is the fourth, it opens nothing.
    let mut without_secret = token.clone();
    without_secret[25..57].fill(0);
    for forged in [
        info.id.to_string(),
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(info.id.as_bytes()),
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(&without_secret),
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(&token[..25]),
    ] {
        assert!(
            !is_alive(&Browser::with_cookie(&kind.engine, &forged)),
            "{forged}"
        );
    }
    assert!(!shown.contains("phone"));
}

#[test]
fn the_list_has_the_sessions_that_are_alive_newest_sign_in_first() {
    let kind = stored(false);
    let mut browsers = Vec::new();
    for _ in 0..3 {
        kind.clock.advance(100);
        browsers.push(kind.user("ada"));
    }
    kind.user("bob");
    browsers[1].visit(|visit| open(visit).end()).1.unwrap();
    let list = || wait(kind.engine.sessions_of(&named("ada"))).unwrap();
    let ids: Vec<_> = list().iter().map(|session| session.id).collect();
    let expected = [2, 0].map(|at: usize| id_of(&mut browsers[at]).unwrap());
    assert_eq!(ids, expected);
    kind.clock.advance(30 * 60 - 150);
    browsers[2].set("a", 1);
    kind.clock.advance(151);
    assert_eq!(list().len(), 1, "the other timed out");
}

fn limited(kind: &Kind, max: usize, excess: Excess) -> Engine {
    let limit = ParallelSessions { max, excess };
    kind.engine.clone().with_parallel_sessions(limit)
}

fn sign_in(engine: &Engine) -> Result<Browser, SessionError> {
    let mut browser = Browser::new(engine);
    let signed_in = browser.visit(|visit| {
        let mut session = open(visit);
        session.insert("a", 1);
        session.sign_in(named("ada"));
    });
    signed_in.1.map(|_| browser)
}

#[test]
fn one_session_too_many_is_rejected_or_takes_the_place_of_the_oldest_v7_1_2() {
    for excess in [Excess::Reject, Excess::EvictOldest] {
        let kind = stored(false);
        let engine = limited(&kind, 3, excess);
        let mut browsers = Vec::new();
        for _ in 0..3 {
            browsers.push(sign_in(&engine).unwrap());
            kind.clock.advance(1);
        }
        let fourth = sign_in(&engine);
        let alive: Vec<_> = browsers.iter().map(is_alive).collect();
        match excess {
            Excess::Reject => {
                let refusal = fourth.err().unwrap();
                assert!(matches!(refusal, SessionError::TooManySessions));
                assert_eq!(refusal.response().0, StatusCode::FORBIDDEN);
                assert_eq!(alive, [true, true, true]);
                assert_eq!(kind.events.of(Event::SessionLimitReached), 1);
                // Who signs out makes room.
                browsers[0].visit(|visit| open(visit).end()).1.unwrap();
                assert!(is_alive(&sign_in(&engine).unwrap()));
            }
            Excess::EvictOldest => {
                assert!(is_alive(&fourth.unwrap()));
                assert_eq!(alive, [false, true, true]);
                assert_eq!(kind.events.of(Event::SessionEvicted), 1);
            }
        }
    }
}

/// Confirming who one is, in a session that counts already, is not one more.
#[test]
fn signing_in_again_in_the_same_session_is_not_one_more() {
    for excess in [Excess::Reject, Excess::EvictOldest] {
        let kind = stored(false);
        let engine = limited(&kind, 2, excess);
        let mut browsers = [sign_in(&engine).unwrap(), sign_in(&engine).unwrap()];
        for _ in 0..3 {
            for browser in &mut browsers {
                browser
                    .visit(|visit| open(visit).sign_in(named("ada")))
                    .1
                    .unwrap();
                browser.visit(|visit| open(visit).elevate(2)).1.unwrap();
            }
        }
        assert!(browsers.iter().all(is_alive));
    }
}

/// Sign-ins at the same time that all have looked for room, and found it, before any is written.
#[test]
fn of_sign_ins_at_the_same_time_no_more_stay_than_are_allowed_and_one_at_least_v7_1_2() {
    for excess in [Excess::Reject, Excess::EvictOldest] {
        for (max, at_once) in [(1, 2), (1, 5), (3, 8)] {
            let kind = stored(false);
            let engine = limited(&kind, max, excess);
            let browsers: Vec<_> = (0..at_once).map(|_| Browser::new(&engine)).collect();
            let requests: Vec<_> = browsers.iter().map(Browser::begin).collect();
            for request in &requests {
                let mut session = open(request);
                session.insert("a", 1);
                session.sign_in(named("ada"));
            }
            let mut held: Vec<_> = (0..at_once)
                .map(|_| kind.store.pause(StoreCall::Create))
                .collect();
            let answers = wait(async {
                let tasks: Vec<_> = requests
                    .into_iter()
                    .map(|request| {
                        tokio::spawn(async move { request.answer(StatusCode::OK).await })
                    })
                    .collect();
                for call in &mut held {
                    call.reached().await;
                }
                for call in held {
                    call.go();
                }
                let mut answers = Vec::new();
                for task in tasks {
                    answers.push(task.await.unwrap());
                }
                answers
            });
            let name = format!("{excess:?}, {at_once} for {max}");
            let mut alive = 0;
            for (mut browser, answer) in browsers.into_iter().zip(answers) {
                match answer {
                    Ok(response) => {
                        browser.take(&response);
                        alive += usize::from(is_alive(&browser));
                    }
                    Err(error) => {
                        assert!(matches!(error, SessionError::TooManySessions), "{name}");
                        assert_eq!(excess, Excess::Reject, "{name}");
                    }
                }
            }
            assert!((1..=max).contains(&alive), "{name}: {alive} are alive");
            let listed = wait(engine.sessions_of(&named("ada"))).unwrap();
            assert_eq!(listed.len(), alive, "{name}: each has its cookie");
        }
    }
}
