//! The Kubernetes HorizontalPodAutoscaler algorithm as a pure function.
//!
//! [`reconcile`] takes a policy, what was observed, the history and the present, and gives a
//! [`Decision`] with its [`Explanation`] and the next [`History`]. It decides as
//! kube-controller-manager 1.36 does, in its own arithmetic: whole milli-units, and `f64` in the
//! same order. No IO, no clock, no async, and nothing of Kubernetes but its data.
//!
//! # The algorithm, step by step
//!
//! Every look of the autoscaler at its target goes through these steps. The first example of
//! [`reconcile`] is a whole one.
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
//! ## Pods metrics: the seed of it all
//!
//! One replica works at 23 where 20 is aimed at. 23 ÷ 20 = 1.15 is more than 10 % above 1, so there
//! have to be `ceil(1.15 × 1)` = 2:
//!
//! ```
//! use concertina_model::Timestamp;
//! use concertina_replicas::calculation::Calculator;
//! use concertina_replicas::{Options, Pod, PodSample, PodSamples};
//!
//! let options = Options::default();
//! let pods = ["a", "b", "c"].map(|name| Pod { name: name.to_owned(), ..Pod::default() });
//! let calculator = |replicas: usize| Calculator {
//!     current_replicas: replicas as i32,
//!     status_replicas: replicas as i32,
//!     ..Calculator::new(&options, &pods[..replicas], Timestamp::EPOCH)
//! };
//! let samples = |values: &[i64]| -> PodSamples {
//!     let named = values.iter().zip(["a", "b", "c"]);
//!     named.map(|(value, pod)| PodSample::new(pod, value * 1000)).collect()
//! };
//! let proposal = calculator(1).pods_average_value(&samples(&[23]), 20_000).unwrap();
//! assert_eq!(proposal.replicas, 2);
//!
//! // Two replicas share the load: 11.5 ÷ 20 × 2 is 1.15 again, so two are right.
//! let proposal = calculator(2).pods_average_value(&samples(&[12, 11]), 20_000).unwrap();
//! assert_eq!(proposal.replicas, 2);
//!
//! // 22 ÷ 20 = 1.1 is still within the tolerance.
//! let proposal = calculator(1).pods_average_value(&samples(&[22]), 20_000).unwrap();
//! assert_eq!(proposal.calculation.to_string(), "22 ÷ 20 = 1.1 is within 0.90 to 1.10 → stays 1");
//! ```
//!
//! The average is over pods that have a sample, and it is *their* number that the ratio is
//! multiplied by, not the current count. A pod without a sample is assumed to speak against the
//! change: at its target on the way down, idle on the way up. See [`calculation`].
//!
//! ## Resource metrics: in percent of what is requested
//!
//! The percentage is whole, cut toward zero, before it is compared: 69.9 % of 60 % is 69 ÷ 60.
//!
//! ```
//! # use concertina_model::Timestamp;
//! # use concertina_replicas::calculation::Calculator;
//! # use concertina_replicas::observation::{Container, Ready, Requests};
//! # use concertina_replicas::{Options, Pod, PodSample, PodSamples};
//! # let options = Options::default();
//! let pods = [Pod {
//!     name: "a".to_owned(),
//!     started: Some(Timestamp::from_millis(-3_600_000)),
//!     ready: Some(Ready::yes(Timestamp::from_millis(-3_590_000))),
//!     containers: vec![Container {
//!         requests: Requests::from_iter([("cpu", 1000)]),
//!         ..Container::default()
//!     }],
//!     ..Pod::default()
//! }];
//! let calculator = Calculator {
//!     current_replicas: 1,
//!     ..Calculator::new(&options, &pods, Timestamp::EPOCH)
//! };
//! let samples = PodSamples::from_iter([PodSample::new("a", 699)]);
//! let proposal = calculator.resource_utilization("cpu", None, &samples, 60).unwrap();
//! assert_eq!(proposal.utilization, Some(69));
//! assert_eq!(proposal.calculation.to_string(), "69 % ÷ 60 % = 1.15 > 1.10 → ceil(1.15 × 1) = 2");
//! ```
//!
//! ## Object and External metrics: one number
//!
//! A target `Value` is compared with the number itself, and the ratio is multiplied by the ready
//! pods; a target `AverageValue` is multiplied by `status.replicas` first.
//!
//! ```
//! # use concertina_model::Timestamp;
//! # use concertina_replicas::calculation::Calculator;
//! # use concertina_replicas::Options;
//! # let options = Options::default();
//! let calculator = Calculator {
//!     current_replicas: 2,
//!     status_replicas: 2,
//!     ..Calculator::new(&options, &[], Timestamp::EPOCH)
//! };
//! let proposal = calculator.external_average_value(&[60_000, 15_000], 30_000).unwrap();
//! assert_eq!(
//!     proposal.calculation.to_string(),
//!     "75 ÷ (30 × 2) = 1.25 > 1.10 → ceil(75 ÷ 30) = 3",
//! );
//! ```
//!
//! ## Stabilization and limits
//!
//! Without `behavior` the highest recommendation of the window counts, and the workload at most
//! doubles at once, or grows to 4. With `behavior` each direction has a window and policies:
//!
//! ```
//! use concertina_model::Timestamp;
//! use concertina_replicas::limits::Limits;
//! use concertina_replicas::{History, Options};
//!
//! let options = Options::default();
//! let limits = |seconds: i64| Limits {
//!     min_replicas: 1,
//!     max_replicas: 10,
//!     ..Limits::new(&options, Timestamp::from_millis(seconds * 1000))
//! };
//! let mut history = History::default();
//! limits(0).normalize(&mut history, 2, 2);
//! let later = limits(120).normalize(&mut history, 2, 1);
//! assert_eq!(later.to_string(), "2 was recommended 120 s ago, within 300 s → 2 instead of 1");
//! let latest = limits(301).normalize(&mut history, 2, 1);
//! assert_eq!(latest.limit.replicas, 1);
//! ```
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
//! asks for nothing. [`Arithmetic::Exact`] calculates with fractions: no replica is ever asked for
//! because of a rounding error.
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
