//! How large a session may be, and that nothing goes out when it is larger.

use privyseal::Timestamp;
use privyseal::formats::flask::FlaskSession;
use privyseal::value::{Dict, Value};
use privyseal_session::{Engine, LiveKeyRing, SessionError};
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::random::Seeded;

use crate::browser::{Browser, START, every_mode, ring, set_cookies};

/// Text that zlib cannot shorten by much.
pub(crate) fn noise(len: usize) -> String {
    let mut random = Seeded::new(1);
    let alphabet: Vec<char> = ('!'..='~').filter(|c| !"\"\\".contains(*c)).collect();
    (0..len).map(|_| *random.choose(&alphabet)).collect()
}

fn size(set_cookie: &str) -> usize {
    let (pair, _) = set_cookie.split_once("; ").unwrap();
    pair.len() - "=".len()
}

#[test]
fn a_cookie_of_4096_bytes_goes_out_and_no_larger_one_a17() {
    let keys = LiveKeyRing::new(ring(b'a'));
    for (name, engine) in every_mode(&keys, &FakeClock::at(START)) {
        let mut largest = 0;
        for len in 2900..4000 {
            let ((), response) = Browser::new(&engine).visit(|handle| {
                crate::browser::open(handle).insert("a", noise(len));
            });
            match response {
                Ok(response) => {
                    let size = size(set_cookies(&response)[0]);
                    assert!(size <= 4096, "{name}: {size}");
                    largest = largest.max(size);
                }
                Err(SessionError::TooLarge { size, limit: 4096 }) => {
                    assert!(size > 4096, "{name}: {size}");
                    break;
                }
                Err(error) => panic!("{name}: {error}"),
            }
        }
        // Base64 grows by one or two characters a byte, so the edge is met to within that.
        assert!((4094..=4096).contains(&largest), "{name}: {largest}");
    }
}

/// A peer answers 200 with a 5442-byte cookie, which browsers drop in silence.
#[test]
fn peers_6_a_large_value_is_an_error_and_the_old_cookie_stays() {
    let keys = LiveKeyRing::new(ring(b'a'));
    for (name, engine) in every_mode(&keys, &FakeClock::at(START)) {
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        let ((), response) = browser.visit(|handle| {
            crate::browser::open(handle).insert("b", noise(4000));
        });
        assert!(
            matches!(response, Err(SessionError::TooLarge { .. })),
            "{name}"
        );
        assert_eq!(browser.get("a"), Some(1), "{name}");
    }
}

/// The size counts bytes, not characters.
#[test]
fn text_beyond_ascii_is_measured_as_it_is_sent() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let mut random = Seeded::new(2);
    let kanji: String = (0..700)
        .filter_map(|_| char::from_u32(0x4e00 + u32::try_from(random.below(20_000)).unwrap()))
        .collect();
    for (name, engine) in every_mode(&keys, &FakeClock::at(START)) {
        let ((), response) = Browser::new(&engine).visit(|handle| {
            crate::browser::open(handle).insert("a", kanji.clone());
        });
        match response {
            Ok(response) => assert!(size(set_cookies(&response)[0]) <= 4096, "{name}"),
            Err(error) => assert!(matches!(error, SessionError::TooLarge { .. }), "{name}"),
        }
    }
}

/// Flask wrote it at the edge; the engine's own entry makes it too large. Reading changes nothing,
/// so reading must not fail.
#[test]
fn reading_a_session_that_cannot_be_sent_again_succeeds() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let clock = FakeClock::at(START);
    let engine = Engine::signed(keys.clone()).with_clock(clock.clone());
    let flask = FlaskSession::sha256(&keys.current());
    let now = Timestamp::from_unix_seconds(START);
    let cookie = (2900..4000)
        .map(|len| {
            let session: Dict = [("a", Value::from(1)), ("b", noise(len).into())]
                .into_iter()
                .collect();
            flask.dumps(&Value::Dict(session), now).unwrap()
        })
        .find(|cookie| cookie.len() > 4070)
        .unwrap();
    let mut browser = Browser::with_cookie(&engine, &cookie);
    let ((), written) = browser.visit(|handle| {
        crate::browser::open(handle).insert("a", 2);
    });
    assert!(matches!(written, Err(SessionError::TooLarge { .. })));
    clock.advance(600); // the cookie is due to be sent again
    assert!(set_cookies(&browser.read()).is_empty());
    assert_eq!(browser.get("a"), Some(1));
}
