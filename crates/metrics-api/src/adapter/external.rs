//! External metrics over rules and a metric source.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use concertina_mapping::{ExternalCatalogue, ExternalRequest, PlanError, Resources};
use concertina_model::{GroupResource, QueryAnswer, Timestamp};
use concertina_rules::Rule;
use concertina_sources::MetricSource;

use super::listed::{Listed, Relisted};
use super::{fetching, seconds};
use crate::provider::ExternalMetricRef;
use crate::telemetry::AdapterMetrics;
use crate::types::external::ExternalMetricValue;
use crate::{ExternalMetricsProvider, ProviderError};

/// Serves external metrics from what a [`MetricSource`] answers to the queries of `externalRules`.
///
/// As [`Adapter`](super::Adapter), it knows no metric before the first
/// [`relist`](ExternalAdapter::relist).
pub struct ExternalAdapter {
    listed: Listed<ExternalCatalogue>,
}

impl std::fmt::Debug for ExternalAdapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalAdapter")
            .field("source", &self.listed.source.describe())
            .field("entries", &self.catalogue().entries().len())
            .finish_non_exhaustive()
    }
}

impl ExternalAdapter {
    /// An adapter of `rules`. A series counts as existing when it had a sample within `lookback`.
    #[must_use]
    pub fn new(
        rules: impl IntoIterator<Item = Arc<Rule>>,
        source: Arc<dyn MetricSource>,
        resources: Arc<dyn Resources>,
        lookback: Duration,
    ) -> Self {
        let catalogue = ExternalCatalogue::new(rules);
        Self {
            listed: Listed::new(catalogue, source, resources, lookback),
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
    pub fn catalogue(&self) -> Arc<ExternalCatalogue> {
        self.listed.catalogue()
    }

    /// Asks the source which series exist, each distinct series query once, and takes the new
    /// catalogue into use. `now` is noted as the time of the listing.
    pub async fn relist(&self, now: Timestamp) -> Relisted {
        self.listed.relist(now).await
    }

    /// Asks the source which series one series query finds, for the rules that have it; all other
    /// rules stay as they are.
    pub async fn relist_query(&self, series_query: &str, now: Timestamp) -> Relisted {
        self.listed.relist_query(series_query, now).await
    }
}

/// What a request that cannot be planned is answered with. Upstream answers 500 to whatever is not
/// an unknown metric, also to what only the asker can repair: that is a 400 here.
fn refused(metric: &ExternalMetricRef, error: &PlanError) -> ProviderError {
    match error {
        PlanError::LabelName(_)
        | PlanError::LabelValue { .. }
        | PlanError::UnsupportedOperator { .. } => {
            let reason = error.to_string();
            ProviderError::BadRequest { reason }
        }
        PlanError::NotExternal(_) => ProviderError::MetricNotFound {
            metric: metric.name.clone(),
            resource: GroupResource::core("namespaces"),
            reason: None,
        },
        error => fetching(error),
    }
}

#[async_trait]
impl ExternalMetricsProvider for ExternalAdapter {
    fn list(&self) -> Vec<String> {
        let catalogue = self.catalogue();
        let entries = catalogue.entries().map(|entry| entry.metric.clone());
        entries.collect()
    }

    async fn values(
        &self,
        metric: &ExternalMetricRef,
    ) -> Result<Vec<ExternalMetricValue>, ProviderError> {
        let request = ExternalRequest {
            namespace: Some(metric.namespace.as_str()),
            metric: &metric.name,
            selector: &metric.selector,
        };
        let plan = self.catalogue().plan(&request, &*self.listed.resources);
        let plan = plan.map_err(|error| refused(metric, &error))?;
        let read = |answer: &QueryAnswer| plan.read(answer);
        let asked = self
            .listed
            .ask(plan.rule(), &metric.name, plan.query(), read);
        let (_, values, counter) = asked.await?;
        let item = |value: concertina_mapping::ExternalValue| {
            let labels = value.labels.iter();
            let quantity = match value.value {
                Ok(quantity) => quantity,
                Err(reason) => {
                    counter.left_out(&reason);
                    let (metric, labels) = (&metric.name, &value.labels);
                    tracing::debug!(metric, %labels, %reason, "series left out");
                    return None;
                }
            };
            Some(ExternalMetricValue {
                metric_name: metric.name.clone(),
                metric_labels: labels
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
                timestamp: value.timestamp,
                window_seconds: seconds(plan.window()),
                value: quantity,
            })
        };
        Ok(values.into_iter().filter_map(item).collect())
    }
}
