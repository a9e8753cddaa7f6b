use crate::ring::record::{KeyRecord, KeyState, SuspendedFrom, Tombstone};
use crate::ring::tests::{at, destroy, id, import, key, revoke, ring, rotate, suspend};
use crate::ring::{
    Ending, MAX_KEYS, MAX_TOMBSTONES, Material, Note, Origin, PolicyRule, RingError,
};
use crate::{KeyId, Timestamp};

use super::*;

const KEY: IntegrityKey = IntegrityKey::from_bytes([9; 32]);

/// One of everything: retired, primary, standby, imported, suspended, revoked, destroyed.
fn rich() -> Ring {
    ring()
        .then(50, import(5, 60))
        .then(51, import(6, 9000))
        .then(100, rotate(3, None))
        .then(101, suspend(6))
        .then(102, revoke(3))
        .then(560, destroy(5))
        .then(561, crate::ring::Operation::Stage { key: key(4) })
}

fn open(bytes: &[u8]) -> Result<Ring, ReadError> {
    SealedRing::parse(bytes)?.open(&KEY)
}

/// The ring behind a second line that somebody with the key wrote.
fn open_document(document: &str) -> Result<Ring, ReadError> {
    let head = "privyseal-ring 1 -";
    let mac = KEY.over(head.as_bytes(), document.as_bytes()).finalize();
    let mac = write::hex(&mac.into_bytes());
    open(format!("{head} {mac}\n{document}").as_bytes())
}

fn written(ring: &Ring) -> String {
    write::document(ring).to_string()
}

/// The MAC was made by Python: `hmac.digest(bytes([9]) * 32, head + b"\n" + document, "sha256")`.
#[test]
fn a_document_is_what_the_documentation_says() {
    let sealed = ring().seal(&KEY, b"slot").unwrap();
    let expected = concat!(
        "privyseal-ring 1 c2xvdA ",
        "03bca4a304b3b05f5ba568d00c801834ef3b36d8a985331540f307b0773c2d00\n",
        r#"{"former_tokens_until":0,"generation":1,"keys":["#,
        r#"{"created_at":1000000,"id":"0000000000000001","material":"AAAAAAAAAAE","#,
        r#""note":"key 1","origin":"generated","sequence":1,"sign_from":1000000,"#,
        r#""sign_until":null,"state":"primary","state_generation":1,"#,
        r#""state_since":1000000,"verify_until":null},"#,
        r#"{"created_at":1000000,"id":"0000000000000002","material":"AAAAAAAAAAI","#,
        r#""note":"key 2","origin":"generated","sequence":2,"sign_from":null,"#,
        r#""sign_until":null,"state":"staged","state_generation":1,"#,
        r#""state_since":1000000,"verify_until":null}],"#,
        r#""next_sequence":3,"no_flip_before":0,"policy":{"activation":40,"hold":500,"#,
        r#""lease":20,"period":100,"poll":10,"propagation":10,"skew":5,"token_life":1000},"#,
        r#""previous":null,"ring":"07070707070707070707070707070707","tombstones":[],"#,
        r#""written_at":1000000}"#,
    );
    assert_eq!(std::str::from_utf8(&sealed).unwrap(), expected);
}

