//! The series store.

use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};
use std::time::Duration;

use concertina_model::{Labels, Sample, Timestamp};
use concertina_promql::ast::Selector;

use crate::EvalError;
use crate::select::Matchers;

/// The value that says: this series ended. A NaN of these very bits, as in Prometheus.
pub const STALE_MARKER: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// True for [`STALE_MARKER`], false for any other NaN.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_MARKER.to_bits()
}

/// What a store keeps at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Samples older than this are dropped by [`Store::evict`].
    pub retention: Duration,
    /// New series beyond so many are refused.
    pub max_series: usize,
    /// Of a series with more samples, the oldest are dropped.
    pub max_samples_per_series: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(3600),
            max_series: 100_000,
            max_samples_per_series: 20_000,
        }
    }
}

/// Why a sample was not stored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The series has a sample that is as new or newer.
    #[error("{labels} has a sample of {newest} already; {timestamp} is not newer")]
    OutOfOrder {
        /// The series.
        labels: Labels,
        /// Its newest sample's time.
        newest: Timestamp,
        /// The refused sample's time.
        timestamp: Timestamp,
    },
    /// The store is full.
    #[error("the store holds {0} series already, no new one is taken")]
    TooManySeries(usize),
}

pub(crate) type ByLabels = BTreeMap<Labels, Vec<Sample>>;

/// Series and their samples, in memory.
#[derive(Clone, Debug)]
pub struct Store {
    options: StoreOptions,
    // By metric name first: nearly every selector names one.
    names: BTreeMap<Box<str>, ByLabels>,
    len: usize,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(options: StoreOptions) -> Self {
        Self {
            options,
            names: BTreeMap::new(),
            len: 0,
        }
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a sample. NaN and infinities are values like any other.
    ///
    /// # Errors
    ///
    /// [`AppendError`] when the sample is not newer than what the series has, or when the series
    /// is new and the store is full.
    pub fn append(&mut self, labels: &Labels, sample: Sample) -> Result<(), AppendError> {
        let name = labels.metric_name().unwrap_or_default();
        let known = self.names.get_mut(name).and_then(|all| all.get_mut(labels));
        if let Some(samples) = known {
            if let Some(newest) = samples.last().filter(|s| s.timestamp >= sample.timestamp) {
                return Err(AppendError::OutOfOrder {
                    labels: labels.clone(),
                    newest: newest.timestamp,
                    timestamp: sample.timestamp,
                });
            }
            samples.push(sample);
            let max = self.options.max_samples_per_series.max(1);
            if samples.len() > max {
                // A quarter at once: dropping them one by one would move the rest each time.
                samples.drain(..samples.len() - max + max / 4);
            }
            return Ok(());
        }
        if self.len >= self.options.max_series {
            return Err(AppendError::TooManySeries(self.len));
        }
        let bucket = self.names.entry(name.into()).or_default();
        bucket.insert(labels.clone(), vec![sample]);
        self.len += 1;
        Ok(())
    }

    /// Says that a series ended at `at`: it disappears from instant queries at once.
    ///
    /// # Errors
    ///
    /// [`AppendError`] as of [`Store::append`].
    pub fn mark_stale(&mut self, labels: &Labels, at: Timestamp) -> Result<(), AppendError> {
        self.append(
            labels,
            Sample {
                timestamp: at,
                value: STALE_MARKER,
            },
        )
    }

    /// Drops the samples that are older than the retention before `now`, and the series that have
    /// none left.
    pub fn evict(&mut self, now: Timestamp) {
        let oldest = now.saturating_sub(self.options.retention);
        for bucket in self.names.values_mut() {
            bucket.retain(|_, samples| {
                let old = samples.partition_point(|sample| sample.timestamp < oldest);
                samples.drain(..old);
                !samples.is_empty()
            });
        }
        self.names.retain(|_, bucket| !bucket.is_empty());
        self.len = self.names.values().map(BTreeMap::len).sum();
    }

    /// The series that one of `selectors` matches and that lived between `start` and `end`, both
    /// included: from its first sample to its last, gaps and stale markers included, as
    /// Prometheus 2.42's `/api/v1/series` counts. Sorted, each once.
    ///
    /// # Errors
    ///
    /// [`EvalError::BadPattern`] for a pattern that cannot be compiled.
    pub fn series(
        &self,
        selectors: &[Selector],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<Labels>, EvalError> {
        let mut found = Vec::new();
        for selector in selectors {
            let lived = |samples: &[Sample]| {
                let ends = samples.first().zip(samples.last());
                ends.is_some_and(|(first, last)| first.timestamp <= end && last.timestamp >= start)
            };
            let all = self.select(&Matchers::new(selector)?);
            let living = all.into_iter().filter(|(_, samples)| lived(samples));
            found.extend(living.map(|(labels, _)| labels.clone()));
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The series that `matchers` match, in no order.
    pub(crate) fn select(&self, matchers: &Matchers) -> Vec<(&Labels, &[Sample])> {
        let named = match matchers.metric_name() {
            Some(name) => self.names.range::<str, _>((Included(name), Included(name))),
            None => self.names.range::<str, _>((Unbounded, Unbounded)),
        };
        named
            .flat_map(|(_, bucket)| bucket)
            .filter(|(labels, _)| matchers.match_labels(labels))
            .map(|(labels, samples)| (labels, samples.as_slice()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn sample(seconds: i64) -> Sample {
        Sample {
            timestamp: at(seconds),
            value: 1.0,
        }
    }

    fn labels(n: usize) -> Labels {
        Labels::from_pairs([("__name__", "m".to_owned()), ("n", n.to_string())])
    }

    #[test]
    fn what_is_not_newer_is_refused() {
        let mut store = Store::new(StoreOptions::default());
        store.append(&labels(1), sample(10)).unwrap();
        let error = store.append(&labels(1), sample(10)).unwrap_err();
        insta::assert_snapshot!(error, @r#"m{n="1"} has a sample of 1970-01-01T00:00:10Z already; 1970-01-01T00:00:10Z is not newer"#);
        store.mark_stale(&labels(1), at(11)).unwrap();
        assert!(store.append(&labels(1), sample(5)).is_err());
    }

    #[test]
    fn limits_hold_and_the_newest_samples_stay() {
        let mut store = Store::new(StoreOptions {
            retention: Duration::from_secs(60),
            max_series: 2,
            max_samples_per_series: 8,
        });
        for second in 0..100 {
            store.append(&labels(1), sample(second)).unwrap();
        }
        store.append(&labels(2), sample(1)).unwrap();
        assert_eq!(
            store.append(&labels(3), sample(1)),
            Err(AppendError::TooManySeries(2))
        );
        let kept = store.names["m"][&labels(1)].clone();
        assert!(kept.len() <= 8 && kept.last() == Some(&sample(99)));
        store.evict(at(100));
        assert_eq!(store.len(), 1);
        store.append(&labels(3), sample(1)).unwrap();
    }
}
