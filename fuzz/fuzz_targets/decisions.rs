//! Any sequence of looks at any workload, with any policy, is decided without a panic, within the
//! bounds, not downward where the policy holds, and as if the process had been restarted between any
//! two looks.
#![no_main]

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
use concertina_replicas::{
    Arithmetic, History, Observation, Options, Pod, PodPhase, PodSample, Policy, Reading, Scale,
    reconcile,
};
use libfuzzer_sys::fuzz_target;

/// Numbers out of the input; zeros when it is used up.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn small(&mut self, below: u8) -> i32 {
        i32::from(self.byte() % below)
    }

    /// Once in so many times.
    fn one_in(&mut self, times: u8) -> bool {
        self.small(times) == 0
    }

    fn any(&mut self) -> i64 {
        let exponent = self.byte() % 64;
        let mut bytes = [0; 8];
        for byte in &mut bytes {
            *byte = self.byte();
        }
        i64::from_le_bytes(bytes) >> exponent
    }

    fn quantity(&mut self) -> Quantity {
        Quantity::from_milli(self.any().saturating_abs().max(1), Format::DecimalSI)
    }

    fn target(&mut self, kinds: &[MetricTarget]) -> MetricTarget {
        let index = usize::from(self.byte()) % kinds.len();
        kinds[index].clone()
    }
}

fn rules(n: &mut Numbers<'_>) -> Option<HpaScalingRules> {
    let policy = |n: &mut Numbers<'_>| {
        let value = i32::try_from(n.any() >> 32)
            .unwrap_or(1)
            .saturating_abs()
            .max(1);
        let period = 1 + n.small(120);
        match n.one_in(2) {
            true => HpaScalingPolicy::pods(value, period),
            false => HpaScalingPolicy::percent(value, period),
        }
    };
    Some(HpaScalingRules {
        stabilization_window_seconds: Some(n.small(120)),
        select_policy: match n.small(8) {
            0 => Some(ScalingPolicySelect::Disabled),
            1..=3 => Some(ScalingPolicySelect::Min),
            _ => None,
        },
        policies: Some((0..=n.small(2)).map(|_| policy(n)).collect()),
        tolerance: n
            .one_in(3)
            .then(|| Quantity::from_milli(i64::from(n.byte()), Format::DecimalSI)),
    })
}

fn metric(n: &mut Numbers<'_>) -> MetricSpec {
    let average = MetricTarget::average_value(n.quantity());
    let whole = [average.clone(), MetricTarget::value(n.quantity())];
    let of_resource = [average.clone(), MetricTarget::utilization(1 + n.small(200))];
    match n.small(5) {
        0 => MetricSpec::pods(PodsMetricSource {
            metric: MetricIdentifier::named("m"),
            target: average,
        }),
        1 => MetricSpec::resource(ResourceMetricSource {
            name: if n.one_in(3) { "memory" } else { "cpu" }.to_owned(),
            target: n.target(&of_resource),
        }),
        2 => MetricSpec::container_resource(ContainerResourceMetricSource {
            name: "cpu".to_owned(),
            target: n.target(&of_resource),
            container: "main".to_owned(),
        }),
        3 => MetricSpec::object(ObjectMetricSource {
            described_object: CrossVersionObjectReference::default(),
            target: n.target(&whole),
            metric: MetricIdentifier::named("m"),
        }),
        _ => MetricSpec::external(ExternalMetricSource {
            metric: MetricIdentifier::named("m"),
            target: n.target(&whole),
        }),
    }
}

fn safety(n: &mut Numbers<'_>, min: i32, max: i32) -> Safety {
    let on_missing = match n.small(4) {
        0 => OnMissing::Hold,
        1 => OnMissing::Replicas {
            replicas: n.small(60).clamp(min, max),
        },
        2 => OnMissing::LastGood {
            max_age_seconds: 1 + n.small(200),
        },
        _ => OnMissing::Kubernetes,
    };
    Safety {
        on_missing,
        readiness: n.one_in(4).then(|| Readiness {
            min_age_seconds: n.one_in(2).then(|| 1 + n.small(200)),
            ready_only: n.one_in(2),
        }),
        max_change: n.one_in(4).then(|| MaxChange {
            scale_up: n.one_in(2).then(|| 1 + n.small(4)),
            scale_down: n.one_in(2).then(|| 1 + n.small(4)),
        }),
        activation: n.one_in(4).then(|| Activation {
            metric: MetricSpec::external(ExternalMetricSource {
                metric: MetricIdentifier::named("active"),
                target: MetricTarget::value(n.quantity()),
            }),
            cooldown_seconds: n.small(100),
        }),
    }
}

fn policy(n: &mut Numbers<'_>) -> Policy {
    let min = n.small(5);
    let max = min.max(1) + n.small(50);
    let behavior = n.one_in(2).then(|| HorizontalPodAutoscalerBehavior {
        scale_up: rules(n),
        scale_down: rules(n),
    });
    let metrics = (0..n.small(4)).map(|_| metric(n)).collect();
    Policy {
        spec: HorizontalPodAutoscalerSpec {
            min_replicas: Some(min),
            max_replicas: max,
            metrics,
            behavior,
            ..HorizontalPodAutoscalerSpec::default()
        }
        .defaulted(),
        safety: if n.one_in(2) {
            safety(n, min, max)
        } else {
            Safety::default()
        },
        ..Policy::default()
    }
}

