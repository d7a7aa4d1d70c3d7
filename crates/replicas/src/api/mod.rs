//! The policy: `autoscaling/v2` HorizontalPodAutoscalers and the older versions they come in.

mod defaults;
mod manifest;
mod safety;
mod spec;
mod status;
mod validation;

use concertina_model::{LabelSelectorObject, ObjectRef, Quantity};

pub(crate) use defaults::default_metric;
pub use manifest::{HeadersOnly, V2Manifest, V2beta1Manifest};
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

/// A HorizontalPodAutoscaler, with defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct HorizontalPodAutoscaler {
    /// Its name.
    pub name: String,
    /// Its namespace; `default` when the manifest has none.
    pub namespace: String,
    /// What is scaled, in the same namespace.
    pub scale_target: ObjectRef,
    /// The lowest count that metrics scale to.
    pub min_replicas: i32,
    /// The highest count.
    pub max_replicas: i32,
    /// The metrics; the one that asks for the most decides.
    pub metrics: Vec<Metric>,
}

/// A metric of a policy, and its target.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Metric {
    /// A custom metric of the target's pods, averaged over them.
    Pods {
        /// Its name.
        name: String,
        /// Which series of it.
        selector: Option<LabelSelectorObject>,
        /// The average that is aimed at, in the metric's own unit.
        average_value: Quantity,
    },
}

impl Metric {
    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Pods { name, .. } => name,
        }
    }

    /// The target in thousandths.
    #[must_use]
    pub fn target_milli(&self) -> i64 {
        match self {
            Self::Pods { average_value, .. } => average_value.milli_value(),
        }
    }
}

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

impl HorizontalPodAutoscaler {
    /// Checks as the API server does (Kubernetes 1.36), as far as the fields exist here.
    fn validated(self) -> Result<Self, PolicyError> {
        let target = &self.scale_target;
        for (field, value) in [("kind", &target.kind), ("name", &target.name)] {
            if value.is_empty() {
                let path = format!("spec.scaleTargetRef.{field}");
                return Err(PolicyError::new(path, "is required"));
            }
        }
        if self.min_replicas < 1 {
            let problem = format!("must be at least 1, and is {}", self.min_replicas);
            return Err(PolicyError::new("spec.minReplicas", problem));
        }
        if self.max_replicas < self.min_replicas {
            let (min, max) = (self.min_replicas, self.max_replicas);
            let problem = format!("must not be below minReplicas, and {max} is below {min}");
            return Err(PolicyError::new("spec.maxReplicas", problem));
        }
        if self.metrics.is_empty() {
            let problem = "at least one metric is needed (without any, Kubernetes takes CPU at \
                           80 %, which is not supported yet)";
            return Err(PolicyError::new("spec.metrics", problem));
        }
        for (index, metric) in self.metrics.iter().enumerate() {
            if metric.name().is_empty() {
                let path = format!("spec.metrics[{index}].pods.metric.name");
                return Err(PolicyError::new(path, "is required"));
            }
            if metric.target_milli() <= 0 {
                let path = format!("spec.metrics[{index}].pods.target.averageValue");
                return Err(PolicyError::new(path, "must be positive"));
            }
        }
        Ok(self)
    }
}
