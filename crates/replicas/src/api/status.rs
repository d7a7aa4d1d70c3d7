//! The status of `autoscaling/v2`, field by field, as Kubernetes' JSON has it.

use std::borrow::Cow;

use concertina_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::spec::{
    CrossVersionObjectReference, HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSourceType,
    MetricSpec,
};
use crate::status::{Condition, ConditionStatus, ConditionType, MetricValue, Status};

/// `autoscaling/v2` `HorizontalPodAutoscalerStatus`, Kubernetes 1.36. Unknown fields are skipped:
/// clusters write it, newer ones more than this.
///
/// Decisions work with a [`Status`], which is a part of the history;
/// [`HorizontalPodAutoscalerStatus::new`] makes of it what the API holds, and
/// `Status::from` reads it back.
///
/// ```
/// use concertina_model::Timestamp;
/// use concertina_replicas::api::{HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus};
/// use concertina_replicas::status::{MetricValue, Status};
///
/// let spec = HorizontalPodAutoscalerSpec::default().defaulted();
/// let status = Status {
///     desired_replicas: 2,
///     last_scale_time: Some(Timestamp::EPOCH),
///     current_metrics: Some(vec![Some(MetricValue {
///         average_utilization: Some(115),
///         ..MetricValue::default()
///     })]),
///     ..Status::default()
/// };
/// let written = HorizontalPodAutoscalerStatus::new(&spec, &status, None);
/// assert_eq!(serde_json::to_value(&written).unwrap(), serde_json::json!({
///     "lastScaleTime": "1970-01-01T00:00:00Z", "desiredReplicas": 2,
///     "currentMetrics": [{"type": "Resource",
///         "resource": {"name": "cpu", "current": {"averageUtilization": 115}}}],
/// }));
/// assert_eq!(Status::from(&written), status);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HorizontalPodAutoscalerStatus {
    /// The `metadata.generation` that was last looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When the count was last changed, in whole seconds.
    #[serde(
        with = "concertina_model::rfc3339::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_scale_time: Option<Timestamp>,
    /// The scale's `spec.replicas` at the last look.
    #[serde(skip_serializing_if = "is_zero")]
    pub current_replicas: i32,
    /// What was wanted then.
    pub desired_replicas: i32,
    /// The current values, one for each metric of the spec; `null` when metrics were not looked at.
    pub current_metrics: Option<Vec<MetricStatus>>,
    /// The conditions, in the order in which they were first set.
    #[serde(
        deserialize_with = "super::spec::null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub conditions: Vec<HorizontalPodAutoscalerCondition>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &i32) -> bool {
    *count == 0
}

/// A condition as the API holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HorizontalPodAutoscalerCondition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// When its status last changed, in whole seconds.
    #[serde(with = "concertina_model::rfc3339::optional", default)]
    pub last_transition_time: Option<Timestamp>,
    /// Why, in one word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// The last read value of one metric. Its type is empty, and no field is set, when it could not be
/// read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricStatus {
    /// Which of the fields is set.
    #[serde(rename = "type")]
    pub kind: MetricSourceType,
    /// For `Object`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectMetricStatus>,
    /// For `Pods`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<PodsMetricStatus>,
    /// For `Resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceMetricStatus>,
    /// For `ContainerResource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_resource: Option<ContainerResourceMetricStatus>,
    /// For `External`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalMetricStatus>,
}

impl Default for MetricStatus {
    /// A metric that could not be read.
    fn default() -> Self {
        Self {
            kind: MetricSourceType::Other(String::new()),
            object: None,
            pods: None,
            resource: None,
            container_resource: None,
            external: None,
        }
    }
}

/// The value of a metric of one object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMetricStatus {
    /// Which metric.
    pub metric: MetricIdentifier,
    /// The value.
    pub current: MetricValue,
    /// The object.
    pub described_object: CrossVersionObjectReference,
}

/// The value of a custom metric of the pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodsMetricStatus {
    /// Which metric.
    pub metric: MetricIdentifier,
    /// The average.
    pub current: MetricValue,
}

/// The value of a resource of the pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceMetricStatus {
    /// `cpu`, `memory`, …
    pub name: String,
    /// The average, and percent of the request when that is aimed at.
    pub current: MetricValue,
}

/// The value of a resource of one container of each pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerResourceMetricStatus {
    /// `cpu`, `memory`, …
    pub name: String,
    /// The average, and percent of the request when that is aimed at.
    pub current: MetricValue,
    /// The container.
    pub container: String,
}

