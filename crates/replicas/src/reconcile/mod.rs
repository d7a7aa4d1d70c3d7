//! One look of an autoscaler at its target: everything that `reconcileAutoscaler` of
//! kube-controller-manager 1.36 does between reading and writing.

mod combine;
mod safety;
mod tolerance;

use concertina_model::{LabelSelector, Timestamp};

use crate::api::MetricSpec;
use crate::decision::{Decision, Event, EventType, Otherwise, ReconcileError, Rescale, Unscaled};
use crate::explain::{Explanation, Step};
use crate::history::History;
use crate::limits::{LimitedBy, Limits};
use crate::observation::{Observation, Scale};
use crate::options::Options;
use crate::policy::Policy;
use crate::status::{Condition, ConditionStatus, ConditionType, MetricValue, Status};

const ABOVE_MAX: &str = "Current number of replicas above Spec.MaxReplicas";
const BELOW_MIN: &str = "Current number of replicas below Spec.MinReplicas";

/// Decides as kube-controller-manager 1.36 does, and gives the history for the next decision.
///
/// Decision and history are those of writes that succeed; see [`Decision`] for what to do when one
/// fails.
///
/// ```
/// use concertina_model::{LabelSelector, Timestamp};
/// use concertina_replicas::api::{
///     HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec, MetricTarget, PodsMetricSource,
/// };
/// use concertina_replicas::{
///     History, Observation, Options, Pod, PodSample, PodSamples, Policy, Reading, Scale, reconcile,
/// };
///
/// // 1 replica, its GPU at 23 %, and 20 % are aimed at.
/// let policy = Policy {
///     namespace: "default".to_owned(),
///     name: "gpu-hpa".to_owned(),
///     spec: HorizontalPodAutoscalerSpec {
///         max_replicas: 10,
///         metrics: vec![MetricSpec::pods(PodsMetricSource {
///             metric: MetricIdentifier::named("DCGM_CUSTOM_PROCESS_SM_UTIL"),
///             target: MetricTarget::average_value("20".parse().unwrap()),
///         })],
///         ..HorizontalPodAutoscalerSpec::default()
///     }
///     .defaulted(),
///     ..Policy::default()
/// };
/// let observation = Observation {
///     scale: Ok(Scale {
///         spec_replicas: 1,
///         status_replicas: 1,
///         selector: "app=bert".to_owned(),
///     }),
///     pods: Ok(vec![Pod { name: "bert".to_owned(), ..Pod::default() }]),
///     metrics: vec![Ok(Reading::Pods(PodSamples::from_iter([PodSample::new("bert", 23_000)])))],
///     activation: None,
/// };
/// let (decision, history) = reconcile(
///     &policy,
///     &Options::default(),
///     History::default(),
///     &observation,
///     Timestamp::EPOCH,
/// );
/// assert_eq!(decision.rescale.unwrap().replicas, 2);
/// assert_eq!(
///     decision.explanation.to_string(),
///     "DCGM_CUSTOM_PROCESS_SM_UTIL: 23 ÷ 20 = 1.15 > 1.10 → ceil(1.15 × 1) = 2\n\
///      no recommendation within 300 s holds it → 2\n\
///      1 to 10 are allowed, at most 4 at once → 2\n\
///      scales from 1 to 2",
/// );
/// // A summary has the steps that made a difference.
/// assert_eq!(
///     decision.explanation.summary(),
///     "DCGM_CUSTOM_PROCESS_SM_UTIL: 23 ÷ 20 = 1.15 > 1.10 → ceil(1.15 × 1) = 2",
/// );
/// assert_eq!(history.status, decision.status);
/// ```
#[must_use]
pub fn reconcile(
    policy: &Policy,
    options: &Options,
    history: History,
    observation: &Observation,
    now: Timestamp,
) -> (Decision, History) {
    let mut pass = Pass {
        policy,
        options,
        observation,
        now,
        min: least(policy),
        status: history.status.clone(),
        history,
        events: Vec::new(),
        steps: Vec::new(),
    };
    let outcome = pass.run();
    pass.conclude(outcome)
}

/// Whether a decision needs pods and metrics: not when the workload is off or out of its bounds, or
/// the scale's selector is none. Where this is false, they may be left out of the observation.
#[must_use]
pub fn looks_at_metrics(
    policy: &Policy,
    options: &Options,
    history: &History,
    scale: &Scale,
) -> bool {
    let active = policy.safety.activation.is_some();
    let way = way(policy, options, &history.status, scale.spec_replicas);
    let selected = !scale.selector.is_empty() && scale.selector.parse::<LabelSelector>().is_ok();
    (active || matches!(way, Way::Metrics)) && selected
}

