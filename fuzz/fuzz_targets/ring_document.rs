//! Documents of key rings: what is read of an authentic one is written back the same, means
//! something at every time, and goes on to rings that can be read.

#![no_main]

use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use privyseal::ring::{
    IntegrityKey, Material, NewKey, Note, Operation, Ring, SealedRing, Succession,
};
use privyseal::{KeyId, Timestamp};
use sha2::Sha256;

const KEY: [u8; 32] = [9; 32];

fuzz_target!(|data: &[u8]| {
    let key = IntegrityKey::from_bytes(KEY);
    // As it is: nobody makes a MAC by chance.
    if let Ok(sealed) = SealedRing::parse(data) {
        assert!(sealed.open(&key).is_err());
    }
    // As the second line of a document that somebody with the key wrote.
    let bytes = authentic(data);
    let Some(ring) = read(&bytes) else { return };
    assert!(*ring.seal(&key, b"").unwrap() == bytes);
    assert_eq!(ring.follows(&ring), Succession::Same);
    let written = ring.written_at();
    for now in [0, written.unix_seconds(), u64::MAX].map(Timestamp::from_unix_seconds) {
        let signer = ring.signer_at(now);
        assert!(ring.standing(signer.id(), now).verifies());
        assert_eq!(ring.verifiers_at(now).next(), Some(signer));
        assert!(
            ring.next_event_after(now)
                .is_none_or(|event| event.at > now)
        );
    }
    for operation in operations(&ring) {
        if let Ok(next) = ring.apply(operation, written) {
            let sealed = next.seal(&key, b"").unwrap();
            let next = read(&sealed).expect("operations make rings that can be read");
            assert_eq!(next.follows(&ring), Succession::Newer);
        }
    }
});

fn read(bytes: &[u8]) -> Option<Ring> {
    let key = IntegrityKey::from_bytes(KEY);
    SealedRing::parse(bytes).ok()?.open(&key).ok()
}

fn authentic(document: &[u8]) -> Vec<u8> {
    let head = b"privyseal-ring 1 -";
    let mac = Hmac::<Sha256>::new_from_slice(&KEY)
        .unwrap()
        .chain_update(head)
        .chain_update(b"\n")
        .chain_update(document)
        .finalize()
        .into_bytes();
    let mac: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    [head, b" ".as_slice(), mac.as_bytes(), b"\n", document].concat()
}

fn operations(ring: &Ring) -> Vec<Operation> {
    let new = |byte| NewKey {
        id: KeyId::from_bytes([byte; 8]),
        material: Material::new(vec![byte; 32]).unwrap(),
        note: Note::default(),
    };
    let (key, note) = (ring.primary().id(), None);
    let mut operations = vec![
        Operation::Stage { key: new(251) },
        Operation::Rotate {
            standby: new(252),
            sign_from: None,
        },
        Operation::Promote { standby: None },
        Operation::Suspend {
            key,
            standby: Some(new(253)),
            note: None,
        },
        Operation::Revoke {
            key,
            standby: None,
            note: None,
        },
        Operation::RevokeAll {
            primary: new(254),
            standby: new(255),
            note,
        },
        Operation::SetPolicy {
            policy: Default::default(),
        },
    ];
    for key in ring.keys().iter().map(|key| key.id()) {
        operations.extend([Operation::Resume { key }, Operation::Destroy { key }]);
    }
    operations
}
