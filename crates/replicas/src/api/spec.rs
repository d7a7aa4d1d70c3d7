//! The spec of `autoscaling/v2`, field by field.

use concertina_model::{LabelSelectorObject, Quantity};
use serde::{Deserialize, Deserializer, Serialize};

/// A word of the API. What it does not know is kept, so that validation can name it.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $word:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$each])* $word,)+
            /// A word that the API does not know; validation refuses it.
            Other(String),
        }

        impl $name {
            /// The word as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$word => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$word,)+
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                match word {
                    $name::Other(text) => text,
                    known => known.as_str().to_owned(),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Where a metric comes from: `type` of a metric.
    MetricSourceType {
        /// A number that describes one Kubernetes object.
        Object = "Object",
        /// A custom metric of each pod of the target.
        Pods = "Pods",
        /// A resource that the pods request, such as `cpu`.
        Resource = "Resource",
        /// A resource that one container of each pod requests.
        ContainerResource = "ContainerResource",
        /// Numbers from outside the cluster.
        External = "External",
    }
}

words! {
    /// What a target counts: `type` of a target.
    MetricTargetType {
        /// Percent of what the pods request.
        Utilization = "Utilization",
        /// The value itself.
        Value = "Value",
        /// The value by the number of pods.
        AverageValue = "AverageValue",
    }
}

words! {
    /// Which of several policies counts.
    ScalingPolicySelect {
        /// The one that allows the largest change.
        Max = "Max",
        /// The one that allows the smallest change.
        Min = "Min",
        /// No change in this direction at all.
        Disabled = "Disabled",
    }
}

words! {
    /// What a policy's value counts.
    HpaScalingPolicyType {
        /// Pods.
        Pods = "Pods",
        /// Percent of the pods at the start of the period.
        Percent = "Percent",
    }
}

pub(super) fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// `autoscaling/v2` `HorizontalPodAutoscalerSpec`, Kubernetes 1.36. Unknown fields are refused.
///
/// ```
/// use concertina_replicas::api::HorizontalPodAutoscalerSpec;
///
/// let mut spec: HorizontalPodAutoscalerSpec = serde_json::from_str(r#"{
///     "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "bert"},
///     "maxReplicas": 10
/// }"#).unwrap();
/// spec.set_defaults();
/// assert_eq!(spec.min_replicas, Some(1));
/// assert_eq!(spec.metrics[0].resource.as_ref().unwrap().name, "cpu");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HorizontalPodAutoscalerSpec {
    /// What is scaled, in the autoscaler's own namespace.
    pub scale_target_ref: CrossVersionObjectReference,
    /// The lowest count that metrics scale to; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// The highest count.
    pub max_replicas: i32,
    /// The metrics; the one that asks for the most decides. Empty means CPU at 80 %.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub metrics: Vec<MetricSpec>,
    /// How fast the count may change, and how long recent wishes hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<HorizontalPodAutoscalerBehavior>,
}

impl HorizontalPodAutoscalerSpec {
    /// `minReplicas`, 1 when absent.
    #[must_use]
    pub fn min_replicas(&self) -> i32 {
        self.min_replicas.unwrap_or(1)
    }
}

/// A reference to an object of the same namespace, whichever version serves it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CrossVersionObjectReference {
    /// `GROUP/VERSION`, or only the version for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The kind, such as `Deployment`.
    #[serde(default)]
    pub kind: String,
    /// The object's name.
    #[serde(default)]
    pub name: String,
}

/// One metric: its type and the field of that type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricSpec {
    /// Which of the fields is set.
    #[serde(rename = "type")]
    pub kind: MetricSourceType,
    /// For `Object`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectMetricSource>,
    /// For `Pods`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods: Option<PodsMetricSource>,
    /// For `Resource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceMetricSource>,
    /// For `ContainerResource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_resource: Option<ContainerResourceMetricSource>,
    /// For `External`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalMetricSource>,
}

