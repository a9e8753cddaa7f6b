//! Sessions that are too large for one cookie, or for anything.

use privyseal::sealed::Sealer;
use privyseal_session::SessionError;
use privyseal_session::store::MAX_DATA_LEN;

use crate::browser::{Browser, open, set_cookies};
use crate::kinds::{Kind, Place, kinds, named};
use crate::limits::noise;

/// How long the value is that the session of a browser has under `b`.
fn len_of_b(browser: &mut Browser) -> Option<usize> {
    let (found, _) = browser.visit(|visit| {
        let session = open(visit);
        session.get("b")?.as_str().map(str::len)
    });
    found
}

/// Elsewhere a value of 4000 bytes is answered 200 with a cookie that browsers drop in silence.
#[test]
fn peers_6_a_large_value_is_kept_or_refused_but_never_dropped_in_silence_a17() {
    let takes_large =
        |kind: &Kind| matches!(kind.place, Place::Stored | Place::Spilled | Place::Chunked);
    kinds(takes_large, |kind| {
        let in_chunks = kind.place == Place::Chunked;
        for (len, fits) in [
            (3900, true),
            (4100, true),
            (20_000, true),
            (60_000, !in_chunks), // more than a seal takes
            (2_000_000, false),
        ] {
            let mut browser = kind.browser();
            browser.set("a", 1);
            let before = browser.request();
            let ((), response) = browser.visit(|visit| {
                open(visit).insert("b", noise(len));
            });
            assert_eq!(response.is_ok(), fits, "{}, {len}", kind.name);
            match response {
                Ok(response) => {
                    for cookie in set_cookies(&response) {
                        let (pair, _) = cookie.split_once("; ").unwrap();
                        assert!(pair.len() <= 4097, "{}, {len}", kind.name);
                    }
                }
                Err(error) => {
                    assert!(matches!(error, SessionError::TooLarge { .. }), "{error}");
                    assert_eq!(browser.request(), before, "{}: it stays", kind.name);
                }
            }
            assert_eq!(len_of_b(&mut browser), fits.then_some(len), "{}", kind.name);
            assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
        }
    });
}

/// The largest value that is taken has a session of exactly this many bytes.
#[test]
fn the_edge_of_what_is_kept_on_the_server_is_a_typed_error_a17() {
    for (seals, limit) in [(false, MAX_DATA_LEN), (true, Sealer::MAX_DATA_LEN)] {
        let kind = Kind::new(Place::Stored, false);
        let engine = if seals {
            kind.engine.clone().with_sealing_at_rest()
        } else {
            kind.engine.clone()
        };
        let save = |len: usize| {
            let mut browser = Browser::new(&engine);
            let ((), saved) = browser.visit(|visit| {
                open(visit).insert("b", noise(len));
            });
            saved.map(|_| len_of_b(&mut browser))
        };
        // Beside the value there are the JSON around it, and the head of the row if that counts.
        let around = if seals { 0 } else { 50 } + r#"{"b":""}"#.len();
        let len = limit - around;
        assert_eq!(save(len).unwrap(), Some(len), "seals: {seals}");
        let refused = save(len + 1).unwrap_err();
        match refused {
            SessionError::TooLarge { size, limit: told } => {
                assert_eq!((size, told), (limit + 1, limit), "seals: {seals}");
            }
            other => panic!("{other}"),
        }
    }
}

/// Both are of one id, for the victim signed in with what was planted.
#[test]
fn a_session_that_was_planted_and_signed_in_to_takes_the_place_of_no_other_a12_a13() {
    let kind = Kind::new(Place::Chunked, false);
    let mut victim = kind.visitor();
    let mut planter = victim.clone();
    let signed_in = victim.visit(|visit| open(visit).sign_in(named("ada")));
    signed_in.1.unwrap();
    kind.clock.advance(5);
    for _ in 0..2 {
        // Small enough for the one cookie, and renewed more often.
        let signed_in = planter.visit(|visit| {
            let mut session = open(visit);
            session.remove("much");
            session.sign_in(named("mallory"));
        });
        signed_in.1.unwrap();
        victim.cookie.clone_from(&planter.cookie);
        let (subject, _) = victim.visit(|visit| open(visit).subject());
        assert_eq!(subject, None, "neither is trusted");
        victim.cookie = None;
        let (subject, _) = victim.visit(|visit| open(visit).subject());
        assert_eq!(subject, Some(named("ada")));
    }
}

#[test]
fn of_two_cookies_of_one_session_that_which_was_renewed_more_often_holds() {
    let kind = Kind::new(Place::Chunked, false);
    let mut browser = kind.browser();
    browser.set("a", 1);
    let mut before = browser.clone();
    let renewed = browser.visit(|visit| {
        let mut session = open(visit);
        session.renew();
        kind.fill(&mut session);
    });
    renewed.1.unwrap();
    kind.clock.advance(5);
    before.set("late", 1);
    browser.cookie = before.cookie;
    assert!(!browser.chunks.is_empty());
    assert_eq!((browser.get("a"), browser.get("late")), (Some(1), None));
}
