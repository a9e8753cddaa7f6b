//! Measures contenders side by side: every round gives each of them one batch, in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// One operation of a run.
pub(crate) struct Contender {
    pub(crate) name: String,
    /// The contender that this one is compared with.
    pub(crate) reference: Option<String>,
    batch: Batch,
    /// What one operation allocates; unknown in another process.
    allocations: Option<u64>,
}

/// Does the operation so many times and says how long that took.
type Batch = Box<dyn FnMut(u64) -> Result<Duration>>;

impl Contender {
    /// An operation in this process; it is done once, so that a failure shows before the run.
    pub(crate) fn new<T>(
        name: impl Into<String>,
        reference: Option<&str>,
        mut operation: impl FnMut() -> Result<T> + 'static,
    ) -> Result<Self> {
        let name = name.into();
        for _ in 0..WARM_UP {
            drop(operation().with_context(|| format!("`{name}` does not work"))?);
        }
        let info = allocation_counter::measure(|| drop(black_box(operation())));
        let batch = move |iterations| {
            let start = Instant::now();
            for _ in 0..iterations {
                drop(black_box(operation()));
            }
            Ok(start.elapsed())
        };
        Ok(Self {
            batch: Box::new(batch),
            allocations: Some(info.count_total),
            ..Self::elsewhere(name, reference, |_| Ok(Duration::ZERO))
        })
    }

    /// An operation in another process, which times itself.
    pub(crate) fn elsewhere(
        name: impl Into<String>,
        reference: Option<&str>,
        batch: impl FnMut(u64) -> Result<Duration> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            reference: reference.map(Into::into),
            batch: Box::new(batch),
            allocations: None,
        }
    }

    /// Does the operation so many times, for a profiler.
    pub(crate) fn repeat(&mut self, iterations: u64) -> Result<Duration> {
        // The bookkeeping of allocations would be part of what is measured.
        let mut took = Ok(Duration::ZERO);
        allocation_counter::opt_out(|| took = (self.batch)(iterations));
        took
    }
}

/// How long a run takes.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) batch: Duration,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        rounds: 61,
        batch: Duration::from_millis(2),
    };
    /// Shows that everything works; its figures mean little.
    pub(crate) const QUICK: Self = Self {
        rounds: 5,
        batch: Duration::from_micros(100),
    };
}

/// What the rounds gave for one contender.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) reference: Option<String>,
    pub(crate) allocations: Option<u64>,
    /// Nanoseconds per operation, by round.
    rounds: Vec<f64>,
}

impl Measured {
    pub(crate) fn median(&self) -> f64 {
        quantile(self.rounds.iter().copied(), 0.5)
    }

    pub(crate) fn spread(&self) -> (f64, f64) {
        let at = |part| quantile(self.rounds.iter().copied(), part);
        (at(0.1), at(0.9))
    }

    /// The median of the ratios of the rounds: both sides of each were measured within one round,
    /// so that a machine that slows down for a while slows down both.
    pub(crate) fn ratio(&self, reference: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&reference.rounds);
        quantile(pairs.map(|(own, other)| own / other), 0.5)
    }

    /// The median of the differences of the rounds, in nanoseconds.
    pub(crate) fn over(&self, reference: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&reference.rounds);
        quantile(pairs.map(|(own, other)| own - other), 0.5)
    }
}

/// Runs all contenders, interleaved.
pub(crate) fn run(contenders: &mut [Contender], effort: Effort) -> Result<Vec<Measured>> {
    let mut plan = Vec::with_capacity(contenders.len());
    for contender in contenders.iter_mut() {
        plan.push((iterations(contender, effort.batch)?, Vec::new()));
    }
    for _ in 0..effort.rounds {
        for (contender, (iterations, rounds)) in contenders.iter_mut().zip(&mut plan) {
            rounds.push(contender.repeat(*iterations)?.as_secs_f64() * 1e9 / as_f64(*iterations));
        }
    }
    let measured = contenders.iter().zip(plan);
    Ok(measured
        .map(|(contender, (_, rounds))| Measured {
            name: contender.name.clone(),
            reference: contender.reference.clone(),
            allocations: contender.allocations,
            rounds,
        })
        .collect())
}

/// How many operations fill a batch; finding it warms up caches and branch predictors.
fn iterations(contender: &mut Contender, batch: Duration) -> Result<u64> {
    let mut iterations = 1;
    loop {
        let took = contender.repeat(iterations)?;
        if took >= batch {
            let scaled = as_f64(iterations) * batch.as_secs_f64() / took.as_secs_f64();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and `iterations`"
            )]
            return Ok((scaled as u64).max(1));
        }
        iterations *= 2;
    }
}

fn quantile(values: impl Iterator<Item = f64>, part: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and `last`"
    )]
    let at = (as_f64(last as u64) * part).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Enough for everything that is made at its first use.
const WARM_UP: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "a quantile is copied, not computed")]
    fn quantiles_are_values_of_the_rounds() {
        let values = || [5.0, 1.0, 4.0, 2.0, 3.0].into_iter();
        assert_eq!(quantile(values(), 0.5), 3.0);
        assert_eq!(quantile(values(), 0.1), 1.0);
        assert_eq!(quantile(values(), 0.9), 5.0);
    }

    #[test]
    fn a_contender_that_fails_stops_the_run_before_it_starts() {
        let broken = Contender::new("broken", None, || anyhow::bail!("no") as Result<()>);
        assert!(broken.is_err());
    }

    #[test]
    fn allocations_are_those_of_one_operation() {
        let boxes = Contender::new("boxes", None, || Ok((Box::new(1), Box::new(2)))).unwrap();
        assert_eq!(boxes.allocations, Some(2));
    }
}
