//! A compressed stretch of one series.
//!
//! Times and values are each a straight line plus what deviates from it, in as many bits as the
//! largest deviation needs: scrapes are nearly regular, and gauges of GPUs are whole numbers or
//! have a few decimals within a narrow band. So a sample takes one or two bytes, and any of them
//! can be read without those before it. Words of a block:
//!
//! | word | what |
//! |---|---|
//! | 0 | count, width of times, [`Kind`], width of values, decimals, shift, exceptions: 8 bits each |
//! | 1, 2 | times: `base + step * i + deviation` |
//! | 3, 4 | values: base and slope, as times, deviations shifted, over ten to the power of the decimals |
//! | then | deviations of times, of values, exceptions (their indices in one word, then their bits) |

mod reader;

use std::sync::Arc;

use concertina_model::Sample;

use super::bits::{Packer, unpack, words};
pub(super) use reader::Reader;

/// The most samples of a block.
pub(super) const BLOCK: usize = 128;

const HEADER: usize = 5;

/// Values that do not fit the rest of their block: a stale marker, a NaN.
const MAX_EXCEPTIONS: usize = 8;

const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Up to it every whole number is a float.
const MAX_WHOLE: u64 = 1 << 53;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Whole numbers around a line.
    Line,
    /// Whole numbers, each as the difference to the one before.
    Delta,
    /// Bits of floats, exclusive-or with the first.
    Bits,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Line, Self::Delta, Self::Bits];

    fn code(self) -> u64 {
        match self {
            Self::Line => 0,
            Self::Delta => 1,
            Self::Bits => 2,
        }
    }
}

/// Never empty. Cloning shares the words.
#[derive(Clone, Debug)]
pub(super) struct Block(Arc<[u64]>);

/// The first word, taken apart.
#[derive(Clone, Copy, Debug)]
struct Header {
    count: usize,
    time_width: u32,
    kind: Kind,
    width: u32,
    decimals: usize,
    shift: u32,
    exceptions: usize,
}

impl Header {
    fn pack(self) -> u64 {
        let fields = [
            self.count as u64,
            u64::from(self.time_width),
            self.kind.code(),
            u64::from(self.width),
            self.decimals as u64,
            u64::from(self.shift),
            self.exceptions as u64,
        ];
        fields.into_iter().rev().fold(0, |word, f| (word << 8) | f)
    }

    fn unpack(word: u64) -> Self {
        let field = |at: u32| (word >> (8 * at)) & 0xff;
        let kind = Kind::ALL.into_iter().find(|kind| kind.code() == field(2));
        Self {
            count: field(0) as usize,
            time_width: field(1) as u32,
            kind: kind.unwrap_or(Kind::Bits),
            width: field(3) as u32,
            decimals: field(4) as usize,
            shift: field(5) as u32,
            exceptions: field(6) as usize,
        }
    }
}

/// Whole numbers as a line and deviations from it, which are not negative. Arithmetic wraps, so
/// that every input comes back.
#[derive(Clone, Copy, Debug)]
struct Line {
    base: i64,
    slope: i64,
    /// The bits that some deviation has.
    used: u64,
}

impl Line {
    fn through(numbers: &[i64], slope: i64) -> Self {
        let deviation =
            |(i, number): (usize, &i64)| number.wrapping_sub(slope.wrapping_mul(i as i64));
        let deviations = || numbers.iter().enumerate().map(deviation);
        let base = deviations().min().unwrap_or_default();
        let used = deviations().fold(0, |used, d| used | d.wrapping_sub(base) as u64);
        Self { base, slope, used }
    }

    fn at(self, index: usize, deviation: u64) -> i64 {
        self.base
            .wrapping_add(self.slope.wrapping_mul(index as i64))
            .wrapping_add(deviation as i64)
    }

    fn deviation(self, index: usize, number: i64) -> u64 {
        number.wrapping_sub(self.at(index, 0)) as u64
    }

