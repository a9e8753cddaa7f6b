//! A circuit breaker: calls to a store that keeps failing fail at once, until a probe succeeds.
//!
//! Closed, every call passes. After [`THRESHOLD`] failures in a row it opens: calls are refused,
//! but for one probe at a time, and one per [`PROBE_INTERVAL`] at most. A probe is a caller's own
//! call. If the store answers it, the breaker closes.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many failures in a row open the breaker.
pub(super) const THRESHOLD: u32 = 5;

/// The shortest time from opening to the first probe, and from the start of one to the next.
pub(super) const PROBE_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Breaker {
    /// Twice the round, plus one if there is anything to look at behind the lock. While the store
    /// is well, a call reads this twice and does nothing else.
    glance: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Counts how often the breaker closed. A call that began in an earlier round tells what the
    /// store was like before it came back, so its failure does not count in this one.
    round: u64,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed { failures: u32 },
    Open { probe_at: Instant },
    Probing { next_probe_at: Instant },
}

/// Leave to make one call; what came of it goes to [`Breaker::settle`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Permit {
    round: u64,
    probe: bool,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The store answered, if only to say no.
    Answered,
    /// The store could not be asked, or did not answer in time.
    Failed,
    /// The caller went away first. This says nothing about the store.
    Abandoned,
}

/// What a verdict changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    Closed,
}

impl Breaker {
    /// Closed.
    pub(super) fn new() -> Self {
        Self {
            glance: AtomicU64::new(0),
            state: Mutex::new(State {
                round: 0,
                phase: Phase::Closed { failures: 0 },
            }),
        }
    }

    /// Leave to call the store, or `None` if the call is to fail at once.
    pub(super) fn admit(&self, now: Instant) -> Option<Permit> {
        let glance = self.glance.load(Ordering::Acquire);
        if glance.is_multiple_of(2) {
            return Some(Permit {
                round: glance / 2,
                probe: false,
            });
        }
        let mut state = self.lock();
        let probe = match state.phase {
            Phase::Closed { .. } => false,
            Phase::Open { probe_at } if now >= probe_at => {
                state.phase = Phase::Probing {
                    next_probe_at: now + PROBE_INTERVAL,
                };
                true
            }
            Phase::Open { .. } | Phase::Probing { .. } => return None,
        };
        Some(Permit {
            round: state.round,
            probe,
        })
    }

    /// Takes what came of a call. Each permit must be settled, or a probe would go on for ever.
    pub(super) fn settle(&self, permit: &Permit, verdict: Verdict, now: Instant) -> Option<Change> {
        let well = self.glance.load(Ordering::Acquire) == permit.round * 2;
        if well && verdict != Verdict::Failed {
            return None;
        }
        let mut state = self.lock();
        let change = state.settle(permit, verdict, now);
        self.glance.store(state.glance(), Ordering::Release);
        change
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn settle(&mut self, permit: &Permit, verdict: Verdict, now: Instant) -> Option<Change> {
        match (self.phase, verdict) {
            // Only the probe decides about an open breaker, and there is one at most: permits
            // from before it opened come to nothing.
            (Phase::Probing { next_probe_at }, _) if permit.probe => {
                if verdict == Verdict::Answered {
                    self.round += 1;
                    self.phase = Phase::Closed { failures: 0 };
                    return Some(Change::Closed);
                }
                self.phase = Phase::Open {
                    probe_at: next_probe_at,
                };
            }
            (Phase::Closed { .. }, Verdict::Answered) if permit.round == self.round => {
                self.phase = Phase::Closed { failures: 0 };
            }
            (Phase::Closed { failures }, Verdict::Failed) if permit.round == self.round => {
                let failures = failures + 1;
                if failures >= THRESHOLD {
                    let probe_at = now + PROBE_INTERVAL;
                    self.phase = Phase::Open { probe_at };
                    return Some(Change::Opened);
                }
                self.phase = Phase::Closed { failures };
            }
            _ => {}
        }
        None
    }

    fn glance(&self) -> u64 {
        self.round * 2 + u64::from(self.phase != Phase::Closed { failures: 0 })
    }
}
