//! A key that the ring does not hold may be one that was made a moment ago.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use privyseal::KeyRing;
use privyseal_session::csrf::{CsrfError, CsrfPolicy};
use privyseal_session::metrics::Event;
use privyseal_session::{Engine, LiveKeyRing, OutagePolicy, RefreshKeys};
use tokio::sync::watch;

use crate::browser::{Browser, key, open, ring, set_cookies, wait};
use crate::documents::{document, snapshot};
use crate::key_outages::{CHANGES, POLICIES, ask, is_outage, read};
use crate::kinds::{Kind, Place, kinds, named};

/// What reading the ring anew gives.
#[derive(Clone)]
enum Answer {
    Ring(KeyRing),
    Same,
    Fails,
    Never,
}

/// Reads the ring for all that wait, once.
struct Reader {
    keys: LiveKeyRing,
    answer: Mutex<Answer>,
    /// A read is sent when so many have called.
    callers: usize,
    calls: watch::Sender<usize>,
    reads: AtomicUsize,
    /// Whom the last read answers, and how it went.
    last: tokio::sync::Mutex<(usize, bool)>,
}

impl Reader {
    fn of(keys: &LiveKeyRing, answer: Answer) -> Arc<Self> {
        Self::for_callers(keys, answer, 1)
    }

    fn for_callers(keys: &LiveKeyRing, answer: Answer, callers: usize) -> Arc<Self> {
        Arc::new(Self {
            keys: keys.clone(),
            answer: Mutex::new(answer),
            callers,
            calls: watch::Sender::new(0),
            reads: AtomicUsize::new(0),
            last: tokio::sync::Mutex::default(),
        })
    }

