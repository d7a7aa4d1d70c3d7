//! How the two arithmetics relate, and where they differ.
//!
//! `Exact` is the formula. `Kubernetes` differs from it where it cuts (an average to whole
//! thousandths, a utilization to whole percents), and by one replica where an f64 lands beside a
//! whole number.

use std::time::Duration;

use concertina_model::Timestamp;
use concertina_replicas::api::{
    HorizontalPodAutoscalerBehavior, HpaScalingPolicy, HpaScalingRules,
};
use concertina_replicas::calculation::{Calculator, Proposal};
use concertina_replicas::limits::Limits;
use concertina_replicas::observation::{Container, Ready, Requests};
use concertina_replicas::{Arithmetic, History, Options, Pod, PodSample, PodSamples, Tolerance};
use num_rational::Ratio;
use proptest::collection::vec;
use proptest::prelude::*;

fn options(arithmetic: Arithmetic) -> Options {
    Options {
        downscale_stabilization: Duration::ZERO,
        arithmetic,
        ..Options::default()
    }
}

/// Pods that run, are ready and request `request` of CPU.
fn pods(count: usize, request: i64) -> Vec<Pod> {
    let pod = |index: usize| Pod {
        name: format!("pod-{index}"),
        started: Some(Timestamp::from_millis(-9_000_000)),
        ready: Some(Ready::yes(Timestamp::from_millis(-8_000_000))),
        containers: vec![Container {
            requests: Requests::from_iter([("cpu", request)]),
            ..Container::default()
        }],
        ..Pod::default()
    };
    (0..count).map(pod).collect()
}

fn samples(values: &[i64]) -> PodSamples {
    let named = values.iter().enumerate();
    named
        .map(|(index, milli)| PodSample::new(format!("pod-{index}"), *milli))
        .collect()
}

