//! The Kubernetes HorizontalPodAutoscaler algorithm as a pure function.
//!
//! [`reconcile`] takes a policy, what was observed, the history and the present, and gives a
//! [`Decision`] with its [`Explanation`] and the next history. It decides as
//! kube-controller-manager 1.36 does, in its own arithmetic: whole milli-units, and `f64` in the
//! same order. No IO, no clock.

pub mod api;
mod arithmetic;
pub mod calculation;
mod decision;
mod explain;
mod history;
pub mod limits;
mod metrics;
pub mod observation;
mod options;
mod policy;
mod reconcile;
pub mod status;

pub use api::PolicyError;
pub use decision::{Decision, Event, EventType, MetricsError, ReconcileError, Rescale};
pub use explain::{Explanation, Step};
pub use history::{History, LastGood, Recommendation, ScaleEvent};
pub use observation::{Observation, Pod, PodPhase, PodSample, PodSamples, Reading, Scale};
pub use options::{Arithmetic, Options, Tolerance};
pub use policy::Policy;
pub use reconcile::{looks_at_metrics, reconcile};
