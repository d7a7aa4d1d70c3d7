//! One metric becomes a replica count.
//!
//! A [`Calculator`] has a function for each kind of target, as upstream's `ReplicaCalculator` has.
//! Each gives a [`Proposal`]: a count, the current value as it is reported, and the
//! [`Calculation`] that led there, with all its numbers.
//!
//! # The formula
//!
//! `ceil(value ÷ target × pods)`, unless `value ÷ target` is within the tolerance of 1: then the
//! current count stays.
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
//!     status_replicas: 1,
//!     ..Calculator::new(&options, &pods, Timestamp::EPOCH)
//! };
//! let samples = PodSamples::from_iter([PodSample::new("bert", 23_000)]);
//! let proposal = calculator.pods_average_value(&samples, 20_000).unwrap();
//! assert_eq!(proposal.replicas, 2);
//! assert_eq!(proposal.calculation.to_string(), "23 ÷ 20 = 1.15 > 1.10 → ceil(1.15 × 1) = 2");
//! ```
//!
//! # Which pods count
//!
//! Failed and terminating pods are left out; pending ones are *unready*; a pod without a sample is
//! *missing*. For the CPU resource alone a running pod is unready, too, as long as its sample may
//! only show its start. What is missing or unready is then assumed to speak against the change:
//!
//! ```
//! # use concertina_model::Timestamp;
//! # use concertina_replicas::calculation::Calculator;
//! # use concertina_replicas::{Options, Pod, PodSample, PodSamples};
//! # let options = Options::default();
//! let pods = ["bert-a", "bert-b"].map(|name| Pod { name: name.to_owned(), ..Pod::default() });
//! let calculator = Calculator {
//!     current_replicas: 2,
//!     status_replicas: 2,
//!     ..Calculator::new(&options, &pods, Timestamp::EPOCH)
//! };
//! // One of two pods is known to be idle: the other is taken to be at its target.
//! let samples = PodSamples::from_iter([PodSample::new("bert-a", 0)]);
//! let proposal = calculator.pods_average_value(&samples, 20_000).unwrap();
//! assert_eq!(
//!     proposal.calculation.to_string(),
//!     "0 ÷ 20 = 0 < 0.90, of 1 with a sample; bert-b without a sample counted as 20: \
//!      ratio 0.5 over 2 → ceil(0.5 × 2) = 1",
//! );
//! ```

mod error;
mod group;
mod pods;
mod requests;
mod step;
mod text;
mod totals;

pub(crate) use totals::sum;

use concertina_model::Timestamp;

use crate::api;
use crate::arithmetic::{Exact, Kubernetes};
use crate::observation::{Pod, PodSamples};
use crate::options::{Arithmetic, Options, Tolerance};

pub use error::CalculationError;
use group::{Readiness, Source};
pub use pods::Groups;
pub use step::{Calculation, Names, Outcome, PodsCalculation, SecondPass, TotalCalculation, Unit};

/// What a metric asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The count. It may lie outside of every limit, and below zero when values are negative.
    pub replicas: i32,
    /// The current value as it is reported, in thousandths: the average of the pods' samples, the
    /// total, or the total by `status.replicas` (None when that is 0).
    pub usage: Option<i64>,
    /// The current utilization in percent, when the target is one.
    pub utilization: Option<i32>,
    /// Every step with its numbers.
    pub calculation: Calculation,
}

/// Turns metrics into replica counts, as `ReplicaCalculator` of kube-controller-manager 1.36 does.
#[derive(Clone, Copy, Debug)]
pub struct Calculator<'a> {
    /// Periods, gates and arithmetic. Its tolerance is not looked at, `tolerance` is.
    pub options: &'a Options,
    /// By how much a ratio may differ from 1 before anything is done.
    pub tolerance: Tolerance,
    /// The pods that the scale's selector matches.
    pub pods: &'a [Pod],
    /// The scale's `spec.replicas`.
    pub current_replicas: i32,
    /// The scale's `status.replicas`.
    pub status_replicas: i32,
    /// The present.
    pub now: Timestamp,
    /// Which pods are left out of the average of a Pods metric, beyond Kubernetes. With it, an
    /// average above its target never lowers the count, and one below never raises it.
    pub left_out: Option<api::Readiness>,
}

