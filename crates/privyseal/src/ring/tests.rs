//! Every transition, and every refusal with its hint.

mod laws;
mod refusals;
mod succession;

use super::*;

/// D 10, R 10, F 20, S 5: a reach of 35, and a retention of 1,035.
pub(super) const POLICY: RingPolicy = RingPolicy {
    propagation: 10,
    poll: 10,
    lease: 20,
    skew: 5,
    activation: 40,
    period: 100,
    token_life: 1000,
    hold: 500,
};

pub(super) const START: u64 = 1_000_000;

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START + seconds)
}

pub(super) fn id(number: u64) -> KeyId {
    KeyId::from_bytes(number.to_be_bytes())
}

pub(super) fn key(number: u64) -> NewKey {
    NewKey {
        id: id(number),
        material: Material::new(number.to_be_bytes().to_vec()).unwrap(),
        note: Note::new(format!("key {number}")).unwrap(),
    }
}

/// A ring at `at(0)` with the primary 1 and the standby 2.
pub(super) fn ring() -> Ring {
    let new = NewRing {
        id: RingId::from_bytes([7; 16]),
        policy: POLICY,
        primary: key(1),
        standby: key(2),
    };
    Ring::init(new, at(0)).unwrap()
}

pub(super) fn rotate(standby: u64, sign_from: Option<u64>) -> Operation {
    Operation::Rotate {
        standby: key(standby),
        sign_from: sign_from.map(at),
    }
}

pub(super) fn suspend(number: u64) -> Operation {
    Operation::Suspend {
        key: id(number),
        standby: None,
        note: None,
    }
}

pub(super) fn resume(number: u64) -> Operation {
    Operation::Resume { key: id(number) }
}

pub(super) fn revoke(number: u64) -> Operation {
    Operation::Revoke {
        key: id(number),
        standby: None,
        note: None,
    }
}

pub(super) fn destroy(number: u64) -> Operation {
    Operation::Destroy { key: id(number) }
}

pub(super) fn import(number: u64, until: u64) -> Operation {
    Operation::Import {
        key: key(number),
        verify_until: at(until),
    }
}

impl Ring {
    /// The ring after this operation, which has to be allowed and to keep its rules.
    pub(super) fn then(&self, seconds: u64, operation: Operation) -> Self {
        let next = self.apply(operation, at(seconds)).unwrap();
        assert_eq!(next.check(), Ok(()));
        assert_eq!(next.generation, self.generation + 1);
        assert_eq!(next.follows(self), Succession::Newer);
        next
    }

    pub(super) fn signer(&self, seconds: u64) -> KeyId {
        self.signer_at(at(seconds)).id()
    }

    pub(super) fn verifiers(&self, seconds: u64) -> Vec<KeyId> {
        self.verifiers_at(at(seconds)).map(KeyRecord::id).collect()
    }

    pub(super) fn stands(&self, number: u64, seconds: u64) -> Standing {
        self.standing(id(number), at(seconds))
    }

    fn state(&self, number: u64) -> KeyState {
        self.key(id(number)).unwrap().state()
    }
}

#[test]
fn a_new_ring_has_a_primary_that_signs_and_a_standby_that_verifies() {
    let ring = ring();
    assert_eq!(ring.generation(), 1);
    assert_eq!(ring.previous(), None);
    assert_eq!(ring.check(), Ok(()));
    assert_eq!(ring.signer(0), id(1));
    assert_eq!(ring.verifiers(0), [id(1), id(2)]);
    assert_eq!(ring.stands(1, 0), Standing::Signs);
    assert_eq!(ring.stands(2, 0), Standing::Staged);
    assert_eq!(ring.stands(3, 0), Standing::Unknown);
    assert_eq!(ring.next_event_after(at(0)), None);
    // By a clock that is behind that of whoever made the ring, the primary signs all the same.
    let early = Timestamp::from_unix_seconds(0);
    assert_eq!(ring.signer_at(early).id(), id(1));
}

#[test]
fn a_rotation_moves_all_three_keys_in_one_write_i7() {
    let before = ring();
    let ring = before.then(100, rotate(3, None));
    assert_eq!(ring.previous(), Some(&before.digest()));
    assert_eq!(ring.state(1), KeyState::VerifyOnly);
    assert_eq!(ring.state(2), KeyState::Primary);
    assert_eq!(ring.state(3), KeyState::Staged);
    assert_eq!(ring.signer(100), id(2));
    assert_eq!(ring.verifiers(100), [id(2), id(3), id(1)]);
    let retired = ring.key(id(1)).unwrap();
    assert_eq!(retired.sign_until(), Some(at(100)));
    assert_eq!(retired.verify_until(), Some(at(100 + 1035)));
    assert_eq!(retired.state_generation(), 2);
    assert_eq!(ring.stands(1, 1134), Standing::Verifies);
    assert_eq!(ring.stands(1, 1135), Standing::Expired);
    assert_eq!(ring.verifiers(1135), [id(2), id(3)]);
    let sequences: Vec<_> = ring.keys().iter().map(KeyRecord::sequence).collect();
    assert_eq!(sequences, [1, 2, 3]);
}

