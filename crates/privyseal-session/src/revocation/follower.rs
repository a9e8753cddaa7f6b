//! The tasks that follow the log: one reads what is new, one removes what is old.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::RevocationError;
use super::shared::Shared;
use crate::store::StoreError;

/// The tasks of a node; they end when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Tasks(JoinSet<()>);

impl Tasks {
    /// Starts the tasks unless they run. They do not when this is the first call, when a log
    /// panicked, or when the runtime that they ran on has been shut down.
    pub(super) fn ensure_running(&mut self, shared: &Arc<Shared>) {
        while self.0.try_join_next().is_some() {}
        if self.0.len() < TASKS {
            self.0.abort_all();
            self.0 = JoinSet::new();
            self.0.spawn(follow(Arc::clone(shared)));
            self.0.spawn(prune(Arc::clone(shared)));
        }
    }
}

/// Reads the log at every push and every poll interval, one read after the other, so that many
/// pushes during one read are one read more.
async fn follow(shared: Arc<Shared>) {
    let _end = ReportEnd(&shared);
    let poll_interval = shared.options.poll_interval.max(BETWEEN_READS);
    let mut position = 0;
    let mut changed = shared.log.changed();
    loop {
        let began = Instant::now();
        shared.forget_some();
        if shared.clock_was_put_back() {
            // What was passed over as expired is in force again.
            position = 0;
        }
        let outcome = catch_up(&shared, &mut position).await;
        let failed = outcome.is_err();
        shared.report(began, outcome);

        let poll_at = began + poll_interval;
        if failed {
            sleep_until(poll_at).await;
        } else if timeout_at(poll_at, &mut changed).await.is_ok() {
            changed = shared.log.changed();
            sleep_until(poll_at.min(began + BETWEEN_READS)).await;
        }
    }
}

/// Reads the log from the position to its end. What was read before an error is not read again.
async fn catch_up(shared: &Shared, position: &mut u64) -> Result<(), RevocationError> {
    let mut lost_its_past = false;
    loop {
        let page = shared.answer(shared.log.since(*position, PAGE)).await?;
        let is_last = page.entries.len() < PAGE;
        if page.position < *position && !lost_its_past {
            tracing::warn!("the log of revocations has lost its past; reading it from the start");
            // What is in memory stays: it was said, and holds.
            lost_its_past = true;
            *position = 0;
            continue;
        }
        if page.position < *position || (page.position == *position && !is_last) {
            let odd = "the positions of the log of revocations do not grow";
            return Err(StoreError::unreadable(odd).into());
        }
        shared.insert(&page.entries)?;
        *position = page.position;
        if is_last {
            return Ok(());
        }
        // A log in memory never waits, and others want to run.
        yield_now().await;
    }
}

/// Removes what all nodes may have forgotten from the log, a batch at a time.
async fn prune(shared: Arc<Shared>) {
    loop {
        sleep(PRUNE_INTERVAL).await;
        loop {
            let margin = PRUNE_MARGIN.as_secs();
            let until = shared.time_to_forget().unix_seconds();
            let until = privyseal::Timestamp::from_unix_seconds(until.saturating_sub(margin));
            let batch = shared.log.prune(until, PRUNE_BATCH);
            match shared.answer(batch).await {
                Ok(removed) if removed >= PRUNE_BATCH as u64 => sleep(PRUNE_PAUSE).await,
                Ok(_) => break,
                Err(error) => {
                    tracing::debug!(%error, "the log of revocations was not pruned");
                    break;
                }
            }
        }
    }
}

/// Tells those who wait for the first read that there will be none.
struct ReportEnd<'a>(&'a Shared);

impl Drop for ReportEnd<'_> {
    fn drop(&mut self) {
        self.0.report_end();
    }
}

/// The follower and the pruner.
const TASKS: usize = 2;

/// How many entries are read at once.
const PAGE: usize = 1000;

/// Reads begin no closer to each other than this, however fast the log pushes.
const BETWEEN_READS: Duration = Duration::from_millis(10);

const PRUNE_INTERVAL: Duration = Duration::from_mins(10);
const PRUNE_BATCH: usize = 1000;
const PRUNE_PAUSE: Duration = Duration::from_secs(1);

/// Nodes whose clock is behind by less than this still find in the log what they need.
const PRUNE_MARGIN: Duration = Duration::from_hours(1);
