//! Rows that cannot be read: sealed under another key, by other settings, by another version, or
//! tampered with.

use http::StatusCode;
use privyseal::Timestamp;
use privyseal::reference::ReferenceSigner;
use privyseal::sealed::{Context, Sealer, SessionId};
use privyseal_session::metrics::{Event, StoreCall};
use privyseal_session::{Engine, SessionError};

use crate::browser::{Browser, open, ring, set_cookies, wait};
use crate::kinds::{Kind, Place, id_of, kinds, named};
use crate::silence::Log;
use crate::test_store::Health;

/// What makes the row of a user unreadable; it is read through the engine that is returned.
type Spoil = fn(&Kind, SessionId) -> Engine;

const SPOILS: [(&str, Spoil); 7] = [
    ("no key of the ring opens its seal", |kind, _| {
        kind.engine.clone().with_sealing_at_rest()
    }),
    // A node that knows of the next key already seals under it; this one does not have it.
    ("no key of the ring opens its seal", |kind, id| {
        hold(kind, id, |json| sealed(kind, id, b'b', json));
        kind.engine.clone().with_sealing_at_rest()
    }),
    ("it holds no session", |kind, id| {
        hold(kind, id, |json| sealed(kind, id, b'a', json));
        kind.engine.clone()
    }),
    ("it holds no session", |kind, id| {
        hold(kind, id, |_| b"7".to_vec());
        kind.engine.clone()
    }),
    ("it holds no session", |kind, id| {
        hold(kind, id, |_| sealed(kind, id, b'a', b"7"));
        kind.engine.clone().with_sealing_at_rest()
    }),
    ("its version is unknown", |kind, id| {
        wait(kind.store.overwrite(id, b"\x09 of tomorrow"));
        kind.engine.clone()
    }),
    ("it lies under another user", |kind, id| {
        let eve = id_of(&mut kind.user("eve")).unwrap();
        wait(kind.store.overwrite(id, &row(kind, eve)));
        kind.engine.clone()
    }),
];

fn row(kind: &Kind, id: SessionId) -> Vec<u8> {
    wait(kind.store.row(id)).unwrap().data
}

/// Puts another payload into the row.
fn hold(kind: &Kind, id: SessionId, payload: impl FnOnce(&[u8]) -> Vec<u8>) {
    let row = row(kind, id);
    let (head, json) = row.split_at(50 + usize::from(row[49]) * 73);
    wait(
        kind.store
            .overwrite(id, &[head, &payload(json)[..]].concat()),
    );
}

/// The payload of a row, sealed under the key of this letter.
fn sealed(kind: &Kind, id: SessionId, letter: u8, json: &[u8]) -> Vec<u8> {
    let context = Context {
        purpose: "session at rest",
        cookie_name: kind.engine.cookie().name(),
        application: "",
    };
    let now = Timestamp::from_unix_seconds(kind.clock.seconds());
    let sealer = Sealer::new(&ring(letter), context);
    let token = sealer.seal(json, id, now, &mut rand::rng());
    token.unwrap().into_bytes()
}

/// A user whose row cannot be read, and the row as it was before and as it is.
struct Lost {
    browser: Browser,
    id: SessionId,
    readable: Vec<u8>,
    row: Vec<u8>,
}

impl Lost {
    fn new(kind: &Kind, spoil: Spoil) -> Self {
        let mut browser = kind.user("dora");
        let id = id_of(&mut browser).unwrap();
        let readable = row(kind, id);
        browser.engine = spoil(kind, id);
        Self {
            browser,
            id,
            readable,
            row: row(kind, id),
        }
    }

    /// What the same cookie opens once the row can be read again.
    fn readable_again(&self, kind: &Kind) -> Browser {
        wait(kind.store.overwrite(self.id, &self.readable));
        Browser {
            engine: kind.engine.clone(),
            ..self.browser.clone()
        }
    }
}

/// Each of them, in every kind that has rows.
fn every_spoil(test: impl Fn(&Kind, &str, Lost)) {
    for (reason, spoil) in SPOILS {
        kinds(Kind::has_rows, |kind| {
            test(kind, reason, Lost::new(kind, spoil));
        });
    }
}

#[test]
fn a_row_that_cannot_be_read_is_refused_like_an_unknown_one_and_left_alone() {
    every_spoil(|kind, reason, mut lost| {
        let name = format!("{}, {reason}", kind.name);
        let log = Log::default();
        let guard = tracing::subscriber::set_default(log.clone());
        kind.clock.advance(600); // a use would be noted
        kind.store.calls();
        let cookie = lost.browser.cookie.clone();
        let ((), answered) = lost.browser.visit(|visit| {
            let session = open(visit);
            assert!(session.is_new() && session.is_empty(), "{name}");
            assert_eq!(session.subject(), None, "{name}");
        });
        drop(guard);
        assert!(set_cookies(&answered.unwrap()).is_empty(), "{name}");
        assert_eq!(lost.browser.cookie, cookie, "{name}");
        assert_eq!(kind.store.calls(), [StoreCall::Load], "{name}");
        assert_eq!(kind.events.of(Event::RefusedUnreadable), 1, "{name}");
        let said = log.said();
        assert!(said.contains(reason), "{name}: {said}");
        for secret in [lost.id.to_string().as_str(), "dora"] {
            assert!(!said.contains(secret), "{name}: {said}");
        }
        assert_eq!(lost.readable_again(kind).get("a"), Some(1), "{name}");
    });
}