#[test]
fn a_scheduled_rotation_changes_over_by_time_alone() {
    let ring = ring().then(50, rotate(3, Some(90)));
    assert_eq!([ring.signer(89), ring.signer(90)], [id(1), id(2)]);
    assert_eq!(ring.stands(1, 89), Standing::Signs);
    assert_eq!(ring.stands(2, 89), Standing::Staged);
    assert_eq!(ring.stands(1, 90), Standing::Verifies);
    assert_eq!(ring.stands(2, 90), Standing::Signs);
    assert_eq!(ring.verifiers(89), [id(1), id(3), id(2)]);
    let flip = Event {
        at: at(90),
        key: id(2),
        standing: Standing::Signs,
    };
    let end = Event {
        at: at(90 + 1035),
        key: id(1),
        standing: Standing::Expired,
    };
    assert_eq!(ring.next_event_after(at(50)), Some(flip));
    assert_eq!(ring.next_event_after(at(90)), Some(end));
    assert_eq!(ring.next_event_after(end.at), None);
}

#[test]
fn a_rotation_without_a_time_waits_for_the_standby() {
    // Staged at 0, to be known for 40.
    let ring = ring().then(10, rotate(3, None));
    assert_eq!([ring.signer(39), ring.signer(40)], [id(1), id(2)]);
}

#[test]
fn promotion_changes_over_at_once() {
    assert!(!ring().is_standby_propagated(at(34)));
    assert!(ring().is_standby_propagated(at(35)));
    let promoted = ring().then(35, Operation::Promote { standby: None });
    assert_eq!(promoted.signer(35), id(2));
    assert_eq!(promoted.standby(), None);
    assert!(!promoted.is_standby_propagated(at(1000)));
    let staged = promoted.then(36, Operation::Stage { key: key(3) });
    assert_eq!(staged.standby().unwrap().id(), id(3));
    let both = ring().then(
        35,
        Operation::Promote {
            standby: Some(key(3)),
        },
    );
    assert_eq!(both.standby().unwrap().id(), id(3));
}

#[test]
fn a_suspended_key_comes_back_with_its_tokens_i14() {
    let rotated = ring().then(100, rotate(3, None));
    let suspended = rotated.then(200, suspend(1));
    assert_eq!(suspended.stands(1, 200), Standing::Suspended);
    assert_eq!(suspended.verifiers(200), [id(2), id(3)]);
    // Only a person ends a quarantine.
    assert_eq!(suspended.stands(1, 2000), Standing::Suspended);
    assert_eq!(suspended.next_event_after(at(200)), None);
    let resumed = suspended.then(300, resume(1));
    assert_eq!(resumed.verifiers(300), rotated.verifiers(300));
    assert_eq!(resumed.next_event_after(at(300)).unwrap().at, at(1135));
}

#[test]
fn a_suspended_primary_hands_over_and_comes_back_to_verify_i14() {
    let operation = Operation::Suspend {
        key: id(1),
        standby: Some(key(3)),
        note: Some(Note::new("found in a log").unwrap()),
    };
    // Even though the standby is not known to all nodes yet.
    let suspended = ring().then(5, operation);
    let state = KeyState::Suspended(SuspendedFrom::Primary);
    assert_eq!(suspended.state(1), state);
    assert_eq!(
        suspended.key(id(1)).unwrap().note().as_str(),
        "found in a log"
    );
    assert_eq!(suspended.signer(5), id(2));
    // By a clock that is behind that of the writer, too.
    assert_eq!(suspended.signer(0), id(2));
    assert_eq!(suspended.verifiers(5), [id(2), id(3)]);
    let resumed = suspended.then(10, resume(1));
    assert_eq!(resumed.state(1), KeyState::VerifyOnly);
    assert_eq!(resumed.signer(10), id(2));
    assert_eq!(resumed.verifiers(10), [id(2), id(3), id(1)]);
    assert_eq!(resumed.stands(1, 5 + 1034), Standing::Verifies);
    assert_eq!(resumed.stands(1, 5 + 1035), Standing::Expired);
}

#[test]
fn a_resumed_standby_has_to_be_known_anew() {
    let ring = ring().then(100, suspend(2)).then(200, resume(2));
    assert_eq!(ring.state(2), KeyState::Staged);
    assert!(!ring.is_standby_propagated(at(234)));
    assert!(ring.is_standby_propagated(at(235)));
}

