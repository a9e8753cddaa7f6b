//! What a ring does not allow.

use super::*;

fn refused(ring: &Ring, seconds: u64, operation: Operation) -> RingError {
    let error = ring.apply(operation, at(seconds)).unwrap_err();
    assert!(!error.to_string().is_empty() && !error.hint().is_empty());
    error
}

fn wrong_state(number: u64, action: &'static str, standing: Standing) -> RingError {
    RingError::WrongState {
        key: id(number),
        action,
        standing,
    }
}

#[test]
fn a_ring_without_a_sound_policy_or_two_keys_is_not_made() {
    let new = |policy, standby| NewRing {
        id: RingId::from_bytes([7; 16]),
        policy,
        primary: key(1),
        standby: key(standby),
    };
    let unsound = RingPolicy {
        activation: 34,
        ..POLICY
    };
    let error = Ring::init(new(unsound, 2), at(0)).unwrap_err();
    assert!(matches!(error, RingError::Policy(_)), "{error}");
    let error = Ring::init(new(POLICY, 1), at(0)).unwrap_err();
    assert_eq!(error, RingError::KeyAlreadyUsed(id(1)));
    let late = LAST_NOW.plus_seconds(1);
    let error = Ring::init(new(POLICY, 2), late).unwrap_err();
    assert_eq!(error, RingError::BeyondTime);
    assert!(Ring::init(new(POLICY, 2), LAST_NOW).is_ok());
    assert_eq!(
        ring().apply(revoke(1), late).unwrap_err(),
        RingError::BeyondTime
    );
}

#[test]
fn a_second_standby_is_refused() {
    let stage = Operation::Stage { key: key(3) };
    let exists = RingError::StandbyExists(id(2));
    assert_eq!(refused(&ring(), 1, stage.clone()), exists);
    let revoke = Operation::Revoke {
        key: id(9),
        standby: Some(key(3)),
        note: None,
    };
    let ring = ring().then(1, import(9, 100));
    assert_eq!(refused(&ring, 2, revoke), exists);
    let without = ring.then(3, suspend(2)).then(4, stage);
    let exists = RingError::StandbyExists(id(3));
    assert_eq!(refused(&without, 5, resume(2)), exists);
}

#[test]
fn a_standby_that_not_every_node_knows_does_not_sign() {
    let early = RingError::TooEarly { earliest: at(40) };
    assert_eq!(refused(&ring(), 10, rotate(3, Some(39))), early);
    ring().then(10, rotate(3, Some(40)));
    let promote = Operation::Promote { standby: None };
    let early = RingError::TooEarly { earliest: at(35) };
    assert_eq!(refused(&ring(), 34, promote.clone()), early);
    ring().then(35, promote);
}

#[test]
fn a_primary_that_hardly_signed_is_not_followed_by_another() {
    let ring = ring().then(10, rotate(3, Some(100)));
    // Staged at 10, and known to all, but the primary signs from 100 on.
    let early = RingError::TooEarly { earliest: at(140) };
    assert_eq!(refused(&ring, 100, rotate(4, Some(139))), early);
    let early = RingError::TooEarly { earliest: at(135) };
    let promote = Operation::Promote { standby: None };
    assert_eq!(refused(&ring, 100, promote), early);
}

#[test]
fn a_rotation_is_not_set_further_ahead_than_a_period() {
    let late = RingError::TooLate { latest: at(150) };
    assert_eq!(refused(&ring(), 50, rotate(3, Some(151))), late);
    ring().then(50, rotate(3, Some(150)));
}

#[test]
fn while_a_rotation_is_set_there_is_no_other() {
    let ring = ring().then(50, rotate(3, Some(90)));
    let pending = RingError::FlipPending { at: at(90) };
    assert_eq!(refused(&ring, 89, rotate(4, None)), pending);
    let promote = Operation::Promote { standby: None };
    assert_eq!(refused(&ring, 89, promote), pending);
    let set = |lease| Operation::SetPolicy {
        policy: RingPolicy { lease, ..POLICY },
    };
    // Its time was chosen by a reach that is said to be too short.
    assert_eq!(refused(&ring, 89, set(21)), pending);
    ring.then(89, set(20));
    ring.then(90, set(21));
    ring.then(90, rotate(4, None));
}

#[test]
fn without_a_standby_the_primary_stays() {
    let ring = ring().then(1, revoke(2));
    for operation in [rotate(3, None), suspend(1), revoke(1)] {
        assert_eq!(refused(&ring, 2, operation), RingError::NoStandby);
    }
    let promote = Operation::Promote { standby: None };
    assert_eq!(refused(&ring, 2, promote), RingError::NoStandby);
}

