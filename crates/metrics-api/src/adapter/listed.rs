//! A catalogue that is made anew from what a source lists.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use concertina_mapping::{Catalogue, ExternalCatalogue, Listing, ReadError, Resources, RuleHealth};
use concertina_model::{QueryAnswer, Timestamp};
use concertina_rules::Rule;
use concertina_sources::MetricSource;

use super::fetching;
use crate::ProviderError;
use crate::telemetry::{AdapterMetrics, ListNow, QueryCounter};

/// What a relist found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relisted {
    /// How many metrics can be asked for now.
    pub metrics: usize,
    /// The rules that could not be listed, by their place in the file, and why. They keep what they
    /// had before.
    pub failed: Vec<(usize, String)>,
}

/// What the two catalogues have in common.
pub(super) trait Relistable: Sized + Send + Sync + 'static {
    /// The key of the rules in the file.
    const LIST: &'static str;
    /// The rules, each with how it fares.
    fn states(&self) -> Vec<(&Arc<Rule>, &RuleHealth)>;
    /// The next catalogue; a rule without a listing stays as it is.
    fn next(
        &self,
        listing: &dyn Fn(&Rule) -> Option<Listing>,
        known: &dyn Resources,
        now: Timestamp,
    ) -> Self;
    /// How many metrics it has.
    fn size(&self) -> usize;
}

impl Relistable for Catalogue {
    const LIST: &'static str = "rules";

    fn states(&self) -> Vec<(&Arc<Rule>, &RuleHealth)> {
        self.rules().collect()
    }

    fn next(
        &self,
        listing: &dyn Fn(&Rule) -> Option<Listing>,
        known: &dyn Resources,
        now: Timestamp,
    ) -> Self {
        self.relist_some(listing, known, now)
    }

    fn size(&self) -> usize {
        self.entries().count()
    }
}

impl Relistable for ExternalCatalogue {
    const LIST: &'static str = "externalRules";

    fn states(&self) -> Vec<(&Arc<Rule>, &RuleHealth)> {
        self.rules().collect()
    }

    fn next(
        &self,
        listing: &dyn Fn(&Rule) -> Option<Listing>,
        known: &dyn Resources,
        now: Timestamp,
    ) -> Self {
        self.relist_some(listing, known, now)
    }

    fn size(&self) -> usize {
        self.entries().len()
    }
}

fn current<C>(catalogue: &RwLock<Arc<C>>) -> Arc<C> {
    // The lock is held for a pointer copy only: a poisoned one still holds a whole catalogue.
    Arc::clone(&catalogue.read().unwrap_or_else(PoisonError::into_inner))
}

/// A catalogue, and what it is made from.
pub(super) struct Listed<C> {
    pub(super) source: Arc<dyn MetricSource>,
    pub(super) resources: Arc<dyn Resources>,
    lookback: Duration,
    catalogue: Arc<RwLock<Arc<C>>>,
    metrics: AdapterMetrics,
    /// Held while a catalogue is made from the one before, so that no listing is lost.
    relisting: Mutex<()>,
}

impl<C: Relistable> Listed<C> {
    pub(super) fn new(
        catalogue: C,
        source: Arc<dyn MetricSource>,
        resources: Arc<dyn Resources>,
        lookback: Duration,
    ) -> Self {
        Self {
            source,
            resources,
            lookback,
            catalogue: Arc::new(RwLock::new(Arc::new(catalogue))),
            metrics: AdapterMetrics::default(),
            relisting: Mutex::new(()),
        }
    }

    pub(super) fn catalogue(&self) -> Arc<C> {
        current(&self.catalogue)
    }

    /// Counts in `metrics`, and tells there of the rules.
    pub(super) fn count(&mut self, metrics: &AdapterMetrics) {
        let catalogue = Arc::clone(&self.catalogue);
        metrics.watch(Box::new(move || {
            let catalogue = current(&catalogue);
            let rules = catalogue.states().into_iter();
            ListNow {
                list: C::LIST,
                metrics: catalogue.size(),
                rules: rules
                    .map(|(rule, health)| (Arc::clone(rule), health.clone()))
                    .collect(),
            }
        }));
        self.metrics = metrics.clone();
    }

    /// Asks a query of a metric of a rule; gives the answer, what `read` makes of it, and the
    /// metric's counters.
    pub(super) async fn ask<T>(
        &self,
        rule: &Rule,
        metric: &str,
        query: &str,
        read: impl FnOnce(&QueryAnswer) -> Result<T, ReadError>,
    ) -> Result<(Timestamp, T, QueryCounter), ProviderError> {
        let counter = self
            .metrics
            .of(C::LIST, (rule.index() + 1).to_string(), metric);
        let answer = counter.ask(&*self.source, query).await.map_err(fetching)?;
        let read = counter.read(&answer, read).map_err(fetching)?;
        Ok((answer.at, read, counter))
    }

    /// Lists each distinct series query once.
    pub(super) async fn relist(&self, now: Timestamp) -> Relisted {
        let mut listings: HashMap<String, Listing> = HashMap::new();
        for (rule, _) in self.catalogue().states() {
            let query = rule.series_query();
            if !listings.contains_key(query) {
                listings.insert(query.to_owned(), self.listing(query).await);
            }
        }
        self.take(&listings, now)
    }

    /// Lists one series query.
    pub(super) async fn relist_query(&self, series_query: &str, now: Timestamp) -> Relisted {
        let listing = self.listing(series_query).await;
        self.take(&HashMap::from([(series_query.to_owned(), listing)]), now)
    }

    async fn listing(&self, series_query: &str) -> Listing {
        match self.source.list(series_query, self.lookback).await {
            Ok(series) => Ok(series.into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Takes listings into use, by their series queries.
    fn take(&self, listings: &HashMap<String, Listing>, now: Timestamp) -> Relisted {
        let relisting = self.relisting.lock();
        let _relisting = relisting.unwrap_or_else(PoisonError::into_inner);
        let listing = |rule: &Rule| listings.get(rule.series_query()).cloned();
        let catalogue = self.catalogue().next(&listing, &*self.resources, now);
        let failed = catalogue
            .states()
            .into_iter()
            .filter(|(rule, _)| listings.contains_key(rule.series_query()))
            .filter_map(|(rule, health)| Some((rule.index(), health.error.clone()?)))
            .collect();
        let relisted = Relisted {
            metrics: catalogue.size(),
            failed,
        };
        *self
            .catalogue
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(catalogue);
        relisted
    }
}
