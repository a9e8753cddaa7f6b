//! New ids: when a session gets one, and what the old one is worth.

use std::time::Duration;

use http::StatusCode;
use privyseal_session::metrics::{Event, StoreCall};
use privyseal_session::store::Store as _;
use privyseal_session::{Session, SessionError, Timeouts};

use crate::browser::{Browser, open, wait};
use crate::kinds::{Kind, Place, id_of, kinds, named, sign_out};

const GRACE: i64 = 20;

fn renewed(browser: &mut Browser) -> Browser {
    let old = browser.clone();
    browser.visit(|visit| open(visit).renew()).1.unwrap();
    assert_ne!(old.cookie, browser.cookie);
    old
}

#[test]
fn within_the_grace_window_every_old_request_gets_the_one_successor_on_every_node() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.user("ada");
        let old = renewed(&mut browser);
        kind.clock.advance(GRACE);
        let mut requests = Vec::new();
        for engine in [kind.engine.clone(), kind.node()] {
            for writes in [false, true, true] {
                let late = Browser {
                    engine: engine.clone(),
                    ..old.clone()
                };
                let visit = late.begin();
                let mut session = open(&visit);
                assert_eq!(session.subject(), Some(named("ada")), "{}", kind.name);
                if writes {
                    session.insert("late", 1);
                    session.renew(); // somebody has done it for us
                }
                drop(session);
                requests.push((late, visit));
            }
        }
        // The first that renews makes a new one, to which all the others then lead.
        let mut given = Vec::new();
        for (mut late, visit) in requests.into_iter().rev() {
            late.finish(&visit, StatusCode::OK).unwrap();
            given.push(late);
        }
        let last = given.first().unwrap().cookie.clone();
        for late in &mut given {
            assert_eq!(late.get("a"), Some(1), "{}", kind.name);
            assert_eq!(late.cookie, last, "{}: there is one successor", kind.name);
        }
        assert_eq!(kind.events.of(Event::IdReused), 0, "{}", kind.name);
    });
}

/// Both have loaded the session before either renews it.
#[test]
fn of_requests_that_renew_at_once_one_does_and_all_get_its_id() {
    kinds(Kind::has_rows, |kind| {
        let browser = kind.user("ada");
        let engines = [kind.engine.clone(), kind.node(), kind.node()];
        let mut requests = engines.map(|engine| {
            let browser = Browser {
                engine,
                ..browser.clone()
            };
            let visit = browser.begin();
            open(&visit).renew();
            (browser, visit)
        });
        for (browser, visit) in &mut requests {
            browser.finish(visit, StatusCode::OK).unwrap();
        }
        let [(first, _), (second, _), (third, _)] = &requests;
        assert_ne!(first.cookie, browser.cookie, "{}", kind.name);
        assert_eq!(first.cookie, second.cookie, "{}", kind.name);
        assert_eq!(first.cookie, third.cookie, "{}", kind.name);
    });
}

#[test]
fn a_chain_of_renewals_is_followed_to_its_end_within_the_grace_window() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.user("ada");
        let mut old = Vec::new();
        for _ in 0..4 {
            old.push(renewed(&mut browser));
            kind.clock.advance(2);
        }
        for late in &mut old {
            assert_eq!(late.get("a"), Some(1), "{}", kind.name);
            assert_eq!(late.cookie, browser.cookie, "{}", kind.name);
        }
    });
}

#[test]
fn an_old_id_after_the_grace_window_ends_the_session_for_everybody_and_says_so_once() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.user("ada");
        let mut other = kind.user("ada");
        let mut stolen = renewed(&mut browser);
        kind.clock.advance(GRACE + 1);
        assert_eq!(browser.clone().get("a"), Some(1), "{}", kind.name);
        assert_eq!(stolen.get("a"), None, "{}", kind.name);
        assert_eq!(browser.get("a"), None, "{}: nobody keeps it", kind.name);
        assert_eq!(stolen.get("a"), None, "{}", kind.name);
        assert_eq!(kind.events.of(Event::IdReused), 1, "{}", kind.name);
        assert_eq!(other.get("a"), Some(1), "{}: another session", kind.name);
    });
}

#[test]
fn a_session_is_given_a_new_id_every_so_often_if_that_is_set() {
    const EVERY: i64 = 600;
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.user("ada");
        browser.engine = kind.engine.clone().with_timeouts(Timeouts {
            rotate_every: Some(Duration::from_mins(10)),
            ..Timeouts::default()
        });
        kind.clock.advance(EVERY - 1);
        let first = browser.cookie.clone();
        browser.read();
        assert_eq!(browser.cookie, first, "{}", kind.name);
        kind.clock.advance(1);
        // Not with an answer that the browser may throw away.
        let visit = browser.begin();
        drop(open(&visit));
        browser.finish(&visit, StatusCode::BAD_GATEWAY).unwrap();
        assert_eq!(browser.cookie, first, "{}", kind.name);
        let old = browser.clone();
        browser.read();
        assert_ne!(browser.cookie, first, "{}", kind.name);
        let second = browser.cookie.clone();
        browser.read();
        assert_eq!(browser.cookie, second, "{}: once", kind.name);
        let mut late = old;
        assert_eq!(late.get("a"), Some(1), "{}", kind.name);
        assert_eq!(late.cookie, second, "{}", kind.name);
    });
}

