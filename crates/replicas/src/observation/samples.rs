//! Samples by pod, in an order that makes joining them with pods cheap.

use std::time::Duration;

use concertina_model::Timestamp;

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

/// One sample for each pod that has one, in the order of names. Pods without a value are not in
/// it: a missing value is not zero. Of several samples of a pod the last one given stays.
///
/// ```
/// use concertina_replicas::observation::{PodSample, PodSamples};
///
/// let samples = PodSamples::from_iter([("b", 2), ("a", 1)].map(|(pod, milli)| PodSample::new(pod, milli)));
/// assert_eq!(samples.get("b").unwrap().milli, 2);
/// assert_eq!(samples.get("c"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSamples(Vec<PodSample>);

impl PodSamples {
    /// How many pods have a sample.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when no pod has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The samples, in the order of the pods' names.
    #[must_use]
    pub fn as_slice(&self) -> &[PodSample] {
        &self.0
    }

    /// A pod's sample.
    #[must_use]
    pub fn get(&self, pod: &str) -> Option<&PodSample> {
        let at = self
            .0
            .binary_search_by(|sample| sample.pod.as_str().cmp(pod));
        self.0.get(at.ok()?)
    }
}

impl FromIterator<PodSample> for PodSamples {
    fn from_iter<I: IntoIterator<Item = PodSample>>(samples: I) -> Self {
        let mut samples: Vec<PodSample> = samples.into_iter().collect();
        if !samples.is_sorted_by(|a, b| a.pod < b.pod) {
            // Stable, so that the last of equal names is the last one given.
            samples.sort_by(|a, b| b.pod.cmp(&a.pod));
            samples.reverse();
            samples.dedup_by(|later, kept| later.pod == kept.pod);
        }
        Self(samples)
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(kept, [("a", 4), ("b", 2), ("c", 3)]);
    }
}
