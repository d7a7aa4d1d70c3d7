//! `external.metrics.k8s.io/v1beta1`.

use std::collections::BTreeMap;

use concertina_model::{Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::values::null_is_empty;
use super::{GroupVersion, ListMeta};

/// The kind of a list of external metric values.
pub const EXTERNAL_METRIC_VALUE_LIST: &str = "ExternalMetricValueList";

/// The values of one external metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalMetricValueList {
    /// `ExternalMetricValueList`.
    pub kind: String,
    /// `external.metrics.k8s.io/v1beta1`.
    pub api_version: String,
    /// Always empty.
    #[serde(default)]
    pub metadata: ListMeta,
    /// One value for each series.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub items: Vec<ExternalMetricValue>,
}

impl ExternalMetricValueList {
    /// A list of `items`.
    #[must_use]
    pub fn new(items: Vec<ExternalMetricValue>) -> Self {
        Self {
            kind: EXTERNAL_METRIC_VALUE_LIST.to_owned(),
            api_version: GroupVersion::ExternalV1beta1.as_str().to_owned(),
            metadata: ListMeta {},
            items,
        }
    }
}

/// One value of an external metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalMetricValue {
    /// The metric's name.
    pub metric_name: String,
    /// The labels of its series.
    #[serde(default)]
    pub metric_labels: BTreeMap<String, String>,
    /// When it was evaluated, in whole seconds on the wire.
    #[serde(with = "concertina_model::rfc3339")]
    pub timestamp: Timestamp,
    /// The window that the value was calculated over, in seconds; none for an instantaneous one.
    #[serde(rename = "window", default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<i64>,
    /// The value, in the metric's own unit.
    pub value: Quantity,
}