impl MetricSpec {
    fn of(kind: MetricSourceType) -> Self {
        Self {
            kind,
            object: None,
            pods: None,
            resource: None,
            container_resource: None,
            external: None,
        }
    }

    /// A metric of each pod.
    #[must_use]
    pub fn pods(source: PodsMetricSource) -> Self {
        Self {
            pods: Some(source),
            ..Self::of(MetricSourceType::Pods)
        }
    }

    /// A metric of one object.
    #[must_use]
    pub fn object(source: ObjectMetricSource) -> Self {
        Self {
            object: Some(source),
            ..Self::of(MetricSourceType::Object)
        }
    }

    /// A resource of each pod.
    #[must_use]
    pub fn resource(source: ResourceMetricSource) -> Self {
        Self {
            resource: Some(source),
            ..Self::of(MetricSourceType::Resource)
        }
    }

    /// A resource of one container of each pod.
    #[must_use]
    pub fn container_resource(source: ContainerResourceMetricSource) -> Self {
        Self {
            container_resource: Some(source),
            ..Self::of(MetricSourceType::ContainerResource)
        }
    }

    /// A metric from outside the cluster.
    #[must_use]
    pub fn external(source: ExternalMetricSource) -> Self {
        Self {
            external: Some(source),
            ..Self::of(MetricSourceType::External)
        }
    }

    /// The metric's or resource's name; empty when the field of its type is missing.
    #[must_use]
    pub fn name(&self) -> &str {
        let named = match self.kind {
            MetricSourceType::Object => self.object.as_ref().map(|s| &s.metric.name),
            MetricSourceType::Pods => self.pods.as_ref().map(|s| &s.metric.name),
            MetricSourceType::Resource => self.resource.as_ref().map(|s| &s.name),
            MetricSourceType::ContainerResource => {
                self.container_resource.as_ref().map(|s| &s.name)
            }
            MetricSourceType::External => self.external.as_ref().map(|s| &s.metric.name),
            MetricSourceType::Other(_) => None,
        };
        named.map_or("", String::as_str)
    }

    /// The target, if the field of its type is there.
    #[must_use]
    pub fn target(&self) -> Option<&MetricTarget> {
        match self.kind {
            MetricSourceType::Object => self.object.as_ref().map(|s| &s.target),
            MetricSourceType::Pods => self.pods.as_ref().map(|s| &s.target),
            MetricSourceType::Resource => self.resource.as_ref().map(|s| &s.target),
            MetricSourceType::ContainerResource => {
                self.container_resource.as_ref().map(|s| &s.target)
            }
            MetricSourceType::External => self.external.as_ref().map(|s| &s.target),
            MetricSourceType::Other(_) => None,
        }
    }

    /// The selector of the metric's series, if there is one.
    #[must_use]
    pub fn selector(&self) -> Option<&LabelSelectorObject> {
        let identifier = match self.kind {
            MetricSourceType::Object => self.object.as_ref().map(|s| &s.metric),
            MetricSourceType::Pods => self.pods.as_ref().map(|s| &s.metric),
            MetricSourceType::External => self.external.as_ref().map(|s| &s.metric),
            _ => None,
        };
        identifier?.selector.as_ref()
    }

    /// True for a metric that exists without pods, so that it can scale from zero.
    #[must_use]
    pub fn exists_without_pods(&self) -> bool {
        matches!(
            self.kind,
            MetricSourceType::Object | MetricSourceType::External
        )
    }
}

/// Which metric, and which series of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricIdentifier {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Which series; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelectorObject>,
}

impl MetricIdentifier {
    /// A metric by its name alone.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            selector: None,
        }
    }
}

/// What is aimed at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricTarget {
    /// What is counted.
    #[serde(rename = "type", default = "no_type")]
    pub kind: MetricTargetType,
    /// The value of the whole metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Quantity>,
    /// The value by the number of pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Quantity>,
    /// Percent of the request of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_utilization: Option<i32>,
}

