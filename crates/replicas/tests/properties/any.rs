//! Policies and looks at workloads of every kind, reasonable or not.

use std::time::Duration;

use concertina_model::{Format, Quantity, Timestamp};
use concertina_replicas::api::{
    Activation, ContainerResourceMetricSource, CrossVersionObjectReference, ExternalMetricSource,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, HpaScalingPolicy,
    HpaScalingRules, MaxChange, MetricIdentifier, MetricSourceType, MetricSpec, MetricTarget,
    ObjectMetricSource, OnMissing, PodsMetricSource, Readiness, ResourceMetricSource, Safety,
    ScalingPolicySelect,
};
use concertina_replicas::observation::{Container, Ready, Requests};
use concertina_replicas::status::ConditionStatus;
use concertina_replicas::{
    Arithmetic, Observation, Options, Pod, PodPhase, PodSample, Policy, Reading, Scale,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A value in thousandths: mostly one that occurs, now and then one that does not fit.
pub(crate) fn value() -> impl Strategy<Value = i64> {
    prop_oneof![
        12 => 0_i64..100_000,
        2 => -50_000_i64..0,
        1 => any::<i64>(),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN)],
    ]
}

fn quantity() -> impl Strategy<Value = Quantity> {
    let milli = prop_oneof![8 => 1_i64..100_000, 1 => 1..i64::MAX];
    milli.prop_map(|milli| Quantity::from_milli(milli, Format::DecimalSI))
}

fn average() -> impl Strategy<Value = MetricTarget> {
    quantity().prop_map(MetricTarget::average_value)
}

fn whole() -> impl Strategy<Value = MetricTarget> {
    prop_oneof![average(), quantity().prop_map(MetricTarget::value)]
}

fn of_resource() -> impl Strategy<Value = MetricTarget> {
    prop_oneof![average(), (1..300).prop_map(MetricTarget::utilization)]
}

fn external() -> impl Strategy<Value = MetricSpec> {
    whole().prop_map(|target| {
        MetricSpec::external(ExternalMetricSource {
            metric: MetricIdentifier::named("queue"),
            target,
        })
    })
}

pub(crate) fn metric() -> impl Strategy<Value = MetricSpec> {
    let resource = prop_oneof![Just("cpu"), Just("memory")];
    prop_oneof![
        average().prop_map(|target| {
            let metric = MetricIdentifier::named("util");
            MetricSpec::pods(PodsMetricSource { metric, target })
        }),
        (resource, of_resource()).prop_map(|(name, target)| {
            let name = name.to_owned();
            MetricSpec::resource(ResourceMetricSource { name, target })
        }),
        of_resource().prop_map(|target| {
            MetricSpec::container_resource(ContainerResourceMetricSource {
                name: "cpu".to_owned(),
                container: "main".to_owned(),
                target,
            })
        }),
        whole().prop_map(|target| {
            MetricSpec::object(ObjectMetricSource {
                described_object: CrossVersionObjectReference::default(),
                target,
                metric: MetricIdentifier::named("rps"),
            })
        }),
        external(),
    ]
}

fn rules() -> impl Strategy<Value = HpaScalingRules> {
    let policy = (any::<bool>(), 1..300, 1..240).prop_map(|(pods, value, period)| match pods {
        true => HpaScalingPolicy::pods(value, period),
        false => HpaScalingPolicy::percent(value, period),
    });
    let select = prop_oneof![
        4 => Just(ScalingPolicySelect::Max),
        4 => Just(ScalingPolicySelect::Min),
        1 => Just(ScalingPolicySelect::Disabled)
    ];
    let tolerance = (0_i64..400).prop_map(|milli| Quantity::from_milli(milli, Format::DecimalSI));
    (
        option::of(0..400),
        select,
        vec(policy, 1..3),
        option::of(tolerance),
    )
        .prop_map(|(window, select, policies, tolerance)| HpaScalingRules {
            stabilization_window_seconds: window,
            select_policy: Some(select),
            policies: Some(policies),
            tolerance,
        })
}

fn behavior() -> impl Strategy<Value = HorizontalPodAutoscalerBehavior> {
    (option::of(rules()), option::of(rules())).prop_map(|(scale_up, scale_down)| {
        HorizontalPodAutoscalerBehavior {
            scale_up,
            scale_down,
        }
    })
}

fn safety() -> impl Strategy<Value = Safety> {
    let on_missing = prop_oneof![
        Just(OnMissing::Kubernetes),
        Just(OnMissing::Hold),
        (1..5).prop_map(|replicas| OnMissing::Replicas { replicas }),
        (1..200).prop_map(|max_age_seconds| OnMissing::LastGood { max_age_seconds }),
    ];
    let readiness = (option::of(1..300), any::<bool>());
    let max_change = (option::of(1..4), option::of(1..4));
    let activation = (quantity(), 0..200).prop_map(|(threshold, cooldown_seconds)| Activation {
        metric: MetricSpec::external(ExternalMetricSource {
            metric: MetricIdentifier::named("active"),
            target: MetricTarget::value(threshold),
        }),
        cooldown_seconds,
    });
    (
        on_missing,
        option::weighted(0.3, readiness),
        option::weighted(0.3, max_change),
        option::weighted(0.3, activation),
    )
        .prop_map(|(on_missing, readiness, max_change, activation)| Safety {
            on_missing,
            readiness: readiness.map(|(min_age_seconds, ready_only)| Readiness {
                min_age_seconds,
                ready_only,
            }),
            max_change: max_change.map(|(scale_up, scale_down)| MaxChange {
                scale_up,
                scale_down,
            }),
            activation,
        })
}

