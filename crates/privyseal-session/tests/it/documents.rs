//! Ring documents, and what a node makes of them.

use privyseal::ring::{Material, NewKey, NewRing, Note, Operation, Ring, RingId, RingPolicy};
use privyseal::{KeyId, KeyRing, SecretKey, Timestamp};

use crate::browser::{START, key};

pub(crate) fn id(letter: u8) -> KeyId {
    key(letter).id()
}

pub(crate) fn new_key(secret: &SecretKey) -> NewKey {
    NewKey {
        id: secret.id(),
        material: Material::new(secret.expose_bytes().to_vec()).unwrap(),
        note: Note::default(),
    }
}

/// The first letter signs, the second stands by.
pub(crate) fn document(primary: u8, standby: u8) -> Ring {
    let new = NewRing {
        id: RingId::from_bytes([7; 16]),
        policy: RingPolicy::default(),
        primary: new_key(&key(primary)),
        standby: new_key(&key(standby)),
    };
    Ring::init(new, Timestamp::from_unix_seconds(START)).unwrap()
}

pub(crate) fn then(ring: &Ring, operation: Operation) -> Ring {
    ring.apply(operation, ring.written_at().plus_seconds(1))
        .unwrap()
}

pub(crate) fn suspend(ring: &Ring, letter: u8) -> Ring {
    let operation = Operation::Suspend {
        key: id(letter),
        standby: None,
        note: None,
    };
    then(ring, operation)
}

pub(crate) fn revoke(ring: &Ring, letter: u8) -> Ring {
    let operation = Operation::Revoke {
        key: id(letter),
        standby: None,
        note: None,
    };
    then(ring, operation)
}

/// The standby signs, as soon as every node knows it.
pub(crate) fn promote(ring: &Ring, standby: u8) -> Ring {
    let at = ring.written_at().plus_seconds(ring.policy().activation);
    let standby = Some(new_key(&key(standby)));
    ring.apply(Operation::Promote { standby }, at).unwrap()
}

/// What a node makes of it that cannot unwrap some of the keys.
pub(crate) fn without(ring: &Ring, locked: &[u8]) -> KeyRing {
    KeyRing::from_ring(ring, ring.written_at(), |record| {
        let locked = locked.iter().any(|letter| id(*letter) == record.id());
        (!locked).then(|| record.material().as_bytes().to_vec().into())
    })
}

pub(crate) fn snapshot(ring: &Ring) -> KeyRing {
    without(ring, &[])
}
