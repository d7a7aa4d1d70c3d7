//! The status as the API holds it: what decisions report comes back the same.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_replicas::api::{HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus};
use concertina_replicas::status::Status;
use serde_json::{Value, json};

fn spec() -> HorizontalPodAutoscalerSpec {
    let target = json!({"type": "AverageValue", "averageValue": "20"});
    let spec = json!({
        "scaleTargetRef": {"kind": "Deployment", "name": "bert"}, "maxReplicas": 10,
        "metrics": [
            {"type": "Pods", "pods": {"metric": {"name": "sm"}, "target": target}},
            {"type": "External", "external": {"target": target,
                "metric": {"name": "queue", "selector": {"matchLabels": {"q": "a"}}}}},
            {"type": "Object", "object": {"target": target, "metric": {"name": "rps"},
                "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "front"}}},
            {"type": "ContainerResource", "containerResource":
                {"name": "cpu", "container": "srv", "target": target}},
            {"type": "Resource", "resource": {"name": "memory", "target": target}},
        ],
    });
    serde_json::from_value(spec).unwrap()
}

/// As `kubectl get hpa -o json` of a Kubernetes 1.36 shows it.
fn written() -> Value {
    json!({
        "observedGeneration": 3,
        "lastScaleTime": "2023-11-15T00:00:00Z",
        "currentReplicas": 1,
        "desiredReplicas": 2,
        "currentMetrics": [
            {"type": "Pods", "pods": {"metric": {"name": "sm"}, "current": {"averageValue": "23"}}},
            {"type": "External", "external": {"current": {"value": "0", "averageValue": "1500m"},
                "metric": {"name": "queue", "selector": {"matchLabels": {"q": "a"}}}}},
            {"type": "Object", "object": {"metric": {"name": "rps"}, "current": {"value": "7"},
                "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "front"}}},
            {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "srv",
                "current": {"averageValue": "250m", "averageUtilization": 50}}},
            {"type": ""},
        ],
        "conditions": [
            {"type": "AbleToScale", "status": "True", "lastTransitionTime": "2023-11-15T00:00:00Z",
                "reason": "SucceededRescale", "message": "grown"},
            {"type": "Another", "status": "Unknown", "lastTransitionTime": null},
        ],
    })
}

#[test]
fn what_is_read_is_written_again() {
    let status: HorizontalPodAutoscalerStatus = serde_json::from_value(written()).unwrap();
    assert_eq!(serde_json::to_value(&status).unwrap(), written());
}

#[test]
fn decisions_go_on_from_what_they_reported() {
    let api: HorizontalPodAutoscalerStatus = serde_json::from_value(written()).unwrap();
    let status = Status::from(&api);
    assert_eq!(status.conditions.len(), 2);
    let metrics = status.current_metrics.as_ref().unwrap();
    assert_eq!(metrics.iter().filter(|value| value.is_some()).count(), 4);
    let again = HorizontalPodAutoscalerStatus::new(&spec(), &status, Some(3));
    assert_eq!(again.current_metrics, api.current_metrics);
    assert_eq!(Status::from(&again), status);
}

#[test]
fn nothing_known_is_written_as_kubernetes_writes_it() {
    let empty = HorizontalPodAutoscalerStatus::default();
    let value = serde_json::to_value(&empty).unwrap();
    assert_eq!(value, json!({"desiredReplicas": 0, "currentMetrics": null}));
    let odd = json!({"conditions": null, "currentMetrics": null, "newInSomeVersion": 1});
    let read: HorizontalPodAutoscalerStatus = serde_json::from_value(odd).unwrap();
    assert_eq!(read, empty);
    let bad = json!({"lastScaleTime": "yesterday"});
    let error = serde_json::from_value::<HorizontalPodAutoscalerStatus>(bad).unwrap_err();
    insta::assert_snapshot!(error, @"`yesterday` is no time; write it as 2023-11-15T00:00:00Z");
}
