//! What `metrics.k8s.io` stands on.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Objects, ProviderError};
use crate::types::resource::{NodeMetrics, PodMetrics};

/// Something that knows what pods and nodes use.
///
/// A provider never invents a number: an object of which a half is missing is left out.
#[async_trait]
pub trait ResourceMetricsProvider: Send + Sync + 'static {
    /// What pods use: those of `namespace`, or of all namespaces. An object without metrics is
    /// left out, also one that is asked for by name.
    ///
    /// # Errors
    ///
    /// [`ProviderError`] when there is no answer.
    async fn pods(
        &self,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<PodMetrics>, ProviderError>;

    /// What nodes use. A node without metrics is left out, also one that is asked for by name.
    ///
    /// # Errors
    ///
    /// [`ProviderError`] when there is no answer.
    async fn nodes(&self, objects: &Objects) -> Result<Vec<NodeMetrics>, ProviderError>;
}

#[async_trait]
impl<P: ResourceMetricsProvider + ?Sized> ResourceMetricsProvider for Arc<P> {
    async fn pods(
        &self,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<PodMetrics>, ProviderError> {
        (**self).pods(namespace, objects).await
    }

    async fn nodes(&self, objects: &Objects) -> Result<Vec<NodeMetrics>, ProviderError> {
        (**self).nodes(objects).await
    }
}
