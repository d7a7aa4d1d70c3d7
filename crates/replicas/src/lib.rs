//! The Kubernetes HorizontalPodAutoscaler algorithm as a pure function.
//!
//! [`reconcile`] takes a policy, what was observed, the history and the present, and gives a
//! [`Decision`] with its [`Explanation`] and the next [`History`]. It decides as
//! kube-controller-manager 1.36 does, in its own arithmetic: whole milli-units, and `f64` in the
//! same order. No IO, no clock, no async, and nothing of Kubernetes but its data.
//!
//! # In a nutshell
//!
//! One replica works at 23 where 20 is aimed at. 23 ÷ 20 = 1.15 is more than 10 % above 1, so there have to
//! be `ceil(1.15 × 1)` = 2:
//!
//! ```
//! use concertina_model::Timestamp;
//! use concertina_replicas::calculation::Calculator;
//! use concertina_replicas::{Options, Pod, PodSample, PodSamples};
//!
//! let options = Options::default();
//! let pods = [Pod { name: "bert".to_owned(), ..Pod::default() }];
//! let calculator = Calculator {
//!     current_replicas: 1,
//!     ..Calculator::new(&options, &pods, Timestamp::EPOCH)
//! };
//! let samples = PodSamples::from_iter([PodSample::new("bert", 23_000)]); // in thousandths
//! let proposal = calculator.pods_average_value(&samples, 20_000).unwrap();
//! assert_eq!(proposal.replicas, 2);
//! assert_eq!(proposal.calculation.to_string(), "23 ÷ 20 = 1.15 > 1.10 → ceil(1.15 × 1) = 2");
//! ```
//!
//! # The algorithm, step by step
//!
//! 1. **The scale is read.** When it cannot be, nothing is decided ([`Step::NoScale`]).
//! 2. **First seen?** Then the current count becomes the first recommendation, so that the first
//!    scale-in waits a whole window ([`History::recommendations`]).
//! 3. **Zero replicas** switch autoscaling off. Only a zero that the autoscaler chose itself is left
//!    again, with the gate `HPAScaleToZero`, on an Object or External metric.
//! 4. **Out of bounds**, above `maxReplicas` or below `minReplicas`: directly to the bound, without a
//!    look at any metric, and without limits on the rate.
//! 5. **Each metric** becomes a count ([`calculation`]): the ratio of value to target, times the
//!    number of pods that count, rounded up. Within the tolerance of 1 the current count stays.
//! 6. **The highest count wins.** While some metrics cannot be used, the others may scale out, not in.
//! 7. **Stabilization** ([`limits`]): recent recommendations hold the count, on the way down for 5
//!    minutes unless `behavior` says otherwise.
//! 8. **Limits**: how fast the count may change, then `minReplicas` and `maxReplicas`.
//! 9. **The scale is written** when the count differs, and the status with its conditions.
//!
//! [`algorithm`] goes through them one by one, with numbers, and says what surprises people. The first
//! example of [`reconcile`] is a whole look.
//!
//! # The parts
//!
//! | to | there is |
//! |---|---|
//! | read manifests of every version, fill in defaults, validate | [`api`] |
//! | decide, from an observation to a decision and the next history | [`reconcile`] |
//! | turn one metric into a count | [`calculation::Calculator`] |
//! | stabilize and limit a count | [`limits::Limits`] |
//! | say why, as data (`Serialize`) and as text (`Display`) | [`Explanation`] |
//! | remember across restarts (`Serialize`, `Deserialize`) | [`History`] |
//!
//! # Writes that fail
//!
//! A decision holds what is true when its writes succeed. [`Decision::scale_refused`] and
//! [`Decision::status_refused`] correct it, and the history, when one does not.
//!
//! # Beyond Kubernetes
//!
//! [`api::Safety`] has what a policy may ask for beyond its spec: what a missing metric means, which
//! pods count, how much one decision may change, and when there are no replicas at all. By default it
//! asks for nothing. [`beyond`] shows each of its fields at work. [`Arithmetic::Exact`] calculates with fractions: no replica is ever asked for
//! because of a rounding error. [`Arithmetic`] says where the two differ.
//!
//! # Differences from upstream
//!
//! * A count beyond 32 bits is held at their end, where Go's conversion gives what the processor does.
//! * Sums of external values are held at the ends of 64 bits; a sum that is negative on the way is
//!   negative, not infinite load.
//! * The average of an Object or External metric over zero `status.replicas` is left out.
//! * Messages about failing Object metrics name metric, object and cause in that order.
//! * Whether several autoscalers select the same pods is not looked at: one policy is seen at a time.
//! * The history is bounded ([`History::MOST`]).

#[doc = include_str!("algorithm.md")]
pub mod algorithm {}
#[doc = include_str!("beyond.md")]
pub mod beyond {}
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