/// Runs one of the two arithmetics.
macro_rules! in_numbers {
    ($self:ident, $function:ident($($argument:expr),*)) => {
        match $self.options.arithmetic {
            Arithmetic::Kubernetes => $self.$function::<Kubernetes>($($argument),*),
            Arithmetic::Exact => $self.$function::<Exact>($($argument),*),
        }
    };
}

impl<'a> Calculator<'a> {
    /// A calculator with the tolerance of the options, for a workload without replicas.
    #[must_use]
    pub fn new(options: &'a Options, pods: &'a [Pod], now: Timestamp) -> Self {
        Self {
            options,
            tolerance: options.tolerance,
            pods,
            current_replicas: 0,
            status_replicas: 0,
            now,
            left_out: None,
        }
    }

    fn readiness(&self) -> Readiness {
        Readiness {
            cpu_initialization_period: self.options.cpu_initialization_period,
            initial_readiness_delay: self.options.initial_readiness_delay,
            now: self.now,
            left_out: self.left_out,
        }
    }

    /// A `Pods` metric with a target average in thousandths (`GetMetricReplicas`).
    ///
    /// # Errors
    ///
    /// [`CalculationError`] when there are no pods, or none that counts has a sample.
    pub fn pods_average_value(
        &self,
        samples: &PodSamples,
        target: i64,
    ) -> Result<Proposal, CalculationError> {
        in_numbers!(self, average(samples, target, Source::Pods))
    }

    /// A resource with a target average in thousandths (`GetRawResourceReplicas`). The samples are
    /// of whole pods, or of the one container in question.
    ///
    /// # Errors
    ///
    /// As [`Self::pods_average_value`].
    pub fn resource_average_value(
        &self,
        resource: &str,
        samples: &PodSamples,
        target: i64,
    ) -> Result<Proposal, CalculationError> {
        in_numbers!(self, average(samples, target, Source::of(resource)))
    }

    /// A resource with a target in percent of what the pods request (`GetResourceReplicas`). The
    /// samples are of whole pods, or of the one container in question.
    ///
    /// # Errors
    ///
    /// As [`Self::pods_average_value`], and when a pod, even one that does not count, does not say
    /// what it requests.
    pub fn resource_utilization(
        &self,
        resource: &str,
        container: Option<&str>,
        samples: &PodSamples,
        target: i32,
    ) -> Result<Proposal, CalculationError> {
        in_numbers!(self, utilization(resource, container, samples, target))
    }

    /// A value of an object with a target in thousandths (`GetObjectMetricReplicas`).
    ///
    /// # Errors
    ///
    /// [`CalculationError::ReadyPods`] when the count has to change and there are no pods.
    pub fn object_value(&self, usage: i64, target: i64) -> Result<Proposal, CalculationError> {
        in_numbers!(self, value(usage, target))
    }

    /// A value of an object with a target for each replica (`GetObjectPerPodMetricReplicas`).
    ///
    /// # Errors
    ///
    /// [`CalculationError::ZeroTarget`] only.
    pub fn object_average_value(
        &self,
        usage: i64,
        target: i64,
    ) -> Result<Proposal, CalculationError> {
        in_numbers!(self, per_replica(usage, target))
    }

    /// External values, summed, with a target in thousandths (`GetExternalMetricReplicas`). No
    /// values sum up to 0. (Upstream takes a negative sum on the way for an overflow and for
    /// infinite load; here sums are only held at the ends of i64.)
    ///
    /// # Errors
    ///
    /// As [`Self::object_value`].
    pub fn external_value(
        &self,
        values: &[i64],
        target: i64,
    ) -> Result<Proposal, CalculationError> {
        self.object_value(totals::sum(values), target)
    }

    /// External values, summed, with a target for each replica
    /// (`GetExternalPerPodMetricReplicas`).
    ///
    /// # Errors
    ///
    /// As [`Self::object_average_value`].
    pub fn external_average_value(
        &self,
        values: &[i64],
        target: i64,
    ) -> Result<Proposal, CalculationError> {
        let usage = totals::sum(values);
        let mut proposal = self.object_average_value(usage, target)?;
        if self.options.arithmetic == Arithmetic::Kubernetes && usage as f64 >= i64::MAX as f64 {
            // Upstream's guard against an overflow of the sum.
            proposal.usage = Some(i64::MAX);
        }
        Ok(proposal)
    }
}
