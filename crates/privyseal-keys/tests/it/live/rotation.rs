//! Rings that are kept going.

use std::collections::BTreeSet;
use std::time::Duration;

use privyseal::Clock as _;
use privyseal::ring::{KeyState, RingPolicy, Standing};
use privyseal_keys::ring::{NodeState, Rotator, Watcher};
use tokio::time::sleep;

use super::shelf::NextSwap;
use super::{POLICY, World, seconds, signer, verifies};

/// A month is enough for every kind of chore.
#[tokio::test(start_paused = true)]
async fn a_ring_with_a_rotator_always_has_a_standby_and_its_keys_come_and_go_i7() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let _rotator = Rotator::start(&watcher);
    let mut signers = BTreeSet::new();
    for _ in 0..40 {
        seconds(POLICY.period / 4).await;
        let opened = watcher.ring().unwrap();
        assert!(opened.ring().standby().is_some());
        signers.extend(signer(&watcher));
        let status = watcher.status();
        assert_eq!(status.state, NodeState::Fresh);
        assert!(!status.ring.unwrap().is_rotation_overdue, "{status:?}");
        // What verifies is bounded, and what has ended is destroyed.
        assert!(
            opened.ring().keys().len() <= 6,
            "{}",
            opened.ring().keys().len()
        );
    }
    // Ten periods; a turn comes a period after the one before, and a second or two.
    assert!((9..=11).contains(&signers.len()), "{}", signers.len());
    assert!(watcher.ring().unwrap().ring().tombstones().len() >= 4);
}

#[tokio::test(start_paused = true)]
async fn rotators_at_once_make_one_new_key_in_a_period_i10() {
    let world = World::new().await;
    world.shelf.set_pushes(true);
    let mut nodes = Vec::new();
    for _ in 0..8 {
        let watcher = world.watcher().await;
        let rotator = Rotator::start(&watcher);
        nodes.push((watcher, rotator));
    }
    for turn in 1..=5 {
        seconds(POLICY.period).await;
        let opened = world.keeper.read().await.unwrap().unwrap();
        let ring = opened.ring();
        let made = ring.keys().len() + ring.tombstones().len();
        assert!(made <= 2 + turn, "{made} keys after {turn} periods");
        assert!(made > turn, "{made} keys after {turn} periods");
        let staged = ring
            .keys()
            .iter()
            .filter(|key| key.state() == KeyState::Staged);
        assert_eq!(staged.count(), 1);
    }
    for (watcher, rotator) in &nodes {
        assert_eq!(watcher.status().state, NodeState::Fresh);
        assert_eq!(*rotator.trouble().borrow(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_signed_verifies_on_every_node_until_it_expires_i6() {
    let policy = RingPolicy {
        propagation: 0,
        ..POLICY
    };
    let world = World::with(policy).await;
    let mut nodes = Vec::new();
    for place in 0..3 {
        sleep(Duration::from_secs(place)).await;
        let watcher = world.watcher().await;
        let rotator = Rotator::start(&watcher);
        nodes.push((watcher, rotator));
    }
    let mut signed = Vec::new();
    for _ in 0..1200 {
        seconds(1).await;
        let now = world.clock.now();
        for (watcher, _) in &nodes {
            // Some node may have been away for as long as its lease, but these never were.
            signed.push((signer(watcher).unwrap(), now));
        }
        signed.retain(|(_, at)| now.seconds_since(*at).unwrap() < policy.token_life);
        for (watcher, _) in &nodes {
            let keys: BTreeSet<_> = signed.iter().map(|(key, _)| *key).collect();
            assert!(keys.iter().all(|key| verifies(watcher, *key)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_without_a_rotator_never_write() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let writes = world.shelf.writes();
    seconds(10 * POLICY.period).await;
    assert_eq!(world.shelf.writes(), writes);
    assert!(watcher.status().ring.unwrap().is_rotation_overdue);
    assert_eq!(watcher.status().state, NodeState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_takes_place_although_every_rotator_is_dead() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let rotator = Rotator::start(&watcher);
    let first = signer(&watcher);
    // The write of a rotation comes first; the key signs when it is its time.
    let written = async {
        while world.shelf.kept().unwrap().generation < 2 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    written.await;
    drop(rotator);
    seconds(POLICY.activation + POLICY.poll).await;
    assert_ne!(signer(&watcher), first);
    let opened = watcher.ring().unwrap();
    let standing = opened
        .ring()
        .standing(opened.ring().primary().id(), world.clock.now());
    assert_eq!(standing, Standing::Signs);
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_is_missing_is_staged() {
    let world = World::new().await;
    let leaked = world
        .keeper
        .read()
        .await
        .unwrap()
        .unwrap()
        .ring()
        .primary()
        .id();
    let revoke = |_: &privyseal_keys::ring::Opened| privyseal::ring::Operation::Revoke {
        key: leaked,
        standby: None,
        note: None,
    };
    let revoked = world.change(revoke).await;
    assert!(revoked.ring().standby().is_none());
    let watcher = world.watcher().await;
    let _rotator = Rotator::start(&watcher);
    seconds(2).await;
    assert!(watcher.ring().unwrap().ring().standby().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_rotator_that_cannot_write_says_so_and_goes_on_trying() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let rotator = Rotator::start(&watcher);
    world.shelf.set_next_swap(NextSwap::IsLost);
    seconds(POLICY.period + 2).await;
    let trouble = rotator.trouble().borrow().clone().unwrap();
    assert!(trouble.contains("hint: "), "{trouble}");
    seconds(10).await;
    assert_eq!(*rotator.trouble().borrow(), None);
    assert_eq!(world.shelf.kept().unwrap().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_node_rotates_nothing() {
    let world = World::new().await;
    let watcher: Watcher = world.watcher().await;
    let _rotator = Rotator::start(&watcher);
    seconds(POLICY.period - POLICY.lease - 20).await;
    world.shelf.set_mute(true);
    seconds(POLICY.period).await;
    assert_eq!(watcher.status().state, NodeState::Stale);
    assert_eq!(world.shelf.writes(), 1);
    world.shelf.set_mute(false);
    seconds(POLICY.poll + 10).await;
    assert_eq!(world.shelf.writes(), 2);
}
