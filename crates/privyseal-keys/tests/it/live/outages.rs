//! What a node does when it cannot read its ring, or reads what must not be.

use std::sync::Arc;
use std::time::Duration;

use privyseal::ring::KeyRecord;
use privyseal_keys::repository::Stored;
use privyseal_keys::ring::{Keeper, NewKeys, NodeState, OnStale, RingStatus, Watcher};
use tokio::time::sleep;

use super::{POLICY, VirtualClock, World, keeper, kek, seconds, signer, verifies};

#[tokio::test(start_paused = true)]
async fn a_node_without_a_ring_is_empty_mints_nothing_and_recovers_i8() {
    let world = World::empty();
    for is_down in [true, false] {
        world.shelf.set_down(is_down);
        let watcher = world.watcher().await;
        for _ in 0..10 {
            let status = watcher.status();
            assert_eq!(status.state, NodeState::Empty);
            assert!(!status.is_ready() && !status.signs);
            assert!(status.trouble.unwrap().contains("hint: "));
            assert_eq!(watcher.keys().current().keys().len(), 0);
            seconds(7).await;
        }
        assert_eq!(world.shelf.kept(), None);
    }
    let watcher = world.watcher().await;
    let made = world.keeper.init(POLICY, NewKeys::default(), &world.clock);
    made.await.unwrap();
    seconds(5).await;
    assert_eq!(watcher.status().state, NodeState::Fresh);
    assert!(watcher.status().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_node_signs_to_the_end_of_its_lease_and_not_a_second_longer() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    world.shelf.set_down(true);
    let key = signer(&watcher).unwrap();
    let lease = Duration::from_secs(POLICY.lease);
    sleep(lease.saturating_sub(Duration::from_millis(1))).await;
    assert_eq!(watcher.status().state, NodeState::Fresh);
    assert_eq!(signer(&watcher), Some(key));
    sleep(Duration::from_millis(10)).await;
    let status = watcher.status();
    assert_eq!(status.state, NodeState::Stale);
    assert_eq!(signer(&watcher), None);
    assert!(status.is_ready() && verifies(&watcher, key));
    assert!(status.trouble.unwrap().contains("locked"));

    world.shelf.set_down(false);
    seconds(POLICY.poll).await;
    let status = watcher.status();
    assert_eq!((status.state, status.trouble), (NodeState::Fresh, None));
    assert_eq!(signer(&watcher), Some(key));
}

#[tokio::test(start_paused = true)]
async fn a_stale_node_that_refuses_verifies_nothing_until_it_reads_again() {
    let world = World::new().await;
    let watcher = Watcher::new(Arc::new(keeper(&world.shelf, &world.kek)))
        .with_clock(Arc::new(world.clock.clone()))
        .on_stale(OnStale::Refuse)
        .start()
        .await;
    world.shelf.set_down(true);
    seconds(POLICY.lease + 1).await;
    assert_eq!(watcher.status().state, NodeState::Stale);
    assert!(!watcher.status().is_ready());
    world.shelf.set_down(false);
    seconds(POLICY.poll).await;
    assert!(watcher.status().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_never_answers_is_no_reason_to_wait_for_ever() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    world.shelf.set_mute(true);
    seconds(POLICY.lease + 1).await;
    assert_eq!(watcher.status().state, NodeState::Stale);
    assert_eq!(signer(&watcher), None);
    world.shelf.set_mute(false);
    seconds(POLICY.poll + 5).await;
    assert_eq!(watcher.status().state, NodeState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn the_lease_begins_when_the_question_is_sent() {
    let world = World::new().await;
    world.shelf.set_delay(Duration::from_secs(4));
    let watcher = world.watcher().await;
    world.shelf.set_down(true);
    // It has known the ring for less than the lease, but that was four seconds old.
    sleep(Duration::from_secs(POLICY.lease - 4) + Duration::from_millis(10)).await;
    assert_eq!(watcher.status().state, NodeState::Stale);
}

/// What a read gives must change nothing that the node does within its lease.
async fn is_held(what: impl AsyncFnOnce(&World)) -> RingStatus {
    let world = World::new().await;
    let watcher = world.watcher().await;
    seconds(POLICY.activation).await;
    let rotated = world.rotate().await;
    seconds(POLICY.poll).await;
    let known: Vec<_> = rotated.ring().keys().iter().map(KeyRecord::id).collect();
    assert!(known.iter().all(|key| verifies(&watcher, *key)));
    let signing = signer(&watcher);

    what(&world).await;
    let (there, writes) = (world.shelf.kept(), world.shelf.writes());
    seconds(POLICY.poll).await;
    let status = watcher.status();
    assert_eq!(status.state, NodeState::Held, "{status}");
    assert_eq!(signer(&watcher), signing);
    assert!(known.iter().all(|key| verifies(&watcher, *key)));
    assert_eq!(status.ring.unwrap().generation, rotated.ring().generation());

    // It is the old ring that it goes by, so its lease ends.
    seconds(POLICY.lease).await;
    assert_eq!(watcher.status().state, NodeState::Held);
    assert_eq!(signer(&watcher), None);
    assert!(known.iter().all(|key| verifies(&watcher, *key)));

    // Nobody repairs it, and nobody makes a key.
    assert_eq!((world.shelf.kept(), world.shelf.writes()), (there, writes));
    status
}

async fn trouble(what: impl AsyncFnOnce(&World)) -> String {
    is_held(what).await.trouble.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_earlier_generation_is_held_i4_i8() {
    let text = trouble(async |world: &World| {
        world.shelf.put(Some(world.shelf.first()));
    })
    .await;
    assert!(text.contains("an earlier generation"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn another_ring_is_held_i8() {
    let text = trouble(async |world: &World| {
        world.shelf.put(None);
        // Under the same key, as another installation of the same operator.
        let keeper = keeper(&world.shelf, &world.kek);
        let made = keeper.init(POLICY, NewKeys::default(), &world.clock);
        made.await.unwrap();
    })
    .await;
    assert!(text.contains("another ring"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_is_gone_is_held_and_not_made_anew_i8() {
    let text = trouble(async |world: &World| world.shelf.put(None)).await;
    assert!(text.contains("no key ring"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_was_edited_is_held_i8() {
    for place in [0, 20, 200, 300] {
        let text = trouble(async |world: &World| {
            let mut stored = world.shelf.kept().unwrap();
            stored.generation += 1;
            let byte = stored.bytes.len() - 1 - place;
            stored.bytes[byte] ^= 1;
            world.shelf.put(Some(stored));
        })
        .await;
        assert!(text.contains("hint: "), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_somebody_else_has_wrapped_is_held_i8() {
    let text = trouble(async |world: &World| {
        let stranger: Keeper = keeper(&world.shelf, &kek());
        let generation = world.shelf.kept().unwrap().generation;
        world.shelf.put(None);
        let made = stranger.init(POLICY, NewKeys::default(), &world.clock);
        made.await.unwrap();
        let bytes = world.shelf.kept().unwrap().bytes;
        world.shelf.put(Some(Stored {
            generation: generation + 1,
            bytes,
        }));
    })
    .await;
    assert!(text.contains("wrapped by"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_lags_for_less_than_the_propagation_is_no_alarm() {
    let world = World::new().await;
    world.shelf.set_pushes(true);
    let watcher = world.watcher().await;
    let first = world.shelf.kept();
    let leaked = signer(&watcher).unwrap();
    world.revoke(leaked).await;
    sleep(Duration::from_millis(15)).await;
    assert!(!verifies(&watcher, leaked));
    // The next read is answered by a copy that has not heard of it.
    let second = world.shelf.kept();
    world.shelf.put(first.clone());
    sleep(Duration::from_secs(POLICY.propagation - 1)).await;
    let status = watcher.status();
    assert_eq!((status.state, status.trouble), (NodeState::Fresh, None));
    assert!(!verifies(&watcher, leaked));
    // After that time it is somebody's doing.
    seconds(POLICY.poll + 1).await;
    assert_eq!(watcher.status().state, NodeState::Held);
    world.shelf.put(second);
    sleep(Duration::from_millis(15)).await;
    assert_eq!(watcher.status().state, NodeState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_told_which_ring_is_its_own_starts_with_no_other() {
    let world = World::new().await;
    let other = World::new().await;
    let id = other.keeper.read().await.unwrap().unwrap().ring().id();
    let keeper = keeper(&world.shelf, &world.kek).with_ring(id);
    let watcher = Watcher::new(Arc::new(keeper))
        .with_clock(Arc::new(VirtualClock::new()))
        .start()
        .await;
    let status = watcher.status();
    assert_eq!(status.state, NodeState::Empty);
    assert!(status.trouble.unwrap().contains("and not"));
}
