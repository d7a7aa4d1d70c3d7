//! How decisions read.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod support;

use std::time::Duration;

use concertina_model::Timestamp;
use concertina_replicas::api::{
    ExternalMetricSource, HorizontalPodAutoscalerBehavior, HpaScalingPolicy, HpaScalingRules,
    MetricIdentifier, MetricSpec, MetricTarget, ObjectMetricSource, ResourceMetricSource,
};
use concertina_replicas::calculation::Calculator;
use concertina_replicas::observation::{Container, Ready, Requests};
use concertina_replicas::{
    History, Observation, Options, Pod, PodSample, Policy, Reading, Tolerance, reconcile,
};
use support::{observation, policy, scale};

/// Consecutive decisions, a minute apart.
fn told(policy: &Policy, options: &Options, seen: Vec<Observation>) -> String {
    let mut history = History::default();
    let mut lines = Vec::new();
    for (minute, observation) in seen.into_iter().enumerate() {
        let now = Timestamp::from_millis(i64::try_from(minute).unwrap() * 60_000);
        let (decision, next) = reconcile(policy, options, history, &observation, now);
        history = next;
        let (from, to) = (decision.explanation.current, decision.desired_replicas);
        lines.push(format!(
            "{from} to {to}: {}",
            decision.explanation.summary()
        ));
    }
    lines.join("\n")
}

