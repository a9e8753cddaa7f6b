//! The store, or the log of revocations, cannot be asked: what requests get, and what stays.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use privyseal_session::metrics::Event;
use privyseal_session::{Engine, OutagePolicy, SessionError};

use crate::browser::{Browser, Visit, open, set_cookies, wait};
use crate::kinds::{Kind, Place, id_of, kinds, named, until};
use crate::test_store::Health;

const STALE: OutagePolicy = OutagePolicy::StaleReads {
    max_age: Duration::from_mins(1),
};
const CLOSED: OutagePolicy = OutagePolicy::FailClosed {
    retry_after: Duration::from_secs(7),
};
const POLICIES: [OutagePolicy; 3] = [CLOSED, OutagePolicy::Anonymous, STALE];

/// A visitor of a stored session under this policy, whose session this node has seen.
fn visitor(kind: &Kind, policy: OutagePolicy) -> Browser {
    let mut browser = kind.user("ada");
    browser.engine = kind.engine.clone().with_outage_policy(policy);
    assert_eq!(browser.get("a"), Some(1));
    browser
}

fn is_refused<T>(answer: &Result<T, SessionError>) -> bool {
    matches!(answer, Err(error @ SessionError::Unavailable { .. })
        if error.response().0 == StatusCode::SERVICE_UNAVAILABLE && error.response().1.is_some())
}

/// One request: what the handler got, and the response.
fn ask(
    browser: &mut Browser,
    handler: impl FnOnce(&Visit) -> Result<Option<i64>, SessionError>,
) -> (
    Result<Option<i64>, SessionError>,
    Result<HeaderMap, SessionError>,
) {
    let before = browser.request();
    let (seen, response) = browser.visit(handler);
    if let Ok(response) = &response {
        assert!(set_cookies(response).is_empty(), "a cookie in an outage");
    }
    assert_eq!(browser.request(), before, "the cookie stays");
    (seen, response)
}

fn read(visit: &Visit) -> Result<Option<i64>, SessionError> {
    let session = visit.open::<privyseal::value::Dict>()?;
    Ok(session.get("a").and_then(privyseal::value::Value::as_i64))
}

fn write(visit: &Visit) -> Result<Option<i64>, SessionError> {
    let mut session = visit.open::<privyseal::value::Dict>()?;
    session.insert("a", 2);
    Ok(None)
}

fn end(visit: &Visit) -> Result<Option<i64>, SessionError> {
    visit.open::<privyseal::value::Dict>()?.end();
    Ok(None)
}

#[test]
fn each_policy_answers_reads_in_its_way_and_no_policy_writes_or_deletes_a_cookie() {
    for policy in POLICIES {
        let kind = Kind::new(Place::Stored, false);
        let mut browser = visitor(&kind, policy);
        kind.store.set(Health::Down);
        let (seen, response) = ask(&mut browser, read);
        match policy {
            OutagePolicy::FailClosed { .. } => {
                assert!(is_refused(&seen));
                let (_, retry_after, _) = seen.unwrap_err().response();
                assert_eq!(retry_after, Some(Duration::from_secs(7)));
            }
            OutagePolicy::Anonymous => assert_eq!((seen.unwrap(), response.is_ok()), (None, true)),
            _ => assert_eq!((seen.unwrap(), response.is_ok()), (Some(1), true)),
        }
        for change in [write, end] {
            let (seen, response) = ask(&mut browser, change);
            assert!(is_refused(&seen) || is_refused(&response), "{policy:?}");
        }
        assert_eq!(kind.events.of(Event::SessionEnded), 0);
        // Who wanted to sign out is not shown the session here, whatever was answered.
        assert_ne!(ask(&mut browser, read).0.ok(), Some(Some(1)), "{policy:?}");

        // Nothing of it is left when the store is back.
        kind.store.set(Health::Well);
        until(|| browser.visit(read).0.is_ok_and(|seen| seen == Some(1)));
    }
}

#[test]
fn a_request_that_does_not_touch_its_session_never_asks_the_store() {
    for policy in POLICIES {
        for health in [Health::Down, Health::Hanging] {
            let kind = Kind::new(Place::Stored, false);
            let mut browser = visitor(&kind, policy);
            kind.store.set(health);
            kind.store.calls();
            let (_, response) = ask(&mut browser, |_| Ok(None));
            assert!(response.unwrap().is_empty());
            assert!(kind.store.calls().is_empty());
        }
    }
}

#[test]
fn a_visitor_without_a_cookie_reads_nothing_and_needs_no_store() {
    for policy in POLICIES {
        let kind = Kind::new(Place::Stored, false);
        kind.store.set(Health::Down);
        let engine = kind.engine.clone().with_outage_policy(policy);
        let (seen, response) = ask(&mut Browser::new(&engine), read);
        assert_eq!((seen.unwrap(), response.is_ok()), (None, true));
        let (_, response) = ask(&mut Browser::new(&engine), write);
        assert!(is_refused(&response), "{policy:?}");
    }
}

/// Time stands still but for the deadline.
#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_waited_for_until_the_deadline_only() {
    for policy in POLICIES {
        let kind = Kind::new(Place::Stored, false);
        let deadline = Duration::from_millis(20);
        let engine = kind.engine.clone().with_outage_policy(policy);
        let mut browser = Browser::new(&engine.with_store_deadline(deadline));
        let first = browser.begin();
        first.open_async().await.unwrap().insert("a", 1);
        browser.take(&first.answer(StatusCode::OK).await.unwrap());

        kind.store.set(Health::Hanging);
        let started = tokio::time::Instant::now();
        let seen = browser.begin().open_async().await;
        let waited = started.elapsed();
        assert!(waited >= deadline && waited < deadline * 2, "{waited:?}");
        let seen = seen.map(|session| session.contains_key("a"));
        let expected = match policy {
            OutagePolicy::FailClosed { .. } => None,
            OutagePolicy::Anonymous => Some(false),
            _ => Some(true),
        };
        assert_eq!(seen.ok(), expected);
    }
}

