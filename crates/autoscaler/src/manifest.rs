//! HorizontalPodAutoscaler manifests as people keep them: YAML, in any version of the API.

use concertina_replicas::Policy;
use concertina_replicas::api::{self, MetricSourceType, ValidationOptions};

/// Why a manifest cannot be followed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read, or the API server would refuse it.
    #[error(transparent)]
    Manifest(#[from] api::ManifestError),
    /// It goes by a metric that cannot be read.
    #[error("{path}: metrics of type {kind} cannot be read yet, only Pods metrics")]
    Unreadable {
        /// Where in the manifest.
        path: String,
        /// The type.
        kind: String,
    },
}

/// Reads one HorizontalPodAutoscaler, as [`api::read`] does, whose metrics can be followed.
///
/// # Errors
///
/// [`ManifestError`] with line and column, and with the path of the field.
///
/// ```
/// let hpa = concertina_autoscaler::manifest::parse(r#"
/// apiVersion: autoscaling/v2
/// kind: HorizontalPodAutoscaler
/// metadata: {name: gpu-hpa}
/// spec:
///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: bert-intent-detection}
///   maxReplicas: 10
///   metrics:
///   - type: Pods
///     pods:
///       metric: {name: DCGM_CUSTOM_PROCESS_SM_UTIL}
///       target: {type: Utilization, averageValue: 20}
/// "#).unwrap();
/// assert_eq!((hpa.spec.min_replicas(), hpa.spec.metrics[0].name()), (1, "DCGM_CUSTOM_PROCESS_SM_UTIL"));
/// ```
pub fn parse(yaml: &str) -> Result<Policy, ManifestError> {
    let manifest = api::read(yaml, ValidationOptions::default())?;
    readable(manifest.into())
}

/// A policy on metrics that the controller can read.
fn readable(policy: Policy) -> Result<Policy, ManifestError> {
    let metrics = policy.spec.metrics.iter().enumerate();
    let mut others = metrics.filter(|(_, metric)| metric.kind != MetricSourceType::Pods);
    match others.next() {
        None => Ok(policy),
        Some((index, metric)) => Err(ManifestError::Unreadable {
            path: format!("spec.metrics[{index}].type"),
            kind: metric.kind.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_that_cannot_be_read_are_refused() {
        let manifest = |metrics: &str| {
            format!(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\n\
                 spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}},\n  \
                 maxReplicas: 10{metrics}}}\n"
            )
        };
        let pods = ", metrics: [{type: Pods, pods: {metric: {name: m}, target: {type: \
                    AverageValue, averageValue: 20}}}]";
        assert_eq!(parse(&manifest(pods)).unwrap().spec.metrics[0].name(), "m");
        let errors = [
            manifest(""),
            manifest(", metric: []"),
            "kind: Service".to_owned(),
        ]
        .map(|text| parse(&text).unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"), @"
spec.metrics[0].type: metrics of type Resource cannot be read yet, only Pods metrics
line 5, column 20: spec.metric: unknown field `metric`, expected one of scaleTargetRef, minReplicas, maxReplicas, metrics, behavior
it is Service without an apiVersion, and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2, v2beta1 or v1)
");
    }
}
