//! What a snapshot answers for every standing of a key, in every format.

use super::*;
use crate::digest::Digest;
use crate::error::Error;
use crate::formats::flask::{FlaskOptions, FlaskSession};
use crate::formats::itsdangerous::{Options, Serializer, Signer, TimedSerializer};
use crate::mac::RingMac;
use crate::reference::{ReferenceSigner, Secret};
use crate::ring::{Material, NewKey, NewRing, Note, Operation, RingId, RingPolicy};
use crate::sealed::{Context, Sealer, SessionId};
use crate::value::Value;
use crate::{LiveKeyRing, MaxAge, SecretKey};

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const YEAR: MaxAge = MaxAge::from_seconds(31_536_000);
const CONTEXT: Context<'static> = Context {
    purpose: "session",
    cookie_name: "id",
    application: "shop",
};

fn secret(number: u8) -> SecretKey {
    SecretKey::from_bytes(Digest::Sha256.hash(&[&[number]]).to_vec()).unwrap()
}

fn id(number: u8) -> KeyId {
    secret(number).id()
}

fn key(number: u8) -> NewKey {
    NewKey {
        id: id(number),
        material: Material::new(secret(number).expose_bytes().to_vec()).unwrap(),
        note: Note::default(),
    }
}

/// Primary 1, standby 2.
fn ring() -> Ring {
    let new = NewRing {
        id: RingId::from_bytes([7; 16]),
        policy: RingPolicy::default(),
        primary: key(1),
        standby: key(2),
    };
    Ring::init(new, START).unwrap()
}

fn then(ring: &Ring, operation: Operation) -> Ring {
    ring.apply(operation, ring.written_at().plus_seconds(1))
        .unwrap()
}

fn suspend(number: u8) -> Operation {
    Operation::Suspend {
        key: id(number),
        standby: None,
        note: None,
    }
}

fn revoke(number: u8) -> Operation {
    Operation::Revoke {
        key: id(number),
        standby: None,
        note: None,
    }
}

fn plain(record: &KeyRecord) -> Zeroizing<Vec<u8>> {
    record.material().as_bytes().to_vec().into()
}

fn at(ring: &Ring, now: Timestamp) -> KeyRing {
    KeyRing::from_ring(ring, now, |record| Some(plain(record)))
}

fn snapshot(ring: &Ring) -> KeyRing {
    at(ring, ring.written_at())
}

/// The same, on a node that cannot unwrap these.
fn without(ring: &Ring, numbers: &[u8]) -> KeyRing {
    KeyRing::from_ring(ring, ring.written_at(), |record| {
        let locked = numbers.iter().any(|number| id(*number) == record.id());
        (!locked).then(|| plain(record))
    })
}

/// What makes a token under a ring, and what reads one: the text, or the reason.
struct Format {
    name: &'static str,
    /// Whether tokens name their key.
    names_key: bool,
    make: fn(&KeyRing) -> Result<String, Error>,
    read: fn(&KeyRing, &str) -> Result<bool, Error>,
}

