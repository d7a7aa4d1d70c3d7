//! Numbers of a fixed width, packed into words.

/// Packs numbers one behind the other.
#[derive(Debug, Default)]
pub(super) struct Packer {
    words: Vec<u64>,
    last: u64,
    used: u32,
}

impl Packer {
    /// Goes on behind `words`.
    pub(super) fn behind(words: Vec<u64>) -> Self {
        Self {
            words,
            last: 0,
            used: 0,
        }
    }

    /// Adds `value`, which is below two to the power of `width`; `width` is at most 64.
    pub(super) fn push(&mut self, value: u64, width: u32) {
        if width == 0 {
            return;
        }
        self.last |= value << self.used;
        let end = self.used + width;
        if end < 64 {
            self.used = end;
            return;
        }
        self.words.push(self.last);
        // What did not fit starts the next word; a shift by 64 would be no shift.
        self.last = if end == 64 {
            0
        } else {
            value >> (64 - self.used)
        };
        self.used = end - 64;
    }

    /// The words; the next numbers start with a new one.
    pub(super) fn finish(mut self) -> Vec<u64> {
        if self.used > 0 {
            self.words.push(self.last);
        }
        self.words
    }
}

/// How many words `count` numbers of `width` bits take.
pub(super) fn words(count: usize, width: u32) -> usize {
    (count * width as usize).div_ceil(64)
}

/// The number at `index` of those that start with the first of `words`.
#[inline]
pub(super) fn unpack(words: &[u64], width: u32, index: usize) -> u64 {
    if width == 0 {
        return 0;
    }
    let bit = index * width as usize;
    let (word, offset) = (bit / 64, (bit % 64) as u32);
    let at = |word: usize| words.get(word).copied().unwrap_or_default();
    let mut value = at(word) >> offset;
    if offset + width > 64 {
        value |= at(word + 1) << (64 - offset);
    }
    value & (u64::MAX >> (64 - width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out(width in 1_u32..=64, raw in prop::collection::vec(any::<u64>(), 0..200)) {
            let values: Vec<u64> = raw.iter().map(|value| value & (u64::MAX >> (64 - width))).collect();
            let mut packer = Packer::default();
            values.iter().for_each(|value| packer.push(*value, width));
            let packed = packer.finish();
            prop_assert_eq!(packed.len(), words(values.len(), width));
            for (i, value) in values.iter().enumerate() {
                prop_assert_eq!(unpack(&packed, width, i), *value);
            }
        }
    }
}