#[test]
fn nothing_is_done_to_a_key_in_a_state_that_does_not_allow_it() {
    // 1 expires at 1,135, 3 is revoked, 4 stands by, 5 is destroyed, 6 is suspended.
    let ring = ring()
        .then(50, import(5, 60))
        .then(51, import(6, 9000))
        .then(100, rotate(3, None))
        .then(101, revoke(3))
        .then(102, Operation::Stage { key: key(4) })
        .then(103, suspend(6))
        .then(560, destroy(5));
    let now = 1200;
    let table: [(u64, Standing, &[&str]); 6] = [
        (1, Standing::Expired, &["suspend", "resume"]),
        (2, Standing::Signs, &["resume", "destroy"]),
        (3, Standing::Revoked, &["suspend", "resume", "revoke"]),
        (4, Standing::Staged, &["resume", "destroy"]),
        (
            5,
            Standing::Destroyed(Ending::Expired),
            &["suspend", "resume", "revoke", "destroy"],
        ),
        (6, Standing::Suspended, &["suspend", "destroy"]),
    ];
    for (number, standing, actions) in table {
        assert_eq!(ring.stands(number, now), standing);
        for action in actions {
            let operation = match *action {
                "suspend" => suspend(number),
                "resume" => resume(number),
                "revoke" => revoke(number),
                _ => destroy(number),
            };
            let error = refused(&ring, now, operation);
            assert_eq!(error, wrong_state(number, action, standing));
        }
    }
    let verifying = wrong_state(1, "destroy", Standing::Verifies);
    assert_eq!(refused(&ring, 1000, destroy(1)), verifying);
    for operation in [suspend(7), resume(7), revoke(7), destroy(7)] {
        assert_eq!(refused(&ring, now, operation), RingError::UnknownKey(id(7)));
    }
}

#[test]
fn material_is_held_to_the_second() {
    let ring = ring().then(100, rotate(3, None)).then(150, revoke(3));
    for (number, end) in [(1, 1135 + 500), (3, 150 + 500)] {
        let held = RingError::HoldNotOver {
            key: id(number),
            until: at(end),
        };
        assert_eq!(refused(&ring, end - 1, destroy(number)), held);
        ring.then(end, destroy(number));
    }
}

#[test]
fn an_imported_key_has_an_end_ahead() {
    assert_eq!(refused(&ring(), 10, import(9, 10)), RingError::EndIsPast);
    let beyond = Operation::Import {
        key: key(9),
        verify_until: LAST_NOW.plus_seconds(1),
    };
    assert_eq!(refused(&ring(), 10, beyond), RingError::BeyondTime);
    let revived = ring().then(5, revoke(1));
    let error = refused(&revived, 10, import(1, 20));
    assert_eq!(error, RingError::KeyAlreadyUsed(id(1)));
}

#[test]
fn rewrapping_takes_every_key_once() {
    let material = || Material::new(vec![1]).unwrap();
    let rewrap = |ids: &[u64]| Operation::Rewrap {
        materials: ids.iter().map(|number| (id(*number), material())).collect(),
    };
    let ring = ring();
    assert_eq!(refused(&ring, 1, rewrap(&[2])), RingError::Rewrap(id(1)));
    let twice = refused(&ring, 1, rewrap(&[1, 2, 2]));
    assert_eq!(twice, RingError::Rewrap(id(2)));
    let unknown = refused(&ring, 1, rewrap(&[1, 2, 3]));
    assert_eq!(unknown, RingError::UnknownKey(id(3)));
}

#[test]
fn a_clock_behind_the_ring_may_only_take_keys_out() {
    let ring = ring().then(100, rotate(3, None));
    let behind = RingError::ClockBehind {
        now: at(94),
        written_at: at(100),
    };
    let promote = Operation::Promote { standby: None };
    let rewrap = Operation::Rewrap { materials: vec![] };
    let set = Operation::SetPolicy { policy: POLICY };
    let stage = Operation::Stage { key: key(4) };
    for operation in [
        rotate(4, None),
        promote,
        rewrap,
        set,
        stage,
        import(9, 500),
        resume(1),
        destroy(1),
    ] {
        assert_eq!(refused(&ring, 94, operation), behind);
    }
    ring.then(95, import(9, 500));
    let all = Operation::RevokeAll {
        primary: key(10),
        standby: key(11),
        note: None,
    };
    for operation in [suspend(1), revoke(2), all] {
        let ring = ring.then(0, operation);
        assert_eq!(ring.written_at(), at(100));
    }
}

#[test]
fn a_full_ring_can_still_be_revoked() {
    let mut ring = ring();
    let ordinary = (MAX_KEYS - EMERGENCY_KEYS) as u64;
    for number in 3..=ordinary {
        ring = ring.then(50, import(number, 9000));
    }
    let full = RingError::Full {
        what: "keys",
        limit: 120,
    };
    assert_eq!(refused(&ring, 51, import(200, 9000)), full);
    assert_eq!(refused(&ring, 51, rotate(200, None)), full);
    for number in (300..).step_by(2).take(EMERGENCY_KEYS / 2) {
        let all = Operation::RevokeAll {
            primary: key(number),
            standby: key(number + 1),
            note: None,
        };
        ring = ring.then(52, all);
    }
    assert_eq!(ring.keys().len(), MAX_KEYS);
    let all = Operation::RevokeAll {
        primary: key(400),
        standby: key(401),
        note: None,
    };
    let full = RingError::Full {
        what: "keys",
        limit: 128,
    };
    assert_eq!(refused(&ring, 53, all), full);
}

#[test]
fn numbers_end_without_an_overflow() {
    let mut ring = ring();
    ring.generation = MAX_NUMBER;
    ring.previous = Some([0; 32]);
    assert_eq!(refused(&ring, 1, revoke(1)), RingError::Exhausted);
    let mut ring = super::ring();
    ring.next_sequence = MAX_NUMBER;
    assert_eq!(refused(&ring, 1, import(3, 9)), RingError::Exhausted);
}
