//! Sessions that outlive the browser.

use crate::browser::{open, set_cookies};
use crate::kinds::{Kind, Place, kinds};

const DAY: i64 = 24 * 3600;

/// Elsewhere the longer life falls back to the default with the next write.
#[test]
fn peers_4_a_remembered_session_is_remembered_by_later_writes_and_outlives_the_browser() {
    let is_ours = |kind: &Kind| !kind.follows_flask();
    kinds(is_ours, |kind| {
        let mut browser = kind.user("ada");
        let remembered = browser.visit(|visit| open(visit).remember(true)).1.unwrap();
        let sent = set_cookies(&remembered);
        assert!(sent.iter().any(|cookie| cookie.contains("Expires")));
        for day in 1..=4 {
            kind.clock.advance(20 * DAY);
            let response = browser.set("day", day);
            let sent = set_cookies(&response);
            assert!(!sent.is_empty(), "{}: it would be forgotten", kind.name);
            let has_date = sent.iter().all(|cookie| cookie.contains("Expires"));
            assert!(has_date, "{}", kind.name);
            assert_eq!(browser.get("day"), Some(day), "{}", kind.name);
        }
        // Ninety days are the most.
        kind.clock.advance(11 * DAY);
        assert_eq!(browser.get("a"), None, "{}", kind.name);
    });
}

/// However often a remembered session is used, and by what, the browser keeps its cookie for as
/// long as the server keeps the session.
#[test]
fn a_remembered_session_in_steady_use_is_not_forgotten_by_the_browser() {
    let kind = Kind::new(Place::Stored, false);
    for writes in [true, false] {
        let mut browser = kind.user("ada");
        browser.visit(|visit| open(visit).remember(true)).1.unwrap();
        let mut sent_at = kind.clock.seconds();
        for request in 0..60 {
            kind.clock.advance(60);
            let response = if writes {
                browser.set("request", request)
            } else {
                browser.read()
            };
            if !set_cookies(&response).is_empty() {
                sent_at = kind.clock.seconds();
            }
            assert!(kind.clock.seconds() - sent_at <= 180, "writes: {writes}");
        }
    }
}

#[test]
fn a_session_that_is_remembered_no_longer_ends_with_the_browser_and_soon() {
    let is_ours = |kind: &Kind| !kind.follows_flask();
    kinds(is_ours, |kind| {
        let mut browser = kind.user("ada");
        browser.visit(|visit| open(visit).remember(true)).1.unwrap();
        let forgotten = browser
            .visit(|visit| open(visit).remember(false))
            .1
            .unwrap();
        let sent = set_cookies(&forgotten);
        assert!(!sent.is_empty(), "{}", kind.name);
        let has_date = sent.iter().any(|cookie| cookie.contains("Expires"));
        assert!(!has_date, "{}", kind.name);
        kind.clock.advance(30 * 60 + 1);
        assert_eq!(browser.get("a"), None, "{}", kind.name);
    });
}
