//! Manifests as they are written, for any format that serde reads.

use concertina_model::{LabelSelectorObject, ObjectRef, Quantity};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{HorizontalPodAutoscaler, Metric, PolicyError};

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
    pub spec: Spec<MetricSpec>,
    /// What the cluster wrote; not looked at.
    #[serde(default)]
    pub status: Option<IgnoredAny>,
}

/// A manifest of `autoscaling/v2beta1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct V2beta1Manifest {
    pub api_version: String,
    pub kind: String,
    #[serde(default)]
    pub metadata: Metadata,
    pub spec: Spec<MetricSpecV2beta1>,
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

/// A spec, with the metrics of a version.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct Spec<M> {
    pub scale_target_ref: ScaleTargetRef,
    #[serde(default)]
    pub min_replicas: Option<i32>,
    pub max_replicas: i32,
    #[serde(default = "Vec::new")]
    pub metrics: Vec<M>,
    #[serde(default)]
    pub behavior: Option<IgnoredAny>,
}

/// What is scaled.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct ScaleTargetRef {
    #[serde(default)]
    pub api_version: String,
    pub kind: String,
    pub name: String,
}

/// A metric of `v2`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct MetricSpec {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub pods: Option<PodsMetric>,
}

/// A `Pods` metric of `v2`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct PodsMetric {
    pub metric: MetricIdentifier,
    pub target: MetricTarget,
}

/// Which metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct MetricIdentifier {
    pub name: String,
    #[serde(default)]
    pub selector: Option<LabelSelectorObject>,
}

/// What is aimed at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the API's")]
pub struct MetricTarget {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub value: Option<Quantity>,
    #[serde(default)]
    pub average_value: Option<Quantity>,
    #[serde(default)]
    pub average_utilization: Option<i32>,
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

fn pods_only<T>(path: &str, kind: &str, pods: Option<T>) -> Result<T, PolicyError> {
    match (kind, pods) {
        ("Pods", Some(pods)) => Ok(pods),
        ("Pods", None) => Err(PolicyError::new(
            format!("{path}.pods"),
            "is required for type Pods",
        )),
        ("Resource" | "ContainerResource" | "Object" | "External", _) => {
            let problem = format!("`{kind}` is not supported yet, only `Pods` is");
            Err(PolicyError::new(format!("{path}.type"), problem))
        }
        (kind, _) => {
            let problem = format!("`{kind}` is no type of metric; use `Pods`");
            Err(PolicyError::new(format!("{path}.type"), problem))
        }
    }
}

impl TryFrom<MetricSpec> for Metric {
    type Error = PolicyError;

    /// The path in an error begins at the metric.
    fn try_from(spec: MetricSpec) -> Result<Self, PolicyError> {
        let pods = pods_only("", &spec.kind, spec.pods)?;
        let Some(average_value) = pods.target.average_value else {
            let problem = "is required: the average over the pods that is aimed at";
            return Err(PolicyError::new(".pods.target.averageValue", problem));
        };
        // Whatever `target.type` says: the API server accepts `Utilization` here, and the
        // controller looks at averageValue only.
        if pods.target.value.is_some() || pods.target.average_utilization.is_some() {
            let problem = "may not be set for a Pods metric, only averageValue";
            let field = if pods.target.value.is_some() {
                "value"
            } else {
                "averageUtilization"
            };
            return Err(PolicyError::new(format!(".pods.target.{field}"), problem));
        }
        if !["Value", "AverageValue", "Utilization"].contains(&pods.target.kind.as_str()) {
            let problem = "must be Value, AverageValue or Utilization";
            return Err(PolicyError::new(".pods.target.type", problem));
        }
        Ok(Self::Pods {
            name: pods.metric.name,
            selector: pods.metric.selector,
            average_value,
        })
    }
}

impl TryFrom<MetricSpecV2beta1> for Metric {
    type Error = PolicyError;

    /// The path in an error begins at the metric.
    fn try_from(spec: MetricSpecV2beta1) -> Result<Self, PolicyError> {
        let pods = pods_only("", &spec.kind, spec.pods)?;
        Ok(Self::Pods {
            name: pods.metric_name,
            selector: pods.selector,
            average_value: pods.target_average_value,
        })
    }
}

fn policy<M>(metadata: Metadata, spec: Spec<M>) -> Result<HorizontalPodAutoscaler, PolicyError>
where
    Metric: TryFrom<M, Error = PolicyError>,
{
    if metadata.name.is_empty() {
        return Err(PolicyError::new("metadata.name", "is required"));
    }
    if spec.behavior.is_some() {
        let problem = "is not supported yet; without it, scale-in waits 5 minutes";
        return Err(PolicyError::new("spec.behavior", problem));
    }
    let metrics = spec.metrics.into_iter().enumerate().map(|(index, metric)| {
        Metric::try_from(metric).map_err(|error| {
            PolicyError::new(
                format!("spec.metrics[{index}]{}", error.path),
                error.problem,
            )
        })
    });
    let namespace = match metadata.namespace.as_str() {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    };
    let target = spec.scale_target_ref;
    HorizontalPodAutoscaler {
        name: metadata.name,
        scale_target: ObjectRef {
            api_version: target.api_version,
            kind: target.kind,
            namespace: namespace.clone(),
            name: target.name,
        },
        namespace,
        min_replicas: spec.min_replicas.unwrap_or(1),
        max_replicas: spec.max_replicas,
        metrics: metrics.collect::<Result<_, _>>()?,
    }
    .validated()
}

impl TryFrom<V2Manifest> for HorizontalPodAutoscaler {
    type Error = PolicyError;

    fn try_from(manifest: V2Manifest) -> Result<Self, PolicyError> {
        policy(manifest.metadata, manifest.spec)
    }
}

impl TryFrom<V2beta1Manifest> for HorizontalPodAutoscaler {
    type Error = PolicyError;

    fn try_from(manifest: V2beta1Manifest) -> Result<Self, PolicyError> {
        policy(manifest.metadata, manifest.spec)
    }
}
