//! Finds the samples of pods.

use super::samples::{PodSample, PodSamples};

/// How many pods may be out of order before an index is made for the rest of them.
const STRAYS: usize = 8;

/// Finds the samples of pods. Pods that come in the order of their names, as the API server lists
/// them, cost one comparison each. Others cost a binary search, and when there are many of them an
/// index.
pub(crate) struct Join<'a> {
    samples: &'a [PodSample],
    /// Where the sample of the next pod is expected.
    next: usize,
    strays: Strays,
}

/// Pods whose samples are not where they are expected.
#[derive(Default)]
struct Strays {
    count: usize,
    index: Option<Index>,
}

impl<'a> Join<'a> {
    pub(crate) fn new(samples: &'a PodSamples) -> Self {
        Self {
            samples: samples.as_slice(),
            next: 0,
            strays: Strays::default(),
        }
    }

    #[inline]
    pub(crate) fn find(&mut self, pod: &str) -> Option<&'a PodSample> {
        match self.samples.get(self.next) {
            Some(sample) if sample.pod == pod => {
                self.next += 1;
                Some(sample)
            }
            _ => {
                let (found, next) = self.strays.search(self.samples, self.next, pod);
                self.next = next;
                found
            }
        }
    }
}

impl Strays {
    /// The sample of a pod that is not where it is expected, and where the next one is.
    fn search<'a>(
        &mut self,
        samples: &'a [PodSample],
        next: usize,
        pod: &str,
    ) -> (Option<&'a PodSample>, usize) {
        if let Some(index) = &self.index {
            return (index.find(samples, pod), next);
        }
        let (before, after) = samples.split_at_checked(next).unwrap_or((samples, &[]));
        let above = before.last().is_none_or(|last| last.pod.as_str() < pod);
        if above && after.first().is_none_or(|first| first.pod.as_str() > pod) {
            return (None, next);
        }
        self.count += 1;
        if self.count > STRAYS {
            let index = self.index.insert(Index::new(samples));
            // Nothing is expected any more.
            return (index.find(samples, pod), usize::MAX);
        }
        let found = samples.binary_search_by(|s| s.pod.as_str().cmp(pod));
        let (Ok(at) | Err(at)) = found;
        let sample = found.ok().and_then(|at| samples.get(at));
        (sample, at + usize::from(found.is_ok()))
    }
}

/// Where the sample of each name is.
struct Index {
    /// By the leading bits of the name's hash, or after that: one more than a position; 0 where there
    /// is none. At most half of them are taken.
    slots: Vec<usize>,
    shift: u32,
}

impl Index {
    fn new(samples: &[PodSample]) -> Self {
        let size = (samples.len() * 2).next_power_of_two().max(2);
        let mut index = Self {
            slots: vec![0; size],
            shift: 64 - size.trailing_zeros(),
        };
        for (position, sample) in samples.iter().enumerate() {
            let mut at = index.start(&sample.pod);
            while index.slots.get(at).is_some_and(|taken| *taken != 0) {
                at = index.after(at);
            }
            if let Some(slot) = index.slots.get_mut(at) {
                *slot = position + 1;
            }
        }
        index
    }

    fn start(&self, name: &str) -> usize {
        (hash(name) >> self.shift) as usize
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    fn find<'a>(&self, samples: &'a [PodSample], name: &str) -> Option<&'a PodSample> {
        let mut at = self.start(name);
        loop {
            let position = self.slots.get(at)?.checked_sub(1)?;
            let sample = samples.get(position)?;
            if sample.pod == name {
                return Some(sample);
            }
            at = self.after(at);
        }
    }
}

/// A number for a name; equal names have the same.
#[inline]
fn hash(name: &str) -> u64 {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = name.as_bytes();
    // Both halves of the product: every bit of a word reaches the leading bits of the hash.
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(SPREAD);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let mut hash = mix(0, bytes.len() as u64);
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        hash = mix(hash, u64::from_le_bytes(*word));
        rest = after;
    }
    match bytes.last_chunk::<8>() {
        Some(word) => mix(hash, u64::from_le_bytes(*word)),
        None => rest
            .iter()
            .fold(hash, |hash, byte| mix(hash, u64::from(*byte))),
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
        let samples = samples(&["b", "d", "f"]);
        for order in ["abcdefg", "gfedcba", "fabgdec", "ddffbb", "zbfd"] {
            let mut join = Join::new(&samples);
            for pod in order.chars().map(String::from) {
                assert_eq!(join.find(&pod), samples.get(&pod), "{pod} of {order}");
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
