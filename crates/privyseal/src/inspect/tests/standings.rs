//! How the key of a token stands in its ring.

use super::*;
use crate::KeyId;
use crate::reference::{ReferenceSigner, Secret};
use crate::ring::{Material, NewKey, NewRing, Note, Operation, Ring, RingId, RingPolicy, Standing};

fn secret(number: u8) -> SecretKey {
    SecretKey::from_bytes(Digest::Sha256.hash(&[&[number]]).to_vec()).unwrap()
}

fn id(number: u8) -> KeyId {
    secret(number).id()
}

fn new_key(number: u8) -> NewKey {
    NewKey {
        id: id(number),
        material: Material::new(secret(number).expose_bytes().to_vec()).unwrap(),
        note: Note::default(),
    }
}

/// Key 1 signs, key 2 stands by.
fn document() -> Ring {
    let new = NewRing {
        id: RingId::from_bytes([7; 16]),
        policy: RingPolicy::default(),
        primary: new_key(1),
        standby: new_key(2),
    };
    Ring::init(new, SIGNED_AT).unwrap()
}

fn after(operation: Operation) -> Ring {
    document()
        .apply(operation, SIGNED_AT.plus_seconds(1))
        .unwrap()
}

fn suspended() -> Ring {
    after(Operation::Suspend {
        key: id(1),
        standby: None,
        note: None,
    })
}

fn revoked() -> Ring {
    after(Operation::Revoke {
        key: id(1),
        standby: None,
        note: None,
    })
}

fn snapshot(ring: &Ring, at: Timestamp, locked: Option<u8>) -> KeyRing {
    KeyRing::from_ring(ring, at, |record| {
        let is_locked = locked.is_some_and(|number| id(number) == record.id());
        (!is_locked).then(|| record.material().as_bytes().to_vec().into())
    })
}

/// The ring after key 1 was rotated out and came to its end.
fn expired() -> KeyRing {
    let (ring, operation) = (
        document(),
        Operation::Rotate {
            standby: new_key(3),
            sign_from: None,
        },
    );
    let mut at = SIGNED_AT.plus_seconds(ring.policy().period);
    let ring = ring.apply(operation, at).unwrap();
    while ring.standing(id(1), at) != Standing::Expired {
        at = ring.next_event_after(at).unwrap().at;
    }
    snapshot(&ring, at, None)
}

fn reference(ring: &KeyRing) -> String {
    let context = sealed::Context {
        purpose: "stored session",
        cookie_name: "__Host-id",
        application: "shop",
    };
    let secret = Secret::random(&mut rand::rng()).unwrap();
    let signer = ReferenceSigner::new(ring, context);
    signer
        .sign(SessionId::from_bytes([7; 16]), &secret)
        .unwrap()
}

/// Nothing but the key is the matter, and each standing has a sentence of its own.
#[test]
fn a_named_key_that_does_not_verify_is_told_apart_by_how_it_stands() {
    let whole = snapshot(&document(), SIGNED_AT, None);
    let tokens = [sealed_token(&whole).1, reference(&whole)];
    let at = SIGNED_AT.plus_seconds(1);
    let unknown = KeyRing::new(secret(9));
    let cases: [(KeyRing, &[&str], &str); 7] = [
        (
            snapshot(&suspended(), at, None),
            &["suspended_key"],
            "in quarantine",
        ),
        (
            snapshot(&suspended(), at, Some(1)),
            &["locked_key"],
            "cannot be unwrapped here",
        ),
        (
            snapshot(&document(), at, Some(1)),
            &["locked_key"],
            "cannot be unwrapped here",
        ),
        (
            snapshot(&revoked(), at, None),
            &["revoked_key"],
            "was revoked",
        ),
        (expired(), &["expired_key"], "past its end"),
        (unknown.clone(), &["unknown_key"], "not in the ring"),
        (
            unknown.stale(),
            &["unknown_key", "keys_out_of_reach"],
            "out of reach here",
        ),
    ];
    for text in tokens {
        assert!(token(&text, &sealed_context(&whole)).is_verified());
        for (ring, expected, sentence) in &cases {
            let report = token(&text, &sealed_context(ring));
            assert!(!report.is_verified() && report.key().is_none(), "{report}");
            let mut found = codes(&report);
            found.retain(|code| *code != "in_store");
            assert_eq!(found, *expected, "{report}");
            let shown = report.to_string();
            assert!(shown.contains(sentence), "{shown}");
            assert!(shown.contains(&id(1).to_string()), "{shown}");
        }
    }
}

/// A token that names no key is of a key in quarantine only if that key made it.
#[test]
fn a_signature_of_a_suspended_key_is_told_apart_from_a_forged_one() {
    let whole = snapshot(&document(), SIGNED_AT, None);
    let made = FlaskSession::new(&whole)
        .dumps(&session(), SIGNED_AT)
        .unwrap();
    let of_another = FlaskSession::new(&KeyRing::new(secret(9)))
        .dumps(&session(), SIGNED_AT)
        .unwrap();
    let at = SIGNED_AT.plus_seconds(1);
    let first = |text: &str, ring: &KeyRing| {
        let report = token(text, &context(Some(ring)));
        assert!(!report.is_verified(), "{report}");
        let mut found = codes(&report);
        found.retain(|code| !["age_not_checked", "readable"].contains(code));
        found
    };
    let suspended = snapshot(&suspended(), at, None);
    assert_eq!(first(&made, &suspended), ["suspended_key"]);
    assert_eq!(first(&of_another, &suspended), ["bad_signature"]);
    assert_eq!(
        first(&made, &snapshot(&revoked(), at, None)),
        ["bad_signature"]
    );
    for lacking in [snapshot(&document(), at, Some(1)), KeyRing::unavailable()] {
        let found = first(&made, &lacking);
        assert_eq!(found, ["bad_signature", "keys_out_of_reach"]);
    }
}
