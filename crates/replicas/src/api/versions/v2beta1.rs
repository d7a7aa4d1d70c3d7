//! `autoscaling/v2beta1`, whose metrics are also those of `v1`'s annotations.

use concertina_model::{LabelSelectorObject, Quantity, Timestamp};
use serde::Deserialize;

use super::Hint;
use super::annotations::Annotations;
use crate::api::object::HorizontalPodAutoscaler;
use crate::api::spec::null_is_empty;
use crate::api::{
    ContainerResourceMetricSource, ContainerResourceMetricStatus, CrossVersionObjectReference,
    ExternalMetricSource, ExternalMetricStatus, HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus, MetricIdentifier, MetricSourceType,
    MetricSpec, MetricStatus, MetricTarget, MetricTargetType, ObjectMeta, ObjectMetricSource,
    ObjectMetricStatus, PodsMetricSource, PodsMetricStatus, ResourceMetricSource,
    ResourceMetricStatus,
};
use crate::status::MetricValue;

/// The object as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct V2beta1 {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    scale_target_ref: CrossVersionObjectReference,
    #[serde(default)]
    min_replicas: Option<i32>,
    max_replicas: i32,
    #[serde(default, deserialize_with = "null_is_empty")]
    metrics: Vec<OldMetricSpec>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: Option<i64>,
    #[serde(with = "concertina_model::rfc3339::optional")]
    last_scale_time: Option<Timestamp>,
    current_replicas: i32,
    desired_replicas: i32,
    current_metrics: Option<Vec<OldMetricStatus>>,
    #[serde(deserialize_with = "null_is_empty")]
    conditions: Vec<HorizontalPodAutoscalerCondition>,
}

impl V2beta1 {
    /// As the API server converts it.
    pub(super) fn into_current(self, hints: &mut Vec<Hint>) -> HorizontalPodAutoscaler {
        let mut metadata = self.metadata;
        let behavior = Annotations::take(&mut metadata, hints).behavior();
        let spec = HorizontalPodAutoscalerSpec {
            scale_target_ref: self.spec.scale_target_ref,
            min_replicas: self.spec.min_replicas,
            max_replicas: self.spec.max_replicas,
            metrics: self.spec.metrics.into_iter().map(Into::into).collect(),
            behavior,
        };
        let status = self.status.map(|status| HorizontalPodAutoscalerStatus {
            observed_generation: status.observed_generation,
            last_scale_time: status.last_scale_time,
            current_replicas: status.current_replicas,
            desired_replicas: status.desired_replicas,
            current_metrics: status
                .current_metrics
                .map(|old| old.into_iter().map(Into::into).collect()),
            conditions: status.conditions,
        });
        HorizontalPodAutoscaler {
            metadata,
            spec,
            status,
        }
    }
}

