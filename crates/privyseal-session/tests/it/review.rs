//! What a hostile reader of the engine would try first.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use privyseal::formats::flask::FlaskSession;
use privyseal::value::{Dict, Value};
use privyseal_session::csrf::CsrfPolicy;
use privyseal_session::metrics::{Event, StoreCall};
use privyseal_session::revocation::{Page, Revocation, RevocationLog, Revocations};
use privyseal_session::store::{NewRow, Store as _, StoreError, Updated};
use privyseal_session::{
    Engine, Excess, FlaskRules, ParallelSessions, Session, SessionError, Timeouts,
};
use privyseal_testkit::clock::FakeClock;
use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::Semaphore;

use crate::browser::{Browser, START, open, ring, set_cookies, wait};
use crate::kinds::{Kind, Place, id_of, kinds, named, sign_out, until};
use crate::revocation_log::{NodeLog, TestLog};

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Shop {
    cart: Vec<String>,
    visits: i64,
}

fn cart(browser: &mut Browser) -> Vec<String> {
    let read = |visit: &crate::browser::Visit| visit.open::<Shop>().unwrap().cart.clone();
    browser.visit(read).0
}

/// Neither request found a cart, so that both fill in an empty one.
#[test]
fn a_field_filled_in_by_default_undoes_no_change_of_another_request_a11() {
    kinds(Kind::has_rows, |kind| {
        for on_conflict in [
            privyseal_session::OnConflict::LastWrite,
            privyseal_session::OnConflict::Fail,
        ] {
            let mut browser = kind.visitor();
            browser.engine = kind.engine.clone().with_on_conflict(on_conflict);
            let requests = [browser.begin(), browser.begin()];
            let mut first: Session<Shop> = requests[0].open().unwrap();
            let mut second: Session<Shop> = requests[1].open().unwrap();
            first.cart.push("book".to_owned());
            drop(first);
            second.visits += 1;
            drop(second);
            for request in &requests {
                browser.finish(request, StatusCode::OK).unwrap();
            }
            assert_eq!(cart(&mut browser), ["book"], "{}", kind.name);
            assert_eq!(browser.get("visits"), Some(1), "{}", kind.name);
        }
    });
}

#[test]
fn a_field_filled_in_by_default_undoes_no_change_of_another_extractor() {
    for place in [Place::Sealed, Place::Stored] {
        let kind = Kind::new(place, false);
        let mut browser = kind.visitor();
        let written = browser.visit(|visit| {
            let mut typed: Session<Shop> = visit.open().unwrap();
            open(visit).add("visits", 5).unwrap();
            typed.cart.push("book".to_owned());
        });
        written.1.unwrap();
        assert_eq!(browser.get("visits"), Some(5), "{}", kind.name);
        assert_eq!(cart(&mut browser), ["book"], "{}", kind.name);
    }
}

#[test]
fn looking_at_a_session_as_if_to_change_it_begins_none() {
    for place in [Place::Sealed, Place::Stored] {
        let kind = Kind::new(place, false);
        let mut browser = kind.browser();
        let looked = browser.visit(|visit| {
            let mut session: Session<Shop> = visit.open().unwrap();
            for item in &mut session.cart {
                item.clear();
            }
            session.save().unwrap();
            assert!(session.cart.iter_mut().next().is_none());
        });
        assert!(set_cookies(&looked.1.unwrap()).is_empty(), "{}", kind.name);
    }
}

/// A field without a default of its own: what was saved once can be read again.
#[test]
fn what_was_saved_early_is_saved_whole_when_it_changes() {
    #[derive(Serialize, Deserialize, Default)]
    struct Strict {
        cart: Vec<String>,
        visits: i64,
    }
    let kind = Kind::new(Place::Stored, false);
    let mut browser = kind.browser();
    let written = browser.visit(|visit| {
        let mut session: Session<Strict> = visit.open().unwrap();
        session.cart.clear();
        session.save().unwrap();
        session.visits = 1;
    });
    written.1.unwrap();
    let (read, _) = browser.visit(|visit| {
        let session: Session<Strict> = visit.open().unwrap();
        (session.cart.len(), session.visits)
    });
    assert_eq!(read, (0, 1));
}

/// A signed engine that shares its cookie with Flask, which gives its sessions no id.
fn begun_by_flask(kind: &Kind) -> Browser {
    let mut dict = Dict::new();
    dict.insert("a", 1);
    let now = privyseal::Timestamp::from_unix_seconds(kind.clock.seconds());
    let flask = FlaskSession::sha256(&kind.keys.current());
    let cookie = flask.dumps(&Value::Dict(dict), now).unwrap();
    Browser::with_cookie(&kind.engine, &cookie)
}

