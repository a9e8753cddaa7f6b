//! Classes of attacks, each tried against every kind of engine to which it applies.

use http::header::{CACHE_CONTROL, COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Method};
use privyseal::sealed::{Context, SessionId};
use privyseal::value::Value;
use privyseal_session::csrf::CsrfPolicy;
use privyseal_session::{Engine, Session};
use proptest::prelude::*;

use crate::browser::{Browser, open, set_cookies, wait};
use crate::kinds::{Kind, Place, every_kind, kinds, named};

/// Everything that tells something of a session without changing it.
const READS: [fn(&mut Session); 12] = [
    |_| (),
    |session| drop(session.get("a").cloned()),
    |session| assert!(!session.contains_key("no")),
    |session| assert!(session.len() < 9),
    |session| assert!(!session.is_empty() || session.iter().next().is_none()),
    |session| assert!(session.iter().count() < 9),
    |session| assert!(session.keys().count() < 9),
    |session| assert!(session.id().is_none_or(|id| id.as_bytes() != &[0; 16])),
    |session| drop(session.subject()),
    |session| {
        let _ = (
            session.is_new(),
            session.created_at(),
            session.is_permanent(),
        );
    },
    |session| assert!(session.require_fresh(std::time::Duration::ZERO, 1).is_err()),
    |session| {
        let (policy, headers) = (CsrfPolicy::default(), HeaderMap::new());
        let checked = wait(session.check_csrf(&policy, &Method::POST, &headers, None));
        assert!(checked.is_err());
    },
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Flask forgot the header for some ways of reading (CVE-2023-30861, CVE-2026-27205).
    #[test]
    fn whatever_was_read_in_any_order_no_cache_keeps_the_response_a1(
        reads in proptest::collection::vec(0..READS.len(), 0..5),
        cookie in 0..3,
        takes_flashes in any::<bool>(),
    ) {
        every_kind(|kind| {
            let mut browser = match cookie {
                0 => kind.browser(),
                1 => kind.visitor(),
                _ => Browser::with_cookie(&kind.engine, "forged"),
            };
            let ((), response) = browser.visit(|visit| {
                let mut session = open(visit);
                for read in &reads {
                    READS[*read](&mut session);
                }
                if takes_flashes {
                    assert!(session.take_flashes().is_empty());
                }
            });
            let response = response.unwrap();
            assert_eq!(response[VARY], "Cookie", "{}", kind.name);
            if !kind.follows_flask() {
                assert_eq!(response[CACHE_CONTROL], "no-store", "{}", kind.name);
            }
        });
    }
}

#[test]
fn a_response_that_sets_or_removes_a_cookie_is_kept_by_no_cache_a1() {
    every_kind(|kind| {
        let mut browser = kind.user("ada");
        for end in [false, true] {
            let ((), response) = browser.visit(|visit| {
                let mut session = open(visit);
                session.insert("b", 1);
                if kind.follows_flask() {
                    session.set_permanent(true);
                } else {
                    session.remember(true);
                }
                if end {
                    session.end();
                }
            });
            let response = response.unwrap();
            assert!(!set_cookies(&response).is_empty(), "{}", kind.name);
            assert_eq!(response[VARY], "Cookie", "{}", kind.name);
        }
    });
}

/// Every spelling of a session that has no valid seal or MAC, put into every kind.
#[test]
fn nothing_without_a_mac_is_read_in_any_kind_a4() {
    let id = SessionId::from_bytes([7; 16]);
    let reference = [&[2; 9][..], id.as_bytes(), &[7; 64]].concat();
    let made_up = [
        r#"{"a":1}"#.to_owned(),
        "eyJhIjoxfQ".to_owned(),
        "eyJhIjoxfQ..".to_owned(),
        "eyJhIjoxfQ.ZVPxAA.".to_owned(),
        ".eJyrVkpUsjKsBQAIKgIL".to_owned(),
        id.to_string(),
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(&reference),
        "null".to_owned(),
        "a".repeat(161),
    ];
    every_kind(|kind| {
        let mut owner = kind.visitor();
        for cookie in &made_up {
            let found = Browser::with_cookie(&kind.engine, cookie).get("a");
            assert_eq!(found, None, "{}: {cookie}", kind.name);
        }
        assert_eq!(owner.get("a"), Some(1), "{}", kind.name);
    });
}

/// The cookie of each kind, offered to each other kind, under one key.
#[test]
fn no_kind_takes_the_cookie_of_another_a4_a15() {
    let places = [Place::Signed, Place::Sealed, Place::Flask, Place::Stored];
    let givers: Vec<_> = places.map(|place| Kind::new(place, false)).into();
    for giver in &givers {
        let cookie = giver.visitor().cookie.unwrap();
        for place in [
            Place::Signed,
            Place::Sealed,
            Place::Flask,
            Place::Stored,
            Place::Spilled,
        ] {
            let taker = Kind::new(place, false);
            // A session that spills is sealed until then; that is the same kind of cookie.
            let is_same =
                place == giver.place || (place == Place::Spilled && giver.place == Place::Sealed);
            let found = Browser::with_cookie(&taker.engine, &cookie).get("a");
            let expected = is_same && place != Place::Stored;
            assert_eq!(found.is_some(), expected, "{:?} to {place:?}", giver.place);
        }
    }
}

