//! What goes wrong with sessions elsewhere, tried here in every kind to which it applies. Some of
//! it is in other files, where it belongs to a subject; the security tests' page has the table.

use http::StatusCode;
use privyseal_session::metrics::Event;
use privyseal_session::{CookiePolicy, Engine, LiveKeyRing, Session};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, open, ring, set_cookies};
use crate::kinds::{Kind, every_kind, id_of, kinds, named, sign_out};
use crate::limits::noise;

type Change = fn(&mut Session);

fn is_ours(kind: &Kind) -> bool {
    !kind.follows_flask()
}

/// Elsewhere a slow request that finishes after the logout makes the old cookie valid again, or
/// hands out a new one that is logged in.
#[test]
fn peers_1_a_slow_request_does_not_undo_a_logout_a10() {
    let changes: [(&str, Change); 4] = [
        ("write", |session| drop(session.insert("late", 1))),
        ("renewal", |session| session.renew()),
        ("elevation", |session| session.elevate(2)),
        ("sign-in", |session| session.sign_in(named("ada"))),
    ];
    for (name, change) in changes {
        // Under Flask's rules there is nothing but writes.
        let applies = |kind: &Kind| kind.ends_copies() && (name == "write" || is_ours(kind));
        kinds(applies, |kind| {
            let mut browser = kind.user("ada");
            let slow = browser.begin();
            let mut session = open(&slow);
            let copy = sign_out(&mut browser);
            change(&mut session);
            drop(session);
            let mut late = copy.clone();
            let response = late.finish(&slow, StatusCode::OK).unwrap();
            for mut holder in [copy, late, browser] {
                assert_eq!(holder.get("a"), None, "{}, {name}", kind.name);
            }
            for cookie in set_cookies(&response) {
                assert!(cookie.contains("Max-Age=0"), "{}, {name}", kind.name);
            }
            assert!(response.contains_key("set-cookie"), "{}", kind.name);
            let dropped = kind.events.of(Event::WriteDropped);
            assert_eq!(dropped, 1, "{}, {name}", kind.name);
        });
    }
}

/// Elsewhere one of the two updates is lost.
#[test]
fn peers_2_concurrent_requests_that_set_different_keys_lose_neither_a11() {
    kinds(Kind::has_rows, |kind| {
        let mut browser = kind.visitor();
        let requests = [browser.begin(), browser.begin(), browser.begin()];
        for (at, request) in requests.iter().enumerate() {
            open(request).insert(format!("key {at}"), 1);
        }
        for request in &requests {
            browser.finish(request, StatusCode::OK).unwrap();
        }
        for at in 0..requests.len() {
            let found = browser.get(&format!("key {at}"));
            assert_eq!(found, Some(1), "{}", kind.name);
        }
        assert_eq!(kind.events.of(Event::WriteMerged), 2, "{}", kind.name);
    });
}

/// Elsewhere renewing the id and then answering 5xx has deleted the old session, and not sent the
/// new one.
#[test]
fn peers_3_a_5xx_after_a_renewal_or_a_sign_in_leaves_the_user_as_before() {
    let changes: [(&str, Change); 4] = [
        ("renewal", |session| session.renew()),
        ("elevation", |session| session.elevate(2)),
        ("sign-in", |session| session.sign_in(named("ada"))),
        ("write", |session| drop(session.insert("a", 2))),
    ];
    for status in [500, 503, 599].map(|code| StatusCode::from_u16(code).unwrap()) {
        for (name, change) in changes {
            kinds(is_ours, |kind| {
                let mut browser = kind.visitor();
                let before = browser.clone();
                let request = browser.begin();
                change(&mut open(&request));
                let response = browser.finish(&request, status).unwrap();
                assert!(set_cookies(&response).is_empty(), "{}, {name}", kind.name);
                for mut holder in [before, browser] {
                    let (subject, _) = holder.visit(|visit| open(visit).subject());
                    assert_eq!(subject, None, "{}, {name}", kind.name);
                    assert_eq!(holder.get("a"), Some(1), "{}, {name}", kind.name);
                }
            });
        }
    }
}

/// The end of a session is the exception: who signs out is signed out, whatever else fails.
#[test]
fn a_5xx_does_not_keep_a_session_that_was_ended() {
    kinds(Kind::ends_copies, |kind| {
        let mut browser = kind.user("ada");
        let copy = browser.clone();
        let request = browser.begin();
        open(&request).end();
        browser
            .finish(&request, StatusCode::INTERNAL_SERVER_ERROR)
            .unwrap();
        assert!(browser.request().is_empty(), "{}", kind.name);
        assert_eq!(copy.clone().get("a"), None, "{}", kind.name);
    });
}

/// Elsewhere a cookie-held session works after its lifetime and after the logout.
#[test]
fn peers_5_a_copy_of_the_cookie_is_dead_after_the_logout_a9_v7_4_1() {
    kinds(Kind::ends_copies, |kind| {
        let mut browser = kind.user("ada");
        let mut other = kind.user("ada");
        other.set("other", 1); // under Flask's rules two cookies of one content are one
        let mut copy = sign_out(&mut browser);
        assert_eq!(browser.get("a"), None, "{}", kind.name);
        assert!(
            browser.request().is_empty(),
            "{}: something stayed",
            kind.name
        );
        for _ in 0..2 {
            assert_eq!(copy.get("a"), None, "{}", kind.name);
        }
        // Also on a node that starts now.
        copy.engine = kind.node();
        assert_eq!(copy.get("a"), None, "{}", kind.name);
        assert_eq!(other.get("a"), Some(1), "{}: not that one", kind.name);
    });
}

