use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn revocation(name: [u8; 16], began_until: u64, forget_at: u64) -> Revocation {
    Revocation {
        name: RevocationName::from_bytes(name),
        began_until: at(began_until),
        forget_at: at(forget_at),
    }
}

fn floor(set: &Set, name: [u8; 16]) -> Option<u64> {
    let until = set.began_until(&RevocationName::from_bytes(name));
    until.map(Timestamp::unix_seconds)
}

#[test]
fn a_later_statement_extends_and_never_shortens() {
    let set = Set::new();
    set.insert(&revocation([1; 16], 100, 1024));
    set.insert(&revocation([1; 16], 50, 2048));
    assert_eq!(floor(&set, [1; 16]), Some(100));
    set.insert(&revocation([1; 16], 150, 512));
    assert_eq!((floor(&set, [1; 16]), set.len()), (Some(150), 1));
    assert_eq!(set.forget(at(2047), SHARDS), 0);
    assert_eq!(set.forget(at(2048), SHARDS), 1);
    assert_eq!((floor(&set, [1; 16]), set.len()), (None, 0));
}

#[test]
fn names_that_differ_in_one_bit_are_apart() {
    for bit in 0..128_u32 {
        let set = Set::new();
        let other = (u128::MAX ^ (1 << bit)).to_be_bytes();
        set.insert(&revocation([0xff; 16], 1, 1));
        assert_eq!(floor(&set, other), None, "{bit}");
        set.insert(&revocation(other, 2, 2));
        assert_eq!(floor(&set, [0xff; 16]), Some(1), "{bit}");
        assert_eq!(floor(&set, other), Some(2), "{bit}");
    }
}

#[test]
fn forgetting_is_bounded_and_comes_around() {
    let set = Set::new();
    for first in 0..=255 {
        set.insert(&revocation([first; 16], 0, 256));
    }
    assert_eq!(set.forget(at(256), SHARDS / 2), 128);
    assert_eq!(set.len(), 128);
    assert_eq!(set.forget(at(256), SHARDS / 2), 128);
    assert_eq!(set.len(), 0);
}

#[test]
fn memory_is_at_most_24_bytes_an_entry_and_is_given_back() {
    let empty = Set::new().bytes();
    let set = Set::new();
    let mut rng = StdRng::seed_from_u64(1);
    for _ in 0..50_000 {
        set.insert(&revocation(rng.random(), 1, 256));
    }
    let used = set.bytes();
    // With few entries, what every array takes besides counts for more.
    let fixed = SHARDS * 40 + set.filter.bytes();
    assert!(used - fixed <= 22 * set.len(), "{used}");
    assert!(fixed + 22 * 1_000_000 <= 24 * 1_000_000, "{fixed}");
    set.forget(at(256), SHARDS);
    assert_eq!(set.bytes(), empty);
}

/// Names crowd into few shards, and the operations into few names, so that everything happens.
#[test]
fn a_hundred_thousand_random_operations_agree_with_a_naive_model() {
    let mut rng = StdRng::seed_from_u64(2);
    let set = Set::new();
    let mut model: HashMap<[u8; 16], (u64, u64)> = HashMap::new();
    let mut now = 1_795_000_000_u64;
    for step in 0..100_000 {
        let mut name = [0; 16];
        name[1] = rng.random_range(0..3_u8) << 3;
        name[2] = rng.random_range(0..40);
        name[15] = rng.random_range(0..8);
        match rng.random_range(0..1000) {
            0..450 => {
                let until = now + rng.random_range(0..100) - 50;
                let forget_at = now + rng.random_range(0..20_000);
                set.insert(&revocation(name, until, forget_at));
                let entry = model.entry(name).or_default();
                *entry = (entry.0.max(until), entry.1.max(forget_at));
            }
            450..998 => {
                let expected = model.get(&name).map(|entry| entry.0);
                assert_eq!(floor(&set, name), expected, "step {step}");
            }
            _ => {
                now += rng.random_range(0..10_000);
                let before = model.len();
                model.retain(|_, entry| entry.1.next_multiple_of(256) > now);
                assert_eq!(set.forget(at(now), SHARDS), before - model.len());
                assert_eq!(set.len(), model.len(), "step {step}");
            }
        }
    }
    assert!(model.len() > 100);
}

/// Names that are not spread evenly cost more, and are found all the same.
#[test]
fn names_in_every_kind_of_crowd_are_found() {
    let crowds: [fn(u128) -> u128; 5] = [
        |at| at,
        |at| u128::MAX - at,
        |at| at << 100,
        |at| (at * at) << 60,
        |at| ((at % 7) << 108) | (at << 20),
    ];
    for (number, crowd) in crowds.iter().enumerate() {
        let set = Set::new();
        for at in (0..700).rev() {
            let even = crowd(2 * at).to_be_bytes();
            set.insert(&revocation(even, u64::try_from(at).unwrap(), u64::MAX));
        }
        for at in 0..700 {
            let even = floor(&set, crowd(2 * at).to_be_bytes());
            assert_eq!(even, u64::try_from(at).ok(), "crowd {number}");
            assert_eq!(
                floor(&set, crowd(2 * at + 1).to_be_bytes()),
                None,
                "crowd {number}"
            );
        }
    }
}

#[test]
fn readers_see_every_entry_that_was_written_before_while_others_write() {
    let set = Set::new();
    let names: Vec<[u8; 16]> = (0..2000_u128).map(|at| (at << 90).to_be_bytes()).collect();
    let written = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for name in &names {
                set.insert(&revocation(*name, 7, 1024));
                written.fetch_add(1, Ordering::Release);
                set.forget(at(512), 8);
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seen = written.load(Ordering::Acquire);
                    for name in &names[..seen] {
                        assert_eq!(floor(&set, *name), Some(7));
                    }
                    if seen == names.len() {
                        break;
                    }
                }
            });
        }
    });
}
