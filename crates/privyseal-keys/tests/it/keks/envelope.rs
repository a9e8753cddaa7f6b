//! Rings in envelopes: what is bound to what, and what is told of a failure.

use privyseal::ring::{Operation, ReadError, Ring, RingId, SealedRing};
use privyseal::{KeyId, SecretKey};
use privyseal_keys::kek::{Envelope, FileKek, Kek, KekError, PlainKek};
use privyseal_keys::{Overwrite, write_key_file};

use super::{NOW, RING, place, ring};

/// What a node reads.
pub(super) async fn read(kek: &dyn Kek, document: &[u8]) -> (Ring, [SecretKey; 2]) {
    let sealed = SealedRing::parse(document).unwrap();
    let envelope = Envelope::open(kek, sealed.key_slot()).await.unwrap();
    let ring = sealed.open(envelope.integrity_key()).unwrap();
    let keys = [0, 1].map(|at| {
        let key = envelope.unwrap(&ring.keys()[at]).unwrap();
        SecretKey::from_bytes(&key[..]).unwrap()
    });
    (ring, keys)
}

#[tokio::test]
async fn a_plain_ring_is_read_by_whoever_has_its_file() {
    let (_place, path) = place("ring.d");
    write_key_file(&path, b"the ring", Overwrite::Never).unwrap();
    let kek = PlainKek::for_file(&path);
    let (ring, envelope, keys) = ring(&kek).await;
    assert!(envelope.is_plain() && format!("{envelope:?}").contains("is_plain: true"));
    let document = ring
        .seal(envelope.integrity_key(), envelope.slot())
        .unwrap();
    assert_eq!(read(&kek, &document).await, (ring, keys));
}

#[tokio::test]
async fn a_plain_ring_from_somewhere_else_than_a_file_is_refused() {
    let (_place, path) = place("ring.d");
    let kek = PlainKek::for_file(&path);
    let (_, envelope, _) = ring(&kek).await;
    let refused = Envelope::open(&kek, envelope.slot()).await.unwrap_err();
    assert!(matches!(refused, KekError::Unfit { .. }), "{refused}");
}

#[tokio::test]
async fn every_byte_of_a_slot_counts() {
    let (_place, path) = place("kek");
    let kek = FileKek::create(path).unwrap();
    let (_, envelope, _) = ring(&kek).await;
    let slot = envelope.slot();
    for at in 0..slot.len() {
        let mut changed = slot.to_vec();
        changed[at] ^= 1;
        assert!(Envelope::open(&kek, &changed).await.is_err(), "byte {at}");
        assert!(
            Envelope::open(&kek, &slot[..at]).await.is_err(),
            "{at} bytes"
        );
    }
}

#[tokio::test]
async fn a_plain_slot_of_another_ring_gives_no_key_of_this_one() {
    let (_place, path) = place("ring.d");
    write_key_file(&path, b"the ring", Overwrite::Never).unwrap();
    let kek = PlainKek::for_file(path);
    let (ring, envelope, _) = ring(&kek).await;
    // Where nothing authenticates a slot, what is derived still is of the ring that it names.
    let mut moved = envelope.slot().to_vec();
    moved[1] ^= 1;
    let other = Envelope::open(&kek, &moved).await.unwrap();
    assert_ne!(other.ring(), RING);
    assert!(matches!(
        other.unwrap(ring.primary()),
        Err(KekError::CorruptKey(_))
    ));
    let document = ring
        .seal(envelope.integrity_key(), envelope.slot())
        .unwrap();
    let opened = SealedRing::parse(&document)
        .unwrap()
        .open(other.integrity_key());
    assert_eq!(opened, Err(ReadError::NotAuthentic));
}

