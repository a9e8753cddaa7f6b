//! Reads that requests ask for.

use std::time::Duration;

use privyseal_keys::ring::Watcher;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{World, seconds, signer};

#[tokio::test(start_paused = true)]
async fn a_refresh_reads_what_was_written_before_it() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    seconds(2).await;
    let ring = world.revoke(signer(&watcher).unwrap()).await;
    assert!(watcher.refreshed().await);
    assert_eq!(signer(&watcher), Some(ring.ring().primary().id()));
}

#[tokio::test(start_paused = true)]
async fn any_number_of_refreshes_at_once_are_one_read_i13() {
    let world = World::new().await;
    world.shelf.set_delay(Duration::from_millis(100));
    let watcher = world.watcher().await;
    seconds(2).await;
    let before = world.shelf.reads();
    assert!(all_refreshed(&watcher, 10_000).await);
    assert_eq!(world.shelf.reads() - before, 1);
}

#[tokio::test(start_paused = true)]
async fn refreshes_without_end_are_a_read_a_second_i13() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    let (start, before) = (Instant::now(), world.shelf.reads());
    while start.elapsed() < Duration::from_secs(30) {
        assert!(all_refreshed(&watcher, 100).await);
    }
    let reads = world.shelf.reads() - before;
    assert!((28..=32).contains(&reads), "{reads} reads in 30 s");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_gives_no_ring_says_so_and_is_not_waited_for_long() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    seconds(2).await;
    world.shelf.set_down(true);
    assert!(!watcher.refreshed().await);
    world.shelf.set_down(false);
    world.shelf.set_mute(true);
    let start = Instant::now();
    assert!(!watcher.refreshed().await);
    assert!(
        start.elapsed() <= Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    world.shelf.set_mute(false);
    sleep(Duration::from_secs(10)).await;
    assert!(watcher.refreshed().await);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_does_not_wait_for_a_read_that_was_sent_before_it() {
    let world = World::new().await;
    let watcher = world.watcher().await;
    seconds(2).await;
    // A slow read is under way when the ring is changed and a request meets the new key.
    world.shelf.set_delay(Duration::from_secs(1));
    let first = tokio::spawn({
        let watcher = watcher.clone();
        async move { watcher.refreshed().await }
    });
    sleep(Duration::from_millis(500)).await;
    let before = world.shelf.reads();
    assert!(watcher.refreshed().await);
    assert!(world.shelf.reads() > before);
    assert!(first.await.unwrap());
}

/// Whether this many requests at once all get what they ask for.
async fn all_refreshed(watcher: &Watcher, requests: usize) -> bool {
    let mut tasks = JoinSet::new();
    for _ in 0..requests {
        let watcher = watcher.clone();
        tasks.spawn(async move { watcher.refreshed().await });
    }
    tasks
        .join_all()
        .await
        .into_iter()
        .all(|refreshed| refreshed)
}
