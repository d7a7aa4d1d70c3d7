//! Manifests as they are written, for any format that serde reads.

use concertina_model::{LabelSelectorObject, Quantity};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{
    CrossVersionObjectReference, HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec,
    MetricTarget, PodsMetricSource, PolicyError, ValidationOptions,
};
use crate::policy::Policy;

/// What tells manifests apart. Everything else in them is skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeadersOnly {
    /// `autoscaling/v2`.
    #[serde(default)]
    pub api_version: String,
    /// `HorizontalPodAutoscaler`.
    #[serde(default)]
    pub kind: String,
}

/// A manifest of `autoscaling/v2` or `v2beta2`, which have the same fields. Unknown fields of the
/// spec are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct V2Manifest {
    pub api_version: String,
    pub kind: String,
    #[serde(default)]
    pub metadata: Metadata,
    pub spec: HorizontalPodAutoscalerSpec,
    /// What the cluster wrote; not looked at.
    #[serde(default)]
    pub status: Option<IgnoredAny>,
}

/// A manifest of `autoscaling/v2beta1`, with `Pods` metrics.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct V2beta1Manifest {
    pub api_version: String,
    pub kind: String,
    #[serde(default)]
    pub metadata: Metadata,
    pub spec: SpecV2beta1,
    /// What the cluster wrote; not looked at.
    #[serde(default)]
    pub status: Option<IgnoredAny>,
}

/// Name and namespace; the rest of the metadata is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct Metadata {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub namespace: String,
}

/// A spec of `v2beta1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct SpecV2beta1 {
    pub scale_target_ref: CrossVersionObjectReference,
    #[serde(default)]
    pub min_replicas: Option<i32>,
    pub max_replicas: i32,
    #[serde(default = "Vec::new")]
    pub metrics: Vec<MetricSpecV2beta1>,
}

/// A metric of `v2beta1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct MetricSpecV2beta1 {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub pods: Option<PodsMetricV2beta1>,
}

/// A `Pods` metric of `v2beta1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct PodsMetricV2beta1 {
    pub metric_name: String,
    pub target_average_value: Quantity,
    #[serde(default)]
    pub selector: Option<LabelSelectorObject>,
}

fn metric(index: usize, spec: MetricSpecV2beta1) -> Result<MetricSpec, PolicyError> {
    let path = format!("spec.metrics[{index}]");
    match (spec.kind.as_str(), spec.pods) {
        ("Pods", Some(pods)) => Ok(MetricSpec::pods(PodsMetricSource {
            metric: MetricIdentifier {
                name: pods.metric_name,
                selector: pods.selector,
            },
            target: MetricTarget::average_value(pods.target_average_value),
        })),
        ("Pods", None) => {
            let path = format!("{path}.pods");
            Err(PolicyError::new(path, "is required for type Pods"))
        }
        (kind, _) => {
            let problem = format!(
                "`{kind}` is not read from autoscaling/v2beta1; write the manifest as \
                 autoscaling/v2"
            );
            Err(PolicyError::new(format!("{path}.type"), problem))
        }
    }
}

/// A policy with its defaults, if the API server would take it.
fn policy(metadata: Metadata, spec: HorizontalPodAutoscalerSpec) -> Result<Policy, PolicyError> {
    if metadata.name.is_empty() {
        return Err(PolicyError::new("metadata.name", "is required"));
    }
    let spec = spec.defaulted();
    let refused = spec.validate(ValidationOptions::default());
    if let Some(error) = refused.into_iter().next() {
        return Err(error);
    }
    Ok(Policy {
        namespace: match metadata.namespace.as_str() {
            "" => "default".to_owned(),
            namespace => namespace.to_owned(),
        },
        name: metadata.name,
        spec,
        ..Policy::default()
    })
}

impl TryFrom<V2Manifest> for Policy {
    type Error = PolicyError;

    fn try_from(manifest: V2Manifest) -> Result<Self, PolicyError> {
        policy(manifest.metadata, manifest.spec)
    }
}

impl TryFrom<V2beta1Manifest> for Policy {
    type Error = PolicyError;

    fn try_from(manifest: V2beta1Manifest) -> Result<Self, PolicyError> {
        let old = manifest.spec;
        let metrics = old.metrics.into_iter().enumerate();
        let metrics = metrics.map(|(index, spec)| metric(index, spec));
        let spec = HorizontalPodAutoscalerSpec {
            scale_target_ref: old.scale_target_ref,
            min_replicas: old.min_replicas,
            max_replicas: old.max_replicas,
            metrics: metrics.collect::<Result<_, _>>()?,
            behavior: None,
        };
        policy(manifest.metadata, spec)
    }
}
