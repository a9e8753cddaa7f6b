//! Nodes that follow a ring and keep it going, in virtual time.

mod keeper;
mod nodes;
mod outages;
mod refresh;
mod rotation;
mod shelf;

use std::sync::Arc;
use std::time::Duration;

use privyseal::ring::{Operation, RingPolicy};
use privyseal::{Clock, KeyId, Timestamp};
use privyseal_keys::kek::{FileKek, Kek};
use privyseal_keys::repository::DynRepository;
use privyseal_keys::ring::{Keeper, NewKeys, Opened, Watcher};
use tokio::time::{Instant, sleep};

use shelf::Shelf;

/// Times that differ from each other, as short as the rules allow.
const POLICY: RingPolicy = RingPolicy {
    propagation: 3,
    poll: 10,
    lease: 30,
    skew: 2,
    activation: 40,
    period: 100,
    token_life: 50,
    hold: 60,
};

/// Goes with the virtual time of the runtime.
#[derive(Clone, Debug)]
struct VirtualClock(Instant);

impl VirtualClock {
    fn new() -> Self {
        Self(Instant::now())
    }

    /// Seconds since it was made.
    fn elapsed(&self) -> u64 {
        self.0.elapsed().as_secs()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(START + self.elapsed())
    }
}

const START: u64 = 1_700_000_000;

/// A ring in a repository, and who works on it.
struct World {
    shelf: Shelf,
    kek: Arc<dyn Kek>,
    clock: VirtualClock,
    keeper: Arc<Keeper>,
}

impl World {
    /// With a ring of this policy.
    async fn with(policy: RingPolicy) -> Self {
        let world = Self::empty();
        let made = world.keeper.init(policy, NewKeys::default(), &world.clock);
        made.await.unwrap();
        world
    }

    async fn new() -> Self {
        Self::with(POLICY).await
    }

    fn empty() -> Self {
        let (shelf, kek) = (Shelf::default(), kek());
        let keeper = Arc::new(keeper(&shelf, &kek));
        Self {
            shelf,
            kek,
            clock: VirtualClock::new(),
            keeper,
        }
    }

    async fn watcher(&self) -> Watcher {
        // A process has a keeper of its own.
        Watcher::new(Arc::new(keeper(&self.shelf, &self.kek)))
            .with_clock(Arc::new(self.clock.clone()))
            .start()
            .await
    }

    /// Changes the ring as an operator does.
    async fn change(&self, operation: impl Fn(&Opened) -> Operation) -> Opened {
        let changed = self
            .keeper
            .apply(&self.clock, |opened| Ok(Some(operation(opened))));
        changed.await.unwrap()
    }

    async fn rotate(&self) -> Opened {
        let rotate = |opened: &Opened| Operation::Rotate {
            standby: opened.new_key().unwrap(),
            sign_from: None,
        };
        self.change(rotate).await
    }

    async fn revoke(&self, key: KeyId) -> Opened {
        let revoke = |opened: &Opened| Operation::Revoke {
            key,
            standby: Some(opened.new_key().unwrap()),
            note: None,
        };
        self.change(revoke).await
    }
}

fn keeper(shelf: &Shelf, kek: &Arc<dyn Kek>) -> Keeper {
    Keeper::new(DynRepository::new(shelf.clone()), Arc::clone(kek))
}

/// One of its own, whose file is no longer needed.
fn kek() -> Arc<dyn Kek> {
    let place = tempfile::tempdir().unwrap();
    Arc::new(FileKek::create(place.path().join("kek")).unwrap())
}

fn signer(watcher: &Watcher) -> Option<KeyId> {
    Some(watcher.keys().current().primary()?.id())
}

fn verifies(watcher: &Watcher, key: KeyId) -> bool {
    watcher.keys().current().key(key).is_some()
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}
