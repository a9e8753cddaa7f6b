//! A repository in memory that can be down, slow, rolled back and silent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use privyseal_keys::repository::{Repository, RepositoryError, Stored, Swap};
use tokio::sync::watch;
use tokio::time::sleep;

/// Where the rings of a test are; a clone is another connection to the same shelf.
pub(super) struct Shelf {
    inner: Arc<Inner>,
    heard: tokio::sync::Mutex<watch::Receiver<()>>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    bell: watch::Sender<()>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::of(Arc::default())
    }
}

impl Clone for Shelf {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.inner))
    }
}

#[derive(Default)]
struct State {
    kept: Option<Stored>,
    /// The first ring that ever was there, as a backup has it.
    first: Option<Stored>,
    reads: u64,
    writes: u64,
    is_down: bool,
    is_mute: bool,
    pushes: bool,
    delay: Duration,
    next_swap: NextSwap,
}

/// What becomes of the next write.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NextSwap {
    #[default]
    Works,
    /// It is done, and the answer does not arrive.
    LosesAnswer,
    /// It never arrives.
    IsLost,
}

impl Shelf {
    fn of(inner: Arc<Inner>) -> Self {
        Self {
            heard: tokio::sync::Mutex::new(inner.bell.subscribe()),
            inner,
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.inner.state.lock().unwrap())
    }

    pub(super) fn kept(&self) -> Option<Stored> {
        self.with(|state| state.kept.clone())
    }

    pub(super) fn first(&self) -> Stored {
        self.with(|state| state.first.clone()).unwrap()
    }

    /// Puts something in the place of the ring, past all rules.
    pub(super) fn put(&self, stored: Option<Stored>) {
        self.with(|state| state.kept = stored);
        self.ring_bell();
    }

    pub(super) fn set_down(&self, is_down: bool) {
        self.with(|state| state.is_down = is_down);
    }

    /// Answers no read, not even with an error.
    pub(super) fn set_mute(&self, is_mute: bool) {
        self.with(|state| state.is_mute = is_mute);
    }

    /// Tells readers of changes.
    pub(super) fn set_pushes(&self, pushes: bool) {
        self.with(|state| state.pushes = pushes);
    }

    pub(super) fn set_delay(&self, delay: Duration) {
        self.with(|state| state.delay = delay);
    }

    pub(super) fn set_next_swap(&self, next: NextSwap) {
        self.with(|state| state.next_swap = next);
    }

    pub(super) fn reads(&self) -> u64 {
        self.with(|state| state.reads)
    }

    pub(super) fn writes(&self) -> u64 {
        self.with(|state| state.writes)
    }

    fn ring_bell(&self) {
        if self.with(|state| state.pushes) {
            self.inner.bell.send_replace(());
        }
    }

    async fn arrive(&self) -> Result<(), RepositoryError> {
        let (delay, is_down, is_mute) =
            self.with(|state| (state.delay, state.is_down, state.is_mute));
        sleep(delay).await;
        if is_mute {
            std::future::pending::<()>().await;
        }
        if is_down {
            return Err(RepositoryError::unavailable("the shelf is locked"));
        }
        Ok(())
    }
}

impl Repository for Shelf {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        self.with(|state| state.reads += 1);
        self.arrive().await?;
        Ok(self.kept())
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        self.arrive().await?;
        let next = self.with(|state| std::mem::take(&mut state.next_swap));
        if next == NextSwap::IsLost {
            return Err(RepositoryError::unavailable("the line is dead"));
        }
        let done = self.with(|state| {
            let is_as_expected = state.kept.as_ref().map(|kept| kept.generation) == expected;
            if is_as_expected {
                state.kept = Some(new.clone());
                state.first.get_or_insert_with(|| new.clone());
                state.writes += 1;
            }
            is_as_expected
        });
        if !done {
            return Ok(Swap::Conflict);
        }
        self.ring_bell();
        if next == NextSwap::LosesAnswer {
            return Err(RepositoryError::unavailable("the line is dead"));
        }
        Ok(Swap::Done)
    }

    async fn changed(&self) {
        self.heard.lock().await.changed().await.unwrap();
    }
}
