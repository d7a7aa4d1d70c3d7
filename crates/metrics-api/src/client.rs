//! A client of custom metrics APIs: what the HorizontalPodAutoscaler controller asks, and how it
//! reads the answers (kube-controller-manager 1.36).

use std::sync::Mutex;
use std::time::Duration;

use concertina_http::encode_segment;
use concertina_model::{GroupResource, LabelSelector, ObjectRef, Quantity, Timestamp};
use serde::de::DeserializeOwned;

use crate::provider::MetricRef;
use crate::types::{
    ApiGroup, ApiResource, ApiResourceList, ApiVersion, GROUP, METRIC_VALUE_LIST, Status, v1beta1,
    v1beta2,
};

/// The window of a value that tells none, as the HPA controller assumes it.
pub const DEFAULT_WINDOW: Duration = Duration::from_secs(60);

/// The value of a metric for one object, as a client reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectMetric {
    /// The object.
    pub object: ObjectRef,
    /// The value, in the metric's own unit.
    pub value: Quantity,
    /// When it was evaluated.
    pub timestamp: Timestamp,
    /// The window that it was calculated over, [`DEFAULT_WINDOW`] when the answer tells none.
    pub window: Duration,
}

impl ObjectMetric {
    /// The value in thousandths, rounded away from zero: what the HPA algorithm calculates with.
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.value.milli_value()
    }
}

impl From<v1beta2::MetricValue> for ObjectMetric {
    fn from(value: v1beta2::MetricValue) -> Self {
        let window = value.window_seconds.map_or(DEFAULT_WINDOW, |seconds| {
            Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
        });
        Self {
            object: value.described_object.into(),
            value: value.value,
            timestamp: value.timestamp,
            window,
        }
    }
}

/// A client of one server of custom metrics.
///
/// The version is found by discovery and remembered: `v1beta2` when the group lists it, else
/// `v1beta1`. It is asked for again after an answer of 404, which is also what a server gives
/// that no longer serves the version.
#[derive(Debug)]
pub struct MetricsClient {
    http: concertina_http::Client,
    base: String,
    version: Mutex<Option<ApiVersion>>,
}

impl MetricsClient {
    /// A client of the server at `base_url`, such as `http://127.0.0.1:8001`. Deadlines and the
    /// greatest size of an answer are those of `http`.
    pub fn new(base_url: impl Into<String>, http: concertina_http::Client) -> Self {
        let mut base = base_url.into();
        base.truncate(base.trim_end_matches('/').len());
        Self {
            http,
            base,
            version: Mutex::new(None),
        }
    }

    /// The version that this client uses.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when the group cannot be read or lists no version that is known.
    pub async fn preferred_version(&self) -> Result<ApiVersion, ClientError> {
        if let Some(version) = self.remembered() {
            return Ok(version);
        }
        let group: ApiGroup = self.get(&format!("/apis/{GROUP}")).await?;
        let listed = |version: &ApiVersion| {
            group
                .versions
                .iter()
                .any(|listed| listed.version == version.as_str())
        };
        let version = ApiVersion::ALL
            .into_iter()
            .rev()
            .find(listed)
            .ok_or(ClientError::NoVersion)?;
        self.remember(Some(version));
        Ok(version)
    }

    /// All metrics that the server has, as `kubectl get --raw` shows them.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no such list.
    pub async fn resources(&self, version: ApiVersion) -> Result<Vec<ApiResource>, ClientError> {
        let list: ApiResourceList = self
            .get(&format!("/apis/{}", version.group_version()))
            .await?;
        Ok(list.resources)
    }

    /// The values of `metric` for all objects whose labels match `objects`.
    ///
    /// # Errors
    ///
    /// [`ClientError`], also when the list is empty: [`ClientError::NoMetrics`].
    pub async fn by_selector(
        &self,
        metric: &MetricRef,
        objects: &LabelSelector,
    ) -> Result<Vec<ObjectMetric>, ClientError> {
        let values = self.values(metric, "*", Some(objects)).await?;
        if values.is_empty() {
            return Err(ClientError::NoMetrics);
        }
        Ok(values.into_iter().map(ObjectMetric::from).collect())
    }

    /// The value of `metric` for the object of this name. The name of a metric of namespaces is
    /// the namespace's.
    ///
    /// # Errors
    ///
    /// [`ClientError`], also when the answer holds anything but one value.
    pub async fn by_name(
        &self,
        metric: &MetricRef,
        name: &str,
    ) -> Result<ObjectMetric, ClientError> {
        let values = self.values(metric, name, None).await?;
        let count = values.len();
        match <[v1beta2::MetricValue; 1]>::try_from(values) {
            Ok([value]) => Ok(value.into()),
            Err(_) => Err(ClientError::NotOne { count }),
        }
    }

