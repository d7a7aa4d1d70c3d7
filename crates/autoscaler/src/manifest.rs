//! HorizontalPodAutoscaler manifests as people keep them: YAML, in any version that is served.

use crate::yaml::{YamlError, read};
use concertina_replicas::Policy;
use concertina_replicas::api::{
    HeadersOnly, MetricSourceType, PolicyError, V2Manifest, V2beta1Manifest,
};

/// A manifest as large as this is a mistake; etcd holds no object beyond 1.5 MiB.
const MAX_BYTES: usize = 2 << 20;

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is no YAML, or not of the shape that its apiVersion has.
    #[error(transparent)]
    Malformed(#[from] YamlError),
    /// It is too large.
    #[error("{bytes} bytes, and at most {MAX_BYTES} are read")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// It is a manifest of something else.
    #[error(
        "it is {found}, and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, \
         v2beta2 or v2beta1)"
    )]
    NotAnAutoscaler {
        /// What was found: `Deployment (apps/v1)`.
        found: String,
    },
    /// It goes by a metric that cannot be read.
    #[error("{path}: metrics of type {kind} cannot be read yet, only Pods metrics")]
    Unreadable {
        /// Where in the manifest.
        path: String,
        /// The type.
        kind: String,
    },
    /// Its content cannot be followed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// Reads one HorizontalPodAutoscaler of `autoscaling/v2`, `v2beta2` or `v2beta1` from YAML.
///
/// # Errors
///
/// [`ManifestError`] with line and column, or with the path of the field.
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
    if yaml.len() > MAX_BYTES {
        return Err(ManifestError::TooLarge { bytes: yaml.len() });
    }
    let headers: HeadersOnly = read(yaml)?;
    let (kind, version) = (headers.kind.as_str(), headers.api_version.as_str());
    match (kind, version) {
        ("HorizontalPodAutoscaler", "autoscaling/v2" | "autoscaling/v2beta2") => {
            readable(read::<V2Manifest>(yaml)?.try_into()?)
        }
        ("HorizontalPodAutoscaler", "autoscaling/v2beta1") => {
            readable(read::<V2beta1Manifest>(yaml)?.try_into()?)
        }
        _ => {
            let found = match (kind, version) {
                ("", _) => "something without a kind".to_owned(),
                (kind, "") => format!("{kind} without an apiVersion"),
                (kind, version) => format!("{kind} ({version})"),
            };
            Err(ManifestError::NotAnAutoscaler { found })
        }
    }
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

    const METRIC: &str = "
  metrics:
  - type: Pods
    pods:
      metric: {name: m}
      target: {type: AverageValue, averageValue: 20}";

    fn v2(spec: &str) -> String {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\n\
             spec:\n  scaleTargetRef: {{kind: Deployment, name: web}}{spec}\n"
        )
    }

    #[test]
    fn the_old_form_means_the_same() {
        let new = parse(&v2(&format!("\n  maxReplicas: 10{METRIC}"))).unwrap();
        let old = parse(
            "apiVersion: autoscaling/v2beta1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\n\
             spec:\n  scaleTargetRef: {kind: Deployment, name: web}\n  maxReplicas: 10\n  metrics:\n\
             \x20 - type: Pods\n    pods: {metricName: m, targetAverageValue: 20}\n",
        );
        assert_eq!(old.unwrap(), new);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let texts = [
            "kind: [".to_owned(),
            "apiVersion: apps/v1\nkind: Deployment\n".to_owned(),
            "spec: {}\n".to_owned(),
            v2("\n  maxReplica: 10"),
            v2("\n  maxReplicas: ten"),
            v2("\n  maxReplicas: 10"),
            v2(&format!("\n  minReplicas: 3\n  maxReplicas: 2{METRIC}")),
            v2(&format!(
                "\n  maxReplicas: 10\n  behavior: {{scaleUp: {{policies: []}}}}{METRIC}"
            )),
            v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("averageValue: 20", "value: 20"),
            v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("type: Pods", "type: Resource"),
            v2(&format!("\n  maxReplicas: 10{METRIC}")).replace(": 20", ": 20q"),
        ];
        let errors: Vec<String> = texts
            .iter()
            .map(|text| parse(text).unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(errors.join("\n"), @r##"
line 1, column 7: expected string scalar
it is Deployment (apps/v1), and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2 or v2beta1)
it is something without a kind, and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2 or v2beta1)
line 6, column 3: unknown field `maxReplica`, expected one of scaleTargetRef, minReplicas, maxReplicas, metrics, behavior
line 6, column 16: invalid i32
spec.metrics[0].type: metrics of type Resource cannot be read yet, only Pods metrics
spec.maxReplicas: must not be below minReplicas, and 2 is below 3
spec.behavior.scaleUp.policies: at least one policy is required
spec.metrics[0].pods.target.averageValue: is required: the average over the pods that is aimed at
spec.metrics[0].pods: must not be set for type Resource
line 11, column 50: `20q` is no quantity: `q` (column 3) is no suffix; known are n u m k M G T P E, Ki Mi Gi Ti Pi Ei, and exponents such as e3
"##);
    }
}