/// How a count is decided.
enum Way {
    /// It stays at zero.
    Disabled,
    /// It goes directly to a bound.
    Bound(i32, &'static str),
    /// By metrics.
    Metrics,
}

fn way(policy: &Policy, options: &Options, status: &Status, current: i32) -> Way {
    let (min, max) = (least(policy), policy.spec.max_replicas);
    if current == 0 {
        // Only a zero that the autoscaler chose is left again.
        let chosen = status.condition(&ConditionType::ScaledToZero);
        let leaves = options.scale_to_zero
            && chosen.is_some_and(|condition| condition.status == ConditionStatus::True)
            && (min != 0 || exists_without_pods(policy));
        return if leaves { Way::Metrics } else { Way::Disabled };
    }
    if current > max {
        Way::Bound(max, ABOVE_MAX)
    } else if current < min {
        Way::Bound(min, BELOW_MIN)
    } else {
        Way::Metrics
    }
}

/// The minimum; with an activation, which alone decides on zero, at least 1.
fn least(policy: &Policy) -> i32 {
    let min = policy.spec.min_replicas();
    match policy.safety.activation {
        Some(_) => min.max(1),
        None => min,
    }
}

/// Whether the condition `ScaledToZero` is kept.
fn tracks_zero(policy: &Policy, options: &Options) -> bool {
    options.scale_to_zero || policy.safety.activation.is_some()
}

fn exists_without_pods(policy: &Policy) -> bool {
    let metrics = &policy.spec.metrics;
    metrics.iter().any(MetricSpec::exists_without_pods)
}

/// A reconcile on its way.
struct Pass<'a> {
    policy: &'a Policy,
    options: &'a Options,
    observation: &'a Observation,
    now: Timestamp,
    min: i32,
    /// `history.status` stays the one before until the end.
    history: History,
    status: Status,
    events: Vec<Event>,
    steps: Vec<Step>,
}

/// What a pass came to.
struct Outcome {
    current: i32,
    rescale: Option<Rescale>,
    error: Option<ReconcileError>,
    unscaled: Option<Box<Unscaled>>,
}

impl<'a> Pass<'a> {
    fn set(
        &mut self,
        kind: ConditionType,
        holds: bool,
        reason: &'static str,
        message: impl Into<std::borrow::Cow<'static, str>>,
    ) {
        let condition = Condition::new(kind, holds, reason, message, self.now);
        self.status.set(condition);
    }

    fn run(&mut self) -> Outcome {
        let observation = self.observation;
        let scale = match &observation.scale {
            Ok(scale) => scale,
            Err(reason) => return self.no_scale(reason),
        };
        let message = "the HPA controller was able to get the target's current scale";
        self.set(
            ConditionType::AbleToScale,
            true,
            "SucceededGetScale",
            message,
        );
        let current = scale.spec_replicas;
        self.history.first_seen(current, self.now);
        if let Some(activation) = &self.policy.safety.activation
            && let Some(outcome) = self.by_activation(activation, scale)
        {
            return outcome;
        }
        match way(self.policy, self.options, &self.status, current) {
            Way::Disabled => self.disabled(),
            Way::Bound(bound, reason) => self.bounded(current, bound, reason),
            Way::Metrics => self.by_metrics(scale),
        }
    }

    fn no_scale(&mut self, reason: &str) -> Outcome {
        self.events.push(Event::warning("FailedGetScale", reason));
        let message =
            format!("the HPA controller was unable to get the target's current scale: {reason}");
        self.set(ConditionType::AbleToScale, false, "FailedGetScale", message);
        let reason = reason.to_owned();
        self.steps.push(Step::NoScale {
            reason: reason.clone(),
        });
        Outcome {
            current: self.status.current_replicas,
            rescale: None,
            error: Some(ReconcileError::Scale {
                target: self.policy.target(),
                reason,
            }),
            unscaled: None,
        }
    }

    fn disabled(&mut self) -> Outcome {
        let message = "scaling is disabled since the replica count of the target is zero";
        self.set(
            ConditionType::ScalingActive,
            false,
            "ScalingDisabled",
            message,
        );
        if !tracks_zero(self.policy, self.options) {
            self.status.remove(&ConditionType::ScaledToZero);
        }
        self.steps.push(Step::Disabled);
        self.concluded(0, None, None, None)
    }

    /// Outside of the bounds: directly to the bound.
    fn bounded(&mut self, current: i32, bound: i32, reason: &str) -> Outcome {
        self.steps.push(Step::OutOfBounds { current, bound });
        let rescale = Rescale {
            replicas: bound,
            reason: reason.to_owned(),
        };
        self.concluded(current, Some(rescale), None, None)
    }

