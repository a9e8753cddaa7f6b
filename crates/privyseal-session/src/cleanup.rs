//! Removing expired sessions from the store, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use privyseal::Timestamp;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::Clock;
use crate::outage::GuardedStore;
use crate::store::Store as _;

/// How expired sessions are removed, by a task that runs beside the requests of each node.
///
/// A store that lets rows expire by itself, such as Redis, has nothing to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanup {
    /// How often it is done, once a second at most. Every 5 minutes by default; each wait is up to a tenth longer, so that
    /// nodes that were started together do not meet.
    pub every: Duration,
    /// The most sessions that one call of the store removes. 500 by default.
    pub batch: usize,
    /// A session is removed when it has been expired for this long, so that a clock that is wrong
    /// by less does no harm. 10 minutes by default.
    pub margin: Duration,
}

impl Default for Cleanup {
    fn default() -> Self {
        Self {
            every: Duration::from_mins(5),
            batch: 500,
            margin: Duration::from_mins(10),
        }
    }
}

impl Cleanup {
    /// Starts the task, where there is a runtime for it.
    pub(crate) fn begin(self, store: GuardedStore, clock: Arc<dyn Clock>) -> Option<Cleaning> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let task = runtime.spawn(async move {
            let mut seen = (Instant::now(), clock.now());
            loop {
                let every = self.every.clamp(SHORTEST_WAIT, LONGEST_WAIT);
                let jitter = every.mul_f64(rand::random_range(0.0..0.1));
                tokio::time::sleep(every + jitter).await;
                let now = (Instant::now(), clock.now());
                if self.agree(seen, now) {
                    self.remove(&store, now.1).await;
                } else {
                    tracing::warn!("the clock was set; expired sessions are not removed this time");
                }
                seen = now;
            }
        });
        Some(Cleaning(task.abort_handle()))
    }

    /// Whether the clock has gone as far as time has: one that was set forward by mistake would
    /// have everybody's sessions removed.
    fn agree(self, before: (Instant, Timestamp), now: (Instant, Timestamp)) -> bool {
        let by_clock = now.1.seconds_since(before.1);
        let passed = now.0.duration_since(before.0).saturating_add(self.margin);
        by_clock.is_some_and(|seconds| seconds <= passed.as_secs())
    }

    async fn remove(self, store: &GuardedStore, now: Timestamp) {
        let margin = self.margin.as_secs();
        let before = Timestamp::from_unix_seconds(now.unix_seconds().saturating_sub(margin));
        let batch = self.batch.max(1);
        for _ in 0..MAX_BATCHES {
            match store.delete_expired(before, batch).await {
                Ok(removed) if removed >= batch as u64 => tokio::task::yield_now().await,
                Ok(_) => return,
                Err(error) => {
                    tracing::debug!(%error, "expired sessions were not removed");
                    return;
                }
            }
        }
    }
}

/// The task; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Cleaning(AbortHandle);

impl Drop for Cleaning {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A wait of nothing would do nothing else but this, and the longest cannot be added to.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_hours(365 * 24);
/// The most batches at one time; the rest waits for the next.
const MAX_BATCHES: u32 = 1000;