fn pods(n: &mut Numbers<'_>) -> Vec<Pod> {
    let pod = |index: i32, n: &mut Numbers<'_>| Pod {
        name: format!("p{index}"),
        phase: match n.small(6) {
            0 => PodPhase::Pending,
            1 => PodPhase::Failed,
            _ => PodPhase::Running,
        },
        deleted: n.one_in(8),
        started: (!n.one_in(8)).then(|| Timestamp::from_millis(n.any() >> 40)),
        ready: match n.small(4) {
            0 => Some(Ready::no(Timestamp::from_millis(n.any() >> 40))),
            1 => None,
            _ => Some(Ready::yes(Timestamp::EPOCH)),
        },
        containers: vec![Container {
            name: "main".to_owned(),
            requests: Requests::from_iter((!n.one_in(16)).then(|| ("cpu", n.any()))),
            ..Container::default()
        }],
        ..Pod::default()
    };
    (0..n.small(8)).map(|index| pod(index, n)).collect()
}

fn reading(n: &mut Numbers<'_>, metric: &MetricSpec, pods: &[Pod]) -> Result<Reading, String> {
    if n.one_in(6) {
        return Err("timeout".to_owned());
    }
    Ok(match metric.kind {
        MetricSourceType::Object => Reading::Object(n.any()),
        MetricSourceType::External => Reading::External((0..n.small(3)).map(|_| n.any()).collect()),
        _ => {
            let sampled = pods.iter().filter_map(|pod| {
                (!n.one_in(6)).then(|| PodSample::new(pod.name.as_str(), n.any()))
            });
            Reading::Pods(sampled.collect())
        }
    })
}

fn observation(n: &mut Numbers<'_>, policy: &Policy, current: i32) -> Observation {
    let pods = pods(n);
    let metrics = policy.spec.metrics.iter();
    Observation {
        scale: Ok(Scale {
            spec_replicas: current,
            status_replicas: current,
            selector: "app=web".to_owned(),
        }),
        metrics: metrics.map(|metric| reading(n, metric, &pods)).collect(),
        activation: policy
            .safety
            .activation
            .as_ref()
            .map(|a| reading(n, &a.metric, &[])),
        pods: Ok(pods),
    }
}

/// Whether a metric is missing, or is for a pod that runs.
fn missing(seen: &Observation) -> bool {
    let pods = seen.pods.as_deref().unwrap_or_default();
    let runs =
        |pod: &&Pod| !pod.deleted && !matches!(pod.phase, PodPhase::Failed | PodPhase::Pending);
    seen.metrics.iter().any(|reading| match reading {
        Err(_) => true,
        Ok(Reading::Pods(samples)) => pods
            .iter()
            .filter(runs)
            .any(|pod| samples.get(&pod.name).is_none()),
        Ok(_) => false,
    })
}

fuzz_target!(|input: &[u8]| {
    let mut n = Numbers(input);
    let policy = policy(&mut n);
    let options = Options {
        arithmetic: match n.one_in(2) {
            true => Arithmetic::Kubernetes,
            false => Arithmetic::Exact,
        },
        scale_to_zero: n.one_in(2),
        downscale_stabilization: Duration::from_secs(u64::from(n.byte())),
        ..Options::default()
    };
    let (min, max) = (policy.spec.min_replicas(), policy.spec.max_replicas);
    let safety = &policy.safety;
    let bounded = safety.max_change.is_none();
    let holds = safety.on_missing == OnMissing::Hold && safety.readiness.is_none();
    let mut history = History::default();
    let mut current = min.max(1);
    let mut now = Timestamp::EPOCH;
    while !n.0.is_empty() {
        if n.one_in(16) {
            current = n.small(60);
        }
        let seen = observation(&mut n, &policy, current);
        let saved = serde_json::to_string(&history).expect("a history can be written");
        let restored = serde_json::from_str(&saved).expect("and read again");
        let (mut decision, mut next) = reconcile(&policy, &options, history, &seen, now);
        let again = reconcile(&policy, &options, restored, &seen, now);
        assert_eq!((&decision, &next), (&again.0, &again.1));
        assert!(!decision.explanation.to_string().is_empty());
        let desired = decision.desired_replicas;
        // Zero may stay, and an idle workload goes there.
        let zero = desired == 0 && (current == 0 || safety.activation.is_some());
        assert!(zero || !bounded || (min..=max).contains(&desired));
        if holds && missing(&seen) {
            assert!(desired >= current.min(max));
        }
        match n.small(8) {
            0 => decision.scale_refused(&mut next, "conflict"),
            1 => decision.status_refused(&mut next, "conflict"),
            _ => {}
        }
        let known = next.recommendations.as_ref().map_or(0, Vec::len);
        assert!(known <= History::MOST && next.last_good.len() <= policy.spec.metrics.len());
        history = next;
        current = decision.desired_replicas;
        now = Timestamp::from_millis(now.as_millis() + i64::from(n.byte()) * 500);
    }
});
