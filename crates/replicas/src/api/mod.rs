//! The policy: `autoscaling/v2` HorizontalPodAutoscalers and the older versions they come in.

mod defaults;
#[cfg(feature = "k8s-openapi")]
mod k8s_openapi;
mod meta;
mod object;
mod safety;
mod spec;
mod status;
mod validation;
#[cfg(feature = "manifest")]
mod versions;

pub(crate) use defaults::default_metric;
#[cfg(feature = "k8s-openapi")]
pub use k8s_openapi::ConversionError;
pub use meta::ObjectMeta;
pub use object::HorizontalPodAutoscaler;
pub use safety::{Activation, MaxChange, OnMissing, Readiness, Safety};
pub use spec::{
    ContainerResourceMetricSource, CrossVersionObjectReference, ExternalMetricSource,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, HpaScalingPolicy,
    HpaScalingPolicyType, HpaScalingRules, MetricIdentifier, MetricSourceType, MetricSpec,
    MetricTarget, MetricTargetType, ObjectMetricSource, PodsMetricSource, ResourceMetricSource,
    ScalingPolicySelect,
};
pub use status::{
    ContainerResourceMetricStatus, ExternalMetricStatus, HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerStatus, MetricStatus, ObjectMetricStatus, PodsMetricStatus,
    ResourceMetricStatus,
};
pub use validation::ValidationOptions;
#[cfg(feature = "manifest")]
pub use versions::{
    ApiVersion, Hint, Located, Manifest, ManifestError, SAFETY_ANNOTATION, read, read_all,
};

/// Why a manifest is no policy that can be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
#[non_exhaustive]
pub struct PolicyError {
    /// Where in the manifest: `spec.metrics[0].pods.target.averageValue`.
    pub path: String,
    /// What is wrong there, and what to do.
    pub problem: String,
}

impl PolicyError {
    fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }
}