#[test]
fn pods_metrics_without_behavior() {
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
    let seen = cases.map(|(current, samples, pending)| observation(current, &samples, pending));
    let text = told(&policy(20_000, 1, 5), &Options::default(), seen.into());
    insta::assert_snapshot!(text, @r##"
1 to 2: util: 23 ÷ 20 = 1.15 > 1.10 → ceil(1.15 × 1) = 2
2 to 2: util: 11.5 ÷ 20 = 0.575 < 0.90 → ceil(0.575 × 2) = 2
2 to 2: util: 20.1 ÷ 20 = 1.005 is within 0.90 to 1.10 → stays 2
2 to 4: util: 100 ÷ 20 = 5 > 1.10, of 1 with a sample; pod-1 without a sample counted as 0: ratio 2.5 over 2 → ceil(2.5 × 2) = 5; from 2 at most to 4 at once → 4 instead of 5
2 to 4: util: 1 ÷ 20 = 0.05 < 0.90, of 1 with a sample; pod-1 without a sample counted as 20: ratio 0.525 over 2 → ceil(0.525 × 2) = 2; 5 was recommended 60 s ago, within 300 s → 5 instead of 2; from 2 at most to 4 at once → 4 instead of 5
2 to 4: util: 90 ÷ 20 = 4.5 > 1.10, of 1 with a sample; pending-0 not ready counted as 0: ratio 2.25 over 2 → ceil(2.25 × 2) = 5; from 2 at most to 4 at once → 4 instead of 5
3 to 5: util: 90 ÷ 20 = 4.5 > 1.10 → ceil(4.5 × 3) = 14; maxReplicas 5 → 5 instead of 14
1 to 4: util: 200 ÷ 20 = 10 > 1.10 → ceil(10 × 1) = 10; 14 was recommended 60 s ago, within 300 s → 14 instead of 10; from 1 at most to 4 at once → 4 instead of 14
1 to 1: util: did not receive metrics for targeted pods (pods might be unready); 1 of 1 metrics cannot be used → stays 1
7 to 5: 7 is out of bounds → 5, metrics are not looked at
0 to 0: scaled to 0 → autoscaling is off
"##);
}

#[test]
fn several_metrics_of_all_kinds() {
    let percent = |percent| ResourceMetricSource {
        name: "cpu".to_owned(),
        target: MetricTarget::utilization(percent),
    };
    let mut policy = policy(20_000, 1, 50);
    let tolerance = Tolerance {
        scale_up: 0.125,
        ..Tolerance::default()
    };
    policy.spec.metrics.extend([
        MetricSpec::resource(percent(60)),
        MetricSpec::object(ObjectMetricSource {
            described_object: concertina_replicas::api::CrossVersionObjectReference {
                kind: "Ingress".to_owned(),
                name: "main".to_owned(),
                ..Default::default()
            },
            target: MetricTarget::value("100".parse().unwrap()),
            metric: MetricIdentifier::named("requests"),
        }),
        MetricSpec::external(ExternalMetricSource {
            metric: MetricIdentifier::named("queue"),
            target: MetricTarget::average_value("30".parse().unwrap()),
        }),
    ]);
    let pod = |name: &str| Pod {
        name: name.to_owned(),
        started: Some(Timestamp::from_millis(-3_600_000)),
        ready: Some(Ready::yes(Timestamp::from_millis(-3_600_000))),
        containers: vec![Container {
            requests: Requests::from_iter([("cpu", 500)]),
            ..Container::default()
        }],
        ..Pod::default()
    };
    let samples = |a, b| {
        let both = [PodSample::new("a", a), PodSample::new("b", b)];
        Ok(Reading::Pods(both.into_iter().collect()))
    };
    let seen = |metrics| Observation {
        scale: Ok(scale(2)),
        pods: Ok(vec![pod("a"), pod("b")]),
        metrics,
        activation: None,
    };
    let text = told(
        &policy,
        &Options {
            tolerance,
            ..Options::default()
        },
        vec![
            seen(vec![
                samples(20_000, 24_000),
                samples(300, 500),
                Ok(Reading::Object(130_000)),
                Ok(Reading::External(vec![60_000, 15_000])),
            ]),
            seen(vec![
                Err("timeout".to_owned()),
                samples(300, 500),
                Err("not found".to_owned()),
                Ok(Reading::External(vec![61_000])),
            ]),
            seen(vec![
                samples(1_000, 1_000),
                Err("timeout".to_owned()),
                Ok(Reading::Object(0)),
                Ok(Reading::External(Vec::new())),
            ]),
        ],
    );
    insta::assert_snapshot!(text, @r##"
2 to 3: util: 22 ÷ 20 = 1.1 is within 0.90 to 1.125 → stays 2; cpu: 80 % ÷ 60 % = 1.3333 > 1.125 → ceil(1.3333 × 2) = 3; requests: 130 ÷ 100 = 1.3 > 1.125 → ceil(1.3 × 2 ready) = 3; queue: 75 ÷ (30 × 2) = 1.25 > 1.125 → ceil(75 ÷ 30) = 3; the highest of 4 counts: 3, from cpu
2 to 3: util: unable to get metric util: timeout; cpu: 80 % ÷ 60 % = 1.3333 > 1.125 → ceil(1.3333 × 2) = 3; requests: unable to get metric requests on Ingress default/main: not found; queue: 61 ÷ (30 × 2) = 1.0167 is within 0.90 to 1.125 → stays 2; the highest of 2 counts: 3, from cpu
2 to 2: util: 1 ÷ 20 = 0.05 < 0.90 → ceil(0.05 × 2) = 1; cpu: failed to get cpu utilization: unable to get metrics for resource cpu: timeout; requests: 0 ÷ 100 = 0 < 0.90 → ceil(0 × 2 ready) = 0; queue: 0 ÷ (30 × 2) = 0 < 0.90 → ceil(0 ÷ 30) = 0; 1 of 4 metrics cannot be used → stays 2
"##);
}

#[test]
fn behavior() {
    let mut policy = policy(20_000, 1, 50);
    policy.spec.behavior = Some(HorizontalPodAutoscalerBehavior {
        scale_up: Some(HpaScalingRules {
            policies: Some(vec![HpaScalingPolicy::percent(50, 300)]),
            ..HpaScalingRules::default()
        }),
        scale_down: Some(HpaScalingRules {
            stabilization_window_seconds: Some(90),
            policies: Some(vec![HpaScalingPolicy::pods(1, 60)]),
            ..HpaScalingRules::default()
        }),
    });
    policy.spec.set_defaults();
    let busy = |count: i32| observation(count, &[Some(100_000); 4], 0);
    let idle = |count: i32| observation(count, &[Some(0); 4], 0);
    let seen = vec![busy(4), busy(6), idle(6), idle(6), idle(5), busy(4)];
    let text = told(&policy, &Options::default(), seen);
    insta::assert_snapshot!(text, @r##"
4 to 6: util: 100 ÷ 20 = 5 > 1.10 → ceil(5 × 4) = 20; at most 50 % more than the 4 of 300 s ago → 6 instead of 20
6 to 6: util: 100 ÷ 20 = 5 > 1.10 → ceil(5 × 4) = 20; at most 50 % more than the 4 of 300 s ago → 6 instead of 20
6 to 6: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 4) = 0; 20 was recommended 60 s ago, within 90 s → 6 instead of 0
6 to 5: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 4) = 0; at most 1 less than the 6 of 60 s ago → 5 instead of 0
5 to 4: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 4) = 0; at most 1 less than the 5 of 60 s ago → 4 instead of 0
4 to 9: util: 100 ÷ 20 = 5 > 1.10 → ceil(5 × 4) = 20; at most 50 % more than the 6 of 300 s ago → 9 instead of 20
"##);
}

