//! The series store.

mod bits;
mod block;
mod index;
mod options;
mod series;
mod snapshot;
mod symbols;

use std::sync::Arc;
use std::time::Duration;

use concertina_model::{Labels, Sample, Timestamp};

pub(crate) use index::{Index, Pair, Slot};
pub use options::{AppendError, Counters, StoreOptions, Usage};
pub(crate) use series::Series;
use snapshot::Head;
pub use snapshot::Snapshot;
pub(crate) use symbols::{Symbol, Symbols};

/// The value that says: this series ended. A NaN of these very bits, as in Prometheus.
pub const STALE_MARKER: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// True for [`STALE_MARKER`], false for any other NaN.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_MARKER.to_bits()
}

/// How many series lie on a page, which is what a change under a snapshot copies.
const PAGE: usize = 64;

/// In so many parts of the retention the store looks for what is too old.
const SWEEPS: u32 = 32;

/// A series of a store, for appending without looking its labels up again. It stays good until
/// the series is dropped; what is appended to it then is [`AppendError::UnknownSeries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesRef {
    slot: Slot,
    generation: u32,
}

/// Series and their samples, in memory, packed: one writer fills the store, and any number of
/// readers ask [`Snapshot`]s of it.
///
/// Samples of a series come in ascending time, as in Prometheus: one that is there already is
/// accepted and ignored, another value at the same time or an older one is refused.
///
/// ```
/// use concertina_model::{Labels, Sample, Timestamp};
/// use concertina_tsdb::{Store, StoreOptions};
///
/// let mut store = Store::new(StoreOptions::default());
/// let labels = Labels::from_pairs([("__name__", "gpu_temperature"), ("gpu", "0")]);
/// let at = |s: i64| Timestamp::from_millis(s * 1000);
/// let series = store.append(&labels, Sample { timestamp: at(15), value: 61.0 }).unwrap();
///
/// let before = store.snapshot();
/// store.append_to(series, Sample { timestamp: at(30), value: 64.0 }).unwrap();
/// store.end(series, at(45)).unwrap();
/// assert_eq!((store.usage().samples, store.counters().appended), (3, 3));
///
/// let selector = concertina_promql::parse_selector("gpu_temperature").unwrap();
/// assert!(before.series(&[selector.clone()], at(30), at(60)).unwrap().is_empty());
/// assert_eq!(store.snapshot().series(&[selector], at(30), at(60)).unwrap(), [labels]);
/// ```
#[derive(Debug)]
pub struct Store {
    options: StoreOptions,
    head: Arc<Head>,
    generations: Vec<u32>,
    free: Vec<Slot>,
    newest: Option<Timestamp>,
    swept: Option<Timestamp>,
    samples: usize,
    bytes: usize,
    counters: Counters,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(options: StoreOptions) -> Self {
        Self {
            options,
            head: Arc::default(),
            generations: Vec::new(),
            free: Vec::new(),
            newest: None,
            swept: None,
            samples: 0,
            bytes: 0,
            counters: Counters::default(),
        }
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.head.index.len()
    }