const FORMATS: [Format; 7] = [
    Format {
        name: "sealed",
        names_key: true,
        make: |ring| {
            let id = SessionId::from_bytes([5; 16]);
            Sealer::new(ring, CONTEXT).seal(b"x", id, START, &mut rand::rng())
        },
        read: |ring, token| {
            let opened = Sealer::new(ring, CONTEXT).open(token, YEAR, START)?;
            Ok(opened.needs_reissue)
        },
    },
    Format {
        name: "reference",
        names_key: true,
        make: |ring| {
            let secret = Secret::random(&mut rand::rng()).unwrap();
            ReferenceSigner::new(ring, CONTEXT).sign(SessionId::from_bytes([5; 16]), &secret)
        },
        read: |ring, token| {
            Ok(ReferenceSigner::new(ring, CONTEXT)
                .verify(token)?
                .needs_reissue)
        },
    },
    Format {
        name: "mac",
        names_key: true,
        make: |ring| {
            let tag = RingMac::new(ring, CONTEXT).tag(&[b"text"])?;
            Ok(crate::encoding::encode(&tag))
        },
        read: |ring, token| {
            let tag = crate::encoding::Base64::Strict.decode(token.as_bytes());
            let verified = RingMac::new(ring, CONTEXT).verify(&[b"text"], &tag.unwrap())?;
            Ok(verified.needs_reissue)
        },
    },
    Format {
        name: "flask",
        names_key: false,
        make: |ring| FlaskSession::new(ring).dumps(&Value::from("x"), START),
        read: |ring, token| Ok(FlaskSession::new(ring).verify(token, START)?.needs_reissue),
    },
    Format {
        name: "flask-sha256",
        names_key: false,
        make: |ring| {
            FlaskSession::with_options(ring, &FlaskOptions::sha256())
                .dumps(&Value::from("x"), START)
        },
        read: |ring, token| {
            Ok(FlaskSession::sha256(ring)
                .verify(token, START)?
                .needs_reissue)
        },
    },
    Format {
        name: "signer",
        names_key: false,
        make: |ring| {
            let token = Signer::new(ring, &Options::default()).unwrap().sign(b"x")?;
            Ok(String::from_utf8(token).unwrap())
        },
        read: |ring, token| {
            let signer = Signer::new(ring, &Options::default()).unwrap();
            Ok(signer.unsign(token.as_bytes())?.needs_reissue)
        },
    },
    Format {
        name: "serializer with fallbacks",
        names_key: false,
        make: |ring| {
            let serializer = TimedSerializer::new(ring, &Options::default()).unwrap();
            serializer.dumps(&Value::from("x"), START)
        },
        read: |ring, token| {
            let other = Options {
                digest: Digest::Sha512,
                ..Options::default()
            };
            let timed = TimedSerializer::with_fallbacks(
                ring,
                &Options::default(),
                std::slice::from_ref(&other),
            );
            let loaded = timed.unwrap().loads(token, None, START)?;
            // The one without a time sees another value, under the same signature.
            let plain = Serializer::with_fallbacks(ring, &Options::default(), &[other]).unwrap();
            assert!(plain.loads(token).is_err());
            Ok(loaded.needs_reissue)
        },
    },
];

#[test]
fn a_snapshot_signs_and_verifies_as_the_document_says_at_its_time() {
    let ring = ring();
    let keys = snapshot(&ring);
    assert_eq!(keys.signer().unwrap().id(), id(1));
    assert_eq!(
        keys.keys().map(RingKey::id).collect::<Vec<_>>(),
        [id(1), id(2)]
    );

    let after = ring.written_at().plus_seconds(ring.policy().period);
    let rotated = Operation::Rotate {
        standby: key(3),
        sign_from: Some(after.plus_seconds(ring.policy().activation)),
    };
    let ring = ring.apply(rotated, after).unwrap();
    let flip = ring.next_event_after(after).unwrap().at;
    let just_before = Timestamp::from_unix_seconds(flip.unix_seconds() - 1);
    let keys = at(&ring, just_before);
    assert_eq!(keys.signer().unwrap().id(), id(1));
    let keys = at(&ring, flip);
    assert_eq!(keys.signer().unwrap().id(), id(2));
    assert_eq!(keys.keys().len(), 3);
}

/// I14: nothing is lost by a quarantine.
#[test]
fn suspend_then_resume_restores_verification_of_the_same_tokens_i14() {
    for format in FORMATS {
        let before = ring();
        let token = (format.make)(&snapshot(&before)).unwrap();
        assert_eq!((format.read)(&snapshot(&before), &token), Ok(false));

        let suspended = then(&before, suspend(1));
        for keys in [snapshot(&suspended), without(&suspended, &[1])] {
            let error = (format.read)(&keys, &token).unwrap_err();
            assert!(error.is_unavailable(), "{}: {error:?}", format.name);
            assert!(!error.is_bad_signature(), "{}", format.name);
        }
        let resumed = then(&suspended, Operation::Resume { key: id(1) });
        let read = (format.read)(&snapshot(&resumed), &token);
        assert_eq!(read, Ok(true), "{}", format.name);
    }
}

