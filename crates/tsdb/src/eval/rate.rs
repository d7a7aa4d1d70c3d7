//! Rates of change over a window.

use concertina_model::Sample;
use concertina_promql::ast::Function;

use super::series::Window;
use super::stats::Compensated;

fn seconds(from: Sample, to: Sample) -> f64 {
    let millis = to
        .timestamp
        .as_millis()
        .saturating_sub(from.timestamp.as_millis());
    millis as f64 / 1000.0
}

/// `rate`, `increase` and `delta`: the change between the first and the last sample, extrapolated
/// to the window.
pub(super) fn extrapolated(function: Function, window: Window<'_>) -> Option<f64> {
    let [first, .., last] = window.samples else {
        return None;
    };
    let counter = function != Function::Delta;
    let mut change = last.value - first.value;
    if counter {
        let resets = window.samples.windows(2).filter_map(|pair| match pair {
            [a, b] if b.value < a.value => Some(a.value),
            _ => None,
        });
        change = resets.fold(change, |change, lost| change + lost);
    }
    let gap = |from: i64, to: i64| to.saturating_sub(from) as f64 / 1000.0;
    let mut to_start = gap(window.start, first.timestamp.as_millis());
    let to_end = gap(last.timestamp.as_millis(), window.end);
    let sampled = seconds(*first, *last);
    let average = sampled / (window.samples.len() - 1) as f64;
    if counter && change > 0.0 && first.value >= 0.0 {
        // A counter does not begin below zero.
        let to_zero = sampled * (first.value / change);
        if to_zero < to_start {
            to_start = to_zero;
        }
    }
    let threshold = average * 1.1;
    let mut extrapolated = sampled;
    for stretch in [to_start, to_end] {
        extrapolated += if stretch < threshold {
            stretch
        } else {
            average / 2.0
        };
    }
    let mut factor = extrapolated / sampled;
    if function == Function::Rate {
        factor /= gap(window.start, window.end);
    }
    Some(change * factor)
}

/// `irate` and `idelta`: the change between the last two samples.
pub(super) fn instant(function: Function, window: Window<'_>) -> Option<f64> {
    let [.., previous, last] = window.samples else {
        return None;
    };
    let rate = function == Function::Irate;
    let change = if rate && last.value < previous.value {
        last.value
    } else {
        last.value - previous.value
    };
    let interval = seconds(*previous, *last);
    (interval != 0.0).then(|| if rate { change / interval } else { change })
}

/// Slope (per second) and value at `at` (in milliseconds) of the line through the samples.
pub(super) fn line(samples: &[Sample], at: i64) -> Option<(f64, f64)> {
    let [first, _, ..] = samples else {
        return None;
    };
    if samples.iter().all(|sample| sample.value == first.value) {
        return Some(if first.value.is_infinite() {
            (f64::NAN, f64::NAN)
        } else {
            (0.0, first.value)
        });
    }
    let n = samples.len() as f64;
    let mut sums = [Compensated::default(); 4];
    for sample in samples {
        let x = sample.timestamp.as_millis().saturating_sub(at) as f64 / 1e3;
        let y = sample.value;
        for (sum, value) in sums.iter_mut().zip([x, y, x * y, x * x]) {
            sum.add(value);
        }
    }
    let [x, y, xy, xx] = sums.map(|sum| sum.sum + sum.rest);
    let covariance = xy - x * y / n;
    let variance = xx - x * x / n;
    let slope = covariance / variance;
    Some((slope, y / n - slope * x / n))
}

/// Holt's double exponential smoothing.
pub(super) fn smoothed(samples: &[Sample], smoothing: f64, trend: f64) -> Option<f64> {
    let [first, second, ..] = samples else {
        return None;
    };
    let mut level = first.value;
    let mut before = 0.0;
    let mut slope = second.value - first.value;
    for (i, sample) in samples.iter().skip(1).enumerate() {
        let x = smoothing * sample.value;
        if i > 0 {
            slope = trend * (level - before) + (1.0 - trend) * slope;
        }
        let y = (1.0 - smoothing) * (level + slope);
        before = level;
        level = x + y;
    }
    Some(level)
}