#[test]
fn a_session_that_flask_began_is_over_when_it_is_ended_here_a9_v7_4_1() {
    let kind = Kind::new(Place::Signed, true);
    let mut browser = begun_by_flask(&kind);
    assert_eq!(browser.get("a"), Some(1));
    let mut copy = sign_out(&mut browser);
    assert_eq!(copy.get("a"), None);
    assert_eq!(kind.events.of(Event::SessionEnded), 1);
}

#[test]
fn a_session_that_flask_began_is_worth_nothing_after_a_sign_in_here_a12_v7_2_4() {
    let kind = Kind::new(Place::Signed, true);
    let mut browser = begun_by_flask(&kind);
    let mut planted = browser.clone();
    let signed_in = browser.visit(|visit| open(visit).sign_in(named("ada")));
    signed_in.1.unwrap();
    assert_eq!(planted.get("a"), None);
    assert_eq!(browser.get("a"), Some(1));
}

fn sealed_under_flasks_rules(kind: &Kind) -> Engine {
    kind.engine.clone().with_flask_rules(FlaskRules::default())
}

#[test]
fn a_sealed_session_under_flasks_rules_is_over_when_it_is_ended_a9_v7_4_1() {
    let kind = Kind::new(Place::Sealed, true);
    let mut browser = Browser::new(&sealed_under_flasks_rules(&kind));
    browser.set("a", 1);
    let mut copy = sign_out(&mut browser);
    assert_eq!(copy.get("a"), None);
}

#[test]
fn what_the_engine_knows_of_a_session_cannot_be_written_as_data_in_any_kind() {
    let kind = Kind::new(Place::Sealed, false);
    let mut browser = Browser::new(&sealed_under_flasks_rules(&kind));
    let written = browser.visit(|visit| {
        let mut facts = Dict::new();
        facts.insert("s", "admin");
        open(visit).insert("_ps", facts);
    });
    let refused = written.1.unwrap_err();
    assert!(matches!(refused, SessionError::ReservedKey(_)), "{refused}");
}

#[test]
fn a_sealed_row_is_refused_when_it_was_put_under_another_user() {
    let kind = Kind::new(Place::Stored, false);
    let engine = kind.engine.clone().with_sealing_at_rest();
    let mut browser = Browser::new(&engine);
    let signed_in = browser.visit(|visit| open(visit).sign_in(named("mallory")));
    signed_in.1.unwrap();
    let id = id_of(&mut browser).unwrap();
    let admin = named("admin");
    wait(async {
        let row = kind.store.row(id).await.unwrap();
        let forged = NewRow {
            subject: Some(&admin),
            last_seen: row.last_seen,
            expires_at: row.expires_at,
            ends_at: row.ends_at,
            data: &row.data,
        };
        let updated = kind.store.update(id, row.version, &forged).await;
        assert_eq!(updated.unwrap(), Updated::Done);
    });
    let (subject, _) = browser.visit(|visit| open(visit).subject());
    assert_eq!(subject, None);
    assert!(wait(engine.sessions_of(&admin)).unwrap().is_empty());
}

/// A log that takes an entry only when it may.
struct SlowLog {
    log: NodeLog,
    may: Arc<Semaphore>,
}

impl RevocationLog for SlowLog {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        self.may.acquire().await.unwrap().forget();
        self.log.append(entry).await
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        self.log.since(position, limit).await
    }

    async fn prune(&self, now: privyseal::Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.log.prune(now, limit).await
    }
}

#[test]
fn who_signs_out_of_a_session_in_a_cookie_and_goes_away_is_signed_out_a9() {
    for place in [Place::Sealed, Place::Signed, Place::Flask] {
        let kind = Kind::new(place, false);
        let (log, may) = (TestLog::default(), Arc::new(Semaphore::new(0)));
        let slow = SlowLog {
            log: log.node(),
            may: may.clone(),
        };
        let mut browser = kind.browser();
        browser.engine = kind.engine.clone().with_revocations(Revocations::new(slow));
        browser.set("a", 1);
        let mut copy = browser.clone();
        let visit = browser.begin();
        open(&visit).end();
        wait(async {
            let mut response = HeaderMap::new();
            let commit = visit.handle.commit(StatusCode::OK, &mut response);
            let hung_up = tokio::time::timeout(Duration::from_millis(50), commit).await;
            assert!(hung_up.is_err(), "it waits for the log");
        });
        may.add_permits(1);
        until(|| !log.state().entries.is_empty());
        until(|| copy.get("a").is_none());
    }
}

#[derive(Deserialize, Default)]
struct Unwritable(#[serde(default)] bool);

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 {
            return Err(serde::ser::Error::custom("it cannot be written"));
        }
        serializer.serialize_bool(false)
    }
}