#[test]
fn a_revoked_key_verifies_nothing_and_its_material_is_not_asked_for_i2() {
    for format in FORMATS {
        let before = ring();
        let token = (format.make)(&snapshot(&before)).unwrap();
        let revoked = then(&before, revoke(1));
        let keys = KeyRing::from_ring(&revoked, revoked.written_at(), |record| {
            assert_ne!(record.id(), id(1));
            Some(plain(record))
        });
        for keys in [keys.clone(), keys.rotated(secret(9))] {
            let error = (format.read)(&keys, &token).unwrap_err();
            assert!(error.is_bad_signature(), "{}: {error:?}", format.name);
            assert_eq!(error.is_revoked_key(), format.names_key, "{}", format.name);
        }
        // A node that hears of nothing any more remembers that much.
        let error = (format.read)(&keys.stale(), &token).unwrap_err();
        assert_eq!(error.is_revoked_key(), format.names_key, "{}", format.name);
        assert_eq!(error.is_unavailable(), !format.names_key, "{}", format.name);
    }
}

#[test]
fn an_expired_and_a_destroyed_key_are_told_apart_from_an_unknown_one() {
    let format = &FORMATS[0];
    let ring = ring();
    let token = (format.make)(&snapshot(&ring)).unwrap();
    let other = (format.make)(&KeyRing::new(secret(9))).unwrap();
    let after = ring.written_at().plus_seconds(ring.policy().period);
    let rotate = Operation::Rotate {
        standby: key(3),
        sign_from: None,
    };
    let ring = ring.apply(rotate, after).unwrap();
    let mut end = after;
    while ring.standing(id(1), end) != Standing::Expired {
        end = ring.next_event_after(end).unwrap().at;
    }
    let held = end.plus_seconds(ring.policy().hold);
    let destroyed = ring.apply(Operation::Destroy { key: id(1) }, held).unwrap();
    for ring in [&ring, &destroyed] {
        let keys = at(ring, held);
        let error = (format.read)(&keys, &token).unwrap_err();
        assert!(
            error.is_expired_key() && error.is_bad_signature(),
            "{error:?}"
        );
        let error = (format.read)(&keys, &other).unwrap_err();
        assert!(
            error.is_unknown_key() && error.is_bad_signature(),
            "{error:?}"
        );
    }
    let gone = then(&self::ring(), revoke(1));
    let held = gone.written_at().plus_seconds(gone.policy().hold);
    let gone = gone.apply(Operation::Destroy { key: id(1) }, held).unwrap();
    let error = (format.read)(&at(&gone, held), &token).unwrap_err();
    assert!(error.is_revoked_key(), "{error:?}");
}