#[test]
fn peers_5_a_copy_of_the_cookie_is_dead_after_its_lifetime() {
    every_kind(|kind| {
        let lifetime = if kind.follows_flask() {
            31 * 24 * 3600
        } else {
            30 * 60
        };
        for (age, alive) in [(lifetime, Some(1)), (lifetime + 1, None)] {
            let mut browser = kind.user("ada");
            kind.clock.advance(age);
            assert_eq!(browser.get("a"), alive, "{} at {age}", kind.name);
        }
    });
}

/// Elsewhere the id that an attacker chose is kept through the login.
#[test]
fn peers_7_what_was_planted_before_a_sign_in_is_worth_nothing_after_it_a12_v7_2_4() {
    let gains: [(&str, Change); 2] = [
        ("sign-in", |session| session.sign_in(named("ada"))),
        ("elevation", |session| session.elevate(2)),
    ];
    for (name, gain) in gains {
        kinds(is_ours, |kind| {
            let attacker = kind.visitor();
            let mut victim = attacker.clone();
            let before = id_of(&mut victim);
            let signed_in = victim.visit(|visit| {
                let mut session = open(visit);
                gain(&mut session);
                session.insert("secret", 1);
            });
            signed_in.1.unwrap();
            assert_ne!(
                victim.request(),
                attacker.request(),
                "{}, {name}",
                kind.name
            );
            assert_eq!(id_of(&mut victim), before, "{}, {name}", kind.name);
            // At once, with no time of grace, and on every node.
            for engine in [kind.engine.clone(), kind.node()] {
                let mut planted = Browser {
                    engine,
                    ..attacker.clone()
                };
                let (seen, _) = planted.visit(|visit| {
                    let session = open(visit);
                    (session.subject(), session.contains_key("secret"))
                });
                assert_eq!(seen, (None, false), "{}, {name}", kind.name);
                if kind.ends_copies() {
                    assert_eq!(planted.get("a"), None, "{}, {name}", kind.name);
                }
            }
            assert_eq!(victim.get("secret"), Some(1), "{}, {name}", kind.name);
        });
    }
}

/// An id that the server did not issue never becomes one that it did.
#[test]
fn peers_7_an_id_that_the_visitor_chose_is_not_taken_a12() {
    every_kind(|kind| {
        for chosen in [
            "chosen",
            "AAAAAAAAAAAAAAAAAAAAAAAA",
            "00000000-0000-0000-0000-000000000001",
        ] {
            let mut browser = Browser::with_cookie(&kind.engine, chosen);
            browser.set("a", 1);
            assert!(
                !browser.cookie.clone().unwrap().contains(chosen),
                "{}",
                kind.name
            );
            assert_eq!(browser.get("a"), Some(1), "{}", kind.name);
            let mut again = Browser::with_cookie(&kind.engine, chosen);
            assert_eq!(again.get("a"), None, "{}", kind.name);
        }
    });
}

/// Elsewhere an option sets one name and reads another.
#[test]
fn peers_8_every_kind_reads_the_name_that_it_sets() {
    for cookie in ["__Host-id", "__Secure-id", "__Host-Http-id", "id"] {
        let policy = CookiePolicy::builder(cookie).build().unwrap();
        every_kind(|kind| {
            let mut browser = Browser::new(&kind.engine.clone().with_cookie(policy.clone()));
            let written = browser.visit(|visit| {
                let mut session = open(visit);
                session.insert("a", 1);
                kind.fill(&mut session);
            });
            for set in set_cookies(&written.1.unwrap()) {
                assert!(set.starts_with(cookie), "{}: {set}", kind.name);
            }
            assert_eq!(browser.get("a"), Some(1), "{} {cookie}", kind.name);
        });
    }
}

/// Elsewhere a value that was signed for the cookie `theme` is accepted as `role`.
#[test]
fn peers_9_no_cookie_is_worth_anything_under_another_name_or_in_another_application_a15() {
    type Make<'a> = &'a dyn Fn() -> Engine;
    let keys = LiveKeyRing::new(ring(b'a'));
    let clock = FakeClock::at(START);
    let store = crate::test_store::TestStore::new();
    let makes: [(&str, Make<'_>, usize); 4] = [
        ("sealed", &|| Engine::sealed(keys.clone()), 1),
        ("stored", &|| Engine::stored(keys.clone(), store.clone()), 1),
        (
            "spilled",
            &|| Engine::sealed(keys.clone()).with_spill(store.clone()),
            6000,
        ),
        (
            "chunked",
            &|| Engine::sealed(keys.clone()).with_chunks(),
            6000,
        ),
    ];
    for (kind, make, len) in makes {
        let engine = |name: &str, application: &str| {
            make()
                .with_application(application)
                .with_cookie(CookiePolicy::builder(name).build().unwrap())
                .with_clock(clock.clone())
        };
        let mut theme = Browser::new(&engine("theme", "shop"));
        let ((), written) = theme.visit(|visit| {
            let mut session = open(visit);
            session.insert("a", 1);
            session.insert("much", noise(len));
        });
        written.unwrap();
        assert_eq!(theme.get("a"), Some(1), "{kind}");
        for (name, application) in [("role", "shop"), ("theme", "blog"), ("theme", "")] {
            let mut moved = Browser::new(&engine(name, application));
            moved.cookie.clone_from(&theme.cookie);
            let renamed =
                |(from, value): (&String, &String)| (from.replace("theme", name), value.clone());
            moved.chunks = theme.chunks.iter().map(renamed).collect();
            assert_eq!(moved.get("a"), None, "{kind}: {name} of {application}");
        }
    }
}