/// A policy that the API server takes, with and without anything beyond Kubernetes.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    (
        0..5,
        5..40,
        vec(metric(), 0..4),
        option::of(behavior()),
        prop_oneof![Just(Safety::default()), safety()],
    )
        .prop_map(|(min, max, metrics, behavior, safety)| Policy {
            namespace: "default".to_owned(),
            name: "web".to_owned(),
            spec: HorizontalPodAutoscalerSpec {
                min_replicas: Some(min),
                max_replicas: max,
                metrics,
                behavior,
                ..HorizontalPodAutoscalerSpec::default()
            }
            .defaulted(),
            safety,
        })
}

pub(crate) fn arithmetic() -> impl Strategy<Value = Arithmetic> {
    prop_oneof![Just(Arithmetic::Kubernetes), Just(Arithmetic::Exact)]
}

/// Options that somebody may start a controller with.
pub(crate) fn options() -> impl Strategy<Value = Options> {
    (arithmetic(), any::<bool>(), any::<bool>(), 0..400_u64).prop_map(
        |(arithmetic, scale_to_zero, configurable_tolerance, window)| Options {
            downscale_stabilization: Duration::from_secs(window),
            scale_to_zero,
            configurable_tolerance,
            arithmetic,
            ..Options::default()
        },
    )
}

/// What a metric's source answers; the part that fits the metric is used.
#[derive(Clone, Debug)]
struct Answer {
    fails: bool,
    pods: Vec<Option<i64>>,
    values: Vec<i64>,
}

fn answer() -> impl Strategy<Value = Answer> {
    (
        prop::bool::weighted(0.15),
        vec(option::weighted(0.85, value()), 0..8),
        vec(value(), 0..3),
    )
        .prop_map(|(fails, pods, values)| Answer {
            fails,
            pods,
            values,
        })
}

impl Answer {
    fn reading(&self, metric: &MetricSpec, pods: &[Pod]) -> Result<Reading, String> {
        if self.fails {
            return Err("timeout".to_owned());
        }
        Ok(match metric.kind {
            MetricSourceType::Object => Reading::Object(self.values.first().copied().unwrap_or(7)),
            MetricSourceType::External => Reading::External(self.values.clone()),
            _ => {
                let named = pods.iter().zip(&self.pods);
                let sample = |(pod, milli): (&Pod, &Option<i64>)| {
                    Some(PodSample::new(pod.name.as_str(), (*milli)?))
                };
                Reading::Pods(named.filter_map(sample).collect())
            }
        })
    }
}

/// One look at the workload.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// How long after the one before.
    pub(crate) after: Duration,
    /// A count that somebody else set since then.
    pub(crate) set: Option<i32>,
    unreadable: bool,
    pods: Result<Vec<Pod>, String>,
    answers: Vec<Answer>,
    activation: Answer,
}

fn pod() -> impl Strategy<Value = Pod> {
    let phase = prop_oneof![
        8 => Just(PodPhase::Running),
        1 => Just(PodPhase::Pending),
        1 => Just(PodPhase::Failed),
        1 => Just(PodPhase::Unknown),
    ];
    let status = prop_oneof![
        4 => Just(ConditionStatus::True),
        1 => Just(ConditionStatus::False),
        1 => Just(ConditionStatus::Unknown)
    ];
    let seconds = -4000_i64..1000;
    (
        phase,
        prop::bool::weighted(0.1),
        option::weighted(0.9, seconds.clone()),
        option::weighted(0.9, (status, seconds)),
        option::weighted(0.95, 1_i64..2000),
    )
        .prop_map(|(phase, deleted, started, ready, request)| {
            let at = |seconds| Timestamp::from_millis(seconds * 1000);
            let requests = request.map(|milli| [("cpu", milli), ("memory", milli)]);
            Pod {
                phase,
                deleted,
                started: started.map(at),
                ready: ready.map(|(status, since)| Ready {
                    status,
                    since: at(since),
                }),
                containers: vec![Container {
                    name: "main".to_owned(),
                    requests: Requests::from_iter(requests.into_iter().flatten()),
                    ..Container::default()
                }],
                ..Pod::default()
            }
        })
}

pub(crate) fn look() -> impl Strategy<Value = Look> {
    let pods = vec(pod(), 0..8).prop_map(|mut pods| {
        for (index, pod) in pods.iter_mut().enumerate() {
            pod.name = format!("pod-{index}");
        }
        pods
    });
    (
        0_u64..90_000,
        option::weighted(0.1, 0..60),
        prop::bool::weighted(0.05),
        prop_oneof![20 => pods.prop_map(Ok), 1 => Just(Err("timeout".to_owned()))],
        vec(answer(), 4),
        answer(),
    )
        .prop_map(|(after, set, unreadable, pods, answers, activation)| Look {
            after: Duration::from_millis(after),
            set,
            unreadable,
            pods,
            answers,
            activation,
        })
}

impl Look {
    pub(crate) fn observation(&self, policy: &Policy, replicas: i32) -> Observation {
        let pods = self.pods.as_deref().unwrap_or_default();
        let metrics = policy.spec.metrics.iter().zip(&self.answers);
        let activation = policy.safety.activation.as_ref();
        Observation {
            scale: match self.unreadable {
                true => Err("timeout".to_owned()),
                false => Ok(Scale {
                    spec_replicas: replicas,
                    status_replicas: replicas,
                    selector: "app=web".to_owned(),
                }),
            },
            pods: self.pods.clone(),
            metrics: metrics
                .map(|(metric, answer)| answer.reading(metric, pods))
                .collect(),
            activation: activation.map(|a| self.activation.reading(&a.metric, pods)),
        }
    }
}