fn replicas(
    arithmetic: Arithmetic,
    tolerance: f64,
    pods: &[Pod],
    propose: impl Fn(&Calculator<'_>) -> Proposal,
) -> i128 {
    let options = options(arithmetic);
    let count = i32::try_from(pods.len()).unwrap();
    let calculator = Calculator {
        tolerance: Tolerance::both(tolerance),
        current_replicas: count,
        status_replicas: count,
        ..Calculator::new(&options, pods, Timestamp::EPOCH)
    };
    propose(&calculator).replicas.into()
}

/// The formula: the count, whether the ratio is on an edge of the tolerance of a tenth, and whether
/// the count is a whole number without being rounded.
fn formula(ratio: Ratio<i128>, pods: usize) -> (i128, bool, bool) {
    let pods = i128::try_from(pods).unwrap();
    let (low, high) = (Ratio::new(9, 10), Ratio::new(11, 10));
    let near = low <= ratio && ratio <= high;
    let product = ratio * pods;
    let count = if near {
        pods
    } else {
        product.ceil().to_integer()
    };
    (
        count,
        ratio == low || ratio == high,
        !near && product.is_integer(),
    )
}

/// What f64 makes of a formula: the same, or one more where the product is a whole number. At the
/// very edge of the tolerance it may be on either side.
fn as_f64(got: i128, ratio: Ratio<i128>, pods: usize) -> bool {
    let (count, edge, whole) = formula(ratio, pods);
    got == count || edge || (whole && got == count + 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn averages(target in 1_i64..200_000, values in vec(0_i64..400_000, 1..30)) {
        let pods = pods(values.len(), 1);
        let samples = samples(&values);
        let count = |arithmetic| replicas(arithmetic, 0.1, &pods, |calculator| {
            calculator.pods_average_value(&samples, target).unwrap()
        });
        let n = i128::try_from(values.len()).unwrap();
        let sum = values.iter().map(|value| i128::from(*value)).sum::<i128>();
        // Exact: nothing is cut.
        let exact = Ratio::new(sum, i128::from(target) * n);
        prop_assert_eq!(count(Arithmetic::Exact), formula(exact, pods.len()).0);
        // Kubernetes: the average is cut to whole thousandths first.
        let cut = Ratio::new(sum / n, i128::from(target));
        prop_assert!(as_f64(count(Arithmetic::Kubernetes), cut, pods.len()));
    }

    #[test]
    fn utilizations(percent in 1_i32..300, request in 1_i64..4_000, values in vec(0_i64..9_000, 1..30)) {
        let pods = pods(values.len(), request);
        let samples = samples(&values);
        let count = |arithmetic| replicas(arithmetic, 0.1, &pods, |calculator| {
            calculator.resource_utilization("cpu", None, &samples, percent).unwrap()
        });
        let requests = i128::from(request) * i128::try_from(values.len()).unwrap();
        let sum = values.iter().map(|value| i128::from(*value)).sum::<i128>();
        let exact = Ratio::new(sum * 100, requests * i128::from(percent));
        prop_assert_eq!(count(Arithmetic::Exact), formula(exact, pods.len()).0);
        // Kubernetes: the utilization is cut to whole percents first.
        let cut = Ratio::new(sum * 100 / requests, i128::from(percent));
        prop_assert!(as_f64(count(Arithmetic::Kubernetes), cut, pods.len()));
    }

    /// Without a cut: a target for each replica differs at the edge of the tolerance alone, a target
    /// for the whole by f64 alone.
    #[test]
    fn totals(value in 0_i64..1_000_000_000, target in 1_i64..50_000_000, n in 1_usize..40) {
        let pods = pods(n, 1);
        let exact = |propose: &dyn Fn(&Calculator<'_>) -> Proposal| {
            replicas(Arithmetic::Exact, 0.1, &pods, propose)
        };
        let got = |propose: &dyn Fn(&Calculator<'_>) -> Proposal| {
            replicas(Arithmetic::Kubernetes, 0.1, &pods, propose)
        };
        let average = |c: &Calculator<'_>| c.external_average_value(&[value], target).unwrap();
        let ratio = Ratio::new(value.into(), i128::from(target) * i128::try_from(n).unwrap());
        let (count, edge, _) = formula(ratio, n);
        prop_assert_eq!(exact(&average), count);
        prop_assert!(got(&average) == count || edge);

        let whole = |c: &Calculator<'_>| c.external_value(&[value], target).unwrap();
        let ratio = Ratio::new(value.into(), target.into());
        prop_assert_eq!(exact(&whole), formula(ratio, n).0);
        prop_assert!(as_f64(got(&whole), ratio, n));
    }

    /// Percents of `behavior`: `Kubernetes` allows one more than the formula on the way up, and
    /// leaves one fewer on the way down, only where the formula gives a whole number.
    #[test]
    fn percents(current in 1_i32..10_000, percent in 1_i32..1_000) {
        let limit = |arithmetic, wanted| limited(arithmetic, current, percent, wanted);
        let product = |percent: i64| Ratio::new(i64::from(current) * percent, 100);
        let up = product(100 + i64::from(percent));
        let exact = limit(Arithmetic::Exact, i32::MAX);
        prop_assert_eq!(i64::from(exact), up.ceil().to_integer());
        let got = limit(Arithmetic::Kubernetes, i32::MAX);
        prop_assert!(got == exact || (up.is_integer() && got == exact + 1));

        let down = product(100 - i64::from(percent));
        let exact = limit(Arithmetic::Exact, 0);
        prop_assert_eq!(i64::from(exact), down.trunc().to_integer().max(0));
        let got = limit(Arithmetic::Kubernetes, 0);
        prop_assert!(got == exact || (down.is_integer() && got == exact - 1));
    }
}

/// Where a single policy in percent lets a count go.
fn limited(arithmetic: Arithmetic, current: i32, percent: i32, wanted: i32) -> i32 {
    let rules = || HpaScalingRules {
        stabilization_window_seconds: Some(0),
        policies: Some(vec![HpaScalingPolicy::percent(percent, 15)]),
        ..HpaScalingRules::default()
    };
    let behavior = HorizontalPodAutoscalerBehavior {
        scale_up: Some(rules()),
        scale_down: Some(rules()),
    };
    let options = options(arithmetic);
    let limits = Limits {
        behavior: Some(&behavior),
        ..Limits::new(&options, Timestamp::EPOCH)
    };
    let normalized = limits.normalize(&mut History::default(), current, wanted);
    normalized.limit.replicas
}

/// Every way in which they differ, once.
#[test]
fn where_they_differ() {
    let both = |tolerance, pods: &[Pod], propose: &dyn Fn(&Calculator<'_>) -> Proposal| {
        [Arithmetic::Kubernetes, Arithmetic::Exact]
            .map(|arithmetic| replicas(arithmetic, tolerance, pods, propose))
    };
    // 44 ÷ 20 × 25 is 55, and 55.00000000000001 in f64: one replica more than the formula asks for.
    let of_25 = pods(25, 1000);
    let all = samples(&[44_000; 25]);
    let counts = both(0.1, &of_25, &|c| {
        c.pods_average_value(&all, 20_000).unwrap()
    });
    assert_eq!(counts, [56, 55]);
    // The average of 3, 3 and 4 thousandths is 3⅓, and 3 when it is cut: one replica less.
    let of_3 = pods(3, 1000);
    let uneven = samples(&[3, 3, 4]);
    let counts = both(0.1, &of_3, &|c| c.pods_average_value(&uneven, 1).unwrap());
    assert_eq!(counts, [9, 10]);
    // 110.9 % of the request is 110 % when it is cut, and within the tolerance of 100 %.
    let of_10 = pods(10, 1000);
    let busy = samples(&[1_109; 10]);
    let counts = both(0.1, &of_10, &|c| {
        c.resource_utilization("cpu", None, &busy, 100).unwrap()
    });
    assert_eq!(counts, [10, 12]);
    // 1 − 0.7 is 0.30000000000000004 in f64, so that 3 ÷ 10 is outside of it.
    let counts = both(0.7, &of_10, &|c| c.external_value(&[3], 10).unwrap());
    assert_eq!(counts, [3, 10]);
    // 100 pods and 10 % of them; 100 without 90 %; 10 without 90 %.
    let percents =
        [(100, 10, 1000), (100, 90, 0), (10, 90, 0)].map(|(current, percent, wanted)| {
            [Arithmetic::Kubernetes, Arithmetic::Exact]
                .map(|arithmetic| limited(arithmetic, current, percent, wanted))
        });
    assert_eq!(percents, [[111, 110], [9, 10], [0, 1]]);
}

/// A tolerance of `behavior` is the decimal number that is written there.
#[test]
fn tolerances_are_decimal_numbers() {
    let mut policy = crate::support::policy(10_000, 1, 100);
    policy.spec.behavior = Some(HorizontalPodAutoscalerBehavior {
        scale_down: Some(HpaScalingRules {
            stabilization_window_seconds: Some(0),
            tolerance: Some("700m".parse().unwrap()),
            ..HpaScalingRules::default()
        }),
        scale_up: Some(HpaScalingRules {
            tolerance: Some("700m".parse().unwrap()),
            ..HpaScalingRules::default()
        }),
    });
    policy.spec.set_defaults();
    let desired = |arithmetic, milli| {
        let seen = crate::support::observation(10, &[Some(milli); 10], 0);
        let options = options(arithmetic);
        let history = History {
            recommendations: Some(Vec::new()),
            ..History::default()
        };
        let (decision, _) =
            concertina_replicas::reconcile(&policy, &options, history, &seen, Timestamp::EPOCH);
        decision.desired_replicas
    };
    // 0.7000000000000001 in Kubernetes' own reading of it, which lets 0.3 pass.
    for arithmetic in [Arithmetic::Kubernetes, Arithmetic::Exact] {
        assert_eq!(desired(arithmetic, 3_000), 10, "{arithmetic:?}");
        assert_eq!(desired(arithmetic, 17_000), 10, "{arithmetic:?}");
        assert_eq!(desired(arithmetic, 17_001), 18, "{arithmetic:?}");
    }
}
