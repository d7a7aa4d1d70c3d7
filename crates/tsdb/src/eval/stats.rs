//! Sums, means and quantiles, in upstream's order of operations.

/// A sum with the compensation of Kahan and Neumaier.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compensated {
    pub(super) sum: f64,
    pub(super) rest: f64,
}

impl Compensated {
    pub(super) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.rest += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    /// The sum; an infinite one has no compensation.
    pub(super) fn total(self) -> f64 {
        if self.sum.is_infinite() {
            self.sum
        } else {
            self.sum + self.rest
        }
    }
}

/// True when `value` leaves an infinite mean as it is.
fn keeps(mean: f64, value: f64) -> bool {
    mean.is_infinite()
        && ((value.is_infinite() && (mean > 0.0) == (value > 0.0)) || value.is_finite())
}

/// The mean as `avg` makes it, element by element.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    mean: f64,
    count: f64,
}

impl Mean {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.mean = value;
        } else if !keeps(self.mean, value) {
            self.mean += value / self.count - self.mean / self.count;
        }
    }

    pub(super) fn value(self) -> f64 {
        self.mean
    }
}

/// The mean as `avg_over_time` makes it, compensated.
pub(super) fn compensated_mean(values: impl Iterator<Item = f64>) -> f64 {
    let mut mean = Compensated::default();
    let mut count = 0.0;
    for value in values {
        count += 1.0;
        if !keeps(mean.sum, value) {
            mean.add(value / count - mean.sum / count);
        }
    }
    mean.total()
}

/// The quantile of `values`, NaN counting as the smallest.
pub(super) fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| {
        let nan_first = b.is_nan().cmp(&a.is_nan());
        a.partial_cmp(b).unwrap_or(nan_first)
    });
    let last = values.len() - 1;
    let rank = q * last as f64;
    let lower = rank.floor().max(0.0) as usize;
    let upper = last.min(lower + 1);
    let weight = rank - rank.floor();
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(upper) * weight
}