/// A metric of the old form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OldMetricSpec {
    #[serde(rename = "type")]
    kind: MetricSourceType,
    #[serde(default)]
    object: Option<OldObject>,
    #[serde(default)]
    pods: Option<OldPods>,
    #[serde(default)]
    resource: Option<OldResource>,
    #[serde(default)]
    container_resource: Option<OldContainerResource>,
    #[serde(default)]
    external: Option<OldExternal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OldObject {
    target: CrossVersionObjectReference,
    #[serde(default)]
    metric_name: String,
    /// Absent is zero, which validation refuses.
    #[serde(default)]
    target_value: Quantity,
    #[serde(default)]
    selector: Option<LabelSelectorObject>,
    #[serde(default)]
    average_value: Option<Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OldPods {
    #[serde(default)]
    metric_name: String,
    /// Absent is zero, which validation refuses.
    #[serde(default)]
    target_average_value: Quantity,
    #[serde(default)]
    selector: Option<LabelSelectorObject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OldResource {
    #[serde(default)]
    name: String,
    #[serde(default)]
    target_average_utilization: Option<i32>,
    #[serde(default)]
    target_average_value: Option<Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OldContainerResource {
    #[serde(default)]
    name: String,
    #[serde(default)]
    container: String,
    #[serde(default)]
    target_average_utilization: Option<i32>,
    #[serde(default)]
    target_average_value: Option<Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OldExternal {
    #[serde(default)]
    metric_name: String,
    #[serde(default)]
    metric_selector: Option<LabelSelectorObject>,
    #[serde(default)]
    target_value: Option<Quantity>,
    #[serde(default)]
    target_average_value: Option<Quantity>,
}

fn identifier(name: String, selector: Option<LabelSelectorObject>) -> MetricIdentifier {
    MetricIdentifier { name, selector }
}

/// The type is Utilization as soon as there is one; validation refuses both together.
fn resource_target(utilization: Option<i32>, average_value: Option<Quantity>) -> MetricTarget {
    MetricTarget {
        kind: match utilization {
            Some(_) => MetricTargetType::Utilization,
            None => MetricTargetType::AverageValue,
        },
        value: None,
        average_value,
        average_utilization: utilization,
    }
}

impl From<OldMetricSpec> for MetricSpec {
    fn from(old: OldMetricSpec) -> Self {
        Self {
            kind: old.kind,
            object: old.object.map(|old| ObjectMetricSource {
                described_object: old.target,
                target: MetricTarget {
                    kind: match old.average_value {
                        Some(_) => MetricTargetType::AverageValue,
                        None => MetricTargetType::Value,
                    },
                    value: Some(old.target_value),
                    average_value: old.average_value,
                    average_utilization: None,
                },
                metric: identifier(old.metric_name, old.selector),
            }),
            pods: old.pods.map(|old| PodsMetricSource {
                metric: identifier(old.metric_name, old.selector),
                target: MetricTarget::average_value(old.target_average_value),
            }),
            resource: old.resource.map(|old| ResourceMetricSource {
                name: old.name,
                target: resource_target(old.target_average_utilization, old.target_average_value),
            }),
            container_resource: old
                .container_resource
                .map(|old| ContainerResourceMetricSource {
                    name: old.name,
                    container: old.container,
                    target: resource_target(
                        old.target_average_utilization,
                        old.target_average_value,
                    ),
                }),
            external: old.external.map(|old| ExternalMetricSource {
                metric: identifier(old.metric_name, old.metric_selector),
                target: MetricTarget {
                    kind: match old.target_value {
                        Some(_) => MetricTargetType::Value,
                        None => MetricTargetType::AverageValue,
                    },
                    value: old.target_value,
                    average_value: old.target_average_value,
                    average_utilization: None,
                },
            }),
        }
    }
}

/// A metric's value of the old form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OldMetricStatus {
    #[serde(rename = "type")]
    kind: MetricSourceType,
    #[serde(default)]
    object: Option<OldObjectStatus>,
    #[serde(default)]
    pods: Option<OldPodsStatus>,
    #[serde(default)]
    resource: Option<OldResourceStatus>,
    #[serde(default)]
    container_resource: Option<OldContainerResourceStatus>,
    #[serde(default)]
    external: Option<OldExternalStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OldObjectStatus {
    target: CrossVersionObjectReference,
    metric_name: String,
    current_value: Quantity,
    selector: Option<LabelSelectorObject>,
    average_value: Option<Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OldPodsStatus {
    metric_name: String,
    current_average_value: Quantity,
    selector: Option<LabelSelectorObject>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OldResourceStatus {
    name: String,
    current_average_utilization: Option<i32>,
    current_average_value: Quantity,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OldContainerResourceStatus {
    name: String,
    container: String,
    current_average_utilization: Option<i32>,
    current_average_value: Quantity,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OldExternalStatus {
    metric_name: String,
    metric_selector: Option<LabelSelectorObject>,
    current_value: Quantity,
    current_average_value: Option<Quantity>,
}

fn resource_value(average_utilization: Option<i32>, average_value: Quantity) -> MetricValue {
    MetricValue {
        value: None,
        average_value: Some(average_value),
        average_utilization,
    }
}

fn whole_value(value: Quantity, average_value: Option<Quantity>) -> MetricValue {
    MetricValue {
        value: Some(value),
        average_value,
        average_utilization: None,
    }
}

impl From<OldMetricStatus> for MetricStatus {
    fn from(old: OldMetricStatus) -> Self {
        Self {
            kind: old.kind,
            object: old.object.map(|old| ObjectMetricStatus {
                metric: identifier(old.metric_name, old.selector),
                current: whole_value(old.current_value, old.average_value),
                described_object: old.target,
            }),
            pods: old.pods.map(|old| PodsMetricStatus {
                metric: identifier(old.metric_name, old.selector),
                current: resource_value(None, old.current_average_value),
            }),
            resource: old.resource.map(|old| ResourceMetricStatus {
                name: old.name,
                current: resource_value(old.current_average_utilization, old.current_average_value),
            }),
            container_resource: old
                .container_resource
                .map(|old| ContainerResourceMetricStatus {
                    name: old.name,
                    current: resource_value(
                        old.current_average_utilization,
                        old.current_average_value,
                    ),
                    container: old.container,
                }),
            external: old.external.map(|old| ExternalMetricStatus {
                metric: identifier(old.metric_name, old.metric_selector),
                current: whole_value(old.current_value, old.current_average_value),
            }),
        }
    }
}
