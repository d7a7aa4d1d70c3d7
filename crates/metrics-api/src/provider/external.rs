//! What `external.metrics.k8s.io` stands on.

use std::sync::Arc;

use async_trait::async_trait;
use concertina_model::LabelSelector;

use super::ProviderError;
use crate::types::external::ExternalMetricValue;

/// The external metric that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalMetricRef {
    /// The namespace that is asked in.
    pub namespace: String,
    /// The metric's name.
    pub name: String,
    /// Which series of the metric, by their labels; empty for all.
    pub selector: LabelSelector,
}

/// Something that knows metrics which belong to no Kubernetes object.
///
/// A provider never invents a number: what it does not know is left out.
#[async_trait]
pub trait ExternalMetricsProvider: Send + Sync + 'static {
    /// The names of all metrics that can be asked for now.
    fn list(&self) -> Vec<String>;

    /// The values of a metric, one for each of its series.
    ///
    /// # Errors
    ///
    /// [`ProviderError`]; a metric that exists and has no series now is no error.
    async fn values(
        &self,
        metric: &ExternalMetricRef,
    ) -> Result<Vec<ExternalMetricValue>, ProviderError>;
}

#[async_trait]
impl<P: ExternalMetricsProvider + ?Sized> ExternalMetricsProvider for Arc<P> {
    fn list(&self) -> Vec<String> {
        (**self).list()
    }

    async fn values(
        &self,
        metric: &ExternalMetricRef,
    ) -> Result<Vec<ExternalMetricValue>, ProviderError> {
        (**self).values(metric).await
    }
}