#[test]
fn what_a_stale_or_locked_node_does_not_know_is_unavailable_and_what_is_no_token_is_refused() {
    for format in FORMATS {
        let ring = ring();
        let fresh = snapshot(&ring);
        let token = (format.make)(&fresh).unwrap();
        let unknown = (format.make)(&KeyRing::new(secret(9))).unwrap();
        let error = (format.read)(&fresh, &unknown).unwrap_err();
        assert!(error.is_bad_signature(), "{}: {error:?}", format.name);
        assert_eq!(error.is_unknown_key(), format.names_key, "{}", format.name);

        let stale = fresh.stale();
        assert_eq!(
            (format.read)(&stale, &token).map(drop),
            Ok(()),
            "{}",
            format.name
        );
        let error = (format.read)(&stale, &unknown).unwrap_err();
        assert!(error.is_unavailable(), "{}: {error:?}", format.name);

        // The standby is locked: what names another key has nothing to do with it.
        let locked = without(&ring, &[2]);
        let by_standby = (format.make)(&KeyRing::new(secret(2))).unwrap();
        assert_eq!((format.read)(&locked, &token), Ok(false), "{}", format.name);
        let error = (format.read)(&locked, &by_standby).unwrap_err();
        assert!(error.is_unavailable(), "{}: {error:?}", format.name);
        let error = (format.read)(&locked, &unknown).unwrap_err();
        assert_eq!(error.is_unknown_key(), format.names_key, "{}", format.name);
        assert_eq!(error.is_unavailable(), !format.names_key, "{}", format.name);

        // A node without any ring refuses nothing, but what no key could have made.
        let error = (format.read)(&KeyRing::unavailable(), &token).unwrap_err();
        assert!(error.is_unavailable(), "{}: {error:?}", format.name);
        if format.name != "mac" {
            for malformed in ["", "x", ".", "a.b.c", "AAAA", "AAAA.AAAA.AAAA"] {
                let error = (format.read)(&KeyRing::unavailable(), malformed).unwrap_err();
                let told = format!("{}: {malformed} {error:?}", format.name);
                assert!(
                    error.is_bad_signature() && !error.is_unknown_key(),
                    "{told}"
                );
            }
        }
    }
}

type Is = fn(&Error) -> bool;

/// I12: the name on a token selects its key, and does not hint at it.
#[test]
fn a_named_key_is_never_verified_by_another_key_i12() {
    for format in FORMATS.into_iter().filter(|format| format.names_key) {
        let made = snapshot(&ring());
        let token = (format.make)(&made).unwrap();
        let bytes = crate::encoding::Base64::Strict
            .decode(token.as_bytes())
            .unwrap();
        let at = bytes
            .windows(8)
            .position(|window| window == id(1).as_bytes())
            .unwrap();
        let renamed = |number: u8| {
            let mut bytes = bytes.clone();
            bytes[at..at + 8].copy_from_slice(id(number).as_bytes());
            crate::encoding::encode(&bytes)
        };
        // Key 1, which made it, verifies in all of these; the token says 2 or 3.
        let suspended = then(&ring(), suspend(2));
        let revoked = then(&ring(), revoke(2));
        let forged: Is = |error| error.is_bad_signature() && !error.is_unknown_key();
        let answers: [(KeyRing, u8, Is); 6] = [
            (made.clone(), 2, forged),
            (made.clone(), 3, Error::is_unknown_key),
            (made.stale(), 3, Error::is_unavailable),
            (snapshot(&suspended), 2, Error::is_unavailable),
            (without(&ring(), &[2]), 2, Error::is_unavailable),
            (snapshot(&revoked), 2, Error::is_revoked_key),
        ];
        for (keys, number, is) in answers {
            assert!((format.read)(&keys, &token).is_ok(), "{}", format.name);
            let error = (format.read)(&keys, &renamed(number)).unwrap_err();
            assert!(is(&error), "{} {number}: {error:?}", format.name);
        }
        let counts: Vec<_> = made.keys().map(RingKey::verifications).collect();
        assert_eq!(
            counts[1], 0,
            "{}: nothing was verified by key 2",
            format.name
        );
    }
}

#[test]
fn a_node_that_cannot_sign_now_says_so_and_one_that_never_signs_as_well() {
    for format in FORMATS {
        let ring = ring();
        for keys in [
            snapshot(&ring).stale(),
            without(&ring, &[1]),
            KeyRing::unavailable(),
        ] {
            assert!(keys.primary().is_none());
            let error = (format.make)(&keys).unwrap_err();
            assert!(
                error.is_unavailable() && !error.is_unwritable(),
                "{error:?}"
            );
        }
        let never = KeyRing::verify_only([secret(1).into()]);
        let error = (format.make)(&never.stale()).unwrap_err();
        assert!(
            error.is_unwritable() && !error.is_unavailable(),
            "{error:?}"
        );
    }
}

