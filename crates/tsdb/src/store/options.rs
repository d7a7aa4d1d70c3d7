//! What a store keeps at most, what it counts, and why it refuses.

use std::time::Duration;

use concertina_model::{Labels, Timestamp};

/// What a store keeps at most.
///
/// At the limit of series, new series are refused; at that of samples or bytes, samples are, but
/// for stale markers. [`Store::evict`](crate::Store::evict) keeps a store below nine tenths of
/// its samples and bytes by giving up the oldest ones, so these two are met only where it is not
/// called. What is refused and given up is counted in [`Counters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Samples older than this are dropped by [`Store::evict`](crate::Store::evict), and refused
    /// when they are that much older than the newest.
    pub retention: Duration,
    /// New series beyond so many are refused.
    pub max_series: usize,
    /// Samples beyond so many, of all series together, are refused.
    pub max_samples: usize,
    /// Samples are refused while series and samples take more memory than this, by the store's own
    /// account: what it allocated for them, without the allocator's losses.
    pub max_bytes: usize,
}

impl Default for StoreOptions {
    /// One hour, 100,000 series, 50 million samples, 512 MiB.
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(3600),
            max_series: 100_000,
            max_samples: 50_000_000,
            max_bytes: 512 << 20,
        }
    }
}

/// What a store holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Series.
    pub series: usize,
    /// Samples of all series.
    pub samples: usize,
    /// Bytes, as [`StoreOptions::max_bytes`] counts them.
    pub bytes: usize,
}

/// What a store did since it was made; each only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Samples stored.
    pub appended: u64,
    /// Samples that were there already, time and value: accepted, not stored again.
    pub repeated: u64,
    /// Samples refused because the series has another value at their time.
    pub conflicting: u64,
    /// Samples refused because the series has a newer one.
    pub out_of_order: u64,
    /// Samples refused because they are older than the retention.
    pub too_old: u64,
    /// Samples of new series refused because of the limit of series.
    pub over_series: u64,
    /// Samples refused because of the limit of samples.
    pub over_samples: u64,
    /// Samples refused because of the limit of bytes.
    pub over_bytes: u64,
    /// Series that began.
    pub series_created: u64,
    /// Series dropped because no sample of them was left.
    pub series_evicted: u64,
    /// Samples dropped because of their age.
    pub samples_evicted: u64,
    /// How often more than the retention demands was dropped, to stay below a limit.
    pub retention_shortened: u64,
}

/// Why a sample was not stored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The series has a newer sample.
    #[error("{labels} has a sample of {newest} already, the one of {timestamp} comes too late")]
    OutOfOrder {
        /// The series.
        labels: Labels,
        /// Its newest sample's time.
        newest: Timestamp,
        /// The refused sample's time.
        timestamp: Timestamp,
    },
    /// The series has another value at this time.
    #[error("{labels} has another value at {timestamp} already")]
    Conflict {
        /// The series.
        labels: Labels,
        /// The time of both samples.
        timestamp: Timestamp,
    },
    /// The sample would not be kept.
    #[error("the sample of {labels} of {timestamp} is older than what is kept, from {oldest} on")]
    TooOld {
        /// The series.
        labels: Labels,
        /// The oldest time that is kept.
        oldest: Timestamp,
        /// The refused sample's time.
        timestamp: Timestamp,
    },
    /// The store has as many series as it may.
    #[error(
        "the store holds {0} series already, no new one is taken; raise the limit of series (`max_series`)"
    )]
    TooManySeries(usize),
    /// The store has as many samples as it may.
    #[error(
        "the store holds {0} samples already, no more are taken; shorten the retention or raise \
         the limit of samples (`max_samples`)"
    )]
    TooManySamples(usize),
    /// The store is as large as it may be.
    #[error(
        "the store takes {0} bytes already, no more samples are taken; shorten the retention or \
         raise the limit of bytes (`max_bytes`)"
    )]
    TooManyBytes(usize),
    /// The reference is to a series that was dropped, or of another store.
    #[error("the series is no longer there; append by its labels")]
    UnknownSeries,
}
