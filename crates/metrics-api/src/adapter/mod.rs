//! Providers made of rules, a metric source and a list of objects: what prometheus-adapter is.
//!
//! [`Adapter`] for custom metrics, [`ExternalAdapter`] for external ones, and [`UsageAdapter`] for
//! the CPU and memory use of pods and nodes.

mod external;
mod listed;
mod objects;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::{Answer, Catalogue, MetricRequest, NoValue, Plan, PlanError, Resources};
use concertina_model::{LabelSelector, LabelSelectorObject, ObjectRef, QueryAnswer, Timestamp};
use concertina_rules::Rule;
use concertina_sources::MetricSource;

pub use external::ExternalAdapter;
pub use listed::Relisted;
pub use objects::{ListError, ListedObject, ObjectLister, UsageObjects};
pub use usage::UsageAdapter;

use crate::provider::{LeftOut, SelectedValues};
use crate::telemetry::{AdapterMetrics, QueryCounter};
use crate::types::v1beta2::{MetricIdentifier, MetricValue};
use crate::{CustomMetricsProvider, MetricInfo, MetricRef, ProviderError};
use listed::Listed;

/// Serves custom metrics from what a [`MetricSource`] answers to the queries of rules.
///
/// A new adapter knows no metric until [`Adapter::relist`] has asked which series exist; call that
/// again and again. Requests are answered from the catalogue that the last relist made, and each
/// one is a query: nothing is cached.
pub struct Adapter {
    listed: Listed<Catalogue>,
    objects: Arc<dyn ObjectLister>,
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter")
            .field("source", &self.listed.source.describe())
            .field("entries", &self.catalogue().entries().count())
            .finish_non_exhaustive()
    }
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
            listed: Listed::new(Catalogue::new(rules), source, resources, lookback),
            objects,
        }
    }

    /// Counts in `metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: &AdapterMetrics) -> Self {
        self.listed.count(metrics);
        self
    }

    /// The catalogue that requests are answered from now.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.listed.catalogue()
    }

    /// Asks the source which series exist, each distinct series query once, and takes the new
    /// catalogue into use. `now` is noted as the time of the listing.
    pub async fn relist(&self, now: Timestamp) -> Relisted {
        self.listed.relist(now).await
    }

    /// Asks the source which series one series query finds, for the rules that have it; all other
    /// rules stay as they are. So each rule can be listed at its own times.
    pub async fn relist_query(&self, series_query: &str, now: Timestamp) -> Relisted {
        self.listed.relist_query(series_query, now).await
    }

    fn plan(&self, metric: &MetricRef, names: &[String]) -> Result<Plan, ProviderError> {
        let request = MetricRequest {
            resource: &metric.resource,
            namespace: metric.namespace.as_deref(),
            names,
            metric: &metric.name,
            selector: &metric.selector,
        };
        let planned = self.catalogue().plan(&request, &*self.listed.resources);
        planned.map_err(|error| refused(metric, &error))
    }

    async fn ask(
        &self,
        metric: &MetricRef,
        plan: &Plan,
    ) -> Result<(Timestamp, Answer, QueryCounter), ProviderError> {
        let read = |answer: &QueryAnswer| plan.read(&answer.value);
        let asked = self
            .listed
            .ask(plan.rule(), &metric.name, plan.query(), read);
        let (at, answer, counter) = asked.await?;
        if answer.names().any(str::is_empty) {
            counter.without_object();
        }
        Ok((at, answer, counter))
    }
}

fn fetching(error: impl ToString) -> ProviderError {
    ProviderError::Fetching {
        reason: error.to_string(),
    }
}

/// The whole seconds of a window, as the API tells it.
fn seconds(window: Option<Duration>) -> Option<i64> {
    i64::try_from(window?.as_secs()).ok()
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
        PlanError::LabelName(_)
        | PlanError::LabelValue { .. }
        | PlanError::UnsupportedOperator { .. } => {
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
        Ok(MetricValue {
            described_object: described_object.into(),
            metric: MetricIdentifier {
                name: self.metric.name.clone(),
                selector,
            },
            timestamp: self.at,
            window_seconds: seconds(self.plan.window()),
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
        let (at, answer, counter) = self.ask(metric, &plan).await?;
        let items = Items {
            metric,
            plan: &plan,
            at,
            answer: &answer,
        };
        items.value(name).map_err(|error| {
            counter.left_out(&error);
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
        let Some(resource) = self.listed.resources.resolve(&metric.resource) else {
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
        let (at, answer, counter) = self.ask(metric, &plan).await?;
        let items = Items {
            metric,
            plan: &plan,
            at,
            answer: &answer,
        };
        let mut selected = SelectedValues::default();
        for name in names {
            let error = match items.value(&name) {
                Ok(value) => {
                    selected.values.push(value);
                    continue;
                }
                Err(error) => error,
            };
            counter.left_out(&error);
            if error != NoValue::NoSample {
                let reason = error.to_string();
                selected.left_out.push(LeftOut { name, reason });
            }
        }
        Ok(selected)
    }
}
