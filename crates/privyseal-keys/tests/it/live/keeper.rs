//! Rings that are made, opened and changed.

use std::sync::Arc;

use privyseal::ring::{KeyRecord, Operation, RingId, RingPolicy};
use privyseal_keys::repository::{DynRepository, Stored};
use privyseal_keys::ring::{Keeper, KeeperError, NewKeys};

use super::shelf::NextSwap;
use super::{POLICY, World, keeper, kek};

#[tokio::test(start_paused = true)]
async fn a_ring_is_made_once() {
    let world = World::new().await;
    let there = world.shelf.kept();
    let again = world.keeper.init(POLICY, NewKeys::default(), &world.clock);
    assert!(matches!(again.await, Err(KeeperError::Exists)));
    assert_eq!(world.shelf.kept(), there);
}

#[tokio::test(start_paused = true)]
async fn no_ring_is_made_with_a_policy_that_does_not_hold() {
    let world = World::empty();
    let policy = RingPolicy {
        activation: POLICY.activation - 6,
        ..POLICY
    };
    let refused = world.keeper.init(policy, NewKeys::default(), &world.clock);
    assert!(matches!(refused.await, Err(KeeperError::Ring(_))));
    assert_eq!(world.shelf.kept(), None);
}

#[tokio::test(start_paused = true)]
async fn no_ring_is_made_or_changed_where_none_can_be_read() {
    let world = World::empty();
    world.shelf.set_down(true);
    let made = world.keeper.init(POLICY, NewKeys::default(), &world.clock);
    assert!(made.await.unwrap_err().is_unavailable());
    world.shelf.set_down(false);
    assert_eq!(world.shelf.kept(), None);
    let changed = world.keeper.apply(&world.clock, |_| Ok(None)).await;
    assert!(matches!(changed, Err(KeeperError::Absent)));
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_found_to_be_done() {
    let world = World::new().await;
    world.shelf.set_next_swap(NextSwap::LosesAnswer);
    let opened = world.rotate_in_time().await.unwrap();
    assert_eq!(opened, 2);
    assert_eq!(world.shelf.kept().unwrap().generation, 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_arrived_is_an_outage_and_changes_nothing() {
    let world = World::new().await;
    let there = world.shelf.kept();
    world.shelf.set_next_swap(NextSwap::IsLost);
    let error = world.rotate_in_time().await.unwrap_err();
    assert!(matches!(error, KeeperError::Repository(_)) && error.is_unavailable());
    assert_eq!(world.shelf.kept(), there);
}

#[tokio::test(start_paused = true)]
async fn a_write_of_which_nothing_is_heard_has_an_unknown_outcome() {
    let world = World::new().await;
    let rotation = world.keeper.apply(&world.clock, |opened| {
        world.shelf.set_mute(true);
        Ok(Some(Operation::Rotate {
            standby: opened.new_key()?,
            sign_from: None,
        }))
    });
    let error = rotation.await.unwrap_err();
    assert!(matches!(error, KeeperError::OutcomeUnknown), "{error}");
    assert!(error.is_unavailable());
}

#[tokio::test(start_paused = true)]
async fn who_was_faster_is_seen_and_the_change_is_thought_over() {
    let world = World::new().await;
    let mut seen = Vec::new();
    let changed = world.keeper.apply(&world.clock, |opened| {
        seen.push(opened.ring().generation());
        if seen.len() == 1 {
            // Somebody else writes between our read and our write.
            let key = opened.new_key()?;
            let standby = opened.ring().standby().map(KeyRecord::id);
            let revoke = Operation::Revoke {
                key: standby.unwrap(),
                standby: Some(key),
                note: None,
            };
            let next = opened
                .ring()
                .apply(revoke, privyseal::Clock::now(&world.clock))?;
            let envelope = opened.envelope();
            let bytes = next.seal(envelope.integrity_key(), envelope.slot())?;
            world.shelf.put(Some(Stored {
                generation: 2,
                bytes: bytes.to_vec(),
            }));
        }
        Ok(Some(Operation::Import {
            key: opened.new_key()?,
            verify_until: privyseal::Clock::now(&world.clock).plus_seconds(9),
        }))
    });
    let changed = changed.await.unwrap();
    assert_eq!(changed.ring().generation(), 3);
    assert_eq!(seen, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_ring_under_another_generation_than_its_own_is_refused() {
    let world = World::new().await;
    let mut stored = world.shelf.kept().unwrap();
    stored.generation = 7;
    world.shelf.put(Some(stored));
    let refused = world.keeper.read().await.unwrap_err();
    assert!(matches!(
        refused,
        KeeperError::Misfiled {
            document: 1,
            repository: 7
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_keeper_of_one_ring_takes_no_other() {
    let world = World::new().await;
    let own = world.keeper.read().await.unwrap().unwrap().ring().id();
    let open = |id| keeper(&world.shelf, &world.kek).with_ring(id);
    assert!(open(own).read().await.is_ok());
    let other = open(RingId::from_bytes([7; 16])).read().await.unwrap_err();
    assert!(matches!(other, KeeperError::Foreign { found, .. } if found == own));
}

#[tokio::test(start_paused = true)]
async fn a_rewrapped_ring_has_the_same_keys_for_who_knows_the_new_key() {
    let world = World::new().await;
    let before = world.keeper.read().await.unwrap().unwrap();
    let new = kek();
    let both = |first, second| {
        Keeper::new(DynRepository::new(world.shelf.clone()), first).with_further_kek(second)
    };
    // Nodes get the new key beside the old one, then the ring is rewrapped.
    let node = both(Arc::clone(&world.kek), Arc::clone(&new));
    assert!(node.read().await.is_ok());
    let rewrapped = both(Arc::clone(&new), Arc::clone(&world.kek))
        .rewrap(&world.clock)
        .await
        .unwrap();
    assert_eq!(rewrapped.ring().generation(), 2);
    for keeper in [node, keeper(&world.shelf, &new)] {
        let after = keeper.read().await.unwrap().unwrap();
        for (old, new) in before.ring().keys().iter().zip(after.ring().keys()) {
            assert_eq!(before.expose(old).unwrap(), after.expose(new).unwrap());
        }
    }
    // Who has the old one alone is told which one it takes.
    let refused = keeper(&world.shelf, &world.kek).read().await.unwrap_err();
    assert!(refused.to_string().contains("wrapped by"), "{refused}");
}

impl World {
    /// Rotates, and returns the generation.
    async fn rotate_in_time(&self) -> Result<u64, KeeperError> {
        let rotation = self.keeper.apply(&self.clock, |opened| {
            Ok(Some(Operation::Rotate {
                standby: opened.new_key()?,
                sign_from: None,
            }))
        });
        Ok(rotation.await?.ring().generation())
    }
}