#[tokio::test]
async fn wrapped_keys_cannot_be_exchanged_in_a_ring() {
    let (_place, path) = place("kek");
    let kek = FileKek::create(path).unwrap();
    let (ring, envelope, _) = ring(&kek).await;
    let [first, second] = [0, 1].map(|at| ring.keys()[at].clone());
    let materials = vec![
        (first.id(), second.material().clone()),
        (second.id(), first.material().clone()),
    ];
    let exchanged = ring.apply(Operation::Rewrap { materials }, NOW).unwrap();
    for record in exchanged.keys() {
        let refused = envelope.unwrap(record).unwrap_err();
        assert!(matches!(refused, KekError::CorruptKey(id) if id == record.id()));
    }
}

#[tokio::test]
async fn wrapped_keys_cannot_be_moved_to_another_ring() {
    let (_place, path) = place("kek");
    let kek = FileKek::create(path).unwrap();
    let (ring, ours, _) = ring(&kek).await;
    for id in [RING, RingId::from_bytes([0x5a; 16])] {
        // Also a ring of the same id, with a data key of its own.
        let theirs = Envelope::create(&kek, id).await.unwrap();
        for record in ring.keys() {
            assert!(ours.unwrap(record).is_ok());
            assert!(theirs.unwrap(record).is_err());
        }
    }
}

#[tokio::test]
async fn the_number_of_a_key_is_bound_by_the_document() {
    let (_place, path) = place("kek");
    let kek = FileKek::create(path).unwrap();
    let (ring, envelope, _) = ring(&kek).await;
    let document = ring
        .seal(envelope.integrity_key(), envelope.slot())
        .unwrap();
    let text = str::from_utf8(&document).unwrap();
    for (number, other) in [
        ("\"sequence\":1", "\"sequence\":2"),
        ("\"sequence\":2", "\"sequence\":1"),
    ] {
        let changed = text.replacen(number, other, 1);
        assert_ne!(changed, text);
        let opened = SealedRing::parse(changed.as_bytes())
            .unwrap()
            .open(envelope.integrity_key());
        assert_eq!(opened, Err(ReadError::NotAuthentic));
    }
}

#[tokio::test]
async fn a_damaged_key_is_named() {
    let (_place, path) = place("kek");
    let kek = FileKek::create(path).unwrap();
    let (ring, envelope, _) = ring(&kek).await;
    let primary = ring.primary();
    let good = primary.material().as_bytes();
    for at in 0..good.len() {
        let mut damaged = good.to_vec();
        damaged[at] ^= 0x80;
        let damaged = privyseal::ring::Material::new(damaged).unwrap();
        let standby = ring.standby().unwrap();
        let materials = vec![
            (primary.id(), damaged),
            (standby.id(), standby.material().clone()),
        ];
        let ring = ring.apply(Operation::Rewrap { materials }, NOW).unwrap();
        let refused = envelope.unwrap(ring.primary()).unwrap_err();
        assert!(
            refused.to_string().contains(&primary.id().to_string()),
            "{refused}"
        );
        assert!(envelope.unwrap(ring.standby().unwrap()).is_ok());
    }
}

#[tokio::test]
async fn the_wrong_key_is_told_from_a_damaged_slot() {
    let (place, path) = place("kek");
    let [kek, other] =
        [path, place.path().join("other")].map(|path| FileKek::create(path).unwrap());
    let (_, envelope, _) = ring(&kek).await;

    let refused = Envelope::open(&other, envelope.slot()).await.unwrap_err();
    assert!(
        matches!(&refused, KekError::WrongKek { named, given } if named == kek.id() && given == other.id()),
        "{refused}"
    );
    let mut damaged = envelope.slot().to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let refused = Envelope::open(&kek, &damaged).await.unwrap_err();
    assert!(matches!(refused, KekError::Corrupt), "{refused}");
    let refused = Envelope::open(&kek, b"no slot").await.unwrap_err();
    assert!(matches!(refused, KekError::BadSlot), "{refused}");
    let refused = Envelope::open(&kek, b"").await.unwrap_err();
    assert!(matches!(refused, KekError::BadSlot), "{refused}");
}