    fn calls(&self) -> usize {
        *self.calls.borrow()
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    async fn read(&self) -> bool {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        match answer {
            Answer::Ring(ring) => self.keys.replace(ring),
            Answer::Same => {}
            Answer::Fails => return false,
            Answer::Never => std::future::pending().await,
        }
        true
    }
}

impl RefreshKeys for Reader {
    fn refreshed(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        let mut call = 0;
        self.calls.send_modify(|calls| {
            *calls += 1;
            call = *calls;
        });
        Box::pin(async move {
            let mut last = self.last.lock().await;
            if last.0 >= call {
                return last.1;
            }
            let mut calls = self.calls.subscribe();
            let answered = *calls
                .wait_for(|calls| *calls >= self.callers)
                .await
                .unwrap();
            *last = (answered, self.read().await);
            last.1
        })
    }
}

fn names_key(kind: &Kind) -> bool {
    !matches!(kind.place, Place::Signed | Place::Flask)
}

/// A browser with a cookie of a key that this node does not know yet: the whole ring was revoked,
/// so that not even the standby is left.
fn with_new_key(kind: &Kind) -> (Browser, KeyRing) {
    let (old, new) = (document(b'a', b'b'), document(b'c', b'd'));
    kind.keys.replace(snapshot(&new));
    let browser = kind.visitor();
    kind.keys.replace(snapshot(&old));
    (browser, snapshot(&new))
}

fn refreshed_by(engine: &Engine, reader: &Arc<Reader>) -> Engine {
    engine.clone().with_key_refresh(reader.clone())
}

#[test]
fn a_cookie_of_a_key_made_a_moment_ago_waits_for_one_refresh_and_is_opened() {
    kinds(names_key, |kind| {
        let (mut browser, new) = with_new_key(kind);
        let reader = Reader::of(&kind.keys, Answer::Ring(new));
        browser.engine = refreshed_by(&kind.engine, &reader);
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        browser.set("a", 2);
        assert_eq!(reader.calls(), 1, "{}", kind.name);
        assert_eq!(kind.events.of(Event::KeyAwaited), 1, "{}", kind.name);
        for event in [Event::RefusedUnknownKey, Event::KeyUnavailable] {
            assert_eq!(kind.events.of(event), 0, "{}", kind.name);
        }
    });
}

#[test]
fn nothing_waits_that_names_no_unknown_key() {
    kinds(
        |_| true,
        |kind| {
            let reader = Reader::of(&kind.keys, Answer::Never);
            let mut browser = kind.visitor();
            browser.engine = refreshed_by(&kind.engine, &reader);
            assert_eq!(browser.get("a"), Some(1));
            assert_eq!(Browser::new(&browser.engine).get("a"), None);
            let mut forged = Browser::with_cookie(&browser.engine, "forged");
            assert_eq!(forged.get("a"), None);
            browser.visit(|_| ()).1.unwrap();
            assert_eq!(reader.calls(), 0, "{}", kind.name);
        },
    );
}

#[test]
fn a_refresh_that_fails_or_never_answers_is_an_outage_and_touches_no_cookie_i11() {
    for policy in POLICIES {
        kinds(names_key, |kind| {
            let (mut browser, new) = with_new_key(kind);
            for answer in [Answer::Fails, Answer::Never] {
                let told = format!("{}, {policy:?}", kind.name);
                let reader = Reader::of(&kind.keys, answer);
                let engine = refreshed_by(&kind.engine, &reader);
                browser.engine = engine
                    .with_outage_policy(policy)
                    .with_key_deadline(Duration::from_millis(20));
                let unavailable = kind.events.of(Event::KeyUnavailable);
                let (seen, _) = ask(&told, &mut browser, read);
                match policy {
                    OutagePolicy::Anonymous => assert_eq!(seen.unwrap(), None, "{told}"),
                    _ => assert!(is_outage(&seen), "{told}: {seen:?}"),
                }
                let events = kind.events.of(Event::KeyUnavailable);
                assert_eq!(events, unavailable + 1, "{told}");
                for change in CHANGES {
                    let (seen, response) = ask(&told, &mut browser, change);
                    assert!(is_outage(&seen) || is_outage(&response), "{told}");
                }
                assert_eq!(reader.calls(), 3, "{told}: one for each request");
            }
            assert_eq!(kind.events.of(Event::RefusedUnknownKey), 0);
            browser.engine = kind.engine.clone();
            kind.keys.replace(new);
            assert_eq!(browser.get("a"), Some(1), "{}: it is good", kind.name);
        });
    }
}

#[test]
fn a_key_that_is_still_unknown_after_the_refresh_makes_a_stranger_whose_cookie_stays() {
    kinds(names_key, |kind| {
        let (mut browser, _) = with_new_key(kind);
        let reader = Reader::of(&kind.keys, Answer::Same);
        browser.engine = refreshed_by(&kind.engine, &reader);
        let (seen, response) = ask(&kind.name, &mut browser, read);
        assert_eq!((seen.unwrap(), response.is_ok()), (None, true));
        assert_eq!(kind.events.of(Event::RefusedUnknownKey), 1, "{}", kind.name);
        assert_eq!(kind.events.of(Event::KeyAwaited), 1, "{}", kind.name);
        assert_eq!(kind.events.of(Event::KeyUnavailable), 0, "{}", kind.name);
        browser
            .visit(|visit| {
                let mut session = open(visit);
                session.insert("a", 3);
                kind.fill(&mut session);
            })
            .1
            .unwrap();
        assert_eq!(browser.get("a"), Some(3), "{}", kind.name);
    });
}

#[test]
fn a_request_waits_once_however_often_it_asks() {
    kinds(names_key, |kind| {
        let (mut browser, _) = with_new_key(kind);
        for answer in [Answer::Fails, Answer::Same] {
            let reader = Reader::of(&kind.keys, answer);
            browser.engine = refreshed_by(&kind.engine, &reader);
            let visit = browser.begin();
            let opened: Vec<_> = (0..3)
                .map(|_| visit.open::<privyseal::value::Dict>().is_ok())
                .collect();
            assert_eq!(opened[0], opened[2], "{}", kind.name);
            drop(browser.finish(&visit, StatusCode::OK));
            assert_eq!(reader.calls(), 1, "{}", kind.name);
        }
        // And of several at once, one.
        let reader = Reader::of(&kind.keys, Answer::Fails);
        browser.engine = refreshed_by(&kind.engine, &reader);
        let visit = browser.begin();
        wait(async {
            let (one, other) = tokio::join!(visit.open_async(), visit.open_async());
            assert!(is_outage(&one) && is_outage(&other), "{}", kind.name);
        });
        assert_eq!(reader.calls(), 1, "{}", kind.name);
    });
}

/// I13, as far as the engine goes: it asks for every request, and leaves it to the reader to read
/// once for all.
#[test]
fn a_thousand_requests_with_unknown_keys_cause_one_read_i13() {
    const REQUESTS: usize = 1000;
    for place in [Place::Sealed, Place::Stored] {
        for is_new in [true, false] {
            let kind = Kind::new(place, false);
            let (browser, new) = with_new_key(&kind);
            let answer = if is_new {
                Answer::Ring(new)
            } else {
                Answer::Same
            };
            let reader = Reader::for_callers(&kind.keys, answer, REQUESTS);
            let browser = Browser {
                engine: refreshed_by(&kind.engine, &reader),
                ..browser
            };
            let opened = wait(async {
                let mut requests = tokio::task::JoinSet::new();
                for _ in 0..REQUESTS {
                    let visit = browser.begin();
                    requests.spawn(async move { visit.open_async().await.unwrap().is_new() });
                }
                requests.join_all().await
            });
            let strangers = opened.iter().filter(|is_new| **is_new).count();
            assert_eq!(strangers, if is_new { 0 } else { REQUESTS });
            assert_eq!((reader.calls(), reader.reads()), (REQUESTS, 1));
            assert_eq!(kind.events.of(Event::KeyAwaited), REQUESTS);
            assert_eq!(kind.events.of(Event::RefusedUnknownKey), strangers);
        }
    }
}

fn check(browser: &Browser, token: &str) -> Result<(), CsrfError> {
    let visit = browser.begin();
    let (policy, headers) = (CsrfPolicy::default(), HeaderMap::new());
    wait(open(&visit).check_csrf(&policy, &Method::POST, &headers, Some(token)))
}

/// The page came from a node that knows the key, the form goes to one that does not.
#[test]
fn the_token_of_a_form_waits_as_well_and_is_no_forgery_while_the_ring_cannot_be_read() {
    kinds(
        |kind| !kind.follows_flask(),
        |kind| {
            let (old, new) = (ring(b'a'), ring(b'a').rotated(key(b'c')));
            let browser = kind.visitor();
            kind.keys.replace(new.clone());
            let token = open(&browser.begin()).csrf_token().unwrap();
            let cases = [
                (Answer::Fails, Err(503)),
                (Answer::Same, Err(403)),
                (Answer::Ring(new), Ok(())),
            ];
            for (answer, expected) in cases {
                kind.keys.replace(old.clone());
                let reader = Reader::of(&kind.keys, answer);
                let browser = Browser {
                    engine: refreshed_by(&kind.engine, &reader),
                    ..browser.clone()
                };
                let checked = check(&browser, &token);
                let status = checked.map_err(|error| error.response().0.as_u16());
                assert_eq!(status, expected, "{}", kind.name);
                let waits = matches!(checked, Err(error) if error.response().1.is_some());
                assert_eq!(waits, expected == Err(503), "{}", kind.name);
                assert_eq!(check(&browser, "forged"), Err(CsrfError::Forged));
                assert_eq!(reader.calls(), 1, "{}", kind.name);
            }
            assert_eq!(kind.events.of(Event::KeyUnavailable), 1, "{}", kind.name);
        },
    );
}

/// The cookie is of a key that everybody knows, but another node has written the row.
#[test]
fn a_row_sealed_under_a_key_made_a_moment_ago_waits_as_well() {
    let cases = [
        (Answer::Fails, None),
        (Answer::Same, None),
        (Answer::Ring(ring(b'a')), Some(2)),
    ];
    for (answer, expected) in cases {
        let kind = Kind::new(Place::Stored, false);
        let engine = kind.engine.clone().with_sealing_at_rest();
        let (old, new) = (ring(b'a'), ring(b'a').rotated(key(b'c')));
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        let mut other = browser.clone();
        kind.keys.replace(new.clone());
        other.set("a", 2);
        kind.keys.replace(old);
        let fails = matches!(answer, Answer::Fails);
        let answer = match answer {
            Answer::Ring(_) => Answer::Ring(new.clone()),
            other => other,
        };
        let reader = Reader::of(&kind.keys, answer);
        browser.engine = refreshed_by(&engine, &reader);
        let (seen, response) = browser.visit(read);
        assert_eq!(is_outage(&seen), fails, "{seen:?}");
        assert_eq!(seen.unwrap_or_default(), expected);
        if expected.is_none() {
            assert!(set_cookies(&response.unwrap()).is_empty());
        }
        assert_eq!(reader.calls(), 1);
        let unreadable = usize::from(expected.is_none() && !fails);
        assert_eq!(kind.events.of(Event::RefusedUnreadable), unreadable);
        kind.keys.replace(new);
        assert_eq!(browser.get("a"), Some(2));
    }
}

/// Of two cookies that came, one that may be ours yet is no reason to trust the other.
#[test]
fn a_cookie_of_an_unknown_key_beside_a_good_one_waits_as_well() {
    let kind = Kind::new(Place::Chunked, false);
    let (browser, _) = with_new_key(&kind);
    let mut later = kind.browser();
    later.set("a", 8);
    for (answer, expected) in [(Answer::Fails, None), (Answer::Same, Some(8))] {
        let reader = Reader::of(&kind.keys, answer);
        let mut browser = Browser {
            engine: refreshed_by(&kind.engine, &reader),
            cookie: later.cookie.clone(),
            ..browser.clone()
        };
        let (seen, _) = ask("chunks under an unknown key", &mut browser, read);
        assert_eq!(is_outage(&seen), expected.is_none(), "{seen:?}");
        assert_eq!(seen.unwrap_or_default(), expected);
        assert_eq!(reader.calls(), 1);
    }
}

/// Whoever looks for a stranger's session must not be told that there is none.
#[test]
fn the_list_of_sessions_waits_for_a_key_made_a_moment_ago_too() {
    let kind = Kind::new(Place::Stored, false);
    let engine = kind.engine.clone().with_sealing_at_rest();
    let (old, new) = (ring(b'a'), ring(b'a').rotated(key(b'c')));
    kind.keys.replace(new.clone());
    let mut browser = Browser::new(&engine);
    let signed_in = browser.visit(|visit| open(visit).sign_in(named("ada")));
    signed_in.1.unwrap();
    kind.keys.replace(old);
    let listed = |engine: &Engine| {
        let listed = wait(engine.sessions_of(&named("ada")));
        listed.map(|sessions| sessions.len())
    };
    assert_eq!(listed(&engine).unwrap(), 0, "nobody reads the ring");
    let by = |answer| refreshed_by(&engine, &Reader::of(&kind.keys, answer));
    assert!(is_outage(&listed(&by(Answer::Fails))));
    assert_eq!(listed(&by(Answer::Same)).unwrap(), 0);
    assert_eq!(listed(&by(Answer::Ring(new))).unwrap(), 1);
}