#[test]
fn a_write_begins_a_session_of_its_own_and_so_does_a_sign_in() {
    every_spoil(|kind, reason, mut lost| {
        let name = format!("{}, {reason}", kind.name);
        let before = lost.browser.clone();
        let signed_in = lost.browser.visit(|visit| {
            let mut session = open(visit);
            session.insert("b", 1);
            session.sign_in(named("dora"));
            kind.fill(&mut session);
        });
        signed_in.1.unwrap();
        assert_eq!(lost.browser.get("b"), Some(1), "{name}");
        assert_eq!(lost.browser.get("a"), None, "{name}");
        assert_ne!(id_of(&mut lost.browser), Some(lost.id), "{name}");
        assert!(
            row(kind, lost.id) == lost.row,
            "{name}: the row was written"
        );
        let old = Lost {
            browser: before,
            ..lost
        };
        assert_eq!(old.readable_again(kind).get("a"), Some(1), "{name}");
    });
}

/// The cookie is theirs, and a copy of it must not open the session when the key comes back.
#[test]
fn who_signs_out_ends_the_session_even_if_nobody_can_read_it_a9() {
    every_spoil(|kind, reason, mut lost| {
        let name = format!("{}, {reason}", kind.name);
        let ended = kind.events.of(Event::SessionEnded);
        let answered = lost.browser.visit(|visit| open(visit).end());
        let answered = answered.1.unwrap();
        assert!(
            set_cookies(&answered)[0].contains("Max-Age=0"),
            "{name}: {answered:?}"
        );
        assert_eq!(kind.events.of(Event::SessionEnded), ended + 1, "{name}");
        assert!(wait(kind.store.row(lost.id)).is_none(), "{name}");
    });
}

#[test]
fn a_server_error_does_nothing_to_it() {
    every_spoil(|kind, reason, mut lost| {
        let visit = lost.browser.begin();
        open(&visit).insert("b", 1);
        let answered = lost
            .browser
            .finish(&visit, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(set_cookies(&answered.unwrap()).is_empty(), "{reason}");
        assert_eq!(lost.readable_again(kind).get("a"), Some(1), "{reason}");
    });
}

#[test]
fn an_unreadable_row_is_not_listed_and_can_be_ended_by_its_id_or_with_all_others() {
    every_spoil(|kind, reason, lost| {
        if kind.place != Place::Stored {
            return;
        }
        let name = format!("{}, {reason}", kind.name);
        let (dora, engine) = (named("dora"), &lost.browser.engine);
        let mut kept = Browser::new(engine);
        kept.visit(|visit| open(visit).sign_in(named("dora")))
            .1
            .unwrap();
        let listed = wait(engine.sessions_of(&dora)).unwrap();
        let ids: Vec<_> = listed.iter().map(|session| session.id).collect();
        assert_eq!(ids, [id_of(&mut kept).unwrap()], "{name}");
        assert!(
            wait(engine.end_session_of(&dora, lost.id)).unwrap(),
            "{name}"
        );
        assert!(wait(kind.store.row(lost.id)).is_none(), "{name}");
        assert_eq!(wait(engine.end_all_of(&dora)).unwrap(), 1, "{name}");
    });
    every_spoil(|kind, reason, lost| {
        if kind.place == Place::Stored {
            let ended = wait(lost.browser.engine.end_all_of(&named("dora")));
            assert_eq!(ended.unwrap(), 1, "{}, {reason}", kind.name);
        }
    });
}

#[test]
fn a_store_that_is_down_is_no_row_that_cannot_be_read() {
    every_spoil(|kind, reason, lost| {
        kind.store.set(Health::Down);
        let opened = lost.browser.begin().open::<privyseal::value::Dict>();
        assert!(
            matches!(opened, Err(SessionError::Unavailable { .. })),
            "{reason}"
        );
        assert_eq!(kind.events.of(Event::RefusedUnreadable), 0, "{reason}");
    });
}

/// A node with other settings has written it since the request began.
#[test]
fn a_row_that_becomes_unreadable_under_a_request_is_not_written_and_the_cookie_stays() {
    // The first leaves the row as it is.
    for (reason, spoil) in &SPOILS[1..] {
        let kind = Kind::new(Place::Stored, false);
        let mut browser = kind.user("dora");
        let id = id_of(&mut browser).unwrap();
        let visit = browser.begin();
        open(&visit).insert("b", 1);
        spoil(&kind, id);
        let spoiled = row(&kind, id);
        let answered = browser.finish(&visit, StatusCode::OK);
        assert!(matches!(answered, Err(SessionError::Conflict)), "{reason}");
        assert_eq!(kind.events.of(Event::WriteDropped), 1, "{reason}");
        assert!(row(&kind, id) == spoiled, "{reason}: the row was written");
    }
}

/// Of a row that another application of the same name has, or of no name, nothing protects but the
/// key; of a signed-in user's it is the user.
#[test]
fn a_reference_that_another_application_signed_opens_no_session_of_a_user_a14() {
    let kind = Kind::new(Place::Stored, false);
    let [shop, forum] = ["shop", "forum"].map(|name| kind.engine.clone().with_application(name));
    let mut browser = Browser::new(&shop);
    let signed_in = browser.visit(|visit| open(visit).sign_in(named("dora")));
    signed_in.1.unwrap();
    let signer = |application| {
        let context = Context {
            purpose: "stored session",
            cookie_name: kind.engine.cookie().name(),
            application,
        };
        ReferenceSigner::new(&ring(b'a'), context)
    };
    let cookie = browser.cookie.clone().unwrap();
    let reference = signer("shop").verify(&cookie).unwrap();
    let token = signer("forum").sign(reference.session_id, &reference.secret);
    let mut thief = Browser::with_cookie(&forum, &token.unwrap());
    let (is_new, _) = thief.visit(|visit| open(visit).is_new());
    assert!(is_new);
    assert_eq!(kind.events.of(Event::RefusedUnreadable), 1);
    let (subject, _) = browser.visit(|visit| open(visit).subject());
    assert_eq!(subject, Some(named("dora")), "and it is left alone");
}