#[derive(Serialize, Deserialize, Default)]
struct Holder {
    #[serde(default)]
    flag: Unwritable,
}

#[test]
fn who_signs_out_is_signed_out_although_something_else_cannot_be_written_a9() {
    for place in [Place::Stored, Place::Sealed] {
        let kind = Kind::new(place, true);
        let mut browser = kind.visitor();
        let mut copy = browser.clone();
        let answered = browser.visit(|visit| {
            let mut session: Session<Holder> = visit.open().unwrap();
            session.flag.0 = true;
            session.end();
        });
        answered.1.unwrap();
        assert_eq!(copy.get("a"), None, "{}", kind.name);
        assert_eq!(browser.cookie, None, "{}", kind.name);
    }
}

#[test]
fn an_elevation_is_no_sign_in_and_needs_no_room_v7_1_2() {
    let kind = Kind::new(Place::Stored, false);
    let mut browsers = [kind.user("ada"), kind.user("ada"), kind.user("ada")];
    assert_eq!(kind.events.of(Event::SignedIn), 3);
    for excess in [Excess::Reject, Excess::EvictOldest] {
        let limit = ParallelSessions { max: 2, excess };
        let engine = kind.engine.clone().with_parallel_sessions(limit);
        for browser in &mut browsers {
            browser.engine = engine.clone();
            let elevated = browser.visit(|visit| open(visit).elevate(2));
            elevated.1.unwrap();
        }
        for browser in &mut browsers {
            assert_eq!(browser.get("a"), Some(1), "{excess:?}");
        }
    }
    assert_eq!(kind.events.of(Event::SignedIn), 3);
}

#[test]
fn a_sign_in_is_counted_in_every_kind() {
    kinds(
        |kind| !kind.follows_flask(),
        |kind| {
            kind.user("ada");
            assert_eq!(kind.events.of(Event::SignedIn), 1, "{}", kind.name);
        },
    );
}

/// The requests of one page bring the cookie that the browser had when it asked for them.
#[test]
fn many_requests_that_renew_under_one_cookie_are_no_theft() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.visitor();
        let page = browser.clone();
        for _ in 0..8 {
            let mut request = page.clone();
            let renewed = request.visit(|visit| open(visit).renew());
            renewed.1.unwrap();
            browser.cookie = request.cookie;
        }
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        assert_eq!(kind.events.of(Event::IdReused), 0, "{}", kind.name);
    });
}

#[test]
fn new_ids_more_often_than_the_grace_allows_are_no_theft() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.visitor();
        browser.engine = kind.engine.clone().with_timeouts(Timeouts {
            rotate_every: Some(Duration::from_secs(1)),
            ..Timeouts::default()
        });
        let mut slow = browser.clone();
        for _ in 0..15 {
            kind.clock.advance(1);
            assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        }
        assert_eq!(slow.get("a"), Some(1), "{}: within its grace", kind.name);
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        // It goes on when there is room.
        let cookie = browser.cookie.clone();
        kind.clock.advance(20);
        assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        assert_ne!(browser.cookie, cookie, "{}", kind.name);
    });
}

#[test]
fn a_user_with_more_sessions_than_are_listed_ends_any_of_them_v7_5_2() {
    let kind = Kind::new(Place::Stored, false);
    let ids: Vec<_> = (0..1001)
        .map(|_| {
            let mut browser = kind.browser();
            let signed_in = browser.visit(|visit| open(visit).sign_in(named("ada")));
            signed_in.1.unwrap();
            id_of(&mut browser).unwrap()
        })
        .collect();
    let listed = wait(kind.engine.sessions_of(&named("ada"))).unwrap();
    let is_listed = |id| listed.iter().any(|session| session.id == id);
    let unlisted = ids.into_iter().find(|id| !is_listed(*id)).unwrap();
    kind.store.calls();
    assert!(!wait(kind.engine.end_session_of(&named("bob"), unlisted)).unwrap());
    assert!(wait(kind.engine.end_session_of(&named("ada"), unlisted)).unwrap());
    assert!(!wait(kind.engine.end_session_of(&named("ada"), unlisted)).unwrap());
    let calls = kind.store.calls();
    assert!(!calls.contains(&StoreCall::List), "{calls:?}");
}

#[test]
fn a_session_that_is_ended_twice_is_counted_once() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = kind.visitor();
    let requests = [browser.begin(), browser.begin()];
    for request in &requests {
        open(request).end();
    }
    for request in &requests {
        browser.finish(request, StatusCode::OK).unwrap();
    }
    assert_eq!(kind.events.of(Event::SessionEnded), 1);
}

