//! The Kubernetes HorizontalPodAutoscaler algorithm as a pure function.
//!
//! [`decide`] takes a policy, what was observed, the history and the present, and gives a
//! [`Decision`] with its [`Explanation`] and the next history. It decides as
//! kube-controller-manager 1.36 does, in its own arithmetic: whole milli-units, and `f64` in the
//! same order. No IO, no clock.
//!
//! Today it knows `Pods` metrics (their averageValue) and no `behavior`: a policy with anything
//! else is refused when it is read, never silently taken for something simpler.

pub mod api;
mod decide;
mod explain;
mod history;
mod limits;
mod observation;
#[cfg(test)]
mod parity;
mod pods;

pub use api::{HorizontalPodAutoscaler, PolicyError};
pub use decide::{CurrentMetric, Decision, Options, Rescale, Tolerance, decide};
pub use explain::{Explanation, Step};
pub use history::{History, Recommendation};
pub use observation::{MetricReading, Observation, Pod, PodPhase, PodSample};
