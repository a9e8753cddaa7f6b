//! What lies in the store, and what is believed of it.

use privyseal::KeyRing;
use privyseal_session::metrics::Event;
use privyseal_session::{Engine, SessionError};

use crate::browser::{Browser, key, open, ring, set_cookies, verify_key, wait};
use crate::kinds::{Kind, Place, id_of, named};

/// A stored engine that seals.
fn sealing() -> (Kind, Engine) {
    let kind = Kind::new(Place::Stored, false);
    let engine = kind.engine.clone().with_sealing_at_rest();
    (kind, engine)
}

fn visitor(engine: &Engine, value: &str) -> Browser {
    let mut browser = Browser::new(engine);
    browser.set("a", 1);
    browser.set("name", value);
    browser
}

fn shows(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn is_unreadable(kind: &Kind, browser: &Browser) -> bool {
    let refused = kind.events.of(Event::RefusedUnreadable);
    let (is_new, _) = browser.clone().visit(|visit| open(visit).is_new());
    is_new && kind.events.of(Event::RefusedUnreadable) == refused + 1
}

#[test]
fn a_sealed_row_shows_nothing_of_the_session_and_a_plain_one_does() {
    let (kind, engine) = sealing();
    let mut browser = visitor(&engine, "hunter2");
    browser
        .visit(|visit| open(visit).set_label("Ada's phone").unwrap())
        .1
        .unwrap();
    let rows = kind.store.written();
    assert_eq!(rows.len(), 3);
    for (_, row) in rows {
        for secret in ["hunter2", "name", "phone", "\"_ps\""] {
            assert!(!shows(&row, secret.as_bytes()), "{secret}");
        }
    }
    // The search can find.
    visitor(&kind.engine, "hunter2");
    let (_, row) = kind.store.written().pop().unwrap();
    assert!(shows(&row, b"hunter2"));
}

/// A dump of the database holds no cookie.
#[test]
fn no_row_holds_the_secret_of_a_cookie_a7() {
    let kind = Kind::new(Place::Stored, false);
    let mut browser = visitor(&kind.engine, "x");
    let first = browser.cookie.clone().unwrap();
    browser.visit(|visit| open(visit).renew()).1.unwrap();
    let second = browser.cookie.clone().unwrap();
    for cookie in [first, second] {
        let token = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&cookie).unwrap();
        // version, key id, session id; then the secret, then the tag.
        let (id, secret) = (&token[9..25], &token[25..57]);
        assert_eq!(id, id_of(&mut browser).unwrap().as_bytes());
        for (_, row) in kind.store.written() {
            assert!(!shows(&row, secret));
            assert!(!shows(&row, cookie.as_bytes()));
        }
    }
}

/// Whoever can write the database cannot make one session out of another.
#[test]
fn a_row_that_was_copied_onto_another_id_is_refused_when_it_is_sealed() {
    let (kind, engine) = sealing();
    let mut ada = visitor(&engine, "ada");
    let mut eve = visitor(&engine, "eve");
    let (ada_id, eve_id) = (id_of(&mut ada).unwrap(), id_of(&mut eve).unwrap());
    let ada_row = wait(kind.store.row(ada_id)).unwrap().data;
    let eve_row = wait(kind.store.row(eve_id)).unwrap().data;
    // Eve's own secret before Ada's payload: 50 bytes of head.
    let forged = [&eve_row[..50], &ada_row[50..]].concat();
    wait(kind.store.overwrite(eve_id, &forged));
    assert!(is_unreadable(&kind, &eve));
    assert_eq!(ada.get("a"), Some(1));
    wait(kind.store.overwrite(eve_id, &eve_row));
    assert_eq!(eve.get("a"), Some(1));
}

#[test]
fn a_plain_row_is_refused_where_rows_are_sealed_and_the_other_way_round_a4() {
    let (kind, engine) = sealing();
    for (from, to) in [(&kind.engine, &engine), (&engine, &kind.engine)] {
        let mut browser = visitor(from, "ada");
        browser.engine = to.clone();
        assert!(is_unreadable(&kind, &browser));
        assert!(set_cookies(&browser.read()).is_empty(), "the cookie stays");
    }
}