    async fn values(
        &self,
        metric: &MetricRef,
        name: &str,
        objects: Option<&LabelSelector>,
    ) -> Result<Vec<v1beta2::MetricValue>, ClientError> {
        let version = self.preferred_version().await?;
        let target = target(version, metric, name, objects);
        let result = self.list(version, &target).await;
        if matches!(&result, Err(ClientError::Status(status)) if status.code == 404) {
            self.remember(None);
        }
        result
    }

    async fn list(
        &self,
        version: ApiVersion,
        target: &str,
    ) -> Result<Vec<v1beta2::MetricValue>, ClientError> {
        let (kind, items) = match version {
            ApiVersion::V1beta1 => {
                let list: v1beta1::MetricValueList = self.get(target).await?;
                (list.kind, list.items.into_iter().map(Into::into).collect())
            }
            ApiVersion::V1beta2 => {
                let list: v1beta2::MetricValueList = self.get(target).await?;
                (list.kind, list.items)
            }
        };
        if kind == METRIC_VALUE_LIST {
            return Ok(items);
        }
        Err(ClientError::Answer {
            url: format!("{}{target}", self.base),
            reason: format!("its kind is {kind:?} instead of {METRIC_VALUE_LIST:?}"),
        })
    }

    async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T, ClientError> {
        let url = format!("{}{target}", self.base);
        let answer = self.http.get(&url, &[("accept", "application/json")]).await;
        let answer = answer.map_err(|error| ClientError::Http {
            reason: error.to_string(),
        })?;
        decode(&url, answer.status, &answer.body)
    }

    fn remembered(&self) -> Option<ApiVersion> {
        *self
            .version
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn remember(&self, version: Option<ApiVersion>) {
        *self
            .version
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = version;
    }
}

/// Path and query of a request, as the HPA controller writes them.
fn target(
    version: ApiVersion,
    metric: &MetricRef,
    name: &str,
    objects: Option<&LabelSelector>,
) -> String {
    let mut target = format!("/apis/{}", version.group_version());
    let namespaces = metric.resource == GroupResource::core("namespaces");
    let resource = metric.resource.to_string();
    let segments = match &metric.namespace {
        // Metrics of namespaces have a form of their own.
        None if namespaces => vec!["namespaces", name, "metrics", &metric.name],
        None => vec![&resource, name, &metric.name],
        Some(namespace) => {
            vec!["namespaces", namespace, &resource, name, &metric.name]
        }
    };
    for segment in segments {
        target.push('/');
        target.push_str(&encode_segment(segment));
    }
    let selectors = [
        ("labelSelector", objects),
        ("metricLabelSelector", Some(&metric.selector)),
    ];
    let mut separator = '?';
    for (parameter, selector) in selectors {
        let text = selector.map(LabelSelector::to_string).unwrap_or_default();
        if !text.is_empty() {
            target.push(separator);
            target.push_str(parameter);
            target.push('=');
            target.push_str(&encode_segment(&text));
            separator = '&';
        }
    }
    target
}

fn decode<T: DeserializeOwned>(url: &str, status: u16, body: &[u8]) -> Result<T, ClientError> {
    if status == 200 {
        return serde_json::from_slice(body).map_err(|error| ClientError::Answer {
            url: url.to_owned(),
            reason: error.to_string(),
        });
    }
    match serde_json::from_slice::<Status>(body) {
        Ok(mut error) if error.kind == "Status" => {
            error.code = status;
            Err(ClientError::Status(Box::new(error)))
        }
        _ => Err(ClientError::Answer {
            url: url.to_owned(),
            reason: format!("HTTP status {status} without a Status object"),
        }),
    }
}

/// Why a client has no values. The texts are those that end up in the conditions of a
/// HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server could not be asked.
    #[error("unable to fetch metrics from custom metrics API: {reason}")]
    Http {
        /// What went wrong.
        reason: String,
    },
    /// The server answered with an error.
    #[error("unable to fetch metrics from custom metrics API: {}", .0.message)]
    Status(Box<Status>),
    /// The server answered something that is no answer.
    #[error(
        "unable to fetch metrics from custom metrics API: unexpected answer of {url}: {reason}"
    )]
    Answer {
        /// What was asked.
        url: String,
        /// What was unexpected.
        reason: String,
    },
    /// The group lists no version that this client knows.
    #[error(
        "unable to fetch metrics from custom metrics API: no known available metric versions found"
    )]
    NoVersion,
    /// An answer to a request by name that does not hold exactly one value.
    #[error(
        "unable to fetch metrics from custom metrics API: the custom metrics API server returned \
         {count} results when we asked for exactly one"
    )]
    NotOne {
        /// How many it holds.
        count: usize,
    },
    /// The list of values is empty.
    #[error("no metrics returned from custom metrics API")]
    NoMetrics,
}

#[cfg(test)]
mod tests;
