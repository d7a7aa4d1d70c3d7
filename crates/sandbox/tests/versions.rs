//! One object in several API versions.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::Cluster;
use serde_json::json;

const V1: &str = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
const V2: &str = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

#[tokio::test]
async fn an_autoscaler_is_the_same_in_both_versions() {
    let cluster = Cluster::new(|_| {}).await;
    let pods = json!({"type": "Pods", "pods": {
        "metric": {"name": "gpu"}, "target": {"type": "AverageValue", "averageValue": "20"},
    }});
    let spec = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 10,
        "metrics": [
            {"type": "Resource", "resource": {
                "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60},
            }},
            pods,
        ],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
    });
    let (status, created) = cluster
        .post(V2, &json!({"metadata": {"name": "a"}, "spec": spec}))
        .await;
    assert_eq!(status, 201);
    let (_, old) = cluster.get(&format!("{V1}/a")).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&old).unwrap());
    let (status, back) = cluster
        .ask("PUT", &format!("{V1}/a"), "application/json", &old)
        .await;
    assert_eq!((status, &back["spec"]), (200, &old["spec"]));
    let (_, same) = cluster.get(&format!("{V2}/a")).await;
    assert_eq!(same, created, "nothing changed by the way through v1");
    let cpu = json!({"metadata": {"name": "b"}, "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 80,
    }});
    cluster.post(V1, &cpu).await;
    let (_, list) = cluster.get(V2).await;
    assert_eq!(list["items"][1]["apiVersion"], "autoscaling/v2");
    insta::assert_snapshot!(list["items"][1]["spec"], @r#"{"maxReplicas":3,"metrics":[{"resource":{"name":"cpu","target":{"averageUtilization":80,"type":"Utilization"}},"type":"Resource"}],"minReplicas":1,"scaleTargetRef":{"kind":"Deployment","name":"web"}}"#);
}

#[tokio::test]
async fn an_event_is_the_same_in_both_groups() {
    let cluster = Cluster::new(|_| {}).await;
    let event = json!({
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "p"},
        "reason": "Scaled", "note": "from 1 to 2", "action": "Scale", "type": "Normal",
        "eventTime": "2023-11-14T22:13:20.000000Z", "reportingController": "concertina",
        "reportingInstance": "a",
    });
    let new = "/apis/events.k8s.io/v1/namespaces/default/events";
    let (status, made) = cluster.post(new, &event).await;
    assert_eq!(
        (status, &made["apiVersion"]),
        (201, &json!("events.k8s.io/v1"))
    );
    let (_, core) = cluster.get("/api/v1/namespaces/default/events/e").await;
    assert_eq!(core["message"], "from 1 to 2");
    assert_eq!(core["involvedObject"], json!({"kind": "Pod", "name": "p"}));
    assert_eq!(core["reportingComponent"], "concertina");
    assert_eq!(core["apiVersion"], "v1");
}