#[test]
fn a_changed_row_is_refused_where_rows_are_sealed() {
    let (kind, engine) = sealing();
    let mut browser = visitor(&engine, "ada");
    let id = id_of(&mut browser).unwrap();
    let row = wait(kind.store.row(id)).unwrap().data;
    for at in 50..row.len() {
        let mut changed = row.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        wait(kind.store.overwrite(id, &changed));
        assert!(is_unreadable(&kind, &browser), "byte {at}");
    }
    wait(kind.store.overwrite(id, &row));
    assert_eq!(browser.get("a"), Some(1));
}

#[test]
fn a_rotation_reseals_a_session_with_its_next_use() {
    let (kind, engine) = sealing();
    let mut browser = visitor(&engine, "ada");
    let mut idle = visitor(&engine, "bob");
    kind.keys.replace(kind.keys.current().rotated(key(b'b')));
    browser.read();
    let writes = kind.store.written().len();
    browser.read();
    assert_eq!(kind.store.written().len(), writes, "once is enough");
    kind.keys.replace(ring(b'b'));
    assert_eq!(browser.get("a"), Some(1));
    assert_eq!(
        idle.get("a"),
        None,
        "that one was not used, and its key is gone"
    );
}

/// The new key was taken back, in a panic, and put in again.
#[test]
fn a_key_that_comes_back_makes_its_rows_readable_again() {
    let (kind, engine) = sealing();
    let mut browser = visitor(&engine, "ada");
    let under_the_old_key = browser.clone();
    kind.keys.replace(kind.keys.current().rotated(key(b'b')));
    browser.read();
    let both = kind.keys.current();
    kind.keys.replace(ring(b'a'));
    assert!(is_unreadable(&kind, &under_the_old_key));
    kind.keys.replace(both);
    assert_eq!(under_the_old_key.clone().get("a"), Some(1));
    assert_eq!(browser.get("a"), Some(1));
}

/// A node that holds verify keys only, such as one of another team.
#[test]
fn a_ring_that_only_verifies_reads_sealed_rows_and_refuses_writers() {
    let (kind, engine) = sealing();
    let mut browser = visitor(&engine, "ada");
    kind.keys.replace(KeyRing::verify_only([verify_key(b'a')]));
    kind.clock.advance(600);
    assert_eq!(browser.get("a"), Some(1));
    assert!(set_cookies(&browser.read()).is_empty());
    let ((), response) = browser.visit(|visit| {
        open(visit).insert("a", 2);
    });
    assert!(matches!(response, Err(SessionError::NoSigningKey)));
    assert_eq!(browser.get("a"), Some(1));
}

#[test]
fn a_session_that_cannot_be_read_keeps_its_user_from_nothing() {
    let (kind, engine) = sealing();
    let limit = privyseal_session::ParallelSessions {
        max: 2,
        excess: privyseal_session::Excess::Reject,
    };
    let engine = engine.with_parallel_sessions(limit);
    let sign_in = || {
        let mut browser = Browser::new(&engine);
        let signed_in = browser.visit(|visit| open(visit).sign_in(named("ada")));
        signed_in.1.map(|_| browser)
    };
    let mut lost = sign_in().unwrap();
    let id = id_of(&mut lost).unwrap();
    wait(kind.store.overwrite(id, b"nonsense"));
    let mut kept = sign_in().unwrap();
    let listed = wait(engine.sessions_of(&named("ada"))).unwrap();
    let ids: Vec<_> = listed.iter().map(|session| session.id).collect();
    assert_eq!(ids, [id_of(&mut kept).unwrap()]);
    // The operator, and whoever ends all, reach it all the same.
    assert_eq!(wait(engine.end_all_of(&named("ada"))).unwrap(), 2);
}
