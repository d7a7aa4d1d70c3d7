//! What holds of every decision.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use std::time::Duration;

use concertina_model::Timestamp;
use concertina_replicas::{Arithmetic, History, Options, reconcile};
use num_rational::Ratio;
use proptest::prelude::*;
use support::{observation, policy};

/// Nothing but the metrics' own wish: no window and no limit.
fn unlimited(arithmetic: Arithmetic) -> (Options, History) {
    let options = Options {
        downscale_stabilization: Duration::ZERO,
        scale_up_limit_factor: 1e9,
        arithmetic,
        ..Options::default()
    };
    let known = History {
        recommendations: Some(Vec::new()),
        ..History::default()
    };
    (options, known)
}

proptest! {
    /// Kubernetes' f64 gives the count of the exact formula, except where the exact ratio lies
    /// on the edge of the tolerance or of a whole number: there it may be off by one.
    #[test]
    fn all_pods_sampled(
        target in 1_i64..200_000,
        values in prop::collection::vec(0_i64..400_000, 1..30),
    ) {
        let n = i32::try_from(values.len()).unwrap();
        let samples: Vec<_> = values.iter().copied().map(Some).collect();
        let seen = observation(n, &samples, 0);
        let decide = |arithmetic| {
            let (options, known) = unlimited(arithmetic);
            let policy = policy(target, 1, i32::MAX);
            let (decision, _) = reconcile(&policy, &options, known, &seen, Timestamp::EPOCH);
            i128::from(decision.desired_replicas)
        };
        let formula = |ratio: Ratio<i128>| {
            let near = ratio >= Ratio::new(9, 10) && ratio <= Ratio::new(11, 10);
            let product = ratio * i128::from(n);
            let exact = if near { i128::from(n) } else { product.ceil().to_integer().max(1) };
            let edge = ratio == Ratio::new(9, 10) || ratio == Ratio::new(11, 10);
            (exact, edge, !near && product.is_integer())
        };
        let sum = values.iter().map(|value| i128::from(*value)).sum::<i128>();
        // Exact: nothing is cut.
        let (exact, _, _) = formula(Ratio::new(sum, i128::from(target) * i128::from(n)));
        prop_assert_eq!(decide(Arithmetic::Exact), exact);
        // Kubernetes: the average is cut to whole milli-units first.
        let average = sum / i128::from(n);
        let (exact, edge, whole) = formula(Ratio::new(average, i128::from(target)));
        let got = decide(Arithmetic::Kubernetes);
        prop_assert!(got == exact || edge || (whole && got == exact + 1), "{got} {exact}");
    }

    #[test]
    fn decisions_stay_within_the_limits_and_history_stays_short(
        steps in prop::collection::vec(
            (prop::collection::vec(prop::option::of(0_i64..100_000), 1..6), 0_usize..3),
            1..60,
        ),
        min in 1_i32..4,
        extra in 0_i32..6,
    ) {
        let policy = policy(20_000, min, min + extra);
        let mut history = History::default();
        let mut current = min;
        for (second, (samples, pending)) in steps.iter().enumerate() {
            let now = Timestamp::from_millis(i64::try_from(second).unwrap() * 15_000);
            let seen = observation(current, samples, *pending);
            let options = Options::default();
            let (decision, next) = reconcile(&policy, &options, history.clone(), &seen, now);
            let again = reconcile(&policy, &options, history, &seen, now);
            prop_assert_eq!(&decision, &again.0);
            prop_assert!((min..=min + extra).contains(&decision.desired_replicas));
            prop_assert_eq!(decision.rescale.is_some(), decision.desired_replicas != current);
            prop_assert!(!decision.explanation.steps.is_empty());
            // One slot for each look within the window of 300 s, and the first.
            prop_assert!(next.recommendations.as_ref().unwrap().len() <= 22);
            current = decision.desired_replicas;
            history = next;
        }
    }

    /// Scaling in never follows from samples that are missing.
    #[test]
    fn missing_samples_never_take_a_pod_away(known in 0_i64..100_000, pods in 2_usize..8) {
        let mut samples = vec![None; pods];
        samples[0] = Some(known);
        let current = i32::try_from(pods).unwrap();
        let (options, history) = unlimited(Arithmetic::Kubernetes);
        let seen = observation(current, &samples, 0);
        let (decision, _) =
            reconcile(&policy(20_000, 1, 20), &options, history, &seen, Timestamp::EPOCH);
        // At most the one pod that is known to be idle.
        prop_assert!(decision.desired_replicas >= current - 1);
    }
}