    /// The bits that a deviation takes.
    fn bits(self) -> u32 {
        width(self.used >> zeros(self.used))
    }
}

/// The slope from the first to the last.
fn slope(numbers: &[i64]) -> i64 {
    match numbers {
        [first, .., last] => last.wrapping_sub(*first) / (numbers.len() as i64 - 1),
        _ => 0,
    }
}

/// The bits at the end that no deviation has.
fn zeros(used: u64) -> u32 {
    used.trailing_zeros() % 64
}

fn width(used: u64) -> u32 {
    64 - used.leading_zeros()
}

/// `value` as a whole number of `1 / power`, if it is one to the last bit.
fn whole(value: f64, power: f64) -> Option<i64> {
    let number = (value * power + 0.5_f64.copysign(value)) as i64;
    let same = (number as f64 / power).to_bits() == value.to_bits();
    (same && number.unsigned_abs() < MAX_WHOLE).then_some(number)
}

/// Values as whole numbers of the fewest decimals, with those that are none.
struct Whole {
    decimals: usize,
    numbers: Vec<i64>,
    exceptions: Vec<(usize, u64)>,
}

impl Whole {
    fn find(samples: &[Sample]) -> Option<Self> {
        let most = MAX_EXCEPTIONS.min(samples.len() / 2);
        let powers = POWERS.iter().enumerate();
        powers
            .filter_map(|(decimals, power)| {
                let mut numbers = Vec::with_capacity(samples.len());
                let mut exceptions = Vec::new();
                for (i, sample) in samples.iter().enumerate() {
                    if let Some(number) = whole(sample.value, *power) {
                        numbers.push(number);
                        continue;
                    }
                    if exceptions.len() == most {
                        return None;
                    }
                    exceptions.push((i, sample.value.to_bits()));
                    // Something that costs nothing stands in the exception's place.
                    let next = samples.iter().skip(i).find_map(|s| whole(s.value, *power));
                    numbers.push(numbers.last().copied().or(next)?);
                }
                Some(Self {
                    decimals,
                    numbers,
                    exceptions,
                })
            })
            .next()
    }
}

/// Values, ready to be written.
struct Values {
    kind: Kind,
    base: u64,
    slope: i64,
    decimals: usize,
    deviations: Vec<u64>,
    exceptions: Vec<(usize, u64)>,
}

impl Values {
    fn of(samples: &[Sample]) -> Self {
        if let Some(whole) = Whole::find(samples) {
            return Self::whole(whole);
        }
        let base = samples.first().map_or(0, |sample| sample.value.to_bits());
        let bits = samples.iter().map(|s| s.value.to_bits() ^ base);
        Self {
            kind: Kind::Bits,
            base,
            slope: 0,
            decimals: 0,
            deviations: bits.collect(),
            exceptions: Vec::new(),
        }
    }

    /// The narrowest way to write whole numbers. A line wins ties, since any of its values can be
    /// read alone.
    fn whole(whole: Whole) -> Self {
        let numbers = whole.numbers;
        let flat = Line::through(&numbers, 0);
        let steep = Line::through(&numbers, slope(&numbers));
        let line = if steep.bits() < flat.bits() {
            steep
        } else {
            flat
        };
        let pairs = numbers.iter().zip(numbers.iter().skip(1));
        let steps: Vec<i64> = pairs.map(|(a, b)| b.wrapping_sub(*a)).collect();
        let least = Line::through(&steps, 0);
        let (kind, base, slope, deviations) = if least.bits() + 1 < line.bits() {
            let first = numbers.first().copied().unwrap_or_default();
            let rest = steps
                .iter()
                .map(|step| step.wrapping_sub(least.base) as u64);
            let all = std::iter::once(0).chain(rest).collect();
            (Kind::Delta, first, least.base, all)
        } else {
            let all = numbers.iter().enumerate();
            let all = all.map(|(i, number)| line.deviation(i, *number)).collect();
            (Kind::Line, line.base, line.slope, all)
        };
        Self {
            kind,
            base: base as u64,
            slope,
            decimals: whole.decimals,
            deviations,
            exceptions: whole.exceptions,
        }
    }
}

