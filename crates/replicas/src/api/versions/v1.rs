//! `autoscaling/v1`: a target for CPU; everything else travels in annotations.

use concertina_model::Timestamp;
use serde::Deserialize;

use super::Hint;
use super::annotations::{Annotations, CONDITIONS, CURRENT_METRICS, METRICS};
use super::v2beta1::{OldMetricSpec, OldMetricStatus};
use crate::api::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus, MetricSourceType, MetricSpec,
    MetricStatus, MetricTarget, ObjectMeta, ResourceMetricSource, ResourceMetricStatus,
};
use crate::status::MetricValue;

/// The object as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct V1 {
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
    #[serde(default, rename = "targetCPUUtilizationPercentage")]
    target_cpu: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: Option<i64>,
    #[serde(with = "concertina_model::rfc3339::optional")]
    last_scale_time: Option<Timestamp>,
    current_replicas: i32,
    desired_replicas: i32,
    #[serde(rename = "currentCPUUtilizationPercentage")]
    current_cpu: Option<i32>,
}

impl V1 {
    /// As the API server converts it. The metrics of the annotation come before that of CPU.
    pub(super) fn into_current(self, hints: &mut Vec<Hint>) -> HorizontalPodAutoscaler {
        let mut metadata = self.metadata;
        let mut annotations = Annotations::take(&mut metadata, hints);
        let old: Option<Vec<OldMetricSpec>> = annotations.list(METRICS);
        let metrics = old.unwrap_or_default().into_iter().map(MetricSpec::from);
        let cpu = self.spec.target_cpu.map(|percent| {
            MetricSpec::resource(ResourceMetricSource {
                name: "cpu".to_owned(),
                target: MetricTarget::utilization(percent),
            })
        });
        let spec = HorizontalPodAutoscalerSpec {
            scale_target_ref: self.spec.scale_target_ref,
            min_replicas: self.spec.min_replicas,
            max_replicas: self.spec.max_replicas,
            metrics: metrics.chain(cpu).collect(),
            behavior: annotations.behavior(),
        };
        let old: Option<Vec<OldMetricStatus>> = annotations.list(CURRENT_METRICS);
        let metrics = old.map(|old| old.into_iter().map(MetricStatus::from).collect());
        let conditions: Option<Vec<HorizontalPodAutoscalerCondition>> =
            annotations.list(CONDITIONS);
        let status = self.status.unwrap_or_default();
        let status = HorizontalPodAutoscalerStatus {
            observed_generation: status.observed_generation,
            last_scale_time: status.last_scale_time,
            current_replicas: status.current_replicas,
            desired_replicas: status.desired_replicas,
            // The annotation knows more than the field.
            current_metrics: metrics.or_else(|| status.current_cpu.map(cpu_alone)),
            conditions: conditions.unwrap_or_default(),
        };
        HorizontalPodAutoscaler {
            metadata,
            spec,
            status: Some(status)
                .filter(|status| *status != HorizontalPodAutoscalerStatus::default()),
        }
    }
}

fn cpu_alone(percent: i32) -> Vec<MetricStatus> {
    vec![MetricStatus {
        kind: MetricSourceType::Resource,
        resource: Some(ResourceMetricStatus {
            name: "cpu".to_owned(),
            current: MetricValue {
                average_utilization: Some(percent),
                ..MetricValue::default()
            },
        }),
        ..MetricStatus::default()
    }]
}
