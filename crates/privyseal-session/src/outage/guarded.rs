//! A store that answers in time or not at all.

mod attempt;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use tokio::time::Instant;

use super::OutagePolicy;
use super::breaker::Breaker;
use super::erased::ErasedStore;
use super::stale::{Limits, StaleRows, Watch};
use crate::metrics::{Metrics, NoMetrics, StoreCall};
use crate::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};
use attempt::Attempt;

/// The longest a call may take, unless the application says otherwise.
const DEFAULT_DEADLINE: Duration = Duration::from_millis(500);

/// Any store, behind a deadline and a circuit breaker, and counted. A clone shares all of it.
///
/// A call that the deadline cut off is [`StoreError::Unavailable`], and so is one that the breaker
/// did not let through. The latter never happened. The former may have, or may yet: the database
/// may have the statement already, and nothing takes it back. The engine can live with that,
/// because a write names the version that it expects: if it happened unseen, trying it again is a
/// conflict with the row as it stands, and what `end` ends twice is ended.
///
/// The store comes back to use within the deadline and a quarter of a second of its return. A
/// store that is down gets one call at a time and at most four in a second; one that stops to
/// answer gets what arrives until the first deadlines pass, on top.
///
/// It needs a tokio runtime with its timer.
#[derive(Clone)]
pub(crate) struct GuardedStore {
    store: Arc<dyn ErasedStore>,
    deadline: Duration,
    breaker: Arc<Breaker>,
    policy: OutagePolicy,
    /// Present under [`OutagePolicy::StaleReads`].
    stale: Option<Arc<StaleRows>>,
    metrics: Arc<dyn Metrics>,
}

impl GuardedStore {
    /// The store, with the default deadline and policy, and without metrics.
    pub(crate) fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            deadline: DEFAULT_DEADLINE,
            breaker: Arc::new(Breaker::new()),
            policy: OutagePolicy::default(),
            stale: None,
            metrics: Arc::new(NoMetrics),
        }
    }

    /// Another deadline. If callers are themselves cut off sooner, the breaker never learns that
    /// the store hangs: keep it below the timeout of requests.
    pub(crate) fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Another policy; rows are kept for stale reads from here on, if it has them.
    pub(crate) fn with_policy(self, policy: OutagePolicy) -> Self {
        let stale = match policy {
            OutagePolicy::StaleReads { max_age } => {
                Some(Arc::new(StaleRows::new(max_age, Limits::default())))
            }
            _ => None,
        };
        Self {
            policy,
            stale,
            ..self
        }
    }

    /// Metrics for the calls and the breaker.
    pub(crate) fn with_metrics(self, metrics: Arc<dyn Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// The session as this node saw it last: for a read, when [`Store::load`] was unavailable.
    /// `None` if the policy has no stale reads, if it was too long ago, or if the session was
    /// ended through this node. The caller looks at the times in the row, as ever.
    pub(crate) fn stale_row(&self, id: SessionId) -> Option<Row> {
        self.stale.as_ref()?.get(id, Instant::now())
    }

    /// A watch over a session that is about to be written, if rows are kept.
    fn writing(&self, id: SessionId, attempt: &Attempt<'_>) -> Option<Watch<'_>> {
        let stale = self.stale.as_ref();
        stale.map(|rows| rows.writing(id, attempt.started()))
    }
}

impl fmt::Debug for GuardedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedStore")
            .field("deadline", &self.deadline)
            .field("policy", &self.policy)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

impl Store for GuardedStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let attempt = Attempt::begin(self, StoreCall::Create)?;
        let watch = self.writing(id, &attempt);
        let created = attempt.wait(self.store.create(id, row)).await?;
        if let Some(watch) = watch
            && created
        {
            watch.wrote(row_at(1, row));
        }
        Ok(created)
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        let attempt = Attempt::begin(self, StoreCall::Load)?;
        let stale = self.stale.as_ref();
        let watch = stale.map(|rows| rows.reading(id, attempt.started()));
        let found = attempt.wait(self.store.load(id)).await?;
        if let Some(watch) = watch {
            match &found {
                Found::Live(row) => watch.saw(row),
                Found::Ended | Found::Unknown => watch.gone(),
            }
        }
        Ok(found)
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        let attempt = Attempt::begin(self, StoreCall::Update)?;
        let watch = self.writing(id, &attempt);
        let updated = attempt.wait(self.store.update(id, expected, row)).await?;
        if let Some(watch) = watch {
            match &updated {
                Updated::Done => watch.wrote(row_at(expected.saturating_add(1), row)),
                Updated::Conflict(row) => watch.saw(row),
                Updated::Gone => watch.gone(),
            }
        }
        Ok(updated)
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let attempt = Attempt::begin(self, StoreCall::Touch)?;
        let touched = self.store.touch(id, expected, last_seen, expires_at);
        attempt.wait(touched).await
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        // Before the breaker is asked: whoever signs out is signed out of here in any case.
        let stale = self.stale.as_ref();
        let _forget = stale.map(|rows| rows.writing(id, Instant::now()));
        let attempt = Attempt::begin(self, StoreCall::End)?;
        attempt.wait(self.store.end(id)).await
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let attempt = Attempt::begin(self, StoreCall::List)?;
        attempt.wait(self.store.list(subject, limit)).await
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        let stale = self.stale.as_ref();
        let _forget = stale.map(|rows| rows.ending_all(subject, except));
        let attempt = Attempt::begin(self, StoreCall::EndAll)?;
        attempt.wait(self.store.end_all(subject, except)).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let attempt = Attempt::begin(self, StoreCall::DeleteExpired)?;
        attempt.wait(self.store.delete_expired(now, limit)).await
    }
}

/// The row that the store has after it took this one.
fn row_at(version: u64, row: &NewRow<'_>) -> Row {
    Row {
        version,
        subject: row.subject.cloned(),
        last_seen: row.last_seen,
        expires_at: row.expires_at,
        ends_at: row.ends_at,
        data: row.data.to_vec(),
    }
}
