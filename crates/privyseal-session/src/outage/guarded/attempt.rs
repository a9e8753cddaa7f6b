//! One call to a guarded store.

use std::error::Error as _;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::GuardedStore;
use crate::metrics::{CallOutcome, Event, StoreCall, report};
use crate::outage::breaker::{Change, Permit, Verdict};
use crate::outage::erased::Answer;
use crate::store::StoreError;

/// One call on its way. However it ends, also when its caller goes away or it panics, the breaker
/// hears of it.
pub(super) struct Attempt<'a> {
    guarded: &'a GuardedStore,
    call: StoreCall,
    permit: Permit,
    started: Instant,
    settled: bool,
}

impl<'a> Attempt<'a> {
    /// Leave for one call, from the breaker. The time of the call runs from here.
    pub(super) fn begin(guarded: &'a GuardedStore, call: StoreCall) -> Result<Self, StoreError> {
        let started = Instant::now();
        let Some(permit) = guarded.breaker.admit(started) else {
            let outcome = CallOutcome::NotTried;
            guarded.metrics.store_call(call, outcome, Duration::ZERO);
            return Err(StoreError::unavailable(NotTried));
        };
        Ok(Self {
            guarded,
            call,
            permit,
            started,
            settled: false,
        })
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Waits for the answer, but not beyond the deadline.
    pub(super) async fn wait<T>(mut self, answer: Answer<'_, T>) -> Result<T, StoreError> {
        let (result, outcome) = match timeout(self.guarded.deadline, answer).await {
            Ok(result) => {
                let outcome = outcome_of(&result);
                (result, outcome)
            }
            Err(_) => (
                Err(StoreError::unavailable(DeadlinePassed)),
                CallOutcome::TimedOut,
            ),
        };
        let change = self.settle(outcome);
        if let (Some(Change::Opened), Err(error)) = (change, &result) {
            let cause = error.source();
            tracing::warn!(cause, "calls to the session store fail at once for now");
        }
        result
    }

    fn settle(&mut self, outcome: CallOutcome) -> Option<Change> {
        self.settled = true;
        let now = Instant::now();
        let guarded = self.guarded;
        // The breaker first: metrics are not our code, and if they panic it must not wait for ever.
        let verdict = verdict_of(outcome);
        let change = guarded.breaker.settle(&self.permit, verdict, now);
        let took = now - self.started;
        guarded.metrics.store_call(self.call, outcome, took);
        let event = match change? {
            Change::Opened => Event::BreakerOpened,
            Change::Closed => Event::BreakerClosed,
        };
        report(&*guarded.metrics, event);
        change
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.settle(CallOutcome::Abandoned);
        }
    }
}

fn outcome_of<T>(result: &Result<T, StoreError>) -> CallOutcome {
    match result {
        Ok(_) => CallOutcome::Answered,
        Err(StoreError::Unavailable(_)) => CallOutcome::Unavailable,
        Err(StoreError::Full) => CallOutcome::Full,
        Err(StoreError::Unreadable(_)) => CallOutcome::Unreadable,
    }
}

/// A store that is full or answers nonsense is there all the same: the breaker is about stores
/// that are not.
fn verdict_of(outcome: CallOutcome) -> Verdict {
    match outcome {
        CallOutcome::Unavailable | CallOutcome::TimedOut => Verdict::Failed,
        CallOutcome::Abandoned | CallOutcome::NotTried => Verdict::Abandoned,
        CallOutcome::Answered | CallOutcome::Full | CallOutcome::Unreadable => Verdict::Answered,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it did not answer by the deadline")]
pub(super) struct DeadlinePassed;

#[derive(Debug, thiserror::Error)]
#[error("it failed several times in a row, and is asked again when a probe succeeds")]
pub(super) struct NotTried;