impl Block {
    /// Packs `samples`, which are not empty and at most [`BLOCK`].
    pub(super) fn pack(samples: &[Sample]) -> Self {
        let times = samples.iter().map(|sample| sample.timestamp.as_millis());
        let times: Vec<i64> = times.collect();
        let time = Line::through(&times, slope(&times));
        let values = Values::of(samples);
        let used = values.deviations.iter().fold(0, |used, d| used | d);
        let shift = zeros(used);
        let header = Header {
            count: samples.len(),
            time_width: width(time.used),
            kind: values.kind,
            width: width(used >> shift),
            decimals: values.decimals,
            shift,
            exceptions: values.exceptions.len(),
        };
        let mut all = Vec::with_capacity(
            HEADER
                + words(header.count, header.time_width)
                + words(header.count, header.width)
                + if header.exceptions > 0 {
                    1 + header.exceptions
                } else {
                    0
                },
        );
        let head = [
            header.pack(),
            time.base as u64,
            time.slope as u64,
            values.base,
            values.slope as u64,
        ];
        all.extend(head);
        let mut packer = Packer::behind(all);
        for (i, at) in times.iter().enumerate() {
            packer.push(time.deviation(i, *at), header.time_width);
        }
        let mut packer = Packer::behind(packer.finish());
        for deviation in &values.deviations {
            packer.push(*deviation >> shift, header.width);
        }
        let mut all = packer.finish();
        if header.exceptions > 0 {
            let indices = values.exceptions.iter().rev();
            all.push(indices.fold(0, |word, (index, _)| (word << 8) | *index as u64));
            all.extend(values.exceptions.iter().map(|(_, bits)| *bits));
        }
        Self(all.into())
    }

    fn word(&self, at: usize) -> u64 {
        self.0.get(at).copied().unwrap_or_default()
    }

    fn from(&self, word: usize) -> &[u64] {
        self.0.get(word..).unwrap_or_default()
    }

    /// How many samples it has.
    pub(super) fn len(&self) -> usize {
        (self.word(0) & 0xff) as usize
    }

    /// How many words it takes.
    pub(super) fn words(&self) -> usize {
        self.0.len()
    }

    fn time(&self, index: usize) -> i64 {
        let line = Line {
            base: self.word(1) as i64,
            slope: self.word(2) as i64,
            used: 0,
        };
        let width = ((self.word(0) >> 8) & 0xff) as u32;
        line.at(index, unpack(self.from(HEADER), width, index))
    }

    /// The time of the first sample, in milliseconds.
    pub(super) fn first(&self) -> i64 {
        self.time(0)
    }

    /// The time of the last sample, in milliseconds.
    pub(super) fn last(&self) -> i64 {
        self.time(self.len().saturating_sub(1))
    }

    /// Its samples, from `start` to `end`, both included, are added to `out`.
    pub(super) fn window(&self, start: i64, end: i64, out: &mut Vec<Sample>) {
        let mut reader = self.reader();
        let first = reader.before(start, false);
        let last = reader.before(end, true);
        out.extend((first..last).map(|index| reader.sample(index)));
    }

    /// Adds all samples to `out`.
    pub(super) fn unpack_into(&self, out: &mut Vec<Sample>) {
        let mut reader = self.reader();
        out.extend((0..self.len()).map(|index| reader.sample(index)));
    }

    /// For reading, here and there.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::STALE_MARKER;
    use concertina_model::Timestamp;
    use proptest::prelude::*;

    fn samples(raw: &[(i64, f64)]) -> Vec<Sample> {
        let samples = raw.iter().map(|(at, value)| Sample {
            timestamp: Timestamp::from_millis(*at),
            value: *value,
        });
        samples.collect()
    }

    fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
        let bits = samples
            .iter()
            .map(|s| (s.timestamp.as_millis(), s.value.to_bits()));
        bits.collect()
    }

    fn values() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            (-200_i32..200).prop_map(f64::from),
            (0_u32..1_000_000).prop_map(|v| f64::from(v) / 1000.0),
            (0_u32..65).prop_map(|v| f64::from(v) * 268_435_456.0),
            prop::sample::select(vec![
                STALE_MARKER,
                f64::NAN,
                -0.0,
                f64::INFINITY,
                9e15,
                1e300
            ]),
        ]
    }

    proptest! {
        #[test]
        fn every_bit_comes_back(
            steps in prop::collection::vec((prop_oneof![Just(15_000_i64), 1_i64..40_000, any::<i64>()], values()), 1..=BLOCK),
            kind in 0_usize..5,
            probe in any::<prop::sample::Index>(),
        ) {
            let mut at = 1_700_006_400_000_i64;
            let mut raw = Vec::new();
            for (i, (step, value)) in steps.iter().enumerate() {
                let Some(next) = at.checked_add(step.unsigned_abs().max(1) as i64).filter(|n| *n > at) else { break };
                at = next;
                // Whole blocks of one kind, and mixed ones.
                let value = match kind {
                    0 => (i as f64 * 4500.0) + (value.to_bits() % 7) as f64,
                    1 => (value.to_bits() % 101) as f64,
                    2 => (value.to_bits() % 400_000) as f64 / 1000.0,
                    _ => *value,
                };
                raw.push((at, value));
            }
            prop_assume!(!raw.is_empty());
            let all = samples(&raw);
            let block = Block::pack(&all);
            prop_assert_eq!(block.len(), all.len());
            let mut back = Vec::new();
            block.unpack_into(&mut back);
            prop_assert_eq!(bits(&back), bits(&all));
            prop_assert_eq!(Some(block.first()), all.first().map(|s| s.timestamp.as_millis()));
            prop_assert_eq!(Some(block.last()), all.last().map(|s| s.timestamp.as_millis()));
            let i = probe.index(all.len());
            let time = all[i].timestamp.as_millis();
            let mut reader = block.reader();
            for probe in [time, time, i64::MAX, time] {
                let (to, got) = (if probe == time { i } else { all.len() - 1 }, reader.newest(probe));
                prop_assert_eq!(bits(got.as_slice()), bits(&all[to..=to]));
            }
            prop_assert_eq!(reader.newest(block.first() - 1), None);
            let mut window = Vec::new();
            block.window(time, i64::MAX, &mut window);
            prop_assert_eq!(bits(&window), bits(&all[i..]));
            window.clear();
            block.window(i64::MIN, time - 1, &mut window);
            prop_assert_eq!(bits(&window), bits(&all[..i]));
        }
    }

    fn bytes_per_sample(value: impl Fn(u64) -> f64) -> f64 {
        let jitter = |i: u64| (i * 7919 % 5) as i64;
        let raw: Vec<_> = (0..BLOCK as u64)
            .map(|i| (i as i64 * 15_000 + jitter(i), value(i)))
            .collect();
        Block::pack(&samples(&raw)).words() as f64 * 8.0 / BLOCK as f64
    }

    #[test]
    fn gauges_of_gpus_take_few_bytes() {
        let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        // Utilization, temperature, memory, a constant, a counter of energy.
        assert!(bytes_per_sample(|i| (noise(i) % 101) as f64) < 1.7);
        assert!(bytes_per_sample(|i| 40.0 + (noise(i) % 30) as f64) < 1.5);
        assert!(bytes_per_sample(|i| (1 + noise(i) % 64) as f64 * 268_435_456.0) < 1.7);
        assert!(bytes_per_sample(|_| 17_179_869_184.0) < 0.8);
        assert!(bytes_per_sample(|i| (4500 * i + noise(i) % 97) as f64) < 1.8);
        // Floats without any pattern are never larger than they are plain.
        assert!(bytes_per_sample(|i| f64::from_bits(noise(i) << 24 | noise(i + 1))) < 9.0);
    }
}
