//! Reading a block: its header taken apart once, any sample at any time.

use concertina_model::{Sample, Timestamp};

use super::{Block, HEADER, Header, Kind, Line, POWERS};
use crate::store::bits::{unpack, words};

/// The samples of a block. Those written as differences are quick to read in ascending order.
pub(in crate::store) struct Reader<'b> {
    header: Header,
    time: Line,
    value: Line,
    times: &'b [u64],
    values: &'b [u64],
    /// Their indices in the first word, then their bits.
    exceptions: &'b [u64],
    power: f64,
    /// Where the sum of differences stands, and what it is.
    at: usize,
    sum: i64,
}

impl<'b> Reader<'b> {
    pub(super) fn new(block: &'b Block) -> Self {
        let header = Header::unpack(block.word(0));
        let line = |at: usize| Line {
            base: block.word(at) as i64,
            slope: block.word(at + 1) as i64,
            used: 0,
        };
        let values = block.from(HEADER + words(header.count, header.time_width));
        let exceptions = values.get(words(header.count, header.width)..);
        Self {
            header,
            time: line(1),
            value: line(3),
            times: block.from(HEADER),
            values,
            exceptions: exceptions
                .filter(|_| header.exceptions > 0)
                .unwrap_or_default(),
            power: POWERS.get(header.decimals).copied().unwrap_or(1.0),
            at: 0,
            sum: line(3).base,
        }
    }

    #[inline]
    fn time(&self, index: usize) -> i64 {
        let deviation = unpack(self.times, self.header.time_width, index);
        self.time.at(index, deviation)
    }

    #[inline]
    fn deviation(&self, index: usize) -> u64 {
        unpack(self.values, self.header.width, index) << self.header.shift
    }

    #[inline]
    fn value(&mut self, index: usize) -> f64 {
        if let Some((indices, bits)) = self.exceptions.split_first() {
            let mut all = bits.iter().take(self.header.exceptions).enumerate();
            let hit = all.find(|(i, _)| ((indices >> (8 * i)) & 0xff) as usize == index);
            if let Some((_, bits)) = hit {
                return f64::from_bits(*bits);
            }
        }
        let number = match self.header.kind {
            Kind::Bits => return f64::from_bits(self.value.base as u64 ^ self.deviation(index)),
            Kind::Line => self.value.at(index, self.deviation(index)),
            Kind::Delta => {
                if index < self.at {
                    (self.at, self.sum) = (0, self.value.base);
                }
                while self.at < index {
                    self.at += 1;
                    let step = self.deviation(self.at) as i64;
                    self.sum = self.sum.wrapping_add(self.value.slope).wrapping_add(step);
                }
                self.sum
            }
        };
        match self.header.decimals {
            0 => number as f64,
            _ => number as f64 / self.power,
        }
    }

    /// The sample at an index below the block's length.
    #[inline]
    pub(super) fn sample(&mut self, index: usize) -> Sample {
        Sample {
            timestamp: Timestamp::from_millis(self.time(index)),
            value: self.value(index),
        }
    }

    /// How many samples are before `time`, or at it when `included`.
    pub(super) fn before(&self, time: i64, included: bool) -> usize {
        let is_before = |index: usize| {
            let at = self.time(index);
            at < time || (included && at == time)
        };
        let (mut low, mut high) = (0, self.header.count);
        // Times lie near their line, so mostly this place or the next is it.
        let guess = time.saturating_sub(self.time.base);
        let guess = guess.checked_div(self.time.slope).unwrap_or(0);
        let guess = usize::try_from(guess).unwrap_or(0);
        let guess = guess.min(high.saturating_sub(1));
        if is_before(guess) {
            low = guess + 1;
            if low < high && !is_before(low) {
                high = low;
            }
        } else {
            high = guess;
            if low < high && is_before(high - 1) {
                low = high;
            }
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The newest sample that is not after `time`.
    pub(in crate::store) fn newest(&mut self, time: i64) -> Option<Sample> {
        let index = self.before(time, true).checked_sub(1)?;
        Some(self.sample(index))
    }
}
