//! Decisions against exact arithmetic, and how they read.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use concertina_model::{Format, ObjectRef, Quantity, Timestamp};
use concertina_replicas::api::Metric;
use concertina_replicas::{
    History, HorizontalPodAutoscaler, MetricReading, Observation, Options, Pod, PodPhase,
    PodSample, decide,
};
use num_rational::Ratio;
use proptest::prelude::*;

fn policy(target_milli: i64, min: i32, max: i32) -> HorizontalPodAutoscaler {
    HorizontalPodAutoscaler {
        name: "gpu-hpa".to_owned(),
        namespace: "default".to_owned(),
        scale_target: ObjectRef::default(),
        min_replicas: min,
        max_replicas: max,
        metrics: vec![Metric::Pods {
            name: "util".to_owned(),
            selector: None,
            average_value: Quantity::from_milli(target_milli, Format::DecimalSI),
        }],
    }
}

/// Pods with a sample, without one, and not yet started.
fn observation(current: i32, samples: &[Option<i64>], pending: usize) -> Observation {
    let name = |index: usize| format!("pod-{index}");
    let running = samples.iter().enumerate().map(|(index, _)| Pod {
        name: name(index),
        ..Pod::default()
    });
    let waiting = (0..pending).map(|index| Pod {
        name: format!("pending-{index}"),
        phase: PodPhase::Pending,
        deleted: false,
    });
    let values = samples.iter().enumerate().filter_map(|(index, milli)| {
        Some(PodSample {
            pod: name(index),
            milli: (*milli)?,
        })
    });
    Observation {
        current_replicas: current,
        pods: running.chain(waiting).collect(),
        metrics: vec![Ok(MetricReading {
            pods: values.collect(),
        })],
    }
}