/// The value of a metric from outside the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalMetricStatus {
    /// Which metric.
    pub metric: MetricIdentifier,
    /// The total, or the value by pod.
    pub current: MetricValue,
}

impl MetricStatus {
    /// A metric's value as it is reported; an empty one when there is none.
    #[must_use]
    pub fn new(spec: &MetricSpec, current: Option<MetricValue>) -> Self {
        let mut status = Self::default();
        let Some(current) = current else {
            return status;
        };
        status.kind = spec.kind.clone();
        match &spec.kind {
            MetricSourceType::Object => {
                status.object = spec.object.as_ref().map(|source| ObjectMetricStatus {
                    metric: source.metric.clone(),
                    current,
                    described_object: source.described_object.clone(),
                });
            }
            MetricSourceType::Pods => {
                status.pods = spec.pods.as_ref().map(|source| PodsMetricStatus {
                    metric: source.metric.clone(),
                    current,
                });
            }
            MetricSourceType::Resource => {
                status.resource = spec.resource.as_ref().map(|source| ResourceMetricStatus {
                    name: source.name.clone(),
                    current,
                });
            }
            MetricSourceType::ContainerResource => {
                let source = spec.container_resource.as_ref();
                status.container_resource = source.map(|source| ContainerResourceMetricStatus {
                    name: source.name.clone(),
                    current,
                    container: source.container.clone(),
                });
            }
            MetricSourceType::External => {
                status.external = spec.external.as_ref().map(|source| ExternalMetricStatus {
                    metric: source.metric.clone(),
                    current,
                });
            }
            MetricSourceType::Other(_) => {}
        }
        status
    }

    /// The current value, if the field of its type is there.
    #[must_use]
    pub fn current(&self) -> Option<MetricValue> {
        match self.kind {
            MetricSourceType::Object => self.object.as_ref().map(|s| s.current),
            MetricSourceType::Pods => self.pods.as_ref().map(|s| s.current),
            MetricSourceType::Resource => self.resource.as_ref().map(|s| s.current),
            MetricSourceType::ContainerResource => {
                self.container_resource.as_ref().map(|s| s.current)
            }
            MetricSourceType::External => self.external.as_ref().map(|s| s.current),
            MetricSourceType::Other(_) => None,
        }
    }
}

impl HorizontalPodAutoscalerStatus {
    /// What the API holds of a status. `spec` is the one that was decided with.
    #[must_use]
    pub fn new(
        spec: &HorizontalPodAutoscalerSpec,
        status: &Status,
        observed_generation: Option<i64>,
    ) -> Self {
        let metrics = |values: &Vec<Option<MetricValue>>| {
            let pairs = spec.metrics.iter().zip(values);
            pairs
                .map(|(metric, value)| MetricStatus::new(metric, *value))
                .collect()
        };
        Self {
            observed_generation,
            last_scale_time: status.last_scale_time,
            current_replicas: status.current_replicas,
            desired_replicas: status.desired_replicas,
            current_metrics: status.current_metrics.as_ref().map(metrics),
            conditions: status.conditions.iter().map(Into::into).collect(),
        }
    }
}

impl From<&HorizontalPodAutoscalerStatus> for Status {
    /// What decisions need of it: everything but the generation.
    fn from(status: &HorizontalPodAutoscalerStatus) -> Self {
        let metrics =
            |metrics: &Vec<MetricStatus>| metrics.iter().map(MetricStatus::current).collect();
        Self {
            current_replicas: status.current_replicas,
            desired_replicas: status.desired_replicas,
            last_scale_time: status.last_scale_time,
            conditions: status.conditions.iter().map(Into::into).collect(),
            current_metrics: status.current_metrics.as_ref().map(metrics),
        }
    }
}

impl From<&Condition> for HorizontalPodAutoscalerCondition {
    fn from(condition: &Condition) -> Self {
        Self {
            kind: condition.kind.clone(),
            status: condition.status,
            last_transition_time: Some(condition.last_transition),
            reason: condition.reason.clone().into_owned(),
            message: condition.message.clone().into_owned(),
        }
    }
}

impl From<&HorizontalPodAutoscalerCondition> for Condition {
    /// A condition without a time has it from the epoch.
    fn from(condition: &HorizontalPodAutoscalerCondition) -> Self {
        Self {
            kind: condition.kind.clone(),
            status: condition.status,
            reason: Cow::Owned(condition.reason.clone()),
            message: Cow::Owned(condition.message.clone()),
            last_transition: condition.last_transition_time.unwrap_or_default(),
        }
    }
}