fn no_type() -> MetricTargetType {
    MetricTargetType::Other(String::new())
}

impl MetricTarget {
    /// A target for the whole value.
    #[must_use]
    pub fn value(value: Quantity) -> Self {
        Self {
            kind: MetricTargetType::Value,
            value: Some(value),
            average_value: None,
            average_utilization: None,
        }
    }

    /// A target for the value by pod.
    #[must_use]
    pub fn average_value(value: Quantity) -> Self {
        Self {
            kind: MetricTargetType::AverageValue,
            value: None,
            average_value: Some(value),
            average_utilization: None,
        }
    }

    /// A target in percent of the pods' requests.
    #[must_use]
    pub fn utilization(percent: i32) -> Self {
        Self {
            kind: MetricTargetType::Utilization,
            value: None,
            average_value: None,
            average_utilization: Some(percent),
        }
    }
}

/// A metric of one object, such as the requests of an Ingress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectMetricSource {
    /// The object.
    pub described_object: CrossVersionObjectReference,
    /// What is aimed at: a value, or a value by pod.
    pub target: MetricTarget,
    /// Which metric.
    pub metric: MetricIdentifier,
}

/// A custom metric of each pod, averaged over the pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodsMetricSource {
    /// Which metric.
    pub metric: MetricIdentifier,
    /// What is aimed at: an average.
    pub target: MetricTarget,
}

/// A resource that the pods request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceMetricSource {
    /// `cpu`, `memory`, …
    #[serde(default)]
    pub name: String,
    /// What is aimed at: an average, or percent of the request.
    pub target: MetricTarget,
}

/// A resource that one container of each pod requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerResourceMetricSource {
    /// `cpu`, `memory`, …
    #[serde(default)]
    pub name: String,
    /// What is aimed at: an average, or percent of the request.
    pub target: MetricTarget,
    /// The container's name.
    #[serde(default)]
    pub container: String,
}

/// A metric from outside the cluster, such as the length of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalMetricSource {
    /// Which metric.
    pub metric: MetricIdentifier,
    /// What is aimed at: a value, or a value by pod.
    pub target: MetricTarget,
}

/// How fast the count may change. Even `behavior: {}` changes the algorithm: both rule sets are
/// then filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HorizontalPodAutoscalerBehavior {
    /// Rules for growing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<HpaScalingRules>,
    /// Rules for shrinking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<HpaScalingRules>,
}

/// The rules of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HpaScalingRules {
    /// How long recent recommendations count, up to 3600 s. Scaling down without one takes the
    /// controller's `--horizontal-pod-autoscaler-downscale-stabilization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stabilization_window_seconds: Option<i32>,
    /// Which policy counts; `Max` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select_policy: Option<ScalingPolicySelect>,
    /// The policies; an empty list allows no change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<HpaScalingPolicy>>,
    /// By how much the ratio may differ from 1 in this direction; the controller's tolerance when
    /// absent (Kubernetes 1.33; on by default since 1.35).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Quantity>,
}

/// One limit on the change within a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HpaScalingPolicy {
    /// What the value counts.
    #[serde(rename = "type")]
    pub kind: HpaScalingPolicyType,
    /// How much may change.
    pub value: i32,
    /// Within how long, in seconds, up to 1800.
    pub period_seconds: i32,
}

impl HpaScalingPolicy {
    /// At most `value` pods within a period.
    #[must_use]
    pub fn pods(value: i32, period_seconds: i32) -> Self {
        Self {
            kind: HpaScalingPolicyType::Pods,
            value,
            period_seconds,
        }
    }

    /// At most `value` percent within a period.
    #[must_use]
    pub fn percent(value: i32, period_seconds: i32) -> Self {
        Self {
            kind: HpaScalingPolicyType::Percent,
            value,
            period_seconds,
        }
    }
}
