//! What a node does by its clock, and by what it is told.

use std::time::Duration;

use privyseal::Clock as _;
use privyseal_keys::ring::NodeState;
use tokio::time::sleep;

use super::{POLICY, World, seconds, signer, verifies};

#[tokio::test(start_paused = true)]
async fn a_node_starts_with_the_ring_and_tells_what_it_knows() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let status = watcher.status();
    assert_eq!(status.state, NodeState::Fresh);
    assert!(status.is_ready() && status.signs && status.verifies);
    assert_eq!(status.trouble, None);
    let ring = status.ring.unwrap();
    assert_eq!(ring.generation, 1);
    assert_eq!(Some(ring.signer), signer(&watcher));
    assert_eq!(status.verifications.len(), 2);
    let line = status.to_string();
    assert!(
        line.starts_with("fresh: ring ") && line.contains("generation 1"),
        "{line}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_told_nothing_reads_within_every_poll_interval() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    for round in 0..50 {
        let before = world.shelf.reads();
        seconds(POLICY.poll).await;
        assert!(world.shelf.reads() > before, "round {round}");
    }
    // With its jitter it reads somewhat more often than that, and not twice as often.
    assert!(world.shelf.reads() < 75, "{}", world.shelf.reads());
    assert_eq!(watcher.status().state, NodeState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn nodes_that_start_together_do_not_poll_together() {
    let world = World::new().await;
    let nodes = [
        world.watcher().await,
        world.watcher().await,
        world.watcher().await,
    ];
    let mut busiest = 0;
    for _ in 0..1000 {
        let before = world.shelf.reads();
        sleep(Duration::from_millis(100)).await;
        busiest = busiest.max(world.shelf.reads() - before);
        if world.clock.elapsed() < 20 {
            busiest = 0;
        }
    }
    assert!(
        busiest < 3,
        "three nodes read at once after ten rounds apart"
    );
    drop(nodes);
}

#[tokio::test(start_paused = true)]
async fn a_change_reaches_nodes_at_once_where_it_is_pushed() {
    let world = World::new().await;
    world.shelf.set_pushes(true);
    let watcher = world.watcher().await;
    seconds(1).await;
    let leaked = signer(&watcher).unwrap();
    let ring = world.revoke(leaked).await;
    sleep(Duration::from_millis(15)).await;
    assert_eq!(signer(&watcher), Some(ring.ring().primary().id()));
    assert!(!verifies(&watcher, leaked));
}

#[tokio::test(start_paused = true)]
async fn a_change_reaches_nodes_within_a_poll_interval_otherwise() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let leaked = signer(&watcher).unwrap();
    world.revoke(leaked).await;
    seconds(POLICY.poll).await;
    assert!(!verifies(&watcher, leaked));
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_changes_is_not_a_storm_of_reads() {
    let world = World::new().await;
    world.shelf.set_pushes(true);
    let _watcher = world.watcher().await;
    let before = world.shelf.reads();
    for _ in 0..1000 {
        world.shelf.put(world.shelf.kept());
        sleep(Duration::from_millis(1)).await;
    }
    let reads = world.shelf.reads() - before;
    assert!((2..=101).contains(&reads), "{reads} reads in a second");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_key_signs_on_time_although_the_repository_is_down() {
    let world = World::new().await;
    world.shelf.set_pushes(true);
    let watcher = world.watcher().await;
    let old = signer(&watcher).unwrap();
    // Close to the time, so that the lease outlasts it.
    seconds(25).await;
    let rotated = world.rotate().await;
    let sign_from = rotated.ring().primary().sign_from().unwrap();
    let left = sign_from.seconds_since(world.clock.now()).unwrap();
    assert!((2..POLICY.lease).contains(&left), "{left}");
    sleep(Duration::from_millis(15)).await;
    world.shelf.set_down(true);
    seconds(left - 1).await;
    assert_eq!(signer(&watcher), Some(old));
    seconds(1).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!(signer(&watcher), Some(rotated.ring().primary().id()));
    assert!(verifies(&watcher, old));
    assert_eq!(watcher.status().state, NodeState::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_retired_key_stops_to_verify_on_time() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let old = signer(&watcher).unwrap();
    seconds(POLICY.activation).await;
    let rotated = world.rotate().await;
    let end = rotated.ring().key(old).unwrap().verify_until().unwrap();
    let left = end.seconds_since(world.clock.now()).unwrap();
    seconds(left - 1).await;
    assert!(verifies(&watcher, old));
    sleep(Duration::from_millis(1050)).await;
    assert!(!verifies(&watcher, old));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_no_longer_needed_reads_nothing_more() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let other = watcher.clone();
    drop(watcher);
    let before = world.shelf.reads();
    seconds(2 * POLICY.poll).await;
    assert!(world.shelf.reads() > before);
    drop(other);
    let before = world.shelf.reads();
    seconds(10 * POLICY.poll).await;
    assert_eq!(world.shelf.reads(), before);
}
