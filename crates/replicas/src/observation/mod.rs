//! What an autoscaler sees before it decides.

mod index;
mod join;
mod names;
mod pod;
mod samples;

pub(crate) use join::Join;
pub use pod::{Container, Pod, PodPhase, Ready, Requests};

pub use samples::{PodSample, PodSamples};

/// Everything that was observed for one decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The scale of the target, or why it could not be read.
    pub scale: Result<Scale, String>,
    /// The pods that the scale's selector matches, or why they could not be listed.
    pub pods: Result<Vec<Pod>, String>,
    /// One reading for each metric of the policy, in its order, or why there is none. A policy
    /// without metrics has one for its default metric, the use of CPU.
    pub metrics: Vec<Result<Reading, String>>,
    /// The reading of the activation metric, for a policy that has one.
    pub activation: Option<Result<Reading, String>>,
}

/// The `scale` subresource of a workload, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`: what is wanted.
    pub spec_replicas: i32,
    /// `status.replicas`: what exists.
    pub status_replicas: i32,
    /// `status.selector`: the label selector of the workload's pods, as text.
    pub selector: String,
}

/// What a metrics API answered, in thousandths of the metric's unit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// For `Pods`, `Resource` and `ContainerResource` metrics: samples by pod. Of a resource they
    /// are the sums over a pod's containers, or the one container's.
    Pods(PodSamples),
    /// For `Object` metrics: the object's value.
    Object(i64),
    /// For `External` metrics: all values, in order.
    External(Vec<i64>),
}