    fn by_metrics(&mut self, scale: &Scale) -> Outcome {
        let current = scale.spec_replicas;
        let wanted = match self.combine(scale) {
            Ok(wanted) => wanted,
            Err((error, values)) => {
                self.status.current_replicas = current;
                self.status.current_metrics = values;
                let text = error.to_string();
                self.events
                    .push(Event::warning("FailedComputeMetricsReplicas", text));
                let target = self.policy.target();
                return Outcome {
                    current,
                    rescale: None,
                    error: Some(ReconcileError::Metrics { target, error }),
                    unscaled: None,
                };
            }
        };
        // Negative values give negative proposals; they count as none.
        let metric = wanted.metric;
        let replicas = wanted.replicas.max(0);
        let mut reason = if replicas > current && wanted.missing {
            format!("{metric} is missing")
        } else if replicas > current {
            format!("{metric} above target")
        } else if replicas < current {
            "All metrics below target".to_owned()
        } else {
            String::new()
        };
        let mut desired = self.normalize(current, replicas);
        if current == 0 && self.min != 0 && desired < self.min {
            self.steps.push(Step::FromZero {
                wanted: desired,
                min: self.min,
            });
            desired = self.min;
            if reason.is_empty() {
                BELOW_MIN.clone_into(&mut reason);
            }
        }
        let rescale = (desired != current).then_some(Rescale {
            replicas: desired,
            reason,
        });
        let error = wanted.error.map(ReconcileError::SomeMetrics);
        self.concluded(current, rescale, error, Some(wanted.values))
    }

    fn limits(&self) -> Limits<'a> {
        Limits {
            options: self.options,
            behavior: self.policy.spec.behavior.as_ref(),
            min_replicas: self.min,
            max_replicas: self.policy.spec.max_replicas,
            now: self.now,
        }
    }

    fn normalize(&mut self, current: i32, wanted: i32) -> i32 {
        let normalized = self.limits().normalize(&mut self.history, current, wanted);
        let (held, limit) = (normalized.stabilization, normalized.limit);
        let outcome = held.outcome;
        self.set(
            ConditionType::AbleToScale,
            true,
            outcome.reason(),
            outcome.message(),
        );
        let limited = limit.by != LimitedBy::Nothing;
        let (reason, message) = (limit.by.reason(), limit.by.message());
        self.set(ConditionType::ScalingLimited, limited, reason, message);
        self.steps.push(Step::Stabilized(held));
        self.steps.push(Step::Limited { current, limit });
        limit.replicas
    }

    /// Notes what follows from a count, as after a write that succeeded.
    fn concluded(
        &mut self,
        current: i32,
        rescale: Option<Rescale>,
        error: Option<ReconcileError>,
        values: Option<Vec<Option<MetricValue>>>,
    ) -> Outcome {
        self.status.current_replicas = current;
        self.status.current_metrics = values;
        let Some(rescale) = self.capped(current, rescale) else {
            self.status.desired_replicas = current;
            return Outcome {
                current,
                rescale: None,
                error,
                unscaled: None,
            };
        };
        let replicas = rescale.replicas;
        let unscaled = Unscaled {
            status: self.status.clone(),
            scale_up_events: self.history.scale_up_events.clone(),
            scale_down_events: self.history.scale_down_events.clone(),
        };
        let message =
            format!("the HPA controller was able to update the target scale to {replicas}");
        self.set(
            ConditionType::AbleToScale,
            true,
            "SucceededRescale",
            message,
        );
        self.events.push(Event {
            kind: EventType::Normal,
            reason: "SuccessfulRescale",
            message: format!("New size: {replicas}; reason: {}", rescale.reason),
        });
        let limits = self.limits();
        limits.scaled(&mut self.history, current, replicas);
        self.note_zero(current, replicas);
        self.status.desired_replicas = replicas;
        self.status.last_scale_time = Some(self.now);
        Outcome {
            current,
            rescale: Some(rescale),
            error,
            unscaled: Some(Box::new(unscaled)),
        }
    }

    /// After every rescale the condition `ScaledToZero` says whether it was to zero.
    fn note_zero(&mut self, current: i32, replicas: i32) {
        if !tracks_zero(self.policy, self.options) {
            return self.status.remove(&ConditionType::ScaledToZero);
        }
        let (kind, to_zero) = (ConditionType::ScaledToZero, replicas == 0 && current > 0);
        let meant = self.min == 0 && exists_without_pods(self.policy);
        if to_zero && (meant || self.policy.safety.activation.is_some()) {
            let message = "the HPA controller scaled the workload to zero";
            self.set(kind, true, "ScaledToZero", message);
        } else {
            let message = "the HPA controller did not scale the workload to zero";
            self.set(kind, false, "NotScaledToZero", message);
        }
    }

    fn conclude(mut self, outcome: Outcome) -> (Decision, History) {
        let before = std::mem::replace(&mut self.history.status, self.status.clone());
        let desired = outcome
            .rescale
            .as_ref()
            .map_or(outcome.current, |r| r.replicas);
        let decision = Decision {
            desired_replicas: desired,
            rescale: outcome.rescale,
            status_changed: self.status != before,
            status: self.status,
            events: self.events,
            error: outcome.error,
            explanation: Explanation {
                steps: self.steps,
                current: outcome.current,
                desired,
            },
            otherwise: Otherwise {
                name: self.policy.name.clone(),
                target: self.policy.target(),
                now: self.now,
                before,
                unscaled: outcome.unscaled,
            },
        };
        (decision, self.history)
    }
}