#[test]
fn a_sign_in_dated_far_in_the_future_is_not_fresh_v7_5_1() {
    kinds(Kind::has_rows, |kind| {
        kind.clock.advance(24 * 3600);
        let browser = kind.user("ada");
        kind.clock.set(START);
        let fresh = |age| {
            let asked = Duration::from_secs(age);
            browser
                .clone()
                .visit(|visit| open(visit).require_fresh(asked, 0))
                .0
                .is_ok()
        };
        assert!(!fresh(300), "{}", kind.name);
    });
}

/// The slow request brings the cookie from before the sign-in, and is answered after it.
#[test]
fn a_request_that_loses_to_a_sign_in_leaves_the_browser_its_new_cookie_in_a_cookie_as_well() {
    for place in [Place::Sealed, Place::Signed, Place::Chunked] {
        for writes in [true, false] {
            let kind = Kind::new(place, true);
            let mut browser = kind.visitor();
            kind.clock.advance(600);
            let slow = browser.begin();
            let mut session = open(&slow);
            if writes {
                session.insert("slow", 1);
            }
            drop(session);
            let signed_in = browser.visit(|visit| open(visit).sign_in(named("ada")));
            signed_in.1.unwrap();
            // That no cookie is among the headers of an error is for `finish` to see.
            let answered = browser.finish(&slow, StatusCode::OK);
            if writes {
                assert!(matches!(answered, Err(SessionError::Conflict)));
            } else {
                assert!(set_cookies(&answered.unwrap()).is_empty());
            }
            let dropped = kind.events.of(Event::WriteDropped);
            assert_eq!(dropped, usize::from(writes), "{}", kind.name);
            let (subject, _) = browser.visit(|visit| open(visit).subject());
            assert_eq!(subject, Some(named("ada")), "{}, {writes}", kind.name);
        }
    }
}

/// The browser never got the response of the first, as when a button is clicked twice.
#[test]
fn a_sign_in_whose_response_was_lost_can_be_tried_again_at_once() {
    let ends_copies = |kind: &Kind| kind.ends_copies() && !kind.follows_flask();
    kinds(ends_copies, |kind| {
        let mut browser = kind.visitor();
        let mut lost = browser.clone();
        let signed_in = lost.visit(|visit| open(visit).sign_in(named("ada")));
        signed_in.1.unwrap();
        kind.clock.advance(5);
        let again = browser.visit(|visit| {
            let mut session = open(visit);
            assert!(session.is_empty(), "{}", kind.name);
            session.sign_in(named("ada"));
            kind.fill(&mut session);
        });
        again.1.unwrap();
        for browser in [&mut browser, &mut lost] {
            let (subject, _) = browser.visit(|visit| open(visit).subject());
            assert_eq!(subject, Some(named("ada")), "{}", kind.name);
        }
        assert_eq!(lost.get("a"), Some(1), "{}", kind.name);
        assert_eq!(browser.get("a"), None, "{}", kind.name);
    });
}

#[test]
fn an_application_keeps_its_name_when_flasks_rules_come_after_it_a14() {
    let clock = FakeClock::at(START);
    let engine = |name: &str| {
        Engine::stored(ring(b'a'), privyseal_stores::MemoryStore::new(10))
            .with_application(name)
            .with_flask_rules(FlaskRules::default())
            .with_clock(clock.clone())
    };
    let mut shop = Browser::new(&engine("shop"));
    shop.set("a", 1);
    let mut blog = Browser::with_cookie(&engine("blog"), &shop.cookie.unwrap());
    assert_eq!(blog.get("a"), None);
}

/// The page that answers a sign-in has a form on it.
#[test]
fn a_token_that_was_issued_after_a_sign_in_in_the_same_request_is_good_v3_5_1() {
    let gains: [fn(&mut Session); 4] = [
        |session| session.sign_in(named("ada")),
        |session| session.elevate(2),
        |session| session.renew(),
        |session| {
            session.sign_in(named("ada"));
            session.elevate(2);
            session.renew();
        },
    ];
    for gain in gains {
        kinds(
            |kind| !kind.follows_flask(),
            |kind| {
                let mut browser = kind.visitor();
                let (token, answered) = browser.visit(|visit| {
                    let mut session = open(visit);
                    gain(&mut session);
                    session.csrf_token().unwrap()
                });
                answered.unwrap();
                let (checked, _) = browser.visit(|visit| {
                    let (policy, headers) = (CsrfPolicy::default(), HeaderMap::new());
                    wait(open(visit).check_csrf(&policy, &Method::POST, &headers, Some(&token)))
                });
                assert!(checked.is_ok(), "{}", kind.name);
            },
        );
    }
}