#[tokio::test]
async fn a_ring_does_not_choose_who_unwraps_it() {
    let (place, path) = place("kek");
    let kek = FileKek::create(path).unwrap();
    // Somebody who can write to the store puts in a plain ring, under any name.
    let plain = PlainKek::for_file(place.path().join("ring.d"));
    let (_, theirs, _) = ring(&plain).await;
    assert!(Envelope::open(&kek, theirs.slot()).await.is_err());
    let (_, ours, _) = ring(&kek).await;
    let name = kek.id().as_str().len();
    let data_key = &theirs.slot()[theirs.slot().len() - 32..];
    let forged = [&ours.slot()[..18 + name], data_key].concat();
    assert!(Envelope::open(&kek, &forged).await.is_err());
}

#[tokio::test]
async fn a_rewrapped_ring_has_the_same_keys_under_another_key_alone() {
    let (place, path) = place("kek");
    let old = PlainKek::for_file(place.path().join("ring.d"));
    let new = FileKek::create(path).unwrap();
    let (ring, envelope, keys) = ring(&old).await;
    let (renewed, operation) = envelope.rewrap(&ring, &new).await.unwrap();
    let ring = ring.apply(operation, NOW).unwrap();
    let document = ring.seal(renewed.integrity_key(), renewed.slot()).unwrap();

    assert_eq!(read(&new, &document).await, (ring.clone(), keys));
    assert!(!renewed.is_plain());
    assert!(
        ring.keys()
            .iter()
            .all(|record| envelope.unwrap(record).is_err())
    );
    let opened = SealedRing::parse(&document)
        .unwrap()
        .open(envelope.integrity_key());
    assert_eq!(opened, Err(ReadError::NotAuthentic));
}

#[tokio::test]
async fn keys_are_named_as_everywhere() {
    let (_place, path) = place("kek");
    let (ring, _, [primary, _]) = ring(&FileKek::create(path).unwrap()).await;
    assert_eq!(ring.primary().id(), KeyId::of(primary.expose_bytes()));
    let snapshot = privyseal::KeyRing::new(primary);
    assert_eq!(ring.primary().id(), snapshot.primary().unwrap().id());
}

#[tokio::test]
async fn nothing_shows_a_secret_i15() {
    let (place, path) = place("kek");
    let kek = FileKek::create(&path).unwrap();
    let other = FileKek::create(place.path().join("other")).unwrap();
    let plain = PlainKek::for_file(place.path().join("ring.d"));
    let (ring, envelope, keys) = ring(&kek).await;
    let (_, plain_envelope, _) = super::ring(&plain).await;
    let document = ring
        .seal(envelope.integrity_key(), envelope.slot())
        .unwrap();
    let wrong = Envelope::open(&other, envelope.slot()).await.unwrap_err();
    let corrupt = envelope.wrap(&[]).unwrap_err();
    let shown = [
        format!("{kek:?} {plain:?} {envelope:#?} {plain_envelope:#?}"),
        format!("{wrong} {wrong:?} {} {corrupt} {corrupt:?}", wrong.hint()),
        format!(
            "{:?} {:?}",
            envelope.integrity_key(),
            envelope.wrap(&[7; 32])
        ),
        String::from_utf8(document.to_vec()).unwrap(),
    ]
    .concat();

    let line = std::fs::read_to_string(&path).unwrap();
    let kek_key = SecretKey::from_hex(line.split_whitespace().last().unwrap()).unwrap();
    let data_key = &plain_envelope.slot()[plain_envelope.slot().len() - 32..];
    let secrets = [
        keys[0].expose_bytes(),
        keys[1].expose_bytes(),
        kek_key.expose_bytes(),
        data_key,
        &[7; 32],
    ];
    for secret in secrets {
        let mut spellings = vec![format!("{secret:?}")];
        // The one of equal bytes is none that may sign.
        if let Ok(key) = SecretKey::from_bytes(secret) {
            spellings.push(key.expose_hex().to_string());
            spellings.push(key.expose_base64url().to_string());
            spellings.push(key.expose_base64().to_string());
        }
        for spelling in spellings {
            // A part of it would be too much.
            assert!(!shown.contains(&spelling[4..20]), "{spelling}");
        }
    }
}
