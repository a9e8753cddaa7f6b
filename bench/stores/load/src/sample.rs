//! Requests one after the other, each measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::Outcome;

/// The requests of one visitor, until the time is up; what each took, in nanoseconds.
///
/// # Errors
/// That of the first request that fails.
pub async fn visit<F: Future<Output = Result<()>>>(
    until: Instant,
    mut request: impl FnMut() -> F,
) -> Result<Vec<u32>> {
    let mut took = Vec::new();
    let mut last = Instant::now();
    while last < until {
        request().await?;
        let now = Instant::now();
        took.push(u32::try_from((now - last).as_nanos()).unwrap_or(u32::MAX));
        last = now;
    }
    Ok(took)
}

impl Outcome {
    /// Of all visitors: when they began, what each request took in nanoseconds, and how often they
    /// called the store.
    ///
    /// # Errors
    /// When there was no request.
    pub fn new(began: Instant, mut took: Vec<u32>, calls: u64) -> Result<Self> {
        let elapsed = began.elapsed();
        took.sort_unstable();
        let at = |part: usize| took.get(took.len().saturating_sub(1) * part / 100).copied();
        Ok(Self {
            requests: u64::try_from(took.len())?,
            took_ns: u64::try_from(elapsed.as_nanos())?,
            p50_ns: at(50).context("no request was made")?,
            p99_ns: at(99).context("no request was made")?,
            calls,
        })
    }
}

/// How long the visitors who are not measured wait between two requests.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// Numbers that go everywhere, the same in every run.
pub(crate) struct Scatter(u64);

impl Scatter {
    pub(crate) fn new(visitor: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (visitor as u64 + 1))
    }

    /// One below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (bound as u64).max(1)).unwrap_or_default()
    }
}