#[test]
fn revoking_the_primary_promotes_the_standby_in_the_same_write() {
    let ring = ring().then(5, revoke(1));
    assert_eq!(ring.generation(), 2);
    assert_eq!(ring.stands(1, 5), Standing::Revoked);
    assert_eq!(ring.signer(5), id(2));
    assert_eq!(ring.signer(0), id(2));
    assert_eq!(ring.verifiers(5), [id(2)]);
}

#[test]
fn revoking_any_other_key_leaves_the_signer_alone() {
    let before = ring()
        .then(100, rotate(3, None))
        .then(101, import(9, 5000))
        .then(102, suspend(9));
    for number in [1, 3, 9] {
        let ring = before.then(110, revoke(number));
        assert_eq!(ring.stands(number, 110), Standing::Revoked);
        assert_eq!(ring.signer(110), id(2));
        assert!(!ring.verifiers(110).contains(&id(number)));
    }
    // One that has expired by this clock may not have by another.
    let ring = before.then(1200, revoke(1));
    assert_eq!(ring.stands(1, 0), Standing::Revoked);
}

#[test]
fn whoever_is_about_to_take_over_can_be_taken_out() {
    let pending = ring().then(50, rotate(3, Some(90)));
    for operation in [revoke(2), suspend(2)] {
        // The signer goes on until the next standby, staged at 50, is known.
        let ring = pending.then(60, operation.clone());
        assert_eq!([ring.signer(60), ring.signer(89)], [id(1), id(1)]);
        assert_eq!([ring.signer(90), ring.primary().id()], [id(3), id(3)]);
        let late = pending.then(80, operation);
        assert_eq!([late.signer(89), late.signer(90)], [id(1), id(3)]);
    }
    // Rotated again and again, the standby is ready only after the time that was set.
    let ring = ring()
        .then(40, rotate(3, None))
        .then(85, rotate(4, None))
        .then(90, rotate(5, None));
    assert_eq!(ring.primary().sign_from(), Some(at(125)));
    let ring = ring.then(91, revoke(4));
    assert_eq!([ring.signer(129), ring.signer(130)], [id(3), id(5)]);
    let retired = ring.key(id(3)).unwrap();
    assert_eq!(retired.verify_until(), Some(at(130 + 1035)));
}

#[test]
fn whoever_is_about_to_retire_can_be_taken_out() {
    let pending = ring().then(50, rotate(3, Some(90)));
    for operation in [revoke(1), suspend(1)] {
        let ring = pending.then(60, operation);
        assert_eq!([ring.signer(60), ring.signer(50)], [id(2), id(2)]);
        assert_eq!(ring.primary().sign_from(), Some(at(60)));
        assert_eq!(ring.key(id(1)).unwrap().sign_until(), Some(at(60)));
        assert_eq!(ring.standby().unwrap().id(), id(3));
    }
}

#[test]
fn revoking_all_begins_anew_in_the_same_ring() {
    let before = ring()
        .then(100, rotate(3, None))
        .then(101, import(9, 5000))
        .then(102, suspend(9))
        .then(103, revoke(1));
    let operation = Operation::RevokeAll {
        primary: key(10),
        standby: key(11),
        note: Some(Note::new("stolen").unwrap()),
    };
    let ring = before.then(110, operation);
    for number in [1, 2, 3, 9] {
        assert_eq!(ring.stands(number, 110), Standing::Revoked);
    }
    assert_eq!(ring.verifiers(110), [id(10), id(11)]);
    assert_eq!(ring.key(id(2)).unwrap().note().as_str(), "stolen");
    // What was revoked before keeps its own story.
    assert_eq!(ring.key(id(1)).unwrap().note().as_str(), "key 1");
    assert_eq!(ring.key(id(1)).unwrap().state_since(), at(103));
}

#[test]
fn an_ended_key_is_destroyed_after_its_hold_and_never_comes_back_i5() {
    let ring = ring().then(100, rotate(3, None)).then(150, revoke(3));
    let ring = ring.then(650, destroy(3));
    let ring = ring.then(1135 + 500, destroy(1));
    assert_eq!(ring.key(id(1)), None);
    assert_eq!(ring.stands(1, 2000), Standing::Destroyed(Ending::Expired));
    assert_eq!(ring.stands(3, 2000), Standing::Destroyed(Ending::Revoked));
    let [revoked, expired] = ring.tombstones() else {
        panic!("two tombstones");
    };
    assert_eq!((revoked.sequence(), revoked.ended_at()), (3, at(150)));
    assert_eq!(revoked.note().as_str(), "key 3");
    assert_eq!((expired.sequence(), expired.ended_at()), (1, at(1135)));
    assert_eq!(expired.destroyed_at(), at(1635));
    for number in [1, 2, 3] {
        let again = ring.apply(import(number, 9000), at(2000));
        assert_eq!(again, Err(RingError::KeyAlreadyUsed(id(number))));
        let again = ring.apply(Operation::Stage { key: key(number) }, at(2000));
        assert_eq!(again, Err(RingError::KeyAlreadyUsed(id(number))));
    }
    let ring = ring.then(2000, Operation::Stage { key: key(4) });
    assert_eq!(ring.key(id(4)).unwrap().sequence(), 4);
}

