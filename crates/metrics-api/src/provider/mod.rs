//! What a server of metrics asks its host for: one trait for each of the three APIs.

mod external;
mod resource;

use std::sync::Arc;

use async_trait::async_trait;
use concertina_model::{GroupResource, LabelSelector};

use crate::types::Status;
use crate::types::v1beta2::MetricValue;

pub use external::{ExternalMetricRef, ExternalMetricsProvider};
pub use resource::ResourceMetricsProvider;

/// A metric of a resource: one entry of the discovery list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricInfo {
    /// The resource, by its plural.
    pub resource: GroupResource,
    /// Whether the resource's objects live in namespaces.
    pub namespaced: bool,
    /// The metric's name.
    pub metric: String,
}

/// The metric that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricRef {
    /// The namespace of the objects. None for cluster-scoped ones, for metrics of namespaces
    /// themselves, and for objects of all namespaces.
    pub namespace: Option<String>,
    /// The resource as it was asked for: `pods`, `pod`, `deployments.apps`.
    pub resource: GroupResource,
    /// The metric's name.
    pub name: String,
    /// Which series of the metric, by their labels; empty for all.
    pub selector: LabelSelector,
}

/// Which objects are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objects {
    /// The one of this name.
    Named(String),
    /// All whose labels match the selector, which is empty for all.
    Matching(LabelSelector),
}

/// The values of some objects, and why others have none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelectedValues {
    /// One value for each object that has one.
    pub values: Vec<MetricValue>,
    /// The objects that have a series of the metric, and yet no value.
    pub left_out: Vec<LeftOut>,
}

/// An object without a value, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The object's name.
    pub name: String,
    /// Why it has no value.
    pub reason: String,
}

/// Something that knows custom metrics of Kubernetes objects.
///
/// A provider never invents a number: what it does not know is left out, with a reason.
#[async_trait]
pub trait CustomMetricsProvider: Send + Sync + 'static {
    /// All metrics that can be asked for now.
    fn list(&self) -> Vec<MetricInfo>;

    /// The value of `metric` for the object of this name. For metrics of namespaces the name is
    /// the namespace's.
    ///
    /// # Errors
    ///
    /// [`ProviderError`], also when the object has no value.
    async fn by_name(&self, metric: &MetricRef, name: &str) -> Result<MetricValue, ProviderError>;

    /// The values of `metric` for all objects whose labels match `objects`.
    ///
    /// # Errors
    ///
    /// [`ProviderError`], also when no object matches; objects without any value are no error.
    async fn by_selector(
        &self,
        metric: &MetricRef,
        objects: &LabelSelector,
    ) -> Result<SelectedValues, ProviderError>;
}

#[async_trait]
impl<P: CustomMetricsProvider + ?Sized> CustomMetricsProvider for Arc<P> {
    fn list(&self) -> Vec<MetricInfo> {
        (**self).list()
    }

    async fn by_name(&self, metric: &MetricRef, name: &str) -> Result<MetricValue, ProviderError> {
        (**self).by_name(metric, name).await
    }

    async fn by_selector(
        &self,
        metric: &MetricRef,
        objects: &LabelSelector,
    ) -> Result<SelectedValues, ProviderError> {
        (**self).by_selector(metric, objects).await
    }
}

/// Why there is no answer. The texts begin as those of prometheus-adapter 0.12 and go on with the
/// reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// No such metric exists for this resource, or no object matches the selector: 404.
    #[error("the server could not find the metric {metric} for {resource}{}", suffix(.reason))]
    MetricNotFound {
        /// The metric's name.
        metric: String,
        /// The resource as it was asked for.
        resource: GroupResource,
        /// What stands in the way, where there is more to say than that there is no such metric.
        reason: Option<String>,
    },
    /// The object has no value: 404.
    #[error("the server could not find the metric {metric} for {resource} {name}{}", suffix(.reason))]
    ValueNotFound {
        /// The metric's name.
        metric: String,
        /// The resource as it was asked for.
        resource: GroupResource,
        /// The object's name.
        name: String,
        /// Why it has none, where there is more to say than that there is no series.
        reason: Option<String>,
    },
    /// The request cannot be answered by anybody: 400.
    #[error("{reason}")]
    BadRequest {
        /// What is wrong with it.
        reason: String,
    },
    /// The objects could not be listed: 500.
    #[error("unable to list matching resources: {reason}")]
    Listing {
        /// What went wrong.
        reason: String,
    },
    /// The values could not be read: 500.
    #[error("unable to fetch metrics: {reason}")]
    Fetching {
        /// What went wrong.
        reason: String,
    },
}

fn suffix(reason: &Option<String>) -> String {
    reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default()
}

impl From<&ProviderError> for Status {
    fn from(error: &ProviderError) -> Self {
        let text = error.to_string();
        match error {
            ProviderError::MetricNotFound { .. } | ProviderError::ValueNotFound { .. } => {
                Self::not_found(text)
            }
            ProviderError::BadRequest { .. } => Self::bad_request(text),
            ProviderError::Listing { .. } | ProviderError::Fetching { .. } => {
                Self::internal_error(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_texts() {
        let value_not_found = |reason: Option<&str>| ProviderError::ValueNotFound {
            metric: "m".to_owned(),
            resource: GroupResource::core("pods"),
            name: "p".to_owned(),
            reason: reason.map(str::to_owned),
        };
        let errors = [
            ProviderError::MetricNotFound {
                metric: "m".to_owned(),
                resource: GroupResource::new("apps", "deployments"),
                reason: None,
            },
            value_not_found(None),
            value_not_found(Some("its samples disagree: 1 and 2")),
            ProviderError::BadRequest {
                reason: "the name has a line feed".to_owned(),
            },
            ProviderError::Listing {
                reason: "no resource `widgets`".to_owned(),
            },
            ProviderError::Fetching {
                reason: "cannot reach Prometheus".to_owned(),
            },
        ];
        let texts: Vec<String> = errors
            .iter()
            .map(|error| {
                let status = Status::from(error);
                format!("{} {}: {}", status.code, status.reason, status.message)
            })
            .collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        404 NotFound: the server could not find the metric m for deployments.apps
        404 NotFound: the server could not find the metric m for pods p
        404 NotFound: the server could not find the metric m for pods p: its samples disagree: 1 and 2
        400 BadRequest: the name has a line feed
        500 InternalError: Internal error occurred: unable to list matching resources: no resource `widgets`
        500 InternalError: Internal error occurred: unable to fetch metrics: cannot reach Prometheus
        ");
    }
}
