//! Finds the samples of pods.

use super::index::Index;
use super::names;
use super::samples::{PodSample, PodSamples};

/// How many pods may be out of order before none is expected where the one before was found.
const STRAYS: usize = 8;

/// Finds the samples of pods. Pods that come in the order of their samples cost one comparison each;
/// for samples in the order of names that is the order in which the API server lists pods. Others
/// cost a binary search, or a look into the samples' index; when there are many of them one is made.
pub(crate) struct Join<'a> {
    samples: &'a [PodSample],
    /// Where the sample of the next pod is expected.
    next: usize,
    strays: Strays<'a>,
}

/// Pods whose samples are not where they are expected.
struct Strays<'a> {
    count: usize,
    /// The samples' own; None while they are in the order of names.
    index: Option<&'a Index>,
    made: Option<Index>,
}

impl<'a> Join<'a> {
    pub(crate) fn new(samples: &'a PodSamples) -> Self {
        Self {
            samples: samples.as_slice(),
            next: 0,
            strays: Strays {
                count: 0,
                index: samples.index(),
                made: None,
            },
        }
    }

    #[inline]
    pub(crate) fn find(&mut self, pod: &str) -> Option<&'a PodSample> {
        match self.samples.get(self.next) {
            Some(sample) if names::same(&sample.pod, pod) => {
                self.next += 1;
                Some(sample)
            }
            _ => {
                let (at, next) = self.strays.search(self.samples, self.next, pod);
                self.next = next;
                self.samples.get(at?)
            }
        }
    }
}

impl Strays<'_> {
    /// Where the sample of a pod is that is not where it is expected, and where the next one is
    /// expected. Apart from [`Join::find`], so that the rest of that is small.
    #[inline(never)]
    fn search(&mut self, samples: &[PodSample], next: usize, pod: &str) -> (Option<usize>, usize) {
        if let Some(index) = self.index.or(self.made.as_ref()) {
            let found = index.position(samples, pod);
            let Some(at) = found.filter(|_| self.count <= STRAYS) else {
                return (found, next);
            };
            self.count += 1;
            // Nothing is expected any more after too many.
            let next = if self.count > STRAYS {
                usize::MAX
            } else {
                at + 1
            };
            return (found, next);
        }
        let (before, after) = samples.split_at_checked(next).unwrap_or((samples, &[]));
        let above = before.last().is_none_or(|last| last.pod.as_str() < pod);
        if above && after.first().is_none_or(|first| first.pod.as_str() > pod) {
            return (None, next);
        }
        self.count += 1;
        if self.count > STRAYS {
            let index = self.made.insert(Index::of(samples));
            return (index.position(samples, pod), usize::MAX);
        }
        let found = samples.binary_search_by(|s| s.pod.as_str().cmp(pod));
        let (Ok(at) | Err(at)) = found;
        (found.ok(), at + usize::from(found.is_ok()))
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
    fn pods_of_any_order_find_their_samples() {
        for samples in [samples(&["b", "d", "f"]), samples(&["d", "b", "f"])] {
            for order in ["abcdefg", "gfedcba", "fabgdec", "ddffbb", "zbfd"] {
                let mut join = Join::new(&samples);
                for pod in order.chars().map(String::from) {
                    assert_eq!(join.find(&pod), samples.get(&pod), "{pod} of {order}");
                }
            }
        }
    }

    proptest! {
        /// Also once there are so many strays that an index is made.
        #[test]
        fn many_pods_of_any_order(
            sampled in prop::collection::vec(0..99_u8, 0..60),
            pods in prop::collection::vec(0..99_u8, 0..60),
        ) {
            let name = |number: &u8| format!("bert-{number}");
            let samples: PodSamples = sampled
                .iter()
                .map(|number| PodSample::new(name(number), i64::from(*number)))
                .collect();
            let mut join = Join::new(&samples);
            for pod in pods.iter().map(name) {
                prop_assert_eq!(join.find(&pod), samples.get(&pod), "{}", pod);
            }
        }
    }
}
