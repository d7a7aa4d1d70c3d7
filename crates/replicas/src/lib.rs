//! The Kubernetes HorizontalPodAutoscaler algorithm as a pure function.
//!
//! [`decide`] takes a policy, what was observed, the history and the present, and gives a
//! [`Decision`] with its [`Explanation`] and the next history. It decides as
//! kube-controller-manager 1.36 does, in its own arithmetic: whole milli-units, and `f64` in the
//! same order. No IO, no clock.
//!
//! Today it knows `Pods` metrics (their averageValue) and no `behavior`: a policy with anything
//! else is refused when it is read, never silently taken for something simpler. One metric of any
//! kind becomes a replica count in [`calculation`], and what metrics ask for becomes the count that
//! is written in [`limits`].

pub mod api;
mod arithmetic;
pub mod calculation;
pub mod decision;
pub mod explain;
mod history;
pub mod limits;
mod metrics;
pub mod observation;
mod old;
pub mod options;
mod policy;
mod reconcile;
pub mod status;

pub use api::{HorizontalPodAutoscaler, PolicyError};
pub use old::{
    CurrentMetric, Decision, Explanation, History, MetricReading, Observation, Options, Pod,
    PodPhase, PodSample, Recommendation, Rescale, Step, Tolerance, decide,
};
pub use policy::Policy;
pub use reconcile::reconcile;
