//! The decision.

use std::time::Duration;

use concertina_model::{Format, Quantity, Timestamp};

use crate::api::{HorizontalPodAutoscaler, Metric};
use crate::old::explain::{Explanation, Step, seconds};
use crate::old::history::History;
use crate::old::observation::Observation;
use crate::old::{limits, pods};

/// What kube-controller-manager takes as flags.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// `--horizontal-pod-autoscaler-tolerance`: by how much a ratio may differ from 1 before
    /// anything is done.
    pub tolerance: Tolerance,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`: how long a higher recommendation
    /// holds up a scale-in.
    pub downscale_stabilization: Duration,
    /// How many times the current count a workload may grow to at once (at least to 4).
    pub scale_up_limit_factor: f64,
}

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
    /// Whether a ratio is near enough to 1 that nothing is done.
    #[must_use]
    pub fn contains(self, ratio: f64) -> bool {
        1.0 - self.scale_down <= ratio && ratio <= 1.0 + self.scale_up
    }
}

impl Default for Tolerance {
    /// Kubernetes' default: 0.1.
    fn default() -> Self {
        Self {
            scale_up: 0.1,
            scale_down: 0.1,
        }
    }
}

impl Default for Options {
    /// Kubernetes' defaults: a tolerance of 0.1, 5 minutes, twice.
    fn default() -> Self {
        Self {
            tolerance: Tolerance::default(),
            downscale_stabilization: Duration::from_secs(300),
            scale_up_limit_factor: 2.0,
        }
    }
}

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The count that is wanted now.
    pub desired_replicas: i32,
    /// The write that follows; None when nothing changes.
    pub rescale: Option<Rescale>,
    /// The metrics' current values, in the policy's order; None for one that could not be used,
    /// and empty when metrics were not looked at.
    pub current_metrics: Vec<Option<CurrentMetric>>,
    /// Every step with its numbers.
    pub explanation: Explanation,
}

/// A change of the count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescale {
    /// The new count.
    pub replicas: i32,
    /// The reason as kube-controller-manager's event words it; may be empty, when stabilization or
    /// limits move the count and not a metric.
    pub reason: String,
}

/// A metric's current value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentMetric {
    /// The metric.
    pub name: String,
    /// The average over the pods that have a sample.
    pub average_value: Quantity,
}

/// Decides as kube-controller-manager 1.36 does, and gives the history for the next decision.
///
/// ```
/// use concertina_model::{ObjectRef, Timestamp};
/// use concertina_replicas::api::Metric;
/// use concertina_replicas::{
///     History, HorizontalPodAutoscaler, MetricReading, Observation, Options, Pod, PodSample, decide,
/// };
///
/// let policy = HorizontalPodAutoscaler {
///     name: "gpu-hpa".to_owned(),
///     namespace: "default".to_owned(),
///     scale_target: ObjectRef::default(),
///     min_replicas: 1,
///     max_replicas: 10,
///     metrics: vec![Metric::Pods {
///         name: "DCGM_CUSTOM_PROCESS_SM_UTIL".to_owned(),
///         selector: None,
///         average_value: "20".parse().unwrap(),
///     }],
/// };
/// let observation = Observation {
///     current_replicas: 1,
///     pods: vec![Pod { name: "bert".to_owned(), ..Pod::default() }],
///     metrics: vec![Ok(MetricReading {
///         pods: vec![PodSample { pod: "bert".to_owned(), milli: 23_000 }],
///     })],
/// };
/// let now = Timestamp::EPOCH;
/// let (decision, _history) =
///     decide(&policy, &Options::default(), &History::default(), &observation, now);
/// assert_eq!(decision.desired_replicas, 2);
/// assert_eq!(
///     decision.explanation.to_string(),
///     "DCGM_CUSTOM_PROCESS_SM_UTIL: 23 ÷ 20 = 1.15 > 1.1 → ceil(1.15 × 1) = 2",
/// );
/// ```
#[must_use]
pub fn decide(
    policy: &HorizontalPodAutoscaler,
    options: &Options,
    history: &History,
    observation: &Observation,
    now: Timestamp,
) -> (Decision, History) {
    let mut history = history.clone();
    let current = observation.current_replicas;
    history.first_seen(current, now);
    let bound = |bound, reason: &str| {
        let explanation = Explanation {
            steps: vec![Step::OutOfBounds { current, bound }],
        };
        Decision {
            desired_replicas: bound,
            rescale: Some(Rescale {
                replicas: bound,
                reason: reason.to_owned(),
            }),
            current_metrics: Vec::new(),
            explanation,
        }
    };
    let decision = if current == 0 {
        Decision {
            desired_replicas: 0,
            rescale: None,
            current_metrics: Vec::new(),
            explanation: Explanation {
                steps: vec![Step::Disabled],
            },
        }
    } else if current > policy.max_replicas {
        bound(
            policy.max_replicas,
            "Current number of replicas above Spec.MaxReplicas",
        )
    } else if current < policy.min_replicas {
        bound(
            policy.min_replicas,
            "Current number of replicas below Spec.MinReplicas",
        )
    } else {
        by_metrics(policy, options, &mut history, observation, now)
    };
    (decision, history)
}

