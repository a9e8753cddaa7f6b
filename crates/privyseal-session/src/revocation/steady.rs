//! A clock that nobody can push forward.

use std::time::Duration;

use privyseal::Timestamp;
use tokio::time::Instant;

/// Tells when entries may be forgotten: the time of the clock, unless it ran ahead of the
/// monotonic one.
///
/// A clock that is wrong by years for a minute would empty the set and the log, and the revoked
/// cookies would be good again when it is put right. So a step forward has to hold for an hour
/// before it is believed. Until then entries stay for longer than they need to.
#[derive(Debug)]
pub(super) struct SteadyTime {
    tolerance: u64,
    /// A time of the clock that is believed, and when it was told.
    believed: (Timestamp, Instant),
    /// When the clock ran ahead, if it does.
    ahead_since: Option<Instant>,
    last: Timestamp,
}

impl SteadyTime {
    /// The clock is believed at first, and later within a tolerance.
    pub(super) fn new(now: Timestamp, tolerance: Duration) -> Self {
        Self {
            tolerance: tolerance.as_secs(),
            believed: (now, Instant::now()),
            ahead_since: None,
            last: now,
        }
    }

    /// The time up to which entries may be forgotten, when the clock says `now`.
    pub(super) fn at(&mut self, now: Timestamp) -> Timestamp {
        let (start, since) = self.believed;
        let most = start.plus_seconds(since.elapsed().as_secs().saturating_add(self.tolerance));
        if now <= most {
            self.ahead_since = None;
            return now;
        }
        let ahead_since = *self.ahead_since.get_or_insert_with(Instant::now);
        if ahead_since.elapsed() < BELIEVED_AFTER {
            return most;
        }
        self.believed = (now, Instant::now());
        self.ahead_since = None;
        now
    }

    /// Whether the clock was put back since the last call, so that what had expired has not.
    pub(super) fn was_put_back(&mut self, now: Timestamp) -> bool {
        let last = std::mem::replace(&mut self.last, now);
        now.plus_seconds(self.tolerance) < last
    }
}

const BELIEVED_AFTER: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    const SKEW: Duration = Duration::from_mins(1);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_goes_as_time_does_is_believed() {
        let mut steady = SteadyTime::new(at(1000), SKEW);
        for second in 1..10 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(steady.at(at(1000 + second)), at(1000 + second));
        }
        assert_eq!(steady.at(at(500)), at(500));
        assert_eq!(steady.at(at(1069)), at(1069));
        assert_eq!(steady.at(at(1070)), at(1069));
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_forward_is_believed_after_an_hour() {
        let mut steady = SteadyTime::new(at(1000), SKEW);
        assert_eq!(steady.at(at(1_000_000)), at(1060));
        tokio::time::advance(Duration::from_secs(3599)).await;
        assert_eq!(steady.at(at(1_003_599)), at(1060 + 3599));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(steady.at(at(1_003_600)), at(1_003_600));
        assert_eq!(steady.at(at(1_003_601)), at(1_003_601));
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_is_taken_back_starts_the_hour_anew() {
        let mut steady = SteadyTime::new(at(1000), SKEW);
        steady.at(at(1_000_000));
        tokio::time::advance(Duration::from_mins(59)).await;
        assert_eq!(steady.at(at(1000)), at(1000));
        tokio::time::advance(Duration::from_mins(59)).await;
        assert!(steady.at(at(1_000_000)) < at(10_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_put_back_further_than_the_tolerance_is_noticed_once() {
        let mut steady = SteadyTime::new(at(1000), SKEW);
        assert!(!steady.was_put_back(at(940)));
        assert!(!steady.was_put_back(at(1000)));
        assert!(steady.was_put_back(at(939)));
        assert!(!steady.was_put_back(at(939)));
    }
}
