//! Any sequence of looks at any workload is decided without a panic, within the bounds, and as if
//! the process had been restarted between any two looks.
#![no_main]

use concertina_model::{Format, Quantity, Timestamp};
use concertina_replicas::api::{
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, HpaScalingPolicy,
    HpaScalingRules, MetricIdentifier, MetricSpec, MetricTarget, PodsMetricSource,
    ResourceMetricSource,
};
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

    fn any(&mut self) -> i64 {
        let exponent = self.byte() % 64;
        let mut bytes = [0; 8];
        for byte in &mut bytes {
            *byte = self.byte();
        }
        i64::from_le_bytes(bytes) >> exponent
    }
}

fn rules(n: &mut Numbers<'_>) -> Option<HpaScalingRules> {
    let value = i32::try_from(n.any() >> 32)
        .unwrap_or(1)
        .saturating_abs()
        .max(1);
    let period = 1 + n.small(120);
    let policy = match n.small(2) {
        0 => HpaScalingPolicy::pods(value, period),
        _ => HpaScalingPolicy::percent(value, period),
    };
    Some(HpaScalingRules {
        stabilization_window_seconds: Some(n.small(120)),
        policies: Some(vec![policy]),
        ..HpaScalingRules::default()
    })
}

fn policy(n: &mut Numbers<'_>) -> Policy {
    let target = n.any().saturating_abs().max(1);
    let metric = match n.small(2) {
        0 => MetricSpec::pods(PodsMetricSource {
            metric: MetricIdentifier::named("m"),
            target: MetricTarget::average_value(Quantity::from_milli(target, Format::DecimalSI)),
        }),
        _ => MetricSpec::resource(ResourceMetricSource {
            name: "cpu".to_owned(),
            target: MetricTarget::utilization(1 + n.small(200)),
        }),
    };
    let min = 1 + n.small(5);
    let behavior = (n.small(2) == 0).then(|| HorizontalPodAutoscalerBehavior {
        scale_up: rules(n),
        scale_down: rules(n),
    });
    Policy {
        spec: HorizontalPodAutoscalerSpec {
            min_replicas: Some(min),
            max_replicas: min + n.small(50),
            metrics: vec![metric],
            behavior,
            ..HorizontalPodAutoscalerSpec::default()
        }
        .defaulted(),
        ..Policy::default()
    }
}

fn observation(n: &mut Numbers<'_>, current: i32) -> Observation {
    let mut pods = Vec::new();
    let mut samples = Vec::new();
    for index in 0..n.small(8) {
        let name = format!("p{index}");
        if n.small(4) > 0 {
            samples.push(PodSample::new(name.as_str(), n.any()));
        }
        pods.push(Pod {
            name,
            phase: match n.small(5) {
                0 => PodPhase::Pending,
                1 => PodPhase::Failed,
                _ => PodPhase::Running,
            },
            deleted: n.small(8) == 0,
            ..Pod::default()
        });
    }
    let reading = match n.small(6) {
        0 => Err("timeout".to_owned()),
        _ => Ok(Reading::Pods(samples.into_iter().collect())),
    };
    Observation {
        scale: Ok(Scale {
            spec_replicas: current,
            status_replicas: current,
            selector: "app=web".to_owned(),
        }),
        pods: Ok(pods),
        metrics: vec![reading],
        activation: None,
    }
}

fuzz_target!(|input: &[u8]| {
    let mut n = Numbers(input);
    let policy = policy(&mut n);
    let arithmetic = match n.small(2) {
        0 => Arithmetic::Kubernetes,
        _ => Arithmetic::Exact,
    };
    let options = Options {
        arithmetic,
        ..Options::default()
    };
    let (min, max) = (policy.spec.min_replicas(), policy.spec.max_replicas);
    let mut history = History::default();
    let mut current = min;
    let mut now = Timestamp::EPOCH;
    while !n.0.is_empty() {
        let seen = observation(&mut n, current);
        let saved = serde_json::to_string(&history).expect("a history can be written");
        let restored = serde_json::from_str(&saved).expect("and read again");
        let (decision, next) = reconcile(&policy, &options, history, &seen, now);
        let again = reconcile(&policy, &options, restored, &seen, now);
        assert_eq!((&decision, &next), (&again.0, &again.1));
        assert!((min..=max).contains(&decision.desired_replicas));
        assert!(!decision.explanation.to_string().is_empty());
        let known = next.recommendations.as_ref().map_or(0, Vec::len);
        assert!(known <= History::MOST);
        history = next;
        current = decision.desired_replicas;
        now = Timestamp::from_millis(now.as_millis() + i64::from(n.byte()) * 500);
    }
});