/// What all metrics together ask for.
#[derive(Default)]
struct Combined {
    replicas: i32,
    metric: String,
    invalid: usize,
    current: Vec<Option<CurrentMetric>>,
    steps: Vec<Step>,
}

fn combine(
    policy: &HorizontalPodAutoscaler,
    options: &Options,
    observation: &Observation,
) -> Combined {
    let mut combined = Combined::default();
    for (index, metric) in policy.metrics.iter().enumerate() {
        let name = metric.name();
        let reading = match observation.metrics.get(index) {
            Some(Ok(reading)) => Ok(reading),
            Some(Err(reason)) => Err(format!("unable to get metric {name}: {reason}")),
            None => Err(format!("unable to get metric {name}: it was not read")),
        };
        let proposal = reading.and_then(|reading| {
            pods::average_value(
                name,
                reading,
                metric.target_milli(),
                observation.current_replicas,
                &observation.pods,
                options.tolerance,
            )
        });
        match proposal {
            Ok(proposal) => {
                // While the best is 0, every next proposal takes its place.
                if combined.replicas == 0 || proposal.replicas > combined.replicas {
                    combined.replicas = proposal.replicas;
                    combined.metric = format!("pods metric {name}");
                }
                combined.steps.extend(proposal.steps);
                combined
                    .current
                    .push(Some(current_metric(metric, proposal.average_milli)));
            }
            Err(reason) => {
                combined.invalid += 1;
                combined.current.push(None);
                let name = name.to_owned();
                combined.steps.push(Step::NoMetric { name, reason });
            }
        }
    }
    combined
}

fn current_metric(metric: &Metric, milli: i64) -> CurrentMetric {
    CurrentMetric {
        name: metric.name().to_owned(),
        average_value: Quantity::from_milli(milli, Format::DecimalSI),
    }
}

fn by_metrics(
    policy: &HorizontalPodAutoscaler,
    options: &Options,
    history: &mut History,
    observation: &Observation,
    now: Timestamp,
) -> Decision {
    let current = observation.current_replicas;
    let of = policy.metrics.len();
    let mut combined = combine(policy, options, observation);
    let explained = |steps, desired_replicas, rescale, current_metrics| Decision {
        desired_replicas,
        rescale,
        current_metrics,
        explanation: Explanation { steps },
    };
    let invalid = combined.invalid;
    if invalid == of || (invalid > 0 && combined.replicas < current) {
        combined.steps.push(Step::Kept {
            invalid,
            of,
            replicas: current,
        });
        return explained(combined.steps, current, None, combined.current);
    }
    // Negative values give negative proposals; they count as none.
    let wanted = combined.replicas.max(0);
    let reason = if wanted > current {
        format!("{} above target", combined.metric)
    } else if wanted < current {
        "All metrics below target".to_owned()
    } else {
        String::new()
    };
    let window = options.downscale_stabilization;
    let highest = history.stabilize(wanted, now, now.saturating_sub(window));
    if highest.replicas != wanted {
        combined.steps.push(Step::Stabilized {
            wanted,
            recommended: highest.replicas,
            seconds_ago: seconds(now.saturating_duration_since(highest.at)),
            window_seconds: seconds(window),
        });
    }
    let (desired, limited) = limits::limit(
        current,
        highest.replicas,
        policy.min_replicas,
        policy.max_replicas,
        options.scale_up_limit_factor,
    );
    combined.steps.extend(limited);
    let rescale = (desired != current).then_some(Rescale {
        replicas: desired,
        reason,
    });
    explained(combined.steps, desired, rescale, combined.current)
}
