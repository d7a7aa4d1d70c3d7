//! `custom.metrics.k8s.io/v1beta2`.

use concertina_model::selector::LabelSelectorObject;
use concertina_model::{Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::values::null_is_empty;
use super::{ApiVersion, ListMeta, METRIC_VALUE_LIST, ObjectReference};

/// Values of one metric for some objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricValueList {
    /// `MetricValueList`.
    pub kind: String,
    /// `custom.metrics.k8s.io/v1beta2`.
    pub api_version: String,
    /// Always empty.
    #[serde(default)]
    pub metadata: ListMeta,
    /// One value for each object that has one.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub items: Vec<MetricValue>,
}

impl MetricValueList {
    /// A list of `items`.
    #[must_use]
    pub fn new(items: Vec<MetricValue>) -> Self {
        Self {
            kind: METRIC_VALUE_LIST.to_owned(),
            api_version: ApiVersion::V1beta2.group_version().to_owned(),
            metadata: ListMeta {},
            items,
        }
    }
}

/// The value of a metric for one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricValue {
    /// The object.
    pub described_object: ObjectReference,
    /// The metric.
    pub metric: MetricIdentifier,
    /// When it was evaluated, in whole seconds on the wire.
    #[serde(with = "concertina_model::rfc3339")]
    pub timestamp: Timestamp,
    /// The window that the value was calculated over, in seconds; none for an instantaneous one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<i64>,
    /// The value, in the metric's own unit.
    pub value: Quantity,
}

/// Which metric a value belongs to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricIdentifier {
    /// Its name.
    pub name: String,
    /// The metric label selector of the request; `null` when there was none.
    #[serde(default)]
    pub selector: Option<LabelSelectorObject>,
}
