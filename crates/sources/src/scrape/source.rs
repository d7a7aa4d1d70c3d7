//! The store as a source.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::{Labels, QueryAnswer, Timestamp};
use concertina_promql::{parse, parse_selector};
use concertina_tsdb::{EvalOptions, Evaluation, Snapshot, Store, StoreOptions};

use super::evaluated;
use crate::clock::Clock;
use crate::{MetricSource, SourceError};

/// A store that a scraper fills while others ask it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SharedStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: RwLock<Store>,
    /// When it was last told that the store is full, in milliseconds.
    told: AtomicI64,
}

/// How often it is told that the store is full.
const TELL_EVERY: i64 = 60_000;

impl SharedStore {
    /// An empty store.
    #[must_use]
    pub fn new(options: StoreOptions) -> Self {
        Self(Arc::new(Shared {
            store: RwLock::new(Store::new(options)),
            told: AtomicI64::new(i64::MIN),
        }))
    }

    /// The store's content at this instant. Whoever evaluates over it holds nobody up.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.read(Store::snapshot)
    }

    /// Reads the store; nobody writes meanwhile.
    pub fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        // A sample is stored whole or not at all, also where a panic happened.
        read(&self.0.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the store; nobody reads meanwhile.
    pub fn write<T>(&self, write: impl FnOnce(&mut Store) -> T) -> T {
        write(&mut self.0.store.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Drops what is too old at `now`, and tells when that is more than the retention demands.
    pub(super) fn evict(&self, now: Timestamp) {
        let (before, after, usage) = self.write(|store| {
            let before = store.counters().retention_shortened;
            store.evict(now);
            (before, store.counters().retention_shortened, store.usage())
        });
        if before == after {
            return;
        }
        let now = now.as_millis();
        let told = self.0.told.load(Ordering::Relaxed);
        if now.saturating_sub(told) >= TELL_EVERY {
            self.0.told.store(now, Ordering::Relaxed);
            let (series, samples, bytes) = (usage.series, usage.samples, usage.bytes);
            tracing::warn!(
                series,
                samples,
                bytes,
                "the store is nearly full: samples are given up before their time"
            );
        }
    }
}

/// How long an evaluation may take unless it is told otherwise.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The in-memory store as a source of metrics: PromQL 2.42, at the present of a clock.
///
/// Evaluations run on tokio's blocking threads, so that a heavy one holds up nothing else, and end
/// when nobody waits for them any more.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::sync::Arc;
///
/// use concertina_model::{Labels, QueryValue, Sample};
/// use concertina_sources::scrape::{SharedStore, StoreSource};
/// use concertina_sources::{Clock, MetricSource, SystemClock};
///
/// let store = SharedStore::new(Default::default());
/// let labels = Labels::from_pairs([("__name__", "gpu_util"), ("gpu", "0")]);
/// let sample = Sample { timestamp: SystemClock.now(), value: 61.0 };
/// store.write(|store| store.append(&labels, sample)).unwrap();
/// let source = StoreSource::new(store, Arc::new(SystemClock));
/// let QueryValue::Vector(vector) = source.query("gpu_util > 50").await.unwrap().value else {
///     unreachable!()
/// };
/// assert_eq!(vector[0].value, 61.0);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoreSource {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    options: EvalOptions,
    timeout: Duration,
}

impl StoreSource {
    /// Answers from `store` at `clock`'s present.
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            options: EvalOptions::default(),
            timeout: TIMEOUT,
        }
    }

    /// Evaluates within these limits, and in at most `timeout` of real time, instead of the
    /// default limits and 20 s.
    #[must_use]
    pub fn within(self, options: EvalOptions, timeout: Duration) -> Self {
        Self {
            options,
            timeout,
            ..self
        }
    }

    /// What `work` gives, in time.
    async fn run<T: Send + 'static, E: ToString + Send + 'static>(
        &self,
        work: impl FnOnce(Evaluation<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, SourceError> {
        let worked = evaluated(self.store.clone(), self.options, (), work);
        match tokio::time::timeout(self.timeout, worked).await {
            Ok(Some(worked)) => worked.map_err(|error| self.execution(error)),
            Ok(None) => Err(self.execution("the evaluation broke off")),
            Err(_) => Err(SourceError::Timeout {
                source_name: self.describe(),
                seconds: self.timeout.as_secs_f64(),
            }),
        }
    }

    fn bad_query(&self, reason: impl ToString) -> SourceError {
        SourceError::BadQuery {
            source_name: self.describe(),
            reason: reason.to_string(),
        }
    }

    fn execution(&self, reason: impl ToString) -> SourceError {
        SourceError::Execution {
            source_name: self.describe(),
            reason: reason.to_string(),
        }
    }
}

#[async_trait]
impl MetricSource for StoreSource {
    async fn query(&self, promql: &str) -> Result<QueryAnswer, SourceError> {
        let expr = parse(promql).map_err(|error| self.bad_query(error))?;
        let at = self.clock.now();
        let value = self.run(move |evaluation| evaluation.at(&expr, at)).await?;
        Ok(QueryAnswer { at, value })
    }

    async fn series(&self, selector: &str, lookback: Duration) -> Result<Vec<Labels>, SourceError> {
        let selector = parse_selector(selector).map_err(|error| self.bad_query(error))?;
        let end = self.clock.now();
        let start = end.saturating_sub(lookback);
        self.run(move |evaluation| evaluation.snapshot().series(&[selector], start, end))
            .await
    }

    fn describe(&self) -> String {
        "the in-memory store".to_owned()
    }
}
