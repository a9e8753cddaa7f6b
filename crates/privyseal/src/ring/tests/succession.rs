//! What a reader recognizes of rings that do not follow from what it knows.

use super::*;

/// Generations 1 to 5.
fn history() -> Vec<Ring> {
    let first = ring();
    let second = first.then(100, rotate(3, None));
    let third = second.then(200, rotate(4, None));
    let fourth = third.then(300, revoke(1));
    let fifth = fourth.then(900, destroy(1));
    vec![first, second, third, fourth, fifth]
}

#[test]
fn every_later_generation_is_newer_and_every_earlier_one_older_i4() {
    let history = history();
    for (place, ring) in history.iter().enumerate() {
        for (before, previous) in history.iter().enumerate() {
            let expected = match place.cmp(&before) {
                std::cmp::Ordering::Less => Succession::Older,
                std::cmp::Ordering::Equal => Succession::Same,
                std::cmp::Ordering::Greater => Succession::Newer,
            };
            assert_eq!(ring.follows(previous), expected, "{place} {before}");
        }
    }
}

#[test]
fn another_ring_is_foreign_i4() {
    let new = NewRing {
        id: RingId::from_bytes([8; 16]),
        policy: POLICY,
        primary: key(1),
        standby: key(2),
    };
    let other = Ring::init(new, at(0)).unwrap();
    assert_eq!(other.follows(&ring()), Succession::Foreign);
    let later = other.then(100, rotate(3, None));
    assert_eq!(later.follows(&ring()), Succession::Foreign);
}

#[test]
fn another_history_is_a_fork_i5() {
    let history = history();
    // A backup of generation 1 was restored and written to.
    let fork = history[0].then(100, rotate(9, None));
    assert_eq!(fork.follows(&history[1]), Succession::Fork);
    let fork = fork.then(200, rotate(10, None));
    assert_eq!(fork.follows(&history[1]), Succession::Fork);
    // The generation between was not seen: another key has a number that was given.
    let fork = fork.then(300, rotate(11, None));
    assert_eq!(fork.follows(&history[1]), Succession::Fork);
}

#[test]
fn a_revocation_that_is_undone_is_a_fork_i5() {
    let history = history();
    let without = history[2].then(300, import(9, 5000));
    let without = without.then(301, import(10, 5000)).then(302, revoke(10));
    assert_eq!(without.follows(&history[2]), Succession::Newer);
    assert_eq!(without.follows(&history[3]), Succession::Fork);
    // The same where the revoked key is destroyed already, and here merely expired.
    let expired = without.then(1135 + 500, destroy(1));
    assert_eq!(expired.follows(&history[3]), Succession::Fork);
    assert_eq!(expired.follows(&history[4]), Succession::Fork);
    assert_eq!(expired.follows(&history[2]), Succession::Newer);
}

#[test]
fn a_key_that_is_gone_is_a_fork() {
    let history = history();
    let mut gone = history[4].clone();
    gone.keys.retain(|key| key.id != id(2));
    assert_eq!(gone.check(), Ok(()));
    assert_eq!(gone.follows(&history[0]), Succession::Fork);
    let mut back = history[4].clone();
    back.next_sequence -= 1;
    back.keys.retain(|key| key.id != id(4));
    assert_eq!(back.follows(&history[1]), Succession::Newer);
    assert_eq!(back.follows(&history[2]), Succession::Fork);
}
