//! The store as a source.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::{Labels, QueryAnswer};
use concertina_promql::{parse, parse_selector};
use concertina_tsdb::{EvalOptions, Snapshot, Store, StoreOptions, evaluate};

use crate::clock::Clock;
use crate::{MetricSource, SourceError};

/// A store that a scraper fills while others ask it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SharedStore(Arc<RwLock<Store>>);

impl SharedStore {
    /// An empty store.
    #[must_use]
    pub fn new(options: StoreOptions) -> Self {
        Self(Arc::new(RwLock::new(Store::new(options))))
    }

    /// The store's content at this instant. Whoever evaluates over it holds nobody up.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.read(Store::snapshot)
    }

    /// Reads the store; nobody writes meanwhile.
    pub fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        // A sample is stored whole or not at all, also where a panic happened.
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the store; nobody reads meanwhile.
    pub fn write<T>(&self, write: impl FnOnce(&mut Store) -> T) -> T {
        write(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The in-memory store as a source of metrics: PromQL 2.42, at the present of a clock.
#[derive(Clone, Debug)]
pub struct StoreSource {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    options: EvalOptions,
}

impl StoreSource {
    /// Answers from `store` at `clock`'s present.
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            options: EvalOptions::default(),
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
        let value = evaluate(&self.store.snapshot(), &expr, at, &self.options);
        let value = value.map_err(|error| self.execution(error))?;
        Ok(QueryAnswer { at, value })
    }

    async fn series(&self, selector: &str, lookback: Duration) -> Result<Vec<Labels>, SourceError> {
        let selector = parse_selector(selector).map_err(|error| self.bad_query(error))?;
        let end = self.clock.now();
        let start = end.saturating_sub(lookback);
        let series = self.store.snapshot().series(&[selector], start, end);
        series.map_err(|error| self.execution(error))
    }

    fn describe(&self) -> String {
        "the in-memory store".to_owned()
    }
}