/// What is sealed or signed for one purpose, offered for another under the same key, name and
/// application.
#[test]
fn what_was_made_for_another_purpose_is_no_session_a15() {
    let kind = Kind::new(Place::Sealed, false);
    let ring = kind.keys.current();
    let now = privyseal::Timestamp::from_unix_seconds(kind.clock.seconds());
    let cookie_name = kind.engine.cookie().name().to_owned();
    let mut random = rand::rng();
    for purpose in [
        "session",
        "session at rest",
        "csrf",
        "stored session",
        "reset",
    ] {
        let context = Context {
            purpose,
            cookie_name: &cookie_name,
            application: "",
        };
        let sealer = privyseal::sealed::Sealer::new(&ring, context);
        let data = [&kind.clock.seconds().to_be_bytes()[..], br#"{"a":1}"#].concat();
        let id = SessionId::random(&mut random).unwrap();
        let token = sealer.seal(&data, id, now, &mut random).unwrap();
        let found = Browser::with_cookie(&kind.engine, &token).get("a");
        assert_eq!(found.is_some(), purpose == "session", "{purpose}");
    }
    // A token of a form, as a cookie of each kind.
    every_kind(|kind| {
        if kind.follows_flask() {
            return;
        }
        let mut browser = kind.user("ada");
        let (token, _) = browser.visit(|visit| open(visit).csrf_token().unwrap());
        assert_eq!(Browser::with_cookie(&kind.engine, &token).get("a"), None);
    });
}

#[test]
fn every_changed_cookie_of_every_kind_is_a_strangers_a5() {
    let in_one_cookie = |kind: &Kind| kind.place != Place::Chunked && !kind.revokes;
    kinds(in_one_cookie, |kind| {
        let good = kind.visitor().cookie.unwrap();
        let mut changed: Vec<_> = ["x", ".", "=", "A"]
            .iter()
            .flat_map(|extra| [format!("{good}{extra}"), format!("{extra}{good}")])
            .chain([format!("{good}.{good}"), format!("{good}==")])
            .collect();
        for at in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            changed.push(String::from_utf8(bytes).unwrap());
            changed.push(good[..at].to_owned());
        }
        // The other alphabet of base64.
        changed.push(good.replace('-', "+").replace('_', "/"));
        for cookie in changed.into_iter().filter(|cookie| *cookie != good) {
            // Python reads base64 that is not canonical, and Flask's cookies are Python's.
            if kind.follows_flask() && cookie.ends_with('=') {
                continue;
            }
            let found = Browser::with_cookie(&kind.engine, &cookie).get("a");
            assert_eq!(found, None, "{}: {cookie}", kind.name);
        }
    });
}

fn user(engine: &Engine, cookies: &[String]) -> Option<i64> {
    let mut request = HeaderMap::new();
    for cookie in cookies {
        request.append(COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
    }
    let session: Session = wait(engine.begin(&request).open(&request)).unwrap();
    session.get("a").and_then(Value::as_i64)
}

#[test]
fn a_second_cookie_of_the_name_or_a_name_that_looks_alike_is_not_trusted_a13() {
    let ours = |kind: &Kind| !kind.follows_flask() && kind.place != Place::Chunked;
    kinds(ours, |kind| {
        let name = kind.engine.cookie().name();
        let good = format!("{name}={}", kind.visitor().cookie.unwrap());
        let value = &good[name.len() + 1..];
        let ask = |cookies: &[String]| user(&kind.engine, cookies);
        assert_eq!(ask(std::slice::from_ref(&good)), Some(1), "{}", kind.name);
        for bad in [
            vec![format!("{good}; {good}")],
            vec![good.clone(), good.clone()],
            vec![format!("{name}=evil; {good}")],
            vec![format!("\u{2000}{good}")],
            vec![format!("={good}")],
            vec![format!("{}={value}", name.to_lowercase())],
            vec![format!("{name}=\"{value}\"")],
        ] {
            assert_eq!(ask(&bad), None, "{}: {bad:?}", kind.name);
        }
        let with_version = format!("$Version=1; {good}; $Path=/");
        assert_eq!(ask(&[with_version]), Some(1), "{}", kind.name);
    });
}

/// The times are inside the MAC or in the store; what a browser says of them counts nothing.
#[test]
fn no_time_is_taken_from_the_client_a19_a8() {
    every_kind(|kind| {
        let life = if kind.follows_flask() {
            31 * 24 * 3600
        } else {
            30 * 60
        };
        let good = kind.visitor();
        kind.clock.advance(life + 1);
        let mut headers = good.request();
        for lie in [
            "Expires=Fri, 31 Dec 9999 23:59:59 GMT",
            "Max-Age=99999999",
            "$Max-Age=9",
        ] {
            headers.append(COOKIE, HeaderValue::from_static(lie));
        }
        let session: Session = wait(kind.engine.begin(&headers).open(&headers)).unwrap();
        assert!(session.is_empty(), "{}", kind.name);
    });
}

/// Of one user, whose password was reset: an old session lived on elsewhere (CVE-2023-40273).
#[test]
fn no_session_survives_the_reset_of_a_password_a12() {
    kinds(Kind::ends_subjects, |kind| {
        let mut stolen = kind.user("ada");
        wait(kind.engine.end_all_of(&named("ada"))).unwrap();
        kind.clock.advance(1);
        let mut owner = kind.user("ada");
        assert_eq!(stolen.get("a"), None, "{}", kind.name);
        assert_eq!(owner.get("a"), Some(1), "{}", kind.name);
    });
}

/// More cookies than a server should take are not searched, whatever is among them.
#[test]
fn a_header_that_is_too_long_is_not_searched_a17() {
    every_kind(|kind| {
        let browser = kind.visitor();
        let mut headers = browser.request();
        let session: Session = wait(kind.engine.begin(&headers).open(&headers)).unwrap();
        assert!(!session.is_empty(), "{}", kind.name);
        let long = format!("x={}", "a".repeat(64 * 1024));
        headers.append(COOKIE, HeaderValue::try_from(long).unwrap());
        let session: Session = wait(kind.engine.begin(&headers).open(&headers)).unwrap();
        assert!(session.is_empty(), "{}", kind.name);
    });
}