#[test]
fn a_document_is_json_with_sorted_keys() {
    let mut ring = rich();
    ring.keys[0].note = Note::new(r#"a "quoted" \ path: é 🔑"#).unwrap();
    let document = written(&ring);
    let value: serde_json::Value = serde_json::from_str(&document).unwrap();
    // serde_json keeps objects in the order of their keys.
    assert_eq!(value.to_string(), document);
    assert_eq!(open_document(&document), Ok(ring));
}

#[test]
fn every_changed_byte_and_length_is_refused() {
    let sealed = rich().seal(&KEY, b"slot").unwrap();
    assert_eq!(open(&sealed), Ok(rich()));
    for at in 0..sealed.len() {
        for change in [1, 0x20, 0x80] {
            let mut changed = sealed.to_vec();
            changed[at] ^= change;
            assert!(open(&changed).is_err(), "{at}");
        }
        assert!(open(&sealed[..at]).is_err(), "{at}");
    }
    assert!(open(&[&sealed[..], b"\n"].concat()).is_err());
    let other = IntegrityKey::from_bytes([8; 32]);
    let read = SealedRing::parse(&sealed).unwrap();
    assert_eq!(read.open(&other), Err(ReadError::NotAuthentic));
}

#[test]
fn what_is_not_authentic_is_not_read() {
    // Whatever stands in the second line, it is the MAC that is wrong.
    let mac = "0".repeat(64);
    for document in ["", "{}", "{\"generation\":", "\u{7f}", "["] {
        let bytes = format!("privyseal-ring 1 - {mac}\n{document}");
        assert_eq!(open(bytes.as_bytes()), Err(ReadError::NotAuthentic));
    }
}

#[test]
fn the_first_line_has_one_form() {
    let mac = "0".repeat(64);
    for (first, error) in [
        (format!("privyseal-ring 1 - {mac}"), ReadError::NotAuthentic),
        (
            format!("privyseal-ring 2 - {mac}"),
            ReadError::UnsupportedVersion,
        ),
        (
            format!("privyseal-ring 01 - {mac}"),
            ReadError::UnsupportedVersion,
        ),
        (
            format!("privyseal-ring 10 anything at all {mac}"),
            ReadError::UnsupportedVersion,
        ),
        ("privyseal-ring 1 - ABCD".into(), ReadError::NotAuthentic),
        (
            format!("privyseal-ring 1 - {}", "A".repeat(64)),
            ReadError::NotAuthentic,
        ),
        (format!("privyseal-ring 1  {mac}"), ReadError::NotARing),
        (format!("privyseal-ring 1 -- {mac}"), ReadError::NotARing),
        (
            format!("privyseal-ring 1 c2xvdB {mac}"),
            ReadError::NotARing,
        ),
        (format!("privyseal-ring 1 - {mac} "), ReadError::NotARing),
        (format!("privyseal-ring 1 -  {mac}"), ReadError::NotARing),
        (format!(" privyseal-ring 1 - {mac}"), ReadError::NotARing),
        (format!("Privyseal-ring 1 - {mac}"), ReadError::NotARing),
        ("privyseal-ring 1 -".into(), ReadError::NotARing),
        ("privyseal-ring".into(), ReadError::NotARing),
        (String::new(), ReadError::NotARing),
    ] {
        let bytes = format!("{first}\n{{}}");
        assert_eq!(open(bytes.as_bytes()), Err(error), "{first}");
        assert_eq!(open(first.as_bytes()), Err(ReadError::NotARing), "{first}");
        assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    }
}

#[test]
fn an_authentic_document_has_one_spelling() {
    let document = written(&rich());
    assert_eq!(open_document(&document), Ok(rich()));
    let respellings = [
        // Fields: unknown, repeated, missing, in another order.
        ("\"generation\":", "\"extra\":1,\"generation\":"),
        ("\"written_at\":", "\"written_at\":1,\"written_at\":"),
        ("\"no_flip_before\":0,", ""),
        ("\"hold\":500,\"lease\":20", "\"lease\":20,\"hold\":500"),
        ("\"sign_until\":null,", ""),
        ("\"ending\":\"expired\",", ""),
        // Numbers.
        ("\"generation\":8", "\"generation\":08"),
        ("\"generation\":8", "\"generation\":8.0"),
        ("\"generation\":8", "\"generation\":8e0"),
        ("\"generation\":8", "\"generation\":-8"),
        ("\"generation\":8", "\"generation\":+8"),
        ("\"generation\":8", "\"generation\":\"8\""),
        ("\"generation\":8", "\"generation\":null"),
        ("\"generation\":8", "\"generation\":"),
        ("\"generation\":8", "\"generation\":9007199254740992"),
        ("\"generation\":8", "\"generation\":99999999999999999999"),
        // White space.
        ("{\"former", " {\"former"),
        ("{\"former", "\u{feff}{\"former"),
        (",\"generation\"", ", \"generation\""),
        ("\"generation\":8", "\"generation\": 8"),
        // Texts.
        ("\"verify_only\"", "\"VERIFY_ONLY\""),
        ("\"verify_only\"", "\"expired\""),
        ("\"imported\"", "\"elsewhere\""),
        ("\"key 1\"", "\"key\\u0020 1\""),
        ("\"key 1\"", "\"key\\/1\""),
        ("\"key 1\"", "\"key\n1\""),
        ("\"key 1\"", "\"key\\n1\""),
        ("\"key 1\"", "\"key 1"),
        ("\"key 1\"", "null"),
        ("\"0000000000000006\"", "\"000000000000000A\""),
        ("\"0000000000000006\"", "\"00000000000006\""),
        ("\"AAAAAAAAAAE\"", "\"AAAAAAAAAAE=\""),
        ("\"AAAAAAAAAAE\"", "\"AAAAAAAAAAF\""),
        ("\"AAAAAAAAAAE\"", "\"\""),
        // The rest.
        ("\"keys\":[", "\"keys\":[,"),
        ("],\"next", ",],\"next"),
        ("],\"written_at\"", "},\"written_at\""),
        ("\"ring\":\"07", "\"ring\":\"0707"),
    ];
    for (from, to) in respellings {
        let respelled = document.replacen(from, to, 1);
        assert_ne!(respelled, document, "{from}");
        let read = open_document(&respelled);
        assert!(
            matches!(read, Err(ReadError::Malformed { .. })),
            "{from} {to}: {read:?}"
        );
    }
    for after in ["\n", " ", "{}", "\0"] {
        let read = open_document(&format!("{document}{after}"));
        let expected = ReadError::Malformed {
            position: document.len(),
            expected: "the end",
        };
        assert_eq!(read, Err(expected));
    }
    for at in 0..document.len() {
        assert!(open_document(&document[..at]).is_err(), "{at}");
    }
}

type Breakage = fn(&mut Ring);

#[test]
fn a_ring_that_no_operations_make_is_refused() {
    let breakages: [(&str, Breakage); 26] = [
        ("no generation", |ring| ring.generation = 0),
        ("a first one with a past", |ring| ring.generation = 1),
        ("a past that is missing", |ring| ring.previous = None),
        ("two primaries", |ring| {
            ring.keys[0] = KeyRecord {
                id: id(90),
                sequence: 1,
                ..ring.primary().clone()
            }
        }),
        ("no primary", |ring| primary(ring).state = KeyState::Revoked),
        ("two standbys", |ring| {
            let standby = ring.standby().unwrap().clone();
            ring.next_sequence += 1;
            ring.keys.push(KeyRecord {
                id: id(90),
                sequence: standby.sequence + 1,
                ..standby
            });
        }),
        ("an id twice", |ring| ring.keys[0].id = ring.keys[1].id),
        ("an id of a destroyed key", |ring| {
            ring.keys[0].id = ring.tombstones[0].id;
        }),
        ("a number twice", |ring| {
            ring.keys[1].sequence = ring.keys[0].sequence;
        }),
        ("a number of a destroyed key", |ring| {
            ring.tombstones[0].sequence = ring.keys[0].sequence;
        }),
        ("a number zero", |ring| ring.keys[0].sequence = 0),
        ("an order that is not by number", |ring| {
            ring.keys.swap(0, 1);
        }),
        ("a number not given yet", |ring| ring.next_sequence -= 1),
        ("a state before the key", |ring| {
            ring.keys[0].created_at = at(9000);
        }),
        ("a state after the ring", |ring| {
            ring.keys[0].state_since = at(9000);
        }),
        ("a generation to come", |ring| {
            ring.keys[0].state_generation = 9;
        }),
        ("no generation of a state", |ring| {
            ring.keys[0].state_generation = 0;
        }),
        ("a primary with an end", |ring| {
            primary(ring).verify_until = Some(at(9000));
        }),
        ("a primary without a beginning", |ring| {
            primary(ring).sign_from = None;
        }),
        ("an imported primary", |ring| {
            primary(ring).origin = Origin::Imported;
        }),
        ("a retired key without an end", |ring| {
            ring.keys[0].verify_until = None;
        }),
        ("an end before the retirement", |ring| {
            ring.keys[0].verify_until = Some(at(1));
        }),
        ("a time beyond all bounds", |ring| {
            primary(ring).sign_from = Some(Timestamp::from_unix_seconds(1 << 52));
        }),
        ("a write beyond the year 9999", |ring| {
            ring.written_at = Timestamp::from_unix_seconds(253_402_300_800);
        }),
        ("an end beyond all bounds", |ring| {
            ring.keys[0].verify_until = Some(Timestamp::from_unix_seconds(1 << 52));
        }),
        ("a key destroyed before it ended", |ring| {
            ring.tombstones[0].ended_at = at(9000);
        }),
    ];
    for (what, break_it) in breakages {
        let mut ring = rich();
        break_it(&mut ring);
        let read = open_document(&written(&ring));
        assert!(
            matches!(read, Err(ReadError::Inconsistent(_))),
            "{what}: {read:?}"
        );
    }
    let mut unsound = rich();
    unsound.policy.activation = 34;
    let Err(ReadError::Policy(error)) = open_document(&written(&unsound)) else {
        panic!("an unsound policy was taken");
    };
    assert_eq!(error.rule(), PolicyRule::ActivationOutlastsReach);
}

fn primary(ring: &mut Ring) -> &mut KeyRecord {
    let is_primary = |key: &&mut KeyRecord| key.state == KeyState::Primary;
    ring.keys.iter_mut().find(is_primary).unwrap()
}

/// As many keys and tombstones as there may be, each as long as it may be.
fn fullest() -> Ring {
    let mut ring = ring();
    let longest = Note::new("\\".repeat(Note::MAX_LEN)).unwrap();
    let last = 8_000_000_000_000_000;
    ring.next_sequence = last;
    ring.keys[0].sequence = last - 500;
    ring.keys[1].sequence = last - 499;
    for number in ring.keys.len() as u64..MAX_KEYS as u64 {
        ring.keys.push(KeyRecord {
            id: KeyId::from_bytes((1000 + number).to_be_bytes()),
            sequence: last - 500 + number,
            state: KeyState::Suspended(SuspendedFrom::VerifyOnly),
            sign_until: ring.keys[0].sign_from,
            verify_until: ring.keys[0].sign_from,
            ..ring.keys[0].clone()
        });
    }
    for key in &mut ring.keys {
        key.note = longest.clone();
        key.material = Material::new(vec![255; Material::MAX_LEN]).unwrap();
    }
    for number in 0..MAX_TOMBSTONES as u64 {
        ring.tombstones.push(Tombstone {
            id: KeyId::from_bytes((5000 + number).to_be_bytes()),
            sequence: last - 300 + number,
            created_at: at(0),
            ending: Ending::Expired,
            ended_at: at(0),
            destroyed_at: at(0),
            note: longest.clone(),
        });
    }
    ring
}

#[test]
fn the_fullest_ring_fits_and_one_more_of_anything_does_not() {
    let ring = fullest();
    let document = written(&ring);
    // The room that is left is more than all numbers could add that are short here.
    assert!(document.len() + (MAX_KEYS + MAX_TOMBSTONES) * 64 < MAX_DOCUMENT);
    assert_eq!(open_document(&document), Ok(ring));
    let mut more = fullest();
    more.keys.push(more.keys[MAX_KEYS - 1].clone());
    let read = open_document(&written(&more));
    assert!(matches!(read, Err(ReadError::Malformed { .. })), "{read:?}");
    let mut more = fullest();
    more.tombstones.push(more.tombstones[0].clone());
    let read = open_document(&written(&more));
    assert!(matches!(read, Err(ReadError::Malformed { .. })), "{read:?}");
}

#[test]
fn the_bounds_of_a_document_are_where_they_are_said_to_be() {
    let at_bound = open_document(&" ".repeat(MAX_DOCUMENT));
    assert!(matches!(
        at_bound,
        Err(ReadError::Malformed { position: 0, .. })
    ));
    let beyond = open_document(&" ".repeat(MAX_DOCUMENT + 1));
    assert_eq!(beyond, Err(ReadError::TooLarge));
    let slot = vec![1; MAX_KEY_SLOT + 1];
    let error = ring().seal(&KEY, &slot).unwrap_err();
    assert_eq!(error, RingError::BadKeySlot { length: 4097 });
    let sealed = ring().seal(&KEY, &slot[1..]).unwrap();
    assert_eq!(SealedRing::parse(&sealed).unwrap().key_slot(), &slot[1..]);
    for length in [4097, 4098, 5000] {
        let slot = encode(&vec![1; length]);
        let long = format!("privyseal-ring 1 {slot} {}\n{{}}", "0".repeat(64));
        assert_eq!(open(long.as_bytes()), Err(ReadError::TooLarge));
    }
    let longest = document_with_note(Note::MAX_LEN);
    assert!(open_document(&longest).is_ok());
    let read = open_document(&document_with_note(Note::MAX_LEN + 1));
    assert!(matches!(read, Err(ReadError::Malformed { .. })));
}

fn document_with_note(length: usize) -> String {
    written(&ring()).replace("key 1", &"n".repeat(length))
}

#[test]
fn neither_the_key_nor_what_it_protects_is_shown() {
    let sealed = ring().seal(&KEY, b"").unwrap();
    assert_eq!(format!("{KEY:?}"), "IntegrityKey(..)");
    let shown = format!("{:?}", SealedRing::parse(&sealed).unwrap());
    assert!(!shown.contains("AAAA"), "{shown}");
    let shown = format!("{:?}", ring());
    assert!(!shown.contains("0, 0, 0, 0, 0, 0, 0, 1]"), "{shown}");
}
