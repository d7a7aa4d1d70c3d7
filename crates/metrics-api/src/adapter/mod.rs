//! A provider of custom metrics made of rules, a metric source and a list of objects: what
//! prometheus-adapter is.

mod objects;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::{
    Answer, Catalogue, Listing, MetricRequest, NoValue, Plan, PlanError, Resources,
};
use concertina_model::{LabelSelector, LabelSelectorObject, ObjectRef, QueryAnswer, Timestamp};
use concertina_rules::Rule;
use concertina_sources::MetricSource;

pub use objects::{ListError, ObjectLister};

use crate::provider::{LeftOut, SelectedValues};
use crate::types::v1beta2::{MetricIdentifier, MetricValue};
use crate::{CustomMetricsProvider, MetricInfo, MetricRef, ProviderError};

/// Serves custom metrics from what a [`MetricSource`] answers to the queries of rules.
///
/// A new adapter knows no metric until [`Adapter::relist`] has asked which series exist; call that
/// again and again. Requests are answered from the catalogue that the last relist made, and each
/// one is a query: nothing is cached.
pub struct Adapter {
    source: Arc<dyn MetricSource>,
    resources: Arc<dyn Resources>,
    objects: Arc<dyn ObjectLister>,
    lookback: Duration,
    catalogue: RwLock<Arc<Catalogue>>,
    /// Held while a catalogue is made from the one before, so that no listing is lost.
    relisting: Mutex<()>,
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter")
            .field("source", &self.source.describe())
            .field("entries", &self.catalogue().entries().count())
            .finish_non_exhaustive()
    }
}

/// What a relist found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relisted {
    /// How many metrics can be asked for now.
    pub metrics: usize,
    /// The rules that could not be listed, by their place in the file, and why. They keep what they
    /// had before.
    pub failed: Vec<(usize, String)>,
}

impl Adapter {
    /// An adapter of `rules`. A series counts as existing when it had a sample within `lookback`.
    #[must_use]
    pub fn new(
        rules: impl IntoIterator<Item = Arc<Rule>>,
        source: Arc<dyn MetricSource>,
        resources: Arc<dyn Resources>,
        objects: Arc<dyn ObjectLister>,
        lookback: Duration,
    ) -> Self {
        Self {
            source,
            resources,
            objects,
            lookback,
            catalogue: RwLock::new(Arc::new(Catalogue::new(rules))),
            relisting: Mutex::new(()),
        }
    }

    /// The catalogue that requests are answered from now.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        // The lock is held for a pointer copy only: a poisoned one still holds a whole catalogue.
        let catalogue = self.catalogue.read();
        Arc::clone(&catalogue.unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the source which series exist, each distinct series query once, and takes the new
    /// catalogue into use. `now` is noted as the time of the listing.
    pub async fn relist(&self, now: Timestamp) -> Relisted {
        let mut listings: HashMap<String, Listing> = HashMap::new();
        for (rule, _) in self.catalogue().rules() {
            let query = rule.series_query();
            if !listings.contains_key(query) {
                listings.insert(query.to_owned(), self.listing(query).await);
            }
        }
        self.take(&listings, now)
    }

    /// Asks the source which series one series query finds, for the rules that have it; all other
    /// rules stay as they are. So each rule can be listed at its own times.
    pub async fn relist_query(&self, series_query: &str, now: Timestamp) -> Relisted {
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
        let catalogue = self.catalogue().relist_some(listing, &*self.resources, now);
        let catalogue = Arc::new(catalogue);
        let failed = catalogue
            .rules()
            .filter(|(rule, _)| listings.contains_key(rule.series_query()))
            .filter_map(|(rule, health)| Some((rule.index(), health.error.clone()?)))
            .collect();
        let relisted = Relisted {
            metrics: catalogue.entries().count(),
            failed,
        };
        *self
            .catalogue
            .write()
            .unwrap_or_else(PoisonError::into_inner) = catalogue;
        relisted
    }

    fn plan(&self, metric: &MetricRef, names: &[String]) -> Result<Plan, ProviderError> {
        let request = MetricRequest {
            resource: &metric.resource,
            namespace: metric.namespace.as_deref(),
            names,
            metric: &metric.name,
            selector: &metric.selector,
        };
        let planned = self.catalogue().plan(&request, &*self.resources);
        planned.map_err(|error| refused(metric, &error))
    }

    async fn ask(&self, plan: &Plan) -> Result<(QueryAnswer, Answer), ProviderError> {
        let fetching = |reason: String| ProviderError::Fetching { reason };
        let answer = self.source.query(plan.query()).await;
        let answer = answer.map_err(|error| fetching(error.to_string()))?;
        let read = plan.read(&answer.value);
        let read = read.map_err(|error| fetching(error.to_string()))?;
        Ok((answer, read))
    }
}

/// What a request that cannot be planned is answered with. As upstream, whatever lies in the rule
/// is a metric that does not exist; unlike upstream, it says why.
fn refused(metric: &MetricRef, error: &PlanError) -> ProviderError {
    let not_found = |reason| ProviderError::MetricNotFound {
        metric: metric.name.clone(),
        resource: metric.resource.clone(),
        reason,
    };
    match error {
        PlanError::LabelName(_) | PlanError::UnsupportedOperator { .. } => {
            let reason = error.to_string();
            ProviderError::BadRequest { reason }
        }
        PlanError::NoNames | PlanError::NotRegistered { .. } | PlanError::UnknownResource(_) => {
            not_found(None)
        }
        _ => not_found(Some(error.to_string())),
    }
}

/// Values of one plan become items of the API.
struct Items<'a> {
    metric: &'a MetricRef,
    plan: &'a Plan,
    at: Timestamp,
    answer: &'a Answer,
}