    /// True when there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the store holds now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            series: self.len(),
            samples: self.samples,
            bytes: self.bytes,
        }
    }

    /// What the store did so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The content at this instant, for readers. What is appended while a snapshot lives copies
    /// the pages it touches, once.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(Arc::clone(&self.head))
    }

    /// The series with these very labels.
    #[must_use]
    pub fn find(&self, labels: &Labels) -> Option<SeriesRef> {
        let slot = self.head.index.find(labels)?;
        let generation = *self.generations.get(slot as usize)?;
        Some(SeriesRef { slot, generation })
    }

    /// Adds a sample. NaN and infinities are values like any other. Returns the series, to which
    /// [`Self::append_to`] adds faster.
    ///
    /// # Errors
    ///
    /// [`AppendError`] when the series has a newer sample or another value at that time, the sample
    /// is older than the retention before the store's newest, or a limit is met.
    pub fn append(&mut self, labels: &Labels, sample: Sample) -> Result<SeriesRef, AppendError> {
        if let Some(series) = self.find(labels) {
            return self.append_to(series, sample).map(|()| series);
        }
        let series = self.len();
        if series >= self.options.max_series {
            self.counters.over_series += 1;
            return Err(AppendError::TooManySeries(series));
        }
        if let Some(oldest) = self.too_old(sample.timestamp) {
            return Err(self.refuse_old(labels.clone(), oldest, sample.timestamp));
        }
        self.admit(sample.value)?;
        let series = self.create(labels);
        self.push(series.slot, sample);
        Ok(series)
    }

    /// Adds a sample to a series.
    ///
    /// # Errors
    ///
    /// [`AppendError`] as of [`Self::append`], and when the series was dropped.
    pub fn append_to(&mut self, series: SeriesRef, sample: Sample) -> Result<(), AppendError> {
        let SeriesRef { slot, generation } = series;
        let known = self.generations.get(slot as usize) == Some(&generation);
        let last = self
            .head
            .series(slot)
            .filter(|_| known)
            .and_then(Series::last);
        let last = last.ok_or(AppendError::UnknownSeries)?;
        let timestamp = sample.timestamp;
        if timestamp < last.timestamp {
            self.counters.out_of_order += 1;
            let newest = last.timestamp;
            return Err(AppendError::OutOfOrder {
                labels: self.head.index.labels(slot),
                newest,
                timestamp,
            });
        }
        if timestamp == last.timestamp {
            if last.value.to_bits() == sample.value.to_bits() {
                self.counters.repeated += 1;
                return Ok(());
            }
            self.counters.conflicting += 1;
            return Err(AppendError::Conflict {
                labels: self.head.index.labels(slot),
                timestamp,
            });
        }
        if let Some(oldest) = self.too_old(timestamp) {
            return Err(self.refuse_old(self.head.index.labels(slot), oldest, timestamp));
        }
        self.admit(sample.value)?;
        self.push(slot, sample);
        Ok(())
    }

    /// Says that the series with `labels` ended at `at`: it disappears from instant queries at
    /// once.
    ///
    /// # Errors
    ///
    /// [`AppendError`] as of [`Self::append`].
    pub fn mark_stale(&mut self, labels: &Labels, at: Timestamp) -> Result<(), AppendError> {
        self.append(labels, marker(at)).map(|_| ())
    }

    /// Says that a series ended at `at`: it disappears from instant queries at once.
    ///
    /// # Errors
    ///
    /// [`AppendError`] as of [`Self::append_to`].
    pub fn end(&mut self, series: SeriesRef, at: Timestamp) -> Result<(), AppendError> {
        self.append_to(series, marker(at))
    }

    /// Drops the samples that are older than the retention before `now`, and the series that have
    /// none left. If more than nine tenths of the samples or bytes that may be are used then, the
    /// oldest of the rest go, too.
    ///
    /// Cheap to call after every scrape: samples lie in blocks of up to 128, which go as a whole,
    /// and they are looked through only every 32nd part of the retention.
    pub fn evict(&mut self, now: Timestamp) {
        let retention = self.options.retention;
        let due = self
            .swept
            .is_none_or(|swept| now.saturating_duration_since(swept) >= retention / SWEEPS);
        if due {
            self.swept = Some(now);
            self.sweep(now.saturating_sub(retention));
        }
        let mut kept = retention;
        while self.is_crowded() && kept > Duration::from_millis(1) {
            kept = kept / 4 * 3;
            self.counters.retention_shortened += 1;
            self.sweep(now.saturating_sub(kept));
        }
    }

    fn is_crowded(&self) -> bool {
        let nine_tenths = |limit: usize| limit / 10 * 9;
        self.samples > nine_tenths(self.options.max_samples)
            || self.bytes > nine_tenths(self.options.max_bytes)
    }

    fn sweep(&mut self, oldest: Timestamp) {
        let oldest = oldest.as_millis();
        let mut over = Vec::new();
        let old = |series: &Series| series.ends().is_some_and(|(first, _)| first < oldest);
        let has_old = self.head.pages.iter().map(|page| page.iter().any(old));
        let has_old: Vec<bool> = has_old.collect();
        let head = Arc::make_mut(&mut self.head);
        let pages = head.pages.iter_mut().enumerate().zip(has_old);
        for ((at, page), _) in pages.filter(|(_, has_old)| *has_old) {
            for (place, series) in Arc::make_mut(page).iter_mut().enumerate() {
                let (samples, bytes) = series.drop_before(oldest);
                self.samples -= samples;
                self.bytes = self.bytes.saturating_sub(bytes);
                self.counters.samples_evicted += samples as u64;
                if samples > 0 && series.last().is_none() {
                    over.push((at * PAGE + place) as Slot);
                }
            }
        }
        if over.is_empty() {
            return;
        }
        let shrunk =
            Arc::make_mut(&mut head.index).remove(&over) + over.len() * size_of::<Series>();
        self.bytes = self.bytes.saturating_sub(shrunk);
        self.counters.series_evicted += over.len() as u64;
        for slot in over {
            if let Some(generation) = self.generations.get_mut(slot as usize) {
                *generation = generation.wrapping_add(1);
            }
            self.free.push(slot);
        }
    }

    /// The oldest time that is kept, when `timestamp` is before it.
    fn too_old(&self, timestamp: Timestamp) -> Option<Timestamp> {
        let oldest = self.newest?.saturating_sub(self.options.retention);
        (timestamp < oldest).then_some(oldest)
    }

    fn refuse_old(&mut self, labels: Labels, oldest: Timestamp, at: Timestamp) -> AppendError {
        self.counters.too_old += 1;
        AppendError::TooOld {
            labels,
            oldest,
            timestamp: at,
        }
    }

    /// Refuses what there is no room for.
    fn admit(&mut self, value: f64) -> Result<(), AppendError> {
        // A series must be able to end also in a full store.
        if is_stale(value) {
            return Ok(());
        }
        if self.samples >= self.options.max_samples {
            self.counters.over_samples += 1;
            return Err(AppendError::TooManySamples(self.samples));
        }
        if self.bytes >= self.options.max_bytes {
            self.counters.over_bytes += 1;
            return Err(AppendError::TooManyBytes(self.bytes));
        }
        Ok(())
    }

    fn create(&mut self, labels: &Labels) -> SeriesRef {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.generations.push(0);
            (self.generations.len() - 1) as Slot
        });
        let head = Arc::make_mut(&mut self.head);
        self.bytes += Arc::make_mut(&mut head.index).insert(labels, slot) + size_of::<Series>();
        if slot as usize / PAGE == head.pages.len() {
            head.pages.push(Arc::new(vec![Series::default(); PAGE]));
        }
        self.counters.series_created += 1;
        let generation = self.generations.get(slot as usize).copied();
        SeriesRef {
            slot,
            generation: generation.unwrap_or_default(),
        }
    }

    fn push(&mut self, slot: Slot, sample: Sample) {
        let head = Arc::make_mut(&mut self.head);
        let page = head.pages.get_mut(slot as usize / PAGE).map(Arc::make_mut);
        let Some(series) = page.and_then(|page| page.get_mut(slot as usize % PAGE)) else {
            return;
        };
        let grown = series.push(sample);
        self.bytes = self.bytes.saturating_add_signed(grown);
        self.samples += 1;
        self.counters.appended += 1;
        self.newest = self.newest.max(Some(sample.timestamp));
    }
}

fn marker(at: Timestamp) -> Sample {
    Sample {
        timestamp: at,
        value: STALE_MARKER,
    }
}
