//! Samples by pod.

use std::time::Duration;

use concertina_model::Timestamp;

use super::index::Index;
use super::names;

/// A pod's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSample {
    /// The pod's name.
    pub pod: String,
    /// The value in thousandths of the metric's unit.
    pub milli: i64,
    /// The end of the time it was measured over.
    pub timestamp: Timestamp,
    /// How long it was measured.
    pub window: Duration,
}

impl PodSample {
    /// A value of a metric whose time does not matter (only CPU's does): at the epoch, over 60 s,
    /// which is what Kubernetes assumes of custom metrics.
    pub fn new(pod: impl Into<String>, milli: i64) -> Self {
        Self {
            pod: pod.into(),
            milli,
            timestamp: Timestamp::EPOCH,
            window: Duration::from_secs(60),
        }
    }
}

/// One sample for each pod that has one, in the order they are given in. Pods without a value are
/// not in it: a missing value is not zero. Of several samples of a pod the last one stays, in the
/// place of the first. Two are equal when they hold the same samples, in whatever order.
///
/// Samples in the order of the pods' names, as the API server lists pods, are joined with pods
/// without anything more; for others there is a hash table of the names.
///
/// ```
/// use concertina_replicas::observation::{PodSample, PodSamples};
///
/// let samples = PodSamples::from_iter([("b", 2), ("a", 1)].map(|(pod, milli)| PodSample::new(pod, milli)));
/// assert_eq!(samples.get("b").unwrap().milli, 2);
/// assert_eq!(samples.get("c"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct PodSamples {
    samples: Vec<PodSample>,
    /// None while they are in the order of the names.
    index: Option<Index>,
}

impl PodSamples {
    /// How many pods have a sample.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// True when no pod has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The samples, in the order they were given in.
    #[must_use]
    pub fn as_slice(&self) -> &[PodSample] {
        &self.samples
    }

    /// A pod's sample.
    #[must_use]
    pub fn get(&self, pod: &str) -> Option<&PodSample> {
        let at = match &self.index {
            Some(index) => index.position(&self.samples, pod),
            None => {
                let by_name = |sample: &PodSample| sample.pod.as_str().cmp(pod);
                self.samples.binary_search_by(by_name).ok()
            }
        };
        self.samples.get(at?)
    }

    /// Where each sample is; None while they are in the order of the names.
    pub(super) fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }
}

impl PartialEq for PodSamples {
    fn eq(&self, other: &Self) -> bool {
        let mut own = self.samples.iter();
        self.len() == other.len() && own.all(|sample| other.get(&sample.pod) == Some(sample))
    }
}

impl Eq for PodSamples {}

impl FromIterator<PodSample> for PodSamples {
    fn from_iter<I: IntoIterator<Item = PodSample>>(samples: I) -> Self {
        let given: Vec<PodSample> = samples.into_iter().collect();
        if given.is_sorted_by(|one, next| names::precedes(&one.pod, &next.pod)) {
            return Self {
                samples: given,
                index: None,
            };
        }
        let mut index = Index::sized(given.len());
        let mut samples: Vec<PodSample> = Vec::with_capacity(given.len());
        for sample in given {
            let found = index.position_or_insert(&samples, &sample.pod, samples.len());
            match found.and_then(|at| samples.get_mut(at)) {
                Some(earlier) => *earlier = sample,
                None => samples.push(sample),
            }
        }
        Self {
            samples,
            index: Some(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples(names: &[&str]) -> PodSamples {
        let named = names.iter().zip(0..);
        named
            .map(|(name, milli)| PodSample::new(*name, milli))
            .collect()
    }

    #[test]
    fn the_last_of_a_name_stays() {
        let samples = samples(&["b", "a", "b", "c", "a"]);
        let kept: Vec<_> = samples
            .as_slice()
            .iter()
            .map(|s| (s.pod.as_str(), s.milli))
            .collect();
        assert_eq!(kept, [("b", 2), ("a", 4), ("c", 3)]);
    }

    proptest! {
        /// As a map of names holds them, whatever the order.
        #[test]
        fn as_a_map(given in prop::collection::vec((0..40_u8, 0..9_i64), 0..60), other in 0..40_u8) {
            let named = given.iter().map(|(pod, milli)| (format!("bert-{pod}"), *milli));
            let map: std::collections::BTreeMap<String, i64> = named.clone().collect();
            let sample = |(pod, milli)| PodSample::new(pod, milli);
            let samples: PodSamples = named.map(sample).collect();
            let sorted: PodSamples = map.clone().into_iter().map(sample).collect();
            prop_assert_eq!(samples.len(), map.len());
            prop_assert_eq!(&samples, &sorted);
            prop_assert_eq!(&sorted, &samples);
            let name = format!("bert-{other}");
            for samples in [&samples, &sorted] {
                prop_assert_eq!(samples.get(&name).map(|s| s.milli), map.get(&name).copied());
            }
            let without: PodSamples = sorted.as_slice().iter().skip(1).cloned().collect();
            prop_assert_eq!(without == samples, map.is_empty());
        }
    }
}