impl Items<'_> {
    fn value(&self, name: &str) -> Result<MetricValue, NoValue> {
        let value = self.answer.value(name)?;
        let resource = self.plan.resource();
        let described_object = ObjectRef {
            // Upstream writes `/v1` for the core group.
            api_version: format!("{}/{}", resource.group, resource.version),
            kind: resource.kind.clone(),
            namespace: self.metric.namespace.clone().unwrap_or_default(),
            name: name.to_owned(),
        };
        let selector = &self.metric.selector;
        let selector = (!selector.is_empty())
            .then(|| LabelSelectorObject::try_from(selector).ok())
            .flatten();
        let window = self.plan.window().map(|window| window.as_secs());
        Ok(MetricValue {
            described_object: described_object.into(),
            metric: MetricIdentifier {
                name: self.metric.name.clone(),
                selector,
            },
            timestamp: self.at,
            window_seconds: window.and_then(|seconds| i64::try_from(seconds).ok()),
            value,
        })
    }
}

#[async_trait]
impl CustomMetricsProvider for Adapter {
    fn list(&self) -> Vec<MetricInfo> {
        let catalogue = self.catalogue();
        let entries = catalogue.entries().map(|entry| MetricInfo {
            resource: entry.resource.group_resource(),
            namespaced: entry.resource.namespaced,
            metric: entry.metric.clone(),
        });
        entries.collect()
    }

    async fn by_name(&self, metric: &MetricRef, name: &str) -> Result<MetricValue, ProviderError> {
        let plan = self.plan(metric, &[name.to_owned()])?;
        let (answered, answer) = self.ask(&plan).await?;
        let items = Items {
            metric,
            plan: &plan,
            at: answered.at,
            answer: &answer,
        };
        items.value(name).map_err(|error| {
            let reason = (error != NoValue::NoSample).then(|| error.to_string());
            ProviderError::ValueNotFound {
                metric: metric.name.clone(),
                resource: metric.resource.clone(),
                name: name.to_owned(),
                reason,
            }
        })
    }

    async fn by_selector(
        &self,
        metric: &MetricRef,
        objects: &LabelSelector,
    ) -> Result<SelectedValues, ProviderError> {
        let listing = |reason: String| ProviderError::Listing { reason };
        let Some(resource) = self.resources.resolve(&metric.resource) else {
            return Err(listing(format!(
                "the cluster has no resource `{}`",
                metric.resource
            )));
        };
        // Whether the metric exists is known without any call to the cluster.
        self.plan(metric, &[String::new()])?;
        let names = self
            .objects
            .list(&resource, metric.namespace.as_deref(), objects)
            .await
            .map_err(|error| listing(error.to_string()))?;
        if names.is_empty() {
            return Err(ProviderError::MetricNotFound {
                metric: metric.name.clone(),
                resource: metric.resource.clone(),
                reason: Some(format!("no object matches the selector `{objects}`")),
            });
        }
        let plan = self.plan(metric, &names)?;
        let (answered, answer) = self.ask(&plan).await?;
        let items = Items {
            metric,
            plan: &plan,
            at: answered.at,
            answer: &answer,
        };
        let mut selected = SelectedValues::default();
        for name in names {
            match items.value(&name) {
                Ok(value) => selected.values.push(value),
                Err(NoValue::NoSample) => {}
                Err(error) => selected.left_out.push(LeftOut {
                    name,
                    reason: error.to_string(),
                }),
            }
        }
        Ok(selected)
    }
}