/// What is unwrapped wrongly, or moved from another record, is not taken for the key.
#[test]
fn material_that_is_not_the_key_of_its_record_locks_the_key() {
    let ring = ring();
    let format = &FORMATS[0];
    let token = (format.make)(&snapshot(&ring)).unwrap();
    for wrong in [Vec::new(), vec![7; 32], secret(2).expose_bytes().to_vec()] {
        let keys = KeyRing::from_ring(&ring, ring.written_at(), |record| match record.id() {
            of if of == id(1) => Some(wrong.clone().into()),
            _ => Some(plain(record)),
        });
        assert_eq!(keys.keys().map(RingKey::id).collect::<Vec<_>>(), [id(2)]);
        assert!(keys.signer().unwrap_err().is_unavailable());
        assert!((format.read)(&keys, &token).unwrap_err().is_unavailable());
    }
}

#[test]
fn counters_go_on_through_staleness_and_quarantine() {
    let before = ring();
    let live = LiveKeyRing::new(snapshot(&before));
    let format = &FORMATS[0];
    let token = (format.make)(&live.current()).unwrap();
    (format.read)(&live.current(), &token).unwrap();
    let suspended = then(&before, suspend(1));
    let resumed = then(&suspended, Operation::Resume { key: id(1) });
    live.replace(live.current().stale());
    live.replace(snapshot(&suspended));
    assert_eq!(live.current().keys().len(), 1);
    live.replace(snapshot(&resumed));
    let verifications = live.current().key(id(1)).unwrap().verifications();
    assert_eq!(verifications, 1);
}

/// I15: neither a snapshot, nor what is made of one, nor an error shows material.
#[test]
fn no_debug_and_no_error_contains_material_i15() {
    let ring = then(&then(&ring(), suspend(1)), Operation::Stage { key: key(3) });
    let leaks = |text: &str, number: u8| {
        let key = secret(number);
        let numbers = format!("{:?}", &key.expose_bytes()[4..8]);
        text.contains(&key.expose_hex()[8..20])
            || text.contains(numbers.trim_matches(['[', ']']))
            || text.contains(&key.expose_base64()[4..16])
    };
    for keys in [
        snapshot(&ring),
        snapshot(&ring).stale(),
        without(&ring, &[2]),
    ] {
        let mut shown = vec![
            format!("{keys:?} {:?}", LiveKeyRing::new(keys.clone())),
            format!("{:?}", Sealer::new(&keys, CONTEXT)),
            format!("{:?}", ReferenceSigner::new(&keys, CONTEXT)),
            format!("{:?}", RingMac::new(&keys, CONTEXT)),
            format!("{:?}", FlaskSession::new(&keys)),
        ];
        for format in FORMATS {
            let token = (format.make)(&KeyRing::new(secret(1))).unwrap();
            let error = (format.read)(&keys, &token).unwrap_err();
            shown.push(format!("{error} {error:?}"));
            assert!(!shown.concat().contains(&token), "{}", format.name);
        }
        let shown = shown.concat();
        for number in 1..=3 {
            assert!(!leaks(&shown, number), "{shown}");
        }
    }
    // The search can find.
    assert!(leaks(&format!("{:?}", secret(1).expose_bytes()), 1));
}

#[test]
fn all_that_is_refused_before_authentication_has_one_public_text_and_unavailable_another() {
    let format = &FORMATS[0];
    let token = (format.make)(&snapshot(&ring())).unwrap();
    let said = |keys: &KeyRing, token: &str| (format.read)(keys, token).unwrap_err().to_string();
    let revoked = snapshot(&then(&ring(), revoke(1)));
    let refused = "token is not valid";
    assert_eq!(said(&revoked, &token), refused);
    assert_eq!(said(&KeyRing::new(secret(9)), &token), refused);
    assert_eq!(said(&revoked, "nonsense"), refused);
    assert_eq!(said(&snapshot(&ring()), &format!("{token}AAAA")), refused);
    assert_ne!(
        said(
            &revoked.stale(),
            &(format.make)(&KeyRing::new(secret(9))).unwrap()
        ),
        refused
    );
}