/// What would read like a contradiction has more digits, and no replicas give no ratio.
#[test]
fn numbers_at_an_edge() {
    let options = Options::default();
    let names: Vec<String> = (0..25).map(|index| format!("pod-{index}")).collect();
    let pods: Vec<Pod> = names
        .iter()
        .map(|name| Pod {
            name: name.clone(),
            ready: Some(Ready::yes(Timestamp::EPOCH)),
            ..Pod::default()
        })
        .collect();
    let calculator = |count: usize| Calculator {
        current_replicas: i32::try_from(count).unwrap(),
        status_replicas: i32::try_from(count).unwrap(),
        ..Calculator::new(&options, &pods[..count], Timestamp::EPOCH)
    };
    let samples = |milli: i64| {
        let names = names.iter();
        names.map(|name| PodSample::new(name, milli)).collect()
    };
    let texts = [
        calculator(1).pods_average_value(&samples(22_000), 20_000),
        calculator(1).pods_average_value(&samples(22_001), 20_000),
        calculator(25).pods_average_value(&samples(44_000), 20_000),
        calculator(25).object_value(44_000, 20_000),
        calculator(1).external_average_value(&[89_999_999], 100_000_000),
        calculator(0).external_average_value(&[75_000], 30_000),
        calculator(0).external_average_value(&[], 30_000),
        calculator(0).external_value(&[75_000], 30_000),
    ]
    .map(|proposal| proposal.unwrap().calculation.to_string());
    insta::assert_snapshot!(texts.join("\n"), @"
22 ÷ 20 = 1.1 is within 0.90 to 1.10 → stays 1
22.001 ÷ 20 = 1.10005 > 1.10 → ceil(1.1 × 1) = 2
44 ÷ 20 = 2.2 > 1.10 → ceil(2.2 × 25 = 55.00000000000001) = 56
44 ÷ 20 = 2.2 > 1.10 → ceil(2.2 × 25 ready = 55.00000000000001) = 56
89999.999 ÷ (100000 × 1) = 0.89999999 < 0.90 → ceil(89999.999 ÷ 100000) = 1
75 ÷ 30 = 2.5 → ceil(75 ÷ 30) = 3
0 ÷ 30 = 0 → ceil(0 ÷ 30) = 0
75 ÷ 30 = 2.5 → ceil(2.5) = 3
");
}

/// Of several recommendations of one count the latest is told of: it says how long it will hold.
#[test]
fn what_holds_a_count() {
    let busy = || observation(2, &[Some(20_000); 2], 0);
    let idle = || observation(2, &[Some(0); 2], 0);
    let options = Options {
        downscale_stabilization: Duration::from_secs(150),
        ..Options::default()
    };
    let seen = || vec![busy(), busy(), idle(), idle(), idle()];
    let without = told(&policy(20_000, 1, 5), &options, seen());
    let mut policy = policy(20_000, 1, 5);
    policy.spec.behavior = Some(HorizontalPodAutoscalerBehavior::default());
    policy.spec.set_defaults();
    let with = told(&policy, &options, seen());
    insta::assert_snapshot!(format!("{without}\n\n{with}"), @"
2 to 2: util: 20 ÷ 20 = 1 is within 0.90 to 1.10 → stays 2
2 to 2: util: 20 ÷ 20 = 1 is within 0.90 to 1.10 → stays 2
2 to 2: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 2) = 0; 2 was recommended 60 s ago, within 150 s → 2 instead of 0
2 to 2: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 2) = 0; 2 was recommended 120 s ago, within 150 s → 2 instead of 0
2 to 1: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 2) = 0; minReplicas 1 → 1 instead of 0

2 to 2: util: 20 ÷ 20 = 1 is within 0.90 to 1.10 → stays 2
2 to 2: util: 20 ÷ 20 = 1 is within 0.90 to 1.10 → stays 2
2 to 2: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 2) = 0; 2 was recommended 60 s ago, within 150 s → 2 instead of 0
2 to 2: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 2) = 0; 2 was recommended 120 s ago, within 150 s → 2 instead of 0
2 to 1: util: 0 ÷ 20 = 0 < 0.90 → ceil(0 × 2) = 0; minReplicas 1 → 1 instead of 0
");
}

#[test]
fn as_data() {
    let seen = observation(1, &[Some(23_000)], 0);
    let (decision, _) = reconcile(
        &policy(20_000, 1, 5),
        &Options::default(),
        History::default(),
        &seen,
        Timestamp::EPOCH,
    );
    let json = serde_json::to_string_pretty(&decision.explanation).unwrap();
    insta::assert_snapshot!(json, @r##"
{
  "steps": [
    {
      "step": "metric",
      "name": "util",
      "calculation": {
        "of": "pods",
        "unit": "milli",
        "value": 23000,
        "target": 20000,
        "ratio": 1.15,
        "tolerance": {
          "scaleUp": 0.1,
          "scaleDown": 0.1
        },
        "counted": 1,
        "ready": 1,
        "missing": {
          "count": 0,
          "first": []
        },
        "unready": {
          "count": 0,
          "first": []
        },
        "ignored": 0,
        "second": null,
        "outcome": "scaled",
        "replicas": 2
      }
    },
    {
      "step": "stabilized",
      "wanted": 2,
      "replicas": 2,
      "outcome": "no",
      "by": null,
      "windowSeconds": 300,
      "now": 0
    },
    {
      "step": "limited",
      "current": 1,
      "limit": {
        "wanted": 2,
        "replicas": 2,
        "by": "nothing",
        "minReplicas": 1,
        "maxReplicas": 5,
        "rate": 4,
        "policy": null
      }
    }
  ],
  "current": 1,
  "desired": 2
}
"##);
}