/// What ends or changes a session through this node, and whether it may be read after.
type Ending = fn(&Engine, &mut Browser);

#[test]
fn a_stale_read_shows_no_session_that_this_node_ended() {
    let endings: [(&str, Ending); 5] = [
        ("its user", |_, browser| {
            browser.visit(end).0.unwrap();
        }),
        ("another device", |engine, browser| {
            let id = id_of(browser).unwrap();
            assert!(wait(engine.end_session_of(&named("ada"), id)).unwrap());
        }),
        ("the operator", |engine, browser| {
            wait(engine.end_session(id_of(browser).unwrap())).unwrap();
        }),
        ("everywhere", |engine, _| {
            wait(engine.end_all_of(&named("ada"))).unwrap();
        }),
        ("everybody", |engine, _| {
            wait(engine.end_everything()).unwrap();
        }),
    ];
    for (name, ending) in endings {
        let kind = Kind::new(Place::Stored, true);
        let mut browser = visitor(&kind, STALE);
        let mut copy = browser.clone();
        ending(&browser.engine.clone(), &mut browser);
        kind.store.set(Health::Down);
        let (seen, _) = ask(&mut copy, read);
        assert_ne!(seen.unwrap_or(None), Some(1), "ended by {name}");
        let (again, _) = ask(&mut copy, read);
        assert_ne!(again.unwrap_or(None), Some(1), "ended by {name}");
    }
}

#[test]
fn a_stale_read_shows_what_was_seen_within_its_age_and_under_the_current_secret_only() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = visitor(&kind, STALE);
    let old = browser.clone();
    browser.visit(|visit| open(visit).elevate(1)).1.unwrap();
    let mut at_once = browser.clone();
    at_once.engine = kind
        .engine
        .clone()
        .with_outage_policy(OutagePolicy::StaleReads {
            max_age: Duration::ZERO,
        });
    at_once.read();
    kind.store.set(Health::Down);
    assert_eq!(ask(&mut browser, read).0.unwrap(), Some(1));
    assert!(
        is_refused(&ask(&mut old.clone(), read).0),
        "it opens nothing"
    );
    // By the clock of the session it is over, outage or not.
    kind.clock.advance(30 * 60 + 1);
    assert!(is_refused(&ask(&mut browser, read).0));
    until(|| is_refused(&ask(&mut at_once, read).0));
}

/// Until the log was read once, nobody knows what is revoked.
#[test]
fn without_the_log_sessions_in_cookies_follow_the_policy_and_untouched_ones_do_not_wait() {
    let has_log = |kind: &Kind| kind.revokes && kind.place != Place::Stored;
    for policy in POLICIES {
        kinds(has_log, |kind| {
            let mut browser = kind.user("ada");
            kind.log.set(crate::revocation_log::Health::Down);
            browser.engine = kind.node().with_outage_policy(policy);
            let (_, response) = ask(&mut browser, |_| Ok(None));
            assert!(response.unwrap().is_empty(), "{}", kind.name);
            let (seen, _) = ask(&mut browser, read);
            if policy == OutagePolicy::Anonymous {
                assert_eq!(seen.unwrap(), None, "{}", kind.name);
            } else {
                assert!(is_refused(&seen), "{}", kind.name);
            }
            let (seen, response) = ask(&mut browser, write);
            assert!(is_refused(&seen) || is_refused(&response), "{}", kind.name);
        });
    }
}

/// A sign-out that not all nodes can be told of is not claimed.
#[test]
fn without_the_log_ending_a_session_in_a_cookie_is_refused_and_its_cookie_stays_a9() {
    let needs_log = |kind: &Kind| kind.revokes && !kind.has_rows();
    kinds(needs_log, |kind| {
        let mut browser = kind.user("ada");
        browser.read();
        kind.log.set(crate::revocation_log::Health::Down);
        let (_, response) = ask(&mut browser, end);
        assert!(is_refused(&response), "{}", kind.name);
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        assert!(is_refused(&wait(kind.engine.end_all_of(&named("ada")))));
        assert!(is_refused(&wait(kind.engine.end_everything())));
        kind.log.set(crate::revocation_log::Health::Well);
        browser.visit(end).1.unwrap();
    });
}

/// A node that could not read the log for half a minute does not know what was revoked since.
#[tokio::test(start_paused = true)]
async fn a_node_whose_log_was_down_for_too_long_treats_it_as_an_outage() {
    let kind = Kind::new(Place::Sealed, true);
    let cookie = {
        let visit = Browser::new(&kind.engine).begin();
        let mut session = visit.open_async().await.unwrap();
        session.insert("a", 1);
        drop(session);
        visit.answer(StatusCode::OK).await.unwrap()
    };
    let mut browser = Browser::new(&kind.engine);
    browser.take(&cookie);
    let ask = async || {
        let visit = browser.begin();
        let session = visit.open_async().await?;
        Ok::<_, SessionError>(session.contains_key("a"))
    };
    assert!(ask().await.unwrap());
    kind.log.set(crate::revocation_log::Health::Down);
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert!(ask().await.unwrap(), "what is known stays in force");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(is_refused(&ask().await));
    kind.log.set(crate::revocation_log::Health::Well);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(ask().await.unwrap());
}