/// What the slow request wrote belongs to the visitor that there was before.
#[test]
fn a_write_under_the_old_id_does_not_reach_a_session_that_signed_in_a10_a12() {
    let gains: [fn(&mut Session); 2] = [
        |session| session.sign_in(named("ada")),
        |session| session.elevate(2),
    ];
    for gain in gains {
        kinds(Kind::has_rows, |kind| {
            let mut browser = kind.visitor();
            let slow = browser.begin();
            let mut session = open(&slow);
            session.insert("planted", 1);
            drop(session);
            browser.visit(|visit| gain(&mut open(visit))).1.unwrap();
            let signed_in = browser.clone();
            // The sign-in has answered first. Its cookie must survive this response, and nobody
            // is told that the write was saved.
            let answer = browser.finish(&slow, StatusCode::OK);
            assert!(
                matches!(answer, Err(SessionError::Conflict)),
                "{}",
                kind.name
            );
            assert_eq!(browser.request(), signed_in.request(), "{}", kind.name);
            assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
            assert_eq!(browser.get("planted"), None, "{}", kind.name);
            assert_eq!(kind.events.of(Event::WriteDropped), 1, "{}", kind.name);
        });
    }
}

/// A request that arrives under the old id just after the sign-in is a stranger's, and no theft.
#[test]
fn a_request_under_the_id_from_before_the_sign_in_is_a_strangers() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.visitor();
        let mut old = browser.clone();
        browser.visit(|visit| kind.sign_in(visit, "ada")).1.unwrap();
        kind.clock.advance(GRACE);
        assert_eq!(old.get("a"), None, "{}", kind.name);
        assert!(old.cookie.is_some(), "{}: its cookie stays", kind.name);
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        assert_eq!(kind.events.of(Event::IdReused), 0, "{}", kind.name);
    });
}

/// The renewal stands before the store, with its new secret, while the user signs out.
#[test]
fn a_logout_during_a_renewal_wins_in_either_order_a10() {
    for logout_first in [true, false] {
        let kind = Kind::new(Place::Stored, false);
        let mut browser = kind.user("ada");
        let renewing = browser.begin();
        open(&renewing).renew();
        let ending = browser.begin();
        open(&ending).end();
        let mut held = kind.store.pause(if logout_first {
            StoreCall::Update
        } else {
            StoreCall::End
        });
        let (renewed, ended) = wait(async {
            let (first, second) = if logout_first {
                (renewing.clone(), ending.clone())
            } else {
                (ending.clone(), renewing.clone())
            };
            let waits = tokio::spawn(async move { first.answer(StatusCode::OK).await });
            held.reached().await;
            let passes = second.answer(StatusCode::OK).await;
            held.go();
            let waited = waits.await.unwrap();
            if logout_first {
                (waited, passes)
            } else {
                (passes, waited)
            }
        });
        for response in [renewed.unwrap(), ended.unwrap()] {
            let mut holder = browser.clone();
            holder.take(&response);
            assert_eq!(holder.get("a"), None, "logout first: {logout_first}");
        }
        assert_eq!(browser.get("a"), None);
    }
}

/// The row is deleted between the loading and the saving.
#[test]
fn a_session_that_ends_while_it_is_saved_is_dropped_with_a_removal_and_never_made_again_a10() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.user("ada");
        let id = id_of(&mut browser).unwrap();
        let copy = browser.clone();
        let request = browser.begin();
        open(&request).insert("a", 2);
        let mut held = kind.store.pause(StoreCall::Update);
        let response = wait(async {
            let saving = request.clone();
            let saving = tokio::spawn(async move { saving.answer(StatusCode::OK).await });
            held.reached().await;
            assert!(kind.store.end(id).await.unwrap());
            held.go();
            saving.await.unwrap().unwrap()
        });
        browser.take(&response);
        assert!(browser.request().is_empty(), "{}", kind.name);
        assert_eq!(kind.events.of(Event::WriteDropped), 1, "{}", kind.name);
        assert!(wait(kind.store.row(id)).is_none(), "{}", kind.name);
        let mut copy = copy;
        assert_eq!(copy.get("a"), None, "{}", kind.name);
    });
}

/// The browser hangs up: the response and its future are dropped in the middle of the store's call.
#[test]
fn who_signs_out_and_goes_away_is_signed_out() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = kind.user("ada");
    let request = browser.begin();
    open(&request).end();
    let mut held = kind.store.pause(StoreCall::End);
    wait(async {
        let answer = request.clone();
        let answering = tokio::spawn(async move { answer.answer(StatusCode::OK).await });
        held.reached().await;
        answering.abort();
        assert!(answering.await.unwrap_err().is_cancelled());
        held.go();
    });
    crate::kinds::until(|| kind.events.of(Event::SessionEnded) == 1);
    assert_eq!(browser.get("a"), None);
}

/// Without the store, the cookie from before a renewal is refused where there is a log.
#[test]
fn a_renewed_session_in_a_cookie_keeps_its_id_and_leaves_its_old_cookie_behind() {
    let has_log = |kind: &Kind| kind.revokes && !kind.has_rows() && !kind.follows_flask();
    kinds(has_log, |kind| {
        let mut browser = kind.user("ada");
        let before = id_of(&mut browser);
        let mut old = browser.clone();
        browser.visit(|visit| open(visit).renew()).1.unwrap();
        assert_eq!(id_of(&mut browser), before, "{}", kind.name);
        assert_eq!(old.get("a"), None, "{}", kind.name);
        let mut copy = sign_out(&mut browser);
        assert_eq!(copy.get("a"), None, "{}", kind.name);
    });
}
