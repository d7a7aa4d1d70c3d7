//! What policies may ask for beyond Kubernetes: read, written, and refused with the field's path.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_replicas::api::{
    HorizontalPodAutoscalerSpec, MaxChange, MetricIdentifier, MetricSpec, MetricTarget, OnMissing,
    PodsMetricSource, Safety,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn spec() -> HorizontalPodAutoscalerSpec {
    let pods = PodsMetricSource {
        metric: MetricIdentifier::named("sm"),
        target: MetricTarget::average_value("20".parse().unwrap()),
    };
    HorizontalPodAutoscalerSpec {
        max_replicas: 10,
        metrics: vec![MetricSpec::pods(pods)],
        ..HorizontalPodAutoscalerSpec::default()
    }
    .defaulted()
}

fn findings(safety: Value, spec: &HorizontalPodAutoscalerSpec) -> String {
    let safety: Safety = match serde_json::from_value(safety) {
        Ok(safety) => safety,
        Err(error) => return format!("not read: {error}"),
    };
    let found = safety.validate(spec);
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

fn queue(target: Value) -> Value {
    json!({"type": "External", "external": {"metric": {"name": "queue"}, "target": target}})
}

#[test]
fn what_is_right_passes_and_is_written_as_it_was_read() {
    let threshold = json!({"type": "Value", "value": "1"});
    for right in [
        json!({}),
        json!({"onMissing": {"type": "Hold"}}),
        json!({"onMissing": {"type": "Replicas", "replicas": 10}}),
        json!({"onMissing": {"type": "LastGood", "maxAgeSeconds": 86400}}),
        json!({"readiness": {"minAgeSeconds": 1}, "maxChange": {"scaleUp": 1}}),
        json!({"readiness": {"readyOnly": true}, "maxChange": {"scaleDown": 1}}),
        json!({"activation": {"metric": queue(threshold), "cooldownSeconds": 0}}),
    ] {
        assert_eq!(findings(right.clone(), &spec()), "", "{right}");
        let read: Safety = serde_json::from_value(right.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), right);
    }
    let default = json!({"onMissing": {"type": "Kubernetes"}});
    let read: Safety = serde_json::from_value(default).unwrap();
    assert_eq!(read, Safety::default());
}

#[test]
fn defaults_and_thresholds() {
    let metric = queue(json!({"type": "Value", "value": "1500m"}));
    let safety = json!({"activation": {"metric": metric}});
    let safety: Safety = serde_json::from_value(safety).unwrap();
    let activation = safety.activation.unwrap();
    assert_eq!(activation.cooldown().as_secs(), 300);
    assert_eq!(activation.threshold_milli(), Some(1500));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let average = json!({"type": "AverageValue", "averageValue": "1"});
    let both = json!({"type": "Value", "value": "0", "averageValue": "1"});
    let cpu = json!({"type": "Resource", "resource":
        {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 5}}});
    let cases = [
        json!({"onMissing": {"type": "Freeze"}}),
        json!({"onMissing": {"type": "Replicas"}}),
        json!({"onMissing": {"type": "LastGood"}}),
        json!({"onMissing": {"type": "Hold", "replicas": 3}}),
        json!({"onMissing": {"type": "Replicas", "replicas": 3, "maxAgeSeconds": 3}}),
        json!({"onMisssing": {"type": "Hold"}}),
        json!({"onMissing": {"type": "Replicas", "replicas": 11}}),
        json!({"onMissing": {"type": "LastGood", "maxAgeSeconds": 0}}),
        json!({"readiness": {}, "maxChange": {}}),
        json!({"readiness": {"minAgeSeconds": 86401}, "maxChange": {"scaleUp": 0, "scaleDown": -1}}),
        json!({"activation": {"metric": queue(average), "cooldownSeconds": -1}}),
        json!({"activation": {"metric": queue(both)}}),
        json!({"activation": {"metric": cpu}}),
        json!({"activation": {"metric": {"type": "Queue"}}}),
        json!({"activation": {"metric": {"type": "Object"}}}),
    ];
    let found = cases.map(|case| findings(case, &spec()));
    insta::assert_snapshot!(found.join("\n"), @r#"
not read: onMissing.type: `Freeze` is none; write Kubernetes, Hold, Replicas or LastGood
not read: onMissing.replicas: is required for type Replicas
not read: onMissing.maxAgeSeconds: is required for type LastGood
not read: onMissing.replicas: must not be set for type Hold
not read: onMissing.maxAgeSeconds: must not be set for type Replicas
not read: unknown field `onMisssing`, expected one of `onMissing`, `readiness`, `maxChange`, `activation`
safety.onMissing.replicas: must be from minReplicas to maxReplicas (1 to 10), and is 11
safety.onMissing.maxAgeSeconds: must be from 1 to 86400, and is 0
safety.readiness: needs minAgeSeconds, readyOnly: true or both
safety.maxChange: needs scaleUp, scaleDown or both
safety.readiness.minAgeSeconds: must be from 1 to 86400, and is 86401
safety.maxChange.scaleUp: must be at least 1, and is 0
safety.maxChange.scaleDown: must be at least 1, and is -1
safety.activation.metric.external.target: must be of type Value, with the threshold as its value
safety.activation.metric.external.target.averageValue: must not be set: without pods there is no average
safety.activation.cooldownSeconds: must be from 0 to 86400, and is -1
safety.activation.metric.external.target.value: must be positive, and is 0
safety.activation.metric.external.target.value: must not be set beside averageValue
safety.activation.metric.external.target.averageValue: must not be set: without pods there is no average
safety.activation.metric.type: must be Object or External, because without pods no Resource metric is there
safety.activation.metric.type: `Queue` is no type of metric; write Object, Pods, Resource, ContainerResource or External
safety.activation.metric.object: is required for type Object
"#);
    let without_pods = HorizontalPodAutoscalerSpec::default().defaulted();
    let found = findings(json!({"readiness": {"readyOnly": true}}), &without_pods);
    insta::assert_snapshot!(found, @"safety.readiness: only means something for Pods metrics, and spec.metrics has none");
}

proptest! {
    #[test]
    fn no_decision_changes_more_than_its_cap(
        current: i32, desired: i32, up in proptest::option::of(1..100), down in proptest::option::of(1..100),
    ) {
        let got = MaxChange { scale_up: up, scale_down: down }.limit(current, desired);
        let change = i64::from(got) - i64::from(current);
        prop_assert!(change <= up.map_or(i64::MAX, i64::from));
        prop_assert!(-change <= down.map_or(i64::MAX, i64::from));
        // Toward what is wanted, never beyond and never away from it.
        prop_assert!(current.min(desired) <= got && got <= current.max(desired));
        prop_assert!(got != current || current == desired);
    }

    #[test]
    fn on_missing_is_read_as_it_is_written(replicas: i32, age: i32, kind in 0..4) {
        let on_missing = match kind {
            0 => OnMissing::Kubernetes,
            1 => OnMissing::Hold,
            2 => OnMissing::Replicas { replicas },
            _ => OnMissing::LastGood { max_age_seconds: age },
        };
        let text = serde_json::to_string(&on_missing).unwrap();
        prop_assert_eq!(serde_json::from_str::<OnMissing>(&text).unwrap(), on_missing);
    }
}
