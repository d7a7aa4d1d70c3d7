//! What kube-controller-manager takes as flags and feature gates.

use std::time::Duration;

/// By how much the ratio of value to target may differ from 1 in each direction.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tolerance {
    /// Above 1.
    pub scale_up: f64,
    /// Below 1.
    pub scale_down: f64,
}

impl Tolerance {
    /// The same in both directions.
    #[must_use]
    pub fn both(tolerance: f64) -> Self {
        Self {
            scale_up: tolerance,
            scale_down: tolerance,
        }
    }
}

impl Default for Tolerance {
    /// Kubernetes' default: 0.1.
    fn default() -> Self {
        Self::both(0.1)
    }
}

/// In which numbers a decision is calculated.
///
/// [`Exact`](Self::Exact) is the formula. [`Kubernetes`](Self::Kubernetes) differs from it in these ways and no
/// others (as long as values stay below 2⁵³ thousandths):
///
/// * the average over pods is cut to whole thousandths, a utilization to whole percents, and what missing
///   pods are assumed to use to whole thousandths: toward zero, so that it may ask for less;
/// * where the formula gives a whole number, an `f64` may lie just above it: one replica more is asked for,
///   or allowed by a percentage of `behavior` (100 pods and 10 % of them are 111); or just below it, so that
///   a percentage on the way down leaves one fewer;
/// * a ratio at the very edge of the tolerance may fall on the other side of it.
///
/// ```
/// use concertina_model::Timestamp;
/// use concertina_replicas::calculation::Calculator;
/// use concertina_replicas::{Arithmetic, Options, Pod, PodSample};
///
/// // 25 pods at 44 where 20 is aimed at: 44 ÷ 20 × 25 = 55, and 55.00000000000001 in f64.
/// let pods: Vec<_> = (0..25).map(|n| Pod { name: n.to_string(), ..Pod::default() }).collect();
/// let samples = pods.iter().map(|pod| PodSample::new(pod.name.as_str(), 44_000)).collect();
/// let replicas = |arithmetic| {
///     let options = Options { arithmetic, ..Options::default() };
///     let calculator = Calculator::new(&options, &pods, Timestamp::EPOCH);
///     calculator.pods_average_value(&samples, 20_000).unwrap().replicas
/// };
/// assert_eq!(replicas(Arithmetic::Kubernetes), 56);
/// assert_eq!(replicas(Arithmetic::Exact), 55);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arithmetic {
    /// As kube-controller-manager calculates on amd64: whole thousandths and whole percents, cut
    /// toward zero, and f64 in the same order. A count outside of i32 is held at its end.
    #[default]
    Kubernetes,
    /// With exact fractions, nothing cut or rounded before the last step. A tolerance is the decimal number
    /// that it is written as.
    Exact,
}

/// What kube-controller-manager takes as flags and feature gates, with its defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// `--horizontal-pod-autoscaler-tolerance`: by how much a ratio may differ from 1 before
    /// anything is done; 0.1.
    pub tolerance: Tolerance,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`: how long a higher recommendation
    /// holds up a scale-in; 5 minutes.
    pub downscale_stabilization: Duration,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`: how long after its start a pod's
    /// CPU samples are taken only when it is ready and was so for the sample's whole window; 5
    /// minutes.
    pub cpu_initialization_period: Duration,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`: a pod that became unready within this
    /// time after its start counts as never having been ready; 30 s.
    pub initial_readiness_delay: Duration,
    /// How many times the current count a workload without `behavior` may grow to at once (at
    /// least to 4); 2, a constant of upstream's.
    pub scale_up_limit_factor: f64,
    /// Feature gate `HPAScaleToZero` (off): zero replicas that the autoscaler itself chose are left
    /// again on an Object or External metric.
    pub scale_to_zero: bool,
    /// Feature gate `HPAConfigurableTolerance` (on since 1.35): `behavior` may carry a tolerance
    /// for each direction.
    pub configurable_tolerance: bool,
    /// Feature gate `PodLevelResources` (on): requests of a pod as a whole count.
    pub pod_level_resources: bool,
    /// In which numbers is calculated.
    pub arithmetic: Arithmetic,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerance: Tolerance::default(),
            downscale_stabilization: Duration::from_secs(300),
            cpu_initialization_period: Duration::from_secs(300),
            initial_readiness_delay: Duration::from_secs(30),
            scale_up_limit_factor: 2.0,
            scale_to_zero: false,
            configurable_tolerance: true,
            pod_level_resources: true,
            arithmetic: Arithmetic::Kubernetes,
        }
    }
}
