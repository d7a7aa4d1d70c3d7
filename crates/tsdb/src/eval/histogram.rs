//! Quantiles of classic histograms.

use std::collections::BTreeMap;

use concertina_model::{Labels, METRIC_NAME};

use super::Element;

const BUCKET: &str = "le";

#[derive(Clone, Copy, Debug)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// `histogram_quantile` for each set of buckets.
pub(super) fn quantiles(q: f64, vector: &[Element]) -> Vec<Element> {
    let mut histograms: BTreeMap<Labels, Vec<Bucket>> = BTreeMap::new();
    for element in vector {
        let Some(bound) = element.labels.get(BUCKET).and_then(parse_bound) else {
            continue;
        };
        let labels = element
            .labels
            .filter(|name| name != BUCKET && name != METRIC_NAME);
        let count = element.value;
        histograms
            .entry(labels)
            .or_default()
            .push(Bucket { bound, count });
    }
    let quantiles = histograms.into_iter().map(|(labels, buckets)| Element {
        labels,
        value: bucket_quantile(q, buckets),
    });
    quantiles.collect()
}

/// A bound as Go's `strconv.ParseFloat` reads it.
fn parse_bound(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn bucket_quantile(q: f64, mut buckets: Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    if buckets
        .last()
        .is_none_or(|last| last.bound != f64::INFINITY)
    {
        return f64::NAN;
    }
    // Bounds that are equal as numbers are one bucket.
    buckets.dedup_by(|later, kept| {
        let same = later.bound == kept.bound;
        if same {
            kept.count += later.count;
        }
        same
    });
    // Scrapes of several targets can make counts fall from one bucket to the next.
    let mut highest = buckets.first().map_or(f64::NAN, |bucket| bucket.count);
    for bucket in buckets.iter_mut().skip(1) {
        if bucket.count > highest {
            highest = bucket.count;
        } else if bucket.count < highest {
            bucket.count = highest;
        }
    }
    let [.., before_last, last] = buckets.as_slice() else {
        return f64::NAN;
    };
    if last.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * last.count;
    let finite = buckets.len() - 1;
    // Go's binary search, step by step: with NaN among the counts the steps decide.
    let (mut at, mut end) = (0, finite);
    while at < end {
        let middle = usize::midpoint(at, end);
        if buckets
            .get(middle)
            .is_some_and(|bucket| bucket.count >= rank)
        {
            end = middle;
        } else {
            at = middle + 1;
        }
    }
    let Some(bucket) = buckets.get(at).filter(|_| at < finite) else {
        return before_last.bound;
    };
    if at == 0 && bucket.bound <= 0.0 {
        return bucket.bound;
    }
    let below = at.checked_sub(1).and_then(|below| buckets.get(below));
    let (start, counted) = below.map_or((0.0, 0.0), |below| (below.bound, below.count));
    start + (bucket.bound - start) * ((rank - counted) / (bucket.count - counted))
}