#[test]
fn the_oldest_expired_key_is_forgotten_first_and_a_revoked_one_never_i5() {
    let mut ring = ring();
    for number in 2..5 {
        let stage = Operation::Stage {
            key: key(number + 1),
        };
        ring = ring.then(0, revoke(number)).then(0, stage);
    }
    // Two that merely expired, among others that were revoked.
    ring.next_sequence = 1000;
    ring.tombstones = (0..MAX_TOMBSTONES as u64)
        .map(|number| Tombstone {
            id: id(5000 + number),
            sequence: 100 + number,
            created_at: at(0),
            ending: match number {
                7 | 9 => Ending::Expired,
                _ => Ending::Revoked,
            },
            ended_at: at(0),
            destroyed_at: at(0),
            note: Note::default(),
        })
        .collect();
    for (number, forgotten) in [(2, 5007), (3, 5009)] {
        assert_ne!(ring.stands(forgotten, 500), Standing::Unknown);
        ring = ring.then(500, destroy(number));
        assert_eq!(ring.stands(forgotten, 500), Standing::Unknown);
        assert_eq!(ring.tombstones().len(), MAX_TOMBSTONES);
    }
    let refused = ring.apply(destroy(4), at(500));
    assert!(matches!(refused, Err(RingError::Full { .. })));
}

#[test]
fn an_imported_key_verifies_until_its_end() {
    let ring = ring().then(10, import(9, 20));
    assert_eq!(ring.key(id(9)).unwrap().origin(), Origin::Imported);
    assert_eq!(ring.signer(10), id(1));
    assert_eq!(ring.verifiers(19), [id(1), id(9), id(2)]);
    assert_eq!(ring.verifiers(20), [id(1), id(2)]);
}

#[test]
fn rewrapping_changes_the_material_and_nothing_else() {
    let before = ring().then(5, revoke(1));
    let wrapped = |byte| Material::new(vec![byte; 40]).unwrap();
    let materials = vec![(id(2), wrapped(2)), (id(1), wrapped(1))];
    let ring = before.then(10, Operation::Rewrap { materials });
    assert_eq!(ring.key(id(1)).unwrap().material(), &wrapped(1));
    assert_eq!(ring.key(id(2)).unwrap().material(), &wrapped(2));
    let mut back = ring;
    for (record, former) in back.keys.iter_mut().zip(&before.keys) {
        record.material = former.material.clone();
    }
    assert_eq!(back.keys, before.keys);
}

#[test]
fn a_longer_token_life_keeps_retired_keys_longer_i6() {
    let ring = ring().then(100, rotate(3, None));
    let longer = RingPolicy {
        token_life: 2000,
        ..POLICY
    };
    let set = Operation::SetPolicy { policy: longer };
    assert_eq!(
        ring.then(1134, set.clone()).stands(1, 2134),
        Standing::Verifies
    );
    // What has expired stays so.
    assert_eq!(ring.then(1135, set).stands(1, 1135), Standing::Expired);
}

#[test]
fn a_shorter_policy_counts_only_when_every_node_knows_of_it_i6() {
    let shorter = RingPolicy {
        lease: 20,
        propagation: 0,
        skew: 1,
        activation: 21,
        token_life: 10,
        ..POLICY
    };
    let ring = ring().then(100, Operation::SetPolicy { policy: shorter });
    assert!(!ring.is_standby_propagated(at(134)));
    assert!(ring.is_standby_propagated(at(135)));
    let rotated = ring.then(101, rotate(3, None));
    assert_eq!([rotated.signer(134), rotated.signer(135)], [id(1), id(2)]);
    // Tokens that were made before live as long as they were promised.
    assert_eq!(rotated.stands(1, 100 + 1034), Standing::Verifies);
    assert_eq!(rotated.stands(1, 100 + 1035), Standing::Expired);
}

#[test]
fn times_that_are_written_never_go_backwards() {
    let ring = ring().then(100, rotate(3, None)).then(96, import(9, 500));
    assert_eq!(ring.written_at(), at(100));
    assert_eq!(ring.key(id(9)).unwrap().created_at(), at(100));
}
