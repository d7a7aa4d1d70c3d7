//! More load never means fewer replicas, where the algorithm promises it.

use concertina_model::Timestamp;
use concertina_replicas::calculation::Calculator;
use concertina_replicas::observation::{Container, Ready, Requests};
use concertina_replicas::{
    Arithmetic, History, Options, Pod, PodPhase, PodSample, PodSamples, Recommendation, reconcile,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::any;
use crate::support::{observation, policy};

/// What a pod is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Sampled,
    Missing,
    Pending,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![6 => Just(Kind::Sampled), 1 => Just(Kind::Missing), 1 => Just(Kind::Pending)]
}

fn pods(kinds: &[Kind]) -> Vec<Pod> {
    let pod = |(index, kind): (usize, &Kind)| Pod {
        name: format!("pod-{index}"),
        phase: match kind {
            Kind::Pending => PodPhase::Pending,
            _ => PodPhase::Running,
        },
        started: Some(Timestamp::from_millis(-9_000_000)),
        ready: Some(Ready::yes(Timestamp::from_millis(-8_000_000))),
        containers: vec![Container {
            requests: Requests::from_iter([("cpu", 500)]),
            ..Container::default()
        }],
        ..Pod::default()
    };
    kinds.iter().enumerate().map(pod).collect()
}

fn samples(pods: &[Pod], kinds: &[Kind], values: &[i64]) -> PodSamples {
    let each = pods.iter().zip(kinds).zip(values);
    let sampled = each.filter(|((_, kind), _)| matches!(kind, Kind::Sampled));
    sampled
        .map(|((pod, _), milli)| PodSample::new(pod.name.as_str(), *milli))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// When as many pods are listed as there are replicas, and none of them failed or is
    /// terminating, each function of the calculator is monotone in every value, also while samples
    /// are missing and pods have not started.
    #[test]
    fn a_metric_in_its_values(
        values in vec((kind(), 0_i64..2_000, 0_i64..500), 1..12),
        target in 1_i64..1_500,
        arithmetic in any::arithmetic(),
    ) {
        let options = Options { arithmetic, ..Options::default() };
        let kinds: Vec<Kind> = values.iter().map(|(kind, _, _)| *kind).collect();
        let low: Vec<i64> = values.iter().map(|(_, milli, _)| *milli).collect();
        let high: Vec<i64> = values.iter().map(|(_, milli, more)| milli + more).collect();
        let pods = pods(&kinds);
        let replicas = i32::try_from(pods.len()).unwrap();
        let calculator = Calculator {
            current_replicas: replicas,
            status_replicas: replicas,
            ..Calculator::new(&options, &pods, Timestamp::EPOCH)
        };
        let percent = i32::try_from(target.div_euclid(5).max(1)).unwrap();
        let proposals = |values: &[i64]| {
            let samples = samples(&pods, &kinds, values);
            let sum = values.iter().sum();
            [
                calculator.pods_average_value(&samples, target),
                calculator.resource_average_value("cpu", &samples, target),
                calculator.resource_utilization("cpu", None, &samples, percent),
                calculator.object_average_value(sum, target),
                calculator.external_average_value(values, target),
            ]
            .map(|proposal| proposal.ok().map(|proposal| proposal.replicas))
        };
        for (low, high) in proposals(&low).into_iter().zip(proposals(&high)) {
            prop_assert!(low <= high, "{low:?} {high:?}");
        }
    }

    /// A target `Value` is multiplied by the ready pods, so it is monotone when all are ready.
    #[test]
    fn a_value_of_an_object(
        value in 0_i64..90_000, more in 0_i64..9_000, target in 1_i64..50_000, replicas in 0_usize..12,
        arithmetic in any::arithmetic(),
    ) {
        let options = Options { arithmetic, ..Options::default() };
        let pods = pods(&vec![Kind::Sampled; replicas]);
        let calculator = Calculator {
            current_replicas: i32::try_from(replicas).unwrap(),
            ..Calculator::new(&options, &pods, Timestamp::EPOCH)
        };
        let proposal = |value| calculator.object_value(value, target).unwrap().replicas;
        prop_assert!(proposal(value) <= proposal(value + more));
    }

    /// What follows a metric keeps the order: stabilization, `behavior`, limits.
    #[test]
    fn a_decision_in_its_metric(
        any in any::policy(),
        options in any::options(),
        values in vec((0_i64..90_000, 0_i64..20_000), 1..12),
        old in option::of(vec((0..20, 0_i64..400), 0..4)),
        target in 1_i64..50_000,
    ) {
        let replicas = i32::try_from(values.len()).unwrap();
        let mut policy = policy(target, 1, 15);
        policy.spec.behavior = any.spec.behavior;
        let old = old.map(|old| {
            let recommendation = |(replicas, ago): (i32, i64)| Recommendation {
                replicas,
                at: Timestamp::from_millis(-ago * 1000),
            };
            old.into_iter().map(recommendation).collect()
        });
        let history = History { recommendations: old, ..History::default() };
        let desired = |values: Vec<Option<i64>>| {
            let seen = observation(replicas, &values, 0);
            let (decision, _) =
                reconcile(&policy, &options, history.clone(), &seen, Timestamp::EPOCH);
            decision.desired_replicas
        };
        let low = desired(values.iter().map(|(low, _)| Some(*low)).collect());
        let high = desired(values.iter().map(|(low, more)| Some(low + more)).collect());
        prop_assert!(low <= high, "{low} {high}");
    }
}

/// Where it promises nothing: when fewer pods count than there are replicas, the ratio is multiplied
/// by those that count, and more load can mean fewer replicas. Kubernetes does so, and the readiness
/// that a policy may ask for does not.
#[test]
fn not_when_fewer_pods_count_than_there_are_replicas() {
    let mut pods = pods(&[Kind::Sampled; 10]);
    for pod in pods.iter_mut().skip(4) {
        pod.phase = PodPhase::Failed;
    }
    let options = Options::default();
    let mut calculator = Calculator {
        current_replicas: 10,
        ..Calculator::new(&options, &pods, Timestamp::EPOCH)
    };
    let proposal = |calculator: &Calculator<'_>, milli| {
        let samples = samples(&pods, &[Kind::Sampled; 4], &[milli; 4]);
        let proposal = calculator.pods_average_value(&samples, 1000);
        proposal.unwrap().replicas
    };
    assert_eq!(proposal(&calculator, 1000), 10);
    assert_eq!(proposal(&calculator, 1500), 6);
    calculator.left_out = Some(concertina_replicas::api::Readiness::default());
    assert_eq!(proposal(&calculator, 1500), 10);
    let exact = Options {
        arithmetic: Arithmetic::Exact,
        ..options
    };
    let calculator = Calculator {
        options: &exact,
        left_out: None,
        ..calculator
    };
    assert_eq!(proposal(&calculator, 1500), 6);
}
