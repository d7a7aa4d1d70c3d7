//! What an autoscaler sees before it decides.

/// Everything that was observed for one decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The scale's `spec.replicas`: what is wanted now.
    pub current_replicas: i32,
    /// The pods that the scale's selector matches.
    pub pods: Vec<Pod>,
    /// One reading for each metric of the policy, in its order; the text says why there is none.
    pub metrics: Vec<Result<MetricReading, String>>,
}

/// A pod, as far as decisions on `Pods` metrics look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: PodPhase,
    /// True when it is being deleted.
    pub deleted: bool,
}

/// The phase of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PodPhase {
    /// Not yet started.
    Pending,
    /// Started. Whether it is ready makes no difference to `Pods` metrics.
    #[default]
    Running,
    /// Failed.
    Failed,
    /// Anything else (Succeeded, Unknown): treated as running, as upstream does.
    Other,
}

/// What the metrics API answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricReading {
    /// One sample for each pod that has one. Pods without a value are not in it: a missing value
    /// is not zero.
    pub pods: Vec<PodSample>,
}

/// A pod's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSample {
    /// The pod's name.
    pub pod: String,
    /// The value in thousandths of the metric's unit.
    pub milli: i64,
}
