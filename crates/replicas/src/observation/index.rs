//! Where the sample of a pod is among samples of any order.

use super::names;
use super::samples::PodSample;

/// Where the sample of each name is: a hash table beside the samples.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// By the leading bits of the name's hash, or after that. At most half of them are taken.
    slots: Vec<Slot>,
    shift: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The hash, of which nearly every other name's differs.
    hash: u64,
    /// One more than a position; 0 where there is none.
    end: usize,
}

impl Index {
    /// An index of nothing yet, for so many names.
    pub(super) fn sized(names: usize) -> Self {
        let size = (names * 2).next_power_of_two().max(2);
        Self {
            slots: vec![Slot::default(); size],
            shift: 64 - size.trailing_zeros(),
        }
    }

    /// An index of samples of different pods.
    pub(super) fn of(samples: &[PodSample]) -> Self {
        let mut index = Self::sized(samples.len());
        for (position, sample) in samples.iter().enumerate() {
            index.position_or_insert(samples, &sample.pod, position);
        }
        index
    }

    /// Where the sample of a name is; where there is none, it will be at `position`.
    pub(super) fn position_or_insert(
        &mut self,
        samples: &[PodSample],
        name: &str,
        position: usize,
    ) -> Option<usize> {
        let hash = names::hash(name);
        let (at, found) = self.probe(samples, name, hash);
        if found.is_none()
            && let Some(slot) = self.slots.get_mut(at)
        {
            let end = position + 1;
            *slot = Slot { hash, end };
        }
        found
    }

    /// Where the sample of a name is.
    #[inline]
    pub(super) fn position(&self, samples: &[PodSample], name: &str) -> Option<usize> {
        self.probe(samples, name, names::hash(name)).1
    }

    /// The slot of a name, or the free one that it would take, and the position in it.
    #[inline]
    fn probe(&self, samples: &[PodSample], name: &str, hash: u64) -> (usize, Option<usize>) {
        let mut at = (hash >> self.shift) as usize;
        while let Some(slot) = self.slots.get(at) {
            let Some(position) = slot.end.checked_sub(1) else {
                break;
            };
            let is = |sample: &PodSample| names::same(&sample.pod, name);
            if slot.hash == hash && samples.get(position).is_some_and(is) {
                return (at, Some(position));
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        (at, None)
    }
}
