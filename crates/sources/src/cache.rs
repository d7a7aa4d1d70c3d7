//! Answers that are asked for once and shared.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::{Labels, ListedSeries, QueryAnswer, QueryValue, Timestamp};
use tokio::sync::OnceCell;

use crate::metric::{Origin, SharedAnswer};
use crate::{Clock, MetricSource, SourceError};

/// How much a [`Cache`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    /// How old an answer may be that is given again, counted from when its query was sent; zero
    /// gives none again.
    pub ttl: Duration,
    /// Queries that are known at once, under way ones included. Others are asked as without a
    /// cache.
    pub entries: usize,
    /// The most samples or series of all answers that are kept together.
    pub samples: usize,
}

impl Default for CacheOptions {
    /// 1 s, 1,024 queries, 250,000 samples.
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(1),
            entries: 1024,
            samples: 250_000,
        }
    }
}

/// A source before another one: equal queries that come while one is under way wait for its
/// answer, and an answer is given again for a short time.
///
/// An answer keeps the time of its evaluation, so that its age shows. A failure is told to those
/// who waited for it, and is never kept. Who stops waiting takes nothing from the others.
///
/// ```
/// use std::sync::Arc;
/// use concertina_sources::cache::{Cache, CacheOptions};
/// use concertina_sources::{MetricSource, SystemClock};
///
/// fn cached(source: Arc<dyn MetricSource>) -> Arc<dyn MetricSource> {
///     Arc::new(Cache::new(source, Arc::new(SystemClock), CacheOptions::default()))
/// }
/// ```
pub struct Cache {
    source: Arc<dyn MetricSource>,
    clock: Arc<dyn Clock>,
    answers: Flights<QueryAnswer>,
    series: Flights<Vec<Labels>>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("source", &self.source.describe())
            .field("options", &self.answers.options)
            .finish_non_exhaustive()
    }
}

impl Cache {
    /// A cache before `source`, within `options`; ages are measured by `clock`.
    #[must_use]
    pub fn new(
        source: Arc<dyn MetricSource>,
        clock: Arc<dyn Clock>,
        options: CacheOptions,
    ) -> Self {
        Self {
            source,
            clock,
            answers: Flights::new(options),
            series: Flights::new(options),
        }
    }
}

#[async_trait]
impl MetricSource for Cache {
    async fn query(&self, promql: &str) -> Result<QueryAnswer, SourceError> {
        let shared = self.query_shared(promql).await?;
        Ok(Arc::unwrap_or_clone(shared.answer))
    }

    async fn query_shared(&self, promql: &str) -> Result<SharedAnswer, SourceError> {
        let asked = || self.source.query(promql);
        let (answer, origin) = self.answers.get(promql, &*self.clock, asked).await;
        Ok(SharedAnswer {
            answer: answer?,
            origin,
        })
    }

    async fn series(&self, selector: &str, lookback: Duration) -> Result<Vec<Labels>, SourceError> {
        let key = format!("{} {selector}", lookback.as_millis());
        let asked = || self.source.series(selector, lookback);
        let (series, _) = self.series.get(&key, &*self.clock, asked).await;
        series.map(Arc::unwrap_or_clone)
    }

    async fn list(
        &self,
        selector: &str,
        lookback: Duration,
    ) -> Result<Vec<ListedSeries>, SourceError> {
        // Listings are asked for rarely, each at its own times.
        self.source.list(selector, lookback).await
    }

    fn describe(&self) -> String {
        self.source.describe()
    }
}

/// How many samples something holds.
trait Size {
    fn size(&self) -> usize;
}

impl Size for QueryAnswer {
    fn size(&self) -> usize {
        match &self.value {
            QueryValue::Vector(samples) => samples.len(),
            QueryValue::Matrix(series) => series.iter().map(|one| one.samples.len() + 1).sum(),
            _ => 1,
        }
    }
}

impl Size for Vec<Labels> {
    fn size(&self) -> usize {
        self.len()
    }
}

type Answered<T> = Result<Arc<T>, SourceError>;

/// One asking of a query, under way or answered.
struct Flight<T> {
    begun: Timestamp,
    answer: OnceCell<Answered<T>>,
}

/// Queries that are under way or were answered lately, by their texts.
struct Flights<T> {
    options: CacheOptions,
    known: Mutex<HashMap<String, Arc<Flight<T>>>>,
}

impl<T: Size> Flights<T> {
    fn new(options: CacheOptions) -> Self {
        Self {
            options,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Flight<T>>>> {
        // Each change is one call of the map: a poisoned lock still holds a whole one.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get<F>(
        &self,
        key: &str,
        clock: &dyn Clock,
        ask: impl FnOnce() -> F,
    ) -> (Answered<T>, Origin)
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        let flight = self.flight(key, clock.now());
        if let Some(answer) = flight.answer.get() {
            return (answer.clone(), Origin::Kept);
        }
        let mut origin = Origin::Joined;
        // When the one who asks is cancelled, the next one who waits asks.
        let answer = flight.answer.get_or_init(async || {
            origin = Origin::Asked;
            ask().await.map(Arc::new)
        });
        let answer = answer.await.clone();
        if origin == Origin::Asked {
            self.landed(key, &flight, &answer);
        }
        (answer, origin)
    }

    /// The flight of `key`: one that can still be used, or a new one.
    fn flight(&self, key: &str, now: Timestamp) -> Arc<Flight<T>> {
        let mut known = self.known();
        if let Some(flight) = known.get(key)
            && self.is_fresh(flight, now)
        {
            return Arc::clone(flight);
        }
        let flight = Arc::new(Flight {
            begun: now,
            answer: OnceCell::new(),
        });
        known.retain(|_, flight| self.is_fresh(flight, now));
        if known.len() < self.options.entries {
            known.insert(key.to_owned(), Arc::clone(&flight));
        }
        flight
    }

    /// Whether a flight is under way, with somebody who waits for it, or its answer is young.
    fn is_fresh(&self, flight: &Arc<Flight<T>>, now: Timestamp) -> bool {
        match flight.answer.initialized() {
            true => {
                let age = now.saturating_duration_since(flight.begun);
                // A clock that was set back makes no answer younger.
                now >= flight.begun && age < self.options.ttl
            }
            false => Arc::strong_count(flight) > 1,
        }
    }

    /// Forgets an answer that is not to be given again.
    fn landed(&self, key: &str, flight: &Arc<Flight<T>>, answer: &Answered<T>) {
        let mut known = self.known();
        let keep = match answer {
            Ok(answer) if !self.options.ttl.is_zero() => {
                let sizes = known.values().filter_map(|flight| flight.answer.get());
                let all: usize = sizes.flatten().map(|answer| answer.size()).sum();
                all <= self.options.samples && answer.size() <= self.options.samples
            }
            _ => false,
        };
        if !keep
            && known
                .get(key)
                .is_some_and(|known| Arc::ptr_eq(known, flight))
        {
            known.remove(key);
        }
    }
}
