//! `custom.metrics.k8s.io/v1beta1`.

use concertina_model::selector::LabelSelectorObject;
use concertina_model::{Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::values::null_is_empty;
use super::{ApiVersion, ListMeta, METRIC_VALUE_LIST, ObjectReference, v1beta2};

/// Values of one metric for some objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricValueList {
    /// `MetricValueList`.
    pub kind: String,
    /// `custom.metrics.k8s.io/v1beta1`.
    pub api_version: String,
    /// Always empty.
    #[serde(default)]
    pub metadata: ListMeta,
    /// One value for each object that has one.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub items: Vec<MetricValue>,
}

/// The value of a metric for one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricValue {
    /// The object.
    pub described_object: ObjectReference,
    /// The metric's name.
    pub metric_name: String,
    /// When it was evaluated, in whole seconds on the wire.
    #[serde(with = "concertina_model::rfc3339")]
    pub timestamp: Timestamp,
    /// The window that the value was calculated over, in seconds; none for an instantaneous one.
    #[serde(rename = "window", default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<i64>,
    /// The value, in the metric's own unit.
    pub value: Quantity,
    /// The metric label selector of the request; `null` when there was none.
    #[serde(default)]
    pub selector: Option<LabelSelectorObject>,
}

impl From<v1beta2::MetricValueList> for MetricValueList {
    fn from(list: v1beta2::MetricValueList) -> Self {
        Self {
            kind: METRIC_VALUE_LIST.to_owned(),
            api_version: ApiVersion::V1beta1.group_version().to_owned(),
            metadata: list.metadata,
            items: list.items.into_iter().map(MetricValue::from).collect(),
        }
    }
}

impl From<MetricValueList> for v1beta2::MetricValueList {
    fn from(list: MetricValueList) -> Self {
        Self::new(
            list.items
                .into_iter()
                .map(v1beta2::MetricValue::from)
                .collect(),
        )
    }
}

impl From<v1beta2::MetricValue> for MetricValue {
    fn from(value: v1beta2::MetricValue) -> Self {
        let v1beta2::MetricValue {
            described_object,
            metric,
            timestamp,
            window_seconds,
            value,
        } = value;
        Self {
            described_object,
            metric_name: metric.name,
            timestamp,
            window_seconds,
            value,
            selector: metric.selector,
        }
    }
}

impl From<MetricValue> for v1beta2::MetricValue {
    fn from(value: MetricValue) -> Self {
        let MetricValue {
            described_object,
            metric_name,
            timestamp,
            window_seconds,
            value,
            selector,
        } = value;
        let metric = v1beta2::MetricIdentifier {
            name: metric_name,
            selector,
        };
        Self {
            described_object,
            metric,
            timestamp,
            window_seconds,
            value,
        }
    }
}
