//! One decision.

use std::time::Duration;

use concertina_model::Timestamp;
use concertina_replicas::api::{HorizontalPodAutoscalerSpec, OnMissing, Safety};
use concertina_replicas::calculation::Calculator;
use concertina_replicas::limits::Limits;
use concertina_replicas::observation::Requests;
use concertina_replicas::{
    History, Options, Pod, PodSample, Policy, Recommendation, ScaleEvent, Tolerance, reconcile,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::any;
use crate::support::{observation, policy};

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY,
        0.0..1.0,
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::MAX),
        Just(-0.0),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    let milli = prop_oneof![
        any::<i64>(),
        Just(i64::MIN),
        Just(i64::MAX),
        -9_999_i64..9_999
    ];
    milli.prop_map(Timestamp::from_millis)
}

fn duration() -> impl Strategy<Value = Duration> {
    let seconds = prop_oneof![any::<u64>(), 0_u64..1000];
    seconds.prop_map(Duration::from_secs)
}

fn count() -> impl Strategy<Value = i32> {
    prop_oneof![any::<i32>(), 0..20, Just(i32::MAX), Just(i32::MIN)]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        Just(i64::MAX),
        Just(i64::MIN),
        -3_i64..3,
        -99_999_i64..99_999
    ]
}

/// A history that no decision left behind.
fn history() -> impl Strategy<Value = History> {
    let recommendation =
        (count(), time()).prop_map(|(replicas, at)| Recommendation { replicas, at });
    let event = || {
        (count(), time(), any::<bool>()).prop_map(|(change, at, outdated)| ScaleEvent {
            change,
            at,
            outdated,
        })
    };
    (
        proptest::option::of(vec(recommendation, 0..5)),
        vec(event(), 0..4),
        vec(event(), 0..4),
        proptest::option::of(time()),
    )
        .prop_map(
            |(recommendations, scale_up_events, scale_down_events, idle_since)| History {
                recommendations,
                scale_up_events,
                scale_down_events,
                idle_since,
                ..History::default()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No number of any field is too large, too small or too odd: there is a decision with an
    /// explanation, and it can be saved.
    #[test]
    fn nothing_panics(
        policy in any::policy(),
        look in any::look(),
        history in history(),
        (min, max, current) in (count(), count(), count()),
        (up, down, factor) in (float(), float(), float()),
        (window, initialization, delay) in (duration(), duration(), duration()),
        (arithmetic, scale_to_zero) in (any::arithmetic(), any::<bool>()),
        now in time(),
    ) {
        let mut policy = policy;
        policy.spec.min_replicas = Some(min);
        policy.spec.max_replicas = max;
        let options = Options {
            tolerance: Tolerance { scale_up: up, scale_down: down },
            downscale_stabilization: window,
            cpu_initialization_period: initialization,
            initial_readiness_delay: delay,
            scale_up_limit_factor: factor,
            scale_to_zero,
            arithmetic,
            ..Options::default()
        };
        let seen = look.observation(&policy, current);
        let (mut decision, mut next) = reconcile(&policy, &options, history, &seen, now);
        prop_assert!(!decision.explanation.to_string().is_empty());
        prop_assert!(serde_json::to_string(&decision.explanation).is_ok());
        let saved = serde_json::to_string(&next).unwrap();
        prop_assert_eq!(&serde_json::from_str::<History>(&saved).unwrap(), &next);
        decision.scale_refused(&mut next, "conflict");
        decision.status_refused(&mut next, "conflict");
        prop_assert_eq!(decision.rescale, None);
    }

    /// Every function of the calculator, also with targets that validation refuses.
    #[test]
    fn no_calculation_panics(
        values in vec((number(), any::<bool>(), number(), number()), 0..6),
        others in vec(number(), 0..4),
        (current, status) in (count(), count()),
        (target, percent) in (number(), count()),
        (up, down) in (float(), float()),
        arithmetic in any::arithmetic(),
        now in time(),
    ) {
        let options = Options { arithmetic, ..Options::default() };
        let mut pods = Vec::new();
        let mut samples = Vec::new();
        for (index, (milli, sampled, request, own)) in values.iter().enumerate() {
            let mut pod = Pod { name: index.to_string(), ..Pod::default() };
            pod.requests = Requests::from_iter([("cpu", *own)]);
            pod.containers = vec![concertina_replicas::observation::Container {
                requests: Requests::from_iter([("cpu", *request), ("memory", *request)]),
                ..Default::default()
            }];
            if *sampled {
                samples.push(PodSample::new(pod.name.as_str(), *milli));
            }
            pods.push(pod);
        }
        samples.extend(others.iter().enumerate().map(|(i, milli)| PodSample::new(format!("x{i}"), *milli)));
        let samples = samples.into_iter().collect();
        let calculator = Calculator {
            tolerance: Tolerance { scale_up: up, scale_down: down },
            current_replicas: current,
            status_replicas: status,
            ..Calculator::new(&options, &pods, now)
        };
        for proposal in [
            calculator.pods_average_value(&samples, target),
            calculator.resource_average_value("cpu", &samples, target),
            calculator.resource_utilization("cpu", None, &samples, percent),
            calculator.resource_utilization("memory", Some(""), &samples, percent),
            calculator.object_value(target, percent.into()),
            calculator.object_average_value(target, percent.into()),
            calculator.external_value(&others, target),
            calculator.external_average_value(&others, target),
        ] {
            match proposal {
                Ok(proposal) => {
                    prop_assert_eq!(proposal.replicas, proposal.calculation.replicas());
                    prop_assert!(!proposal.calculation.to_string().is_empty());
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    /// With replicas, or from a zero that is left, the count is within minReplicas and maxReplicas,
    /// whatever the metrics say. (Zero that stays is outside, and so is a step that `maxChange`
    /// cuts short.)
    #[test]
    fn within_min_and_max(
        policy in any::policy(),
        options in any::options(),
        looks in vec(any::look(), 1..12),
    ) {
        let mut policy = policy;
        policy.safety.max_change = None;
        policy.safety.activation = None;
        let (min, max) = (policy.spec.min_replicas(), policy.spec.max_replicas);
        let mut history = History::default();
        let mut current = min;
        let mut now = Timestamp::EPOCH;
        for look in looks {
            now = now.saturating_add(look.after);
            current = look.set.unwrap_or(current);
            let seen = look.observation(&policy, current);
            let (decision, next) = reconcile(&policy, &options, history, &seen, now);
            let desired = decision.desired_replicas;
            if seen.scale.is_ok() {
                let stays = current == 0 && desired == 0;
                prop_assert!(stays || (min..=max).contains(&desired), "{current} to {desired}");
                prop_assert_eq!(decision.rescale.is_some(), desired != current);
                current = desired;
            } else {
                prop_assert!(decision.rescale.is_none());
            }
            history = next;
        }
    }

    /// With Hold nothing scales in while a metric is missing, or missing for a pod that runs, short
    /// of maxReplicas, whatever was decided before.
    #[test]
    fn hold_never_scales_in(
        policy in any::policy(),
        options in any::options(),
        looks in vec(any::look(), 1..12),
    ) {
        let mut policy = policy;
        policy.safety = Safety {
            on_missing: OnMissing::Hold,
            activation: policy.safety.activation,
            ..Safety::default()
        };
        let max = policy.spec.max_replicas;
        let mut history = History::default();
        let mut current = 3;
        let mut now = Timestamp::EPOCH;
        for look in looks {
            now = now.saturating_add(look.after);
            current = look.set.unwrap_or(current);
            let seen = look.observation(&policy, current);
            let (decision, next) = reconcile(&policy, &options, history, &seen, now);
            let desired = decision.desired_replicas;
            history = next;
            if seen.scale.is_err() {
                continue;
            }
            if missing(&policy, &seen) {
                prop_assert!(desired >= current.min(max), "{current} to {desired}");
            }
            current = desired;
        }
    }

    /// Scaling in never follows from samples that are missing: at most the one pod that is known to
    /// be idle goes.
    #[test]
    fn missing_samples_never_take_a_pod_away(known in 0_i64..100_000, pods in 2_usize..8) {
        let mut samples = vec![None; pods];
        samples[0] = Some(known);
        let current = i32::try_from(pods).unwrap();
        let options = Options {
            downscale_stabilization: Duration::ZERO,
            ..Options::default()
        };
        let history = History { recommendations: Some(Vec::new()), ..History::default() };
        let seen = observation(current, &samples, 0);
        let (decision, _) =
            reconcile(&policy(20_000, 1, 20), &options, history, &seen, Timestamp::EPOCH);
        prop_assert!(decision.desired_replicas >= current - 1);
    }

    /// The limits alone: no direction but the one that is asked for, and no further than that.
    #[test]
    fn limits_never_overshoot(
        policy in any::policy(),
        options in any::options(),
        (min, above, more) in (0..10, 0..20, 0..20),
        wanted in 0..200,
    ) {
        let spec: HorizontalPodAutoscalerSpec = policy.spec;
        let (current, max) = (min + above, min + above + more);
        let limits = Limits {
            behavior: spec.behavior.as_ref(),
            min_replicas: min,
            max_replicas: max,
            ..Limits::new(&options, Timestamp::EPOCH)
        };
        let mut history = History { recommendations: Some(Vec::new()), ..History::default() };
        let got = limits.normalize(&mut history, current, wanted).limit.replicas;
        prop_assert!((min..=max).contains(&got));
        let (low, high) = (current.min(wanted.max(min)), current.max(wanted));
        prop_assert!(low <= got && got <= high, "{current} to {wanted}: {got}");
    }
}

/// Whether a metric is missing, or is for a pod that runs.
fn missing(policy: &Policy, seen: &concertina_replicas::Observation) -> bool {
    use concertina_replicas::{PodPhase, Reading};
    let mut readings = seen.metrics.iter().zip(&policy.spec.metrics);
    readings.any(|(reading, _)| match (reading, &seen.pods) {
        (Err(_), _) | (Ok(Reading::Pods(_)), Err(_)) => true,
        (Ok(Reading::Pods(samples)), Ok(pods)) => {
            let runs = |pod: &&Pod| {
                !pod.deleted && !matches!(pod.phase, PodPhase::Failed | PodPhase::Pending)
            };
            let mut running = pods.iter().filter(runs);
            samples.is_empty() || running.any(|pod| samples.get(&pod.name).is_none())
        }
        _ => false,
    })
}