proptest! {
    /// Kubernetes' f64 gives the count of the exact formula, except where the exact ratio lies
    /// on the edge of the tolerance or of a whole number: there it may be off by one.
    #[test]
    fn all_pods_sampled(target in 1_i64..200_000, values in prop::collection::vec(0_i64..400_000, 1..30)) {
        let n = i32::try_from(values.len()).unwrap();
        let samples: Vec<_> = values.iter().copied().map(Some).collect();
        let policy = policy(target, 1, i32::MAX);
        let options = Options { downscale_stabilization: Duration::ZERO, scale_up_limit_factor: 1e9, ..Options::default() };
        let known = History { recommendations: Some(Vec::new()) };
        let (decision, _) = decide(&policy, &options, &known, &observation(n, &samples, 0), Timestamp::EPOCH);

        let average = values.iter().sum::<i64>() / i64::from(n);
        let ratio = Ratio::new(i128::from(average), i128::from(target));
        let near = ratio >= Ratio::new(9, 10) && ratio <= Ratio::new(11, 10);
        let product = ratio * i128::from(n);
        let exact = if near { i128::from(n) } else { product.ceil().to_integer().max(1) };
        let got = i128::from(decision.desired_replicas);
        let edge = ratio == Ratio::new(9, 10) || ratio == Ratio::new(11, 10) || product.is_integer();
        prop_assert!(got == exact || (edge && (got - exact).abs() <= i128::from(n)), "{got} {exact} {ratio}");
        prop_assert!(!edge || near || (got - exact).abs() <= 1);
    }

    #[test]
    fn decisions_stay_within_the_limits_and_history_stays_short(
        steps in prop::collection::vec((prop::collection::vec(prop::option::of(0_i64..100_000), 1..6), 0_usize..3), 1..60),
        min in 1_i32..4,
        extra in 0_i32..6,
    ) {
        let policy = policy(20_000, min, min + extra);
        let mut history = History::default();
        let mut current = min;
        for (second, (samples, pending)) in steps.iter().enumerate() {
            let now = Timestamp::from_millis(i64::try_from(second).unwrap() * 15_000);
            let seen = observation(current, samples, *pending);
            let (decision, next) = decide(&policy, &Options::default(), &history, &seen, now);
            let again = decide(&policy, &Options::default(), &history, &seen, now);
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
        let policy = policy(20_000, 1, 20);
        let options = Options { downscale_stabilization: Duration::ZERO, ..Options::default() };
        let seen = observation(current, &samples, 0);
        let (decision, _) = decide(&policy, &options, &History::default(), &seen, Timestamp::EPOCH);
        // At most the one pod that is known to be idle.
        prop_assert!(decision.desired_replicas >= current - 1);
    }
}

#[test]
fn explanations_read_well() {
    let options = Options::default();
    let mut told = Vec::new();
    let mut history = History::default();
    let policy = policy(20_000, 1, 5);
    let cases = [
        (1, vec![Some(23_000)], 0),
        (2, vec![Some(11_500), Some(11_500)], 0),
        (2, vec![Some(20_400), Some(19_800)], 0),
        (2, vec![Some(100_000), None], 0),
        (2, vec![Some(1_000), None], 0),
        (2, vec![Some(90_000)], 1),
        (3, vec![Some(90_000); 3], 0),
        (1, vec![Some(200_000)], 0),
        (1, vec![None], 0),
        (7, vec![Some(0)], 0),
        (0, vec![Some(0)], 0),
    ];
    for (second, (current, samples, pending)) in cases.into_iter().enumerate() {
        let now = Timestamp::from_millis(i64::try_from(second).unwrap() * 60_000);
        let seen = observation(current, &samples, pending);
        let (decision, next) = decide(&policy, &options, &history, &seen, now);
        history = next;
        told.push(format!(
            "{current} to {}: {}",
            decision.desired_replicas,
            decision.explanation.summary()
        ));
    }
    insta::assert_snapshot!(told.join("\n"), @r##"
1 to 2: util: 23 ÷ 20 = 1.15 > 1.1 → ceil(1.15 × 1) = 2
2 to 2: util: 11.5 ÷ 20 = 0.575 < 0.9 → ceil(0.575 × 2) = 2
2 to 2: util: 20.1 ÷ 20 = 1.005 is within 0.9 to 1.1 → stays 2
2 to 4: util: 100 ÷ 20 = 5 > 1.1, of 1 with a sample; pod-1 without a sample counted as 0: average 50 over 2, ratio 2.5 → 5; from 2 at most to 4 at once → 4 instead of 5
2 to 4: util: 1 ÷ 20 = 0.05 < 0.9, of 1 with a sample; pod-1 without a sample counted as 20: average 10.5 over 2, ratio 0.525 → 2; 5 was recommended 60 s ago, within 300 s → 5 instead of 2; from 2 at most to 4 at once → 4 instead of 5
2 to 4: util: 90 ÷ 20 = 4.5 > 1.1, of 1 with a sample; pending-0 not started: average 45 over 2, ratio 2.25 → 5; from 2 at most to 4 at once → 4 instead of 5
3 to 5: util: 90 ÷ 20 = 4.5 > 1.1 → ceil(4.5 × 3) = 14; maxReplicas 5 → 5 instead of 14
1 to 4: util: 200 ÷ 20 = 10 > 1.1 → ceil(10 × 1) = 10; 14 was recommended 60 s ago, within 300 s → 14 instead of 10; from 1 at most to 4 at once → 4 instead of 14
1 to 1: util: did not receive metrics for targeted pods (pods might be unready); 1 of 1 metrics cannot be used → stays 1
7 to 5: 7 is out of bounds → 5, metrics are not looked at
0 to 0: scaled to 0 → autoscaling is off
"##);
    let step = &decide(
        &policy,
        &options,
        &History::default(),
        &observation(1, &[Some(23_000)], 0),
        Timestamp::EPOCH,
    )
    .0;
    insta::assert_snapshot!(serde_json::to_string(&step.explanation).unwrap(), @r#"[{"step":"metric","name":"util","averageMilli":23000,"targetMilli":20000,"ratio":1.15,"tolerance":{"scaleUp":0.1,"scaleDown":0.1},"within":false,"counted":1,"replicas":2}]"#);
}
