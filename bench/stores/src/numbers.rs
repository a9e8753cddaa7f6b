//! Medians and ratios of rounds.

use serde::Serialize;

/// The middle of the rounds, and how far they are apart.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) p10: f64,
    pub(crate) p90: f64,
}

impl Spread {
    pub(crate) fn of(rounds: &[f64]) -> Self {
        Self {
            median: quantile(rounds, 0.5),
            p10: quantile(rounds, 0.1),
            p90: quantile(rounds, 0.9),
        }
    }
}

/// The median of the ratios of the rounds.
pub(crate) fn ratio(rounds: &[f64], reference: &[f64]) -> f64 {
    let ratios: Vec<f64> = rounds.iter().zip(reference).map(|(a, b)| a / b).collect();
    quantile(&ratios, 0.5)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
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
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "a quantile is copied, not computed")]
    fn ratios_are_taken_within_rounds() {
        assert_eq!(ratio(&[2.0, 40.0, 6.0], &[1.0, 20.0, 1.0]), 2.0);
        assert_eq!(median(&[5.0, 1.0, 3.0]), 3.0);
        assert_eq!(Spread::of(&[5.0, 1.0, 4.0, 2.0, 3.0]).p90, 5.0);
    }
}
