//! Quantiles of classic histograms.

use super::sets::{BySet, Projection, value_of};
use super::{Element, Evaluator, Set};

const BUCKET: &str = "le";

#[derive(Clone, Copy, Debug)]
struct Bucket {
    bound: f64,
    count: f64,
}

impl Evaluator<'_> {
    /// `histogram_quantile` for each set of buckets, in the order of their labels.
    pub(super) fn quantiles(&self, q: f64, vector: &[Element]) -> Vec<Element> {
        let mut histograms: BySet<Vec<Bucket>> = BySet::new(&self.sets);
        let bound_label = self.sets.symbol(BUCKET);
        let others = Projection::without(&self.sets, vec![bound_label]);
        let mut key = Vec::new();
        for element in vector {
            let bound = value_of(&element.set, bound_label);
            let bound = bound.and_then(|bound| parse_bound(&self.sets.text(bound)));
            let Some(bound) = bound else {
                continue;
            };
            let count = element.value;
            others.of(&element.set, &mut key);
            match histograms.get_mut(&key) {
                Some(buckets) => buckets.push(Bucket { bound, count }),
                None => {
                    histograms.insert(Set::from(key.as_slice()), vec![Bucket { bound, count }]);
                }
            }
        }
        let mut histograms = histograms.into_entries();
        histograms.sort_by(|a, b| self.sets.order(&a.0, &b.0));
        let quantiles = histograms.into_iter().map(|(set, buckets)| Element {
            set,
            value: bucket_quantile(q, buckets),
        });
        quantiles.collect()
    }
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
