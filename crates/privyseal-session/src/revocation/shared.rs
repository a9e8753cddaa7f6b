//! What the handles and the background tasks share.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use privyseal::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::log::AnyLog;
use super::set::{SHARDS, Set};
use super::steady::SteadyTime;
use super::{Revocation, RevocationError, RevocationLog, RevocationOptions};
use crate::Clock;
use crate::store::StoreError;

pub(super) struct Shared {
    pub(super) log: Box<dyn AnyLog>,
    pub(super) set: Set,
    pub(super) clock: Box<dyn Clock>,
    pub(super) options: RevocationOptions,
    steady: Mutex<SteadyTime>,
    created: Instant,
    /// When the last complete read of the log began, in milliseconds since `created` and one more;
    /// 0 before the first.
    read_at: AtomicU64,
    /// What the last attempt to read the log gave; `None` before the first.
    outcome: watch::Sender<Outcome>,
}

type Outcome = Option<Result<(), RevocationError>>;

impl Shared {
    pub(super) fn new(
        log: impl RevocationLog,
        options: RevocationOptions,
        clock: impl Clock + 'static,
    ) -> Self {
        Self {
            log: Box::new(log),
            set: Set::new(),
            steady: Mutex::new(SteadyTime::new(clock.now(), TOLERANCE)),
            clock: Box::new(clock),
            options,
            created: Instant::now(),
            read_at: AtomicU64::new(0),
            outcome: watch::Sender::new(None),
        }
    }

    /// How long ago the last complete read of the log began.
    pub(super) fn age(&self) -> Option<Duration> {
        // Ordered after the entries that the read brought.
        let read_at = self.read_at.load(Ordering::Acquire).checked_sub(1)?;
        let age = self.created.elapsed();
        Some(age.saturating_sub(Duration::from_millis(read_at)))
    }

    pub(super) fn was_read(&self) -> bool {
        self.read_at.load(Ordering::Acquire) != 0
    }

    /// Waits for the first attempt to read the log, unless it was made.
    pub(super) async fn first_outcome(&self) -> Result<(), RevocationError> {
        let mut outcome = self.outcome.subscribe();
        let outcome = outcome.wait_for(Option::is_some).await;
        #[expect(
            clippy::expect_used,
            reason = "the sender lives as long as this borrow"
        )]
        let outcome = outcome.expect("the sender is alive").clone();
        outcome.unwrap_or(Ok(()))
    }

    /// Notes what an attempt to read the log gave, and tells the operator when that changes.
    pub(super) fn report(&self, began: Instant, outcome: Result<(), RevocationError>) {
        if outcome.is_ok() {
            let millis = began.duration_since(self.created).as_millis();
            let read_at = u64::try_from(millis).unwrap_or(u64::MAX).saturating_add(1);
            self.read_at.store(read_at, Ordering::Release);
        }
        let failed = matches!(*self.outcome.borrow(), Some(Err(_)));
        match &outcome {
            Err(error) if !failed => {
                let cause = std::error::Error::source(error);
                tracing::warn!(%error, cause, "revocations are not up to date");
            }
            Ok(()) if failed => tracing::info!("revocations are up to date again"),
            _ => {}
        }
        self.outcome.send_replace(Some(outcome));
    }

    /// Notes that nobody reads the log any more; who waits for the first attempt need not.
    pub(super) fn report_end(&self) {
        self.outcome.send_if_modified(|outcome| {
            let waiting = outcome.is_none();
            if waiting {
                let ended = StoreError::unavailable("the reader of the log has ended");
                *outcome = Some(Err(ended.into()));
            }
            waiting
        });
    }

    /// The answer of the log, if it comes in time.
    pub(super) async fn answer<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, RevocationError> {
        match timeout(self.options.deadline, call).await {
            Ok(answer) => Ok(answer?),
            Err(elapsed) => Err(StoreError::unavailable(elapsed).into()),
        }
    }

    /// Takes in what the log says. What has no room stays out, and so does all that follows.
    pub(super) fn insert(&self, entries: &[Revocation]) -> Result<(), RevocationError> {
        let now = self.time_to_forget();
        for entry in entries {
            if entry.forget_at <= now {
                continue;
            }
            self.check_room_for(entry)?;
            self.set.insert(entry);
        }
        Ok(())
    }

    pub(super) fn check_room_for(&self, entry: &Revocation) -> Result<(), RevocationError> {
        if self.is_full() && self.set.began_until(&entry.name).is_none() {
            return Err(RevocationError::Full(self.options.max_entries));
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.set.len() >= self.options.max_entries
    }

    /// Looks for entries that may be forgotten: in a part of the set, or everywhere when it is
    /// full.
    pub(super) fn forget_some(&self) {
        let shards = if self.is_full() {
            SHARDS
        } else {
            SHARDS_PER_TURN
        };
        self.set.forget(self.time_to_forget(), shards);
    }

    /// What may be forgotten at this time has expired by the clock of this node.
    pub(super) fn time_to_forget(&self) -> Timestamp {
        let now = self.clock.now();
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        steady.at(now)
    }

    pub(super) fn clock_was_put_back(&self) -> bool {
        let now = self.clock.now();
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        steady.was_put_back(now)
    }
}

/// How far the clock may run ahead of the monotonic one before it is doubted.
const TOLERANCE: Duration = Duration::from_mins(1);

/// A whole round takes a minute, at one turn a second.
const SHARDS_PER_TURN: usize = 64;
