//! A log of revocations in memory that fails when it is told to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use privyseal::Timestamp;
use privyseal_session::revocation::{Page, Revocation, RevocationLog};
use privyseal_session::store::StoreError;
use tokio::sync::watch;
use tokio::time::Instant;

/// What all nodes share.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestLog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// The position of the last entry that was pushed.
    pushed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) entries: Vec<(u64, Revocation)>,
    pub(crate) last: u64,
    pub(crate) health: Health,
    pub(crate) push: Push,
    /// When it was read, and from which position.
    pub(crate) reads: Vec<(Instant, u64)>,
    /// Until when it was pruned, at most how many, and how many those were.
    pub(crate) prunes: Vec<(Timestamp, usize, u64)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    #[default]
    Well,
    Down,
    Hanging,
    Panicking,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Push {
    #[default]
    Never,
    Changes,
    Always,
}

impl TestLog {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    pub(crate) fn set(&self, health: Health) {
        self.state().health = health;
    }

    /// Appends as another node does, and tells nobody.
    pub(crate) fn put(&self, entry: Revocation) {
        let mut state = self.state();
        state.last += 1;
        let position = state.last;
        state.entries.push((position, entry));
    }

    /// The log as one node has it.
    pub(crate) fn node(&self) -> NodeLog {
        NodeLog {
            log: self.clone(),
            seen: AtomicU64::new(0),
        }
    }

    /// How many nodes use it.
    pub(crate) fn nodes(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    async fn answer(&self) -> Result<(), StoreError> {
        // The lock must not be held while it hangs.
        let health = self.state().health;
        match health {
            Health::Well => Ok(()),
            Health::Down => Err(StoreError::unavailable("it is down")),
            Health::Hanging => std::future::pending().await,
            Health::Panicking => panic!("the log was told to panic"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct NodeLog {
    log: TestLog,
    seen: AtomicU64,
}

impl RevocationLog for NodeLog {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        self.log.answer().await?;
        self.log.put(*entry);
        let last = self.log.state().last;
        self.log.0.pushed.send_replace(last);
        Ok(())
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        self.log.state().reads.push((Instant::now(), position));
        self.log.answer().await?;
        let state = self.log.state();
        let new = state.entries.iter().filter(|(at, _)| *at > position);
        let new: Vec<_> = new.take(limit).copied().collect();
        Ok(Page {
            position: new.last().map_or(state.last, |(at, _)| *at),
            entries: new.into_iter().map(|(_, entry)| entry).collect(),
        })
    }

    async fn changed(&self) {
        let push = self.log.state().push;
        match push {
            Push::Never => std::future::pending().await,
            Push::Always => {}
            Push::Changes => {
                let mut pushed = self.log.0.pushed.subscribe();
                let seen = self.seen.load(Ordering::SeqCst);
                let now = *pushed.wait_for(|last| *last > seen).await.unwrap();
                self.seen.store(now, Ordering::SeqCst);
            }
        }
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.log.answer().await?;
        let mut state = self.log.state();
        let before = state.entries.len();
        let mut left = limit;
        state.entries.retain(|(_, entry)| {
            let goes = entry.forget_at <= now && left > 0;
            left -= usize::from(goes);
            !goes
        });
        let removed = u64::try_from(before - state.entries.len()).unwrap();
        state.prunes.push((now, limit, removed));
        Ok(removed)
    }
}
