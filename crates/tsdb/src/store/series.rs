//! The samples of one series.

use concertina_model::{Sample, Timestamp};

use super::block::{BLOCK, Block};

/// The newest samples of a series stay as they are until there are so many.
const TAIL: usize = 8;

/// By so many words a block may grow with a tail before it is asked whether a block of its own is
/// smaller, as it is behind a gap.
const SUSPICIOUS: usize = 6;

/// Packed blocks, oldest first, and the newest samples as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    blocks: Vec<Block>,
    // Times as distances to the first: half the room of a series is its tail.
    start: i64,
    len: u8,
    after: [u32; TAIL],
    values: [f64; TAIL],
}

impl Series {
    /// Adds a sample that is newer than all others. Returns by how many bytes the series grew.
    pub(super) fn push(&mut self, sample: Sample) -> isize {
        let at = sample.timestamp.as_millis();
        let mut grown = 0;
        let mut after = u32::try_from(at.wrapping_sub(self.start));
        if self.len == 0 || usize::from(self.len) == TAIL || after.is_err() {
            grown = self.pack();
            self.start = at;
            after = Ok(0);
        }
        let place = usize::from(self.len);
        if let (Some(to), Some(value), Ok(after)) =
            (self.after.get_mut(place), self.values.get_mut(place), after)
        {
            (*to, *value) = (after, sample.value);
            self.len += 1;
        }
        grown
    }

    /// Moves the tail into a block: the last one while it has room. Returns the growth in bytes.
    fn pack(&mut self) -> isize {
        if self.len == 0 {
            return 0;
        }
        let tail: Vec<Sample> = self.tail().collect();
        self.len = 0;
        if let Some(last) = self.blocks.last_mut()
            && last.len() + tail.len() <= BLOCK
        {
            let mut all = Vec::with_capacity(last.len() + tail.len());
            last.unpack_into(&mut all);
            all.extend_from_slice(&tail);
            let joined = Block::pack(&all);
            if joined.words() <= last.words() + SUSPICIOUS
                || joined.words() < last.words() + Block::pack(&tail).words()
            {
                let before = std::mem::replace(last, joined).words();
                return 8 * (last.words() as isize - before as isize);
            }
        }
        let block = Block::pack(&tail);
        let grown = 8 * block.words() + size_of::<Block>() + ARC;
        self.blocks.reserve_exact(1);
        self.blocks.push(block);
        grown as isize
    }

    fn tail(&self) -> impl DoubleEndedIterator<Item = Sample> + '_ {
        let all = self.after.iter().zip(&self.values);
        all.take(self.len.into()).map(|(after, value)| Sample {
            timestamp: Timestamp::from_millis(self.start.saturating_add(i64::from(*after))),
            value: *value,
        })
    }

    /// The newest sample.
    pub(super) fn last(&self) -> Option<Sample> {
        self.tail().next_back()
    }

    /// The times of the first and the last sample, in milliseconds.
    pub(crate) fn ends(&self) -> Option<(i64, i64)> {
        let last = self.last()?.timestamp.as_millis();
        Some((self.blocks.first().map_or(self.start, Block::first), last))
    }

    /// The newest sample that is not after `time`.
    pub(crate) fn newest(&self, time: i64) -> Option<Sample> {
        if self.len > 0 && self.start <= time {
            return self.newest_of_tail(time);
        }
        let after = self.blocks.partition_point(|block| block.first() <= time);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        block.reader().newest(time)
    }

    fn newest_of_tail(&self, time: i64) -> Option<Sample> {
        let mut tail = self.tail().rev();
        tail.find(|sample| sample.timestamp.as_millis() <= time)
    }

    /// The newest sample at each of `times`, which ascend: each block is looked for once.
    pub(crate) fn newest_at(
        &self,
        times: impl IntoIterator<Item = i64>,
        mut each: impl FnMut(Option<Sample>),
    ) {
        let mut next = 0;
        let mut reader = None;
        for time in times {
            if self.len > 0 && self.start <= time {
                each(self.newest_of_tail(time));
                continue;
            }
            while let Some(block) = self.blocks.get(next).filter(|b| b.first() <= time) {
                reader = Some(block.reader());
                next += 1;
            }
            each(reader.as_mut().and_then(|reader| reader.newest(time)));
        }
    }

    /// Adds the samples from `start` to `end`, both included, to `out`.
    pub(crate) fn window(&self, start: i64, end: i64, out: &mut Vec<Sample>) {
        let first = self.blocks.partition_point(|block| block.last() < start);
        let blocks = self.blocks.iter().skip(first);
        for block in blocks.take_while(|block| block.first() <= end) {
            block.window(start, end, out);
        }
        out.extend(self.tail().filter(|sample| {
            let at = sample.timestamp.as_millis();
            start <= at && at <= end
        }));
    }

    /// Drops what is wholly before `oldest`, block by block. Returns how many samples and bytes
    /// went; a series without any sample left is over.
    pub(super) fn drop_before(&mut self, oldest: i64) -> (usize, usize) {
        let before = self.heap();
        let old = self.blocks.partition_point(|block| block.last() < oldest);
        let mut samples: usize = self.blocks.drain(..old).map(|block| block.len()).sum();
        if old > 0 {
            self.blocks.shrink_to_fit();
        }
        if self
            .last()
            .is_some_and(|last| last.timestamp.as_millis() < oldest)
        {
            samples += usize::from(self.len);
            self.len = 0;
        }
        (samples, before - self.heap())
    }

    /// The bytes of its blocks.
    fn heap(&self) -> usize {
        let words: usize = self.blocks.iter().map(Block::words).sum();
        8 * words + self.blocks.len() * (size_of::<Block>() + ARC)
    }
}

/// What an `Arc` and its allocation take beside their content.
pub(super) const ARC: usize = 24;
