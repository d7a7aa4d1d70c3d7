//! Old versions mean what the API server makes of them.

use serde_json::{Value, json};

use super::read;

/// What a text means, as `autoscaling/v2`.
fn meaning(text: &str) -> Value {
    serde_json::to_value(read(text).unwrap().object).unwrap()
}

fn spec_of(metrics: Value) -> Value {
    json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2,
        "maxReplicas": 4, "metrics": metrics})
}

const V2BETA1: &str = "
apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: prod, labels: {app: web}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 4
  metrics:
";

#[test]
fn every_metric_of_v2beta1() {
    let metrics = "
  - {type: Pods, pods: {metricName: m, targetAverageValue: 20, selector: {matchLabels: {a: b}}}}
  - {type: Resource, resource: {name: cpu, targetAverageUtilization: 60}}
  - {type: Resource, resource: {name: memory, targetAverageValue: 1Gi}}
  - {type: ContainerResource, containerResource: {name: cpu, container: c, targetAverageUtilization: 60}}
  - {type: ContainerResource, containerResource: {name: cpu, container: c, targetAverageValue: 500m}}
  - {type: External, external: {metricName: q, targetValue: 5, metricSelector: {matchLabels: {a: b}}}}
  - {type: External, external: {metricName: q, targetAverageValue: 5}}
  - {type: Object, object: {metricName: r, targetValue: 2k, target: {apiVersion: v1, kind: Service, name: s}}}
  - {type: Object, object: {metricName: r, targetValue: 1, averageValue: 3, target: {kind: Service, name: s}}}
";
    let service = json!({"kind": "Service", "name": "s"});
    let selector = json!({"matchLabels": {"a": "b"}});
    let expected = json!([
        {"type": "Pods", "pods": {"metric": {"name": "m", "selector": selector},
            "target": {"type": "AverageValue", "averageValue": "20"}}},
        {"type": "Resource", "resource": {"name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 60}}},
        {"type": "Resource", "resource": {"name": "memory",
            "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
        {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c",
            "target": {"type": "Utilization", "averageUtilization": 60}}},
        {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c",
            "target": {"type": "AverageValue", "averageValue": "500m"}}},
        {"type": "External", "external": {"metric": {"name": "q", "selector": selector},
            "target": {"type": "Value", "value": "5"}}},
        {"type": "External", "external": {"metric": {"name": "q"},
            "target": {"type": "AverageValue", "averageValue": "5"}}},
        {"type": "Object", "object": {"metric": {"name": "r"},
            "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "s"},
            "target": {"type": "Value", "value": "2k"}}},
        {"type": "Object", "object": {"metric": {"name": "r"}, "describedObject": service,
            "target": {"type": "AverageValue", "value": "1", "averageValue": "3"}}},
    ]);
    let got = meaning(&format!("{V2BETA1}{metrics}"));
    assert_eq!(
        got,
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "prod", "labels": {"app": "web"}},
            "spec": spec_of(expected)})
    );
}

#[test]
fn the_status_of_v2beta1() {
    let status = "  []
status:
  currentReplicas: 1
  desiredReplicas: 2
  conditions: null
  currentMetrics:
  - {type: Pods, pods: {metricName: m, currentAverageValue: 20}}
  - {type: Resource, resource: {name: cpu, currentAverageUtilization: 60, currentAverageValue: 1}}
  - {type: ContainerResource, containerResource: {name: cpu, container: c, currentAverageValue: 1}}
  - {type: External, external: {metricName: q, currentValue: 0, currentAverageValue: 5}}
  - {type: Object, object: {metricName: r, currentValue: 5, target: {kind: Service, name: s}}}
";
    let expected = json!([
        {"type": "Pods", "pods": {"metric": {"name": "m"}, "current": {"averageValue": "20"}}},
        {"type": "Resource", "resource": {"name": "cpu",
            "current": {"averageValue": "1", "averageUtilization": 60}}},
        {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c",
            "current": {"averageValue": "1"}}},
        {"type": "External", "external": {"metric": {"name": "q"},
            "current": {"value": "0", "averageValue": "5"}}},
        {"type": "Object", "object": {"metric": {"name": "r"}, "current": {"value": "5"},
            "describedObject": {"kind": "Service", "name": "s"}}},
    ]);
    let got = meaning(&format!("{}{status}", V2BETA1.trim_end()));
    assert_eq!(
        got["status"],
        json!({"currentReplicas": 1, "desiredReplicas": 2, "currentMetrics": expected})
    );
}

/// A manifest of `autoscaling/v1` with annotations and a target for CPU.
fn v1(annotations: Value, cpu: Value) -> String {
    let manifest = json!({
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "annotations": annotations},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2,
            "maxReplicas": 4, "targetCPUUtilizationPercentage": cpu},
        "status": {"currentReplicas": 0, "desiredReplicas": 3,
            "currentCPUUtilizationPercentage": 70},
    });
    // JSON is read as it is.
    manifest.to_string()
}

fn cpu(percent: i32) -> Value {
    json!({"type": "Resource", "resource": {"name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": percent}}})
}

#[test]
fn v1_knows_cpu() {
    let got = meaning(&v1(json!(null), json!(60)));
    assert_eq!(got["spec"], spec_of(json!([cpu(60)])));
    let current = json!([{"type": "Resource", "resource":
        {"name": "cpu", "current": {"averageUtilization": 70}}}]);
    assert_eq!(
        got["status"],
        json!({"desiredReplicas": 3, "currentMetrics": current})
    );
    // Without a target, CPU at 80 %.
    let got = meaning(&v1(json!({}), json!(null)));
    assert_eq!(got["spec"], spec_of(json!([cpu(80)])));
}

#[test]
fn what_v1_carries_in_annotations() {
    let got = meaning(&v1(
        json!({
            "autoscaling.alpha.kubernetes.io/metrics": r#"[{"type": "Pods", "pods":
                {"metricName": "m", "targetAverageValue": "20", "new": 1,
                "selector": {"matchLabels": {"Type": "Pods"}}}}]"#,
            "autoscaling.alpha.kubernetes.io/behavior": r#"{"ScaleUp": {"SelectPolicy": "Min",
                "StabilizationWindowSeconds": 5, "Tolerance": "50m",
                "Policies": [{"Type": "Pods", "Value": 1, "PeriodSeconds": 15}]},
                "ScaleDown": null}"#,
            "autoscaling.alpha.kubernetes.io/current-metrics": r#"[{"type": "Pods",
                "pods": {"metricName": "m", "currentAverageValue": "23"}}]"#,
            "autoscaling.alpha.kubernetes.io/conditions": r#"[{"type": "AbleToScale",
                "status": "True", "lastTransitionTime": "2023-11-15T00:00:00Z", "reason": "R"}]"#,
            "kept": "yes",
        }),
        json!(60),
    ));
    assert_eq!(
        got["metadata"],
        json!({"name": "web", "annotations": {"kept": "yes"}})
    );
    let pods = json!({"type": "Pods", "pods":
        {"metric": {"name": "m", "selector": {"matchLabels": {"Type": "Pods"}}},
        "target": {"type": "AverageValue", "averageValue": "20"}}});
    // The metrics of the annotation come first.
    assert_eq!(got["spec"]["metrics"], json!([pods, cpu(60)]));
    assert_eq!(
        got["spec"]["behavior"],
        json!({
            "scaleUp": {"stabilizationWindowSeconds": 5, "selectPolicy": "Min", "tolerance": "50m",
                "policies": [{"type": "Pods", "value": 1, "periodSeconds": 15}]},
            "scaleDown": {"selectPolicy": "Max",
                "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
        })
    );
    assert_eq!(
        got["status"],
        json!({
            "desiredReplicas": 3,
            "currentMetrics": [{"type": "Pods",
                "pods": {"metric": {"name": "m"}, "current": {"averageValue": "23"}}}],
            "conditions": [{"type": "AbleToScale", "status": "True", "reason": "R",
                "lastTransitionTime": "2023-11-15T00:00:00Z"}],
        })
    );
}

#[test]
fn malformed_annotations_are_passed_over_with_a_hint() {
    let manifest = read(&v1(
        json!({
            "autoscaling.alpha.kubernetes.io/metrics": "[{",
            "autoscaling.alpha.kubernetes.io/behavior": r#"{"ScaleUp": 5}"#,
            "autoscaling.alpha.kubernetes.io/conditions": "null",
        }),
        json!(null),
    ))
    .unwrap();
    assert_eq!(
        serde_json::to_value(&manifest.object.spec).unwrap(),
        spec_of(json!([cpu(80)]))
    );
    let hints: Vec<String> = manifest.hints.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(hints.join("\n"), @"
metadata.annotations[autoscaling.alpha.kubernetes.io/metrics]: it is malformed, so the API server ignores it, and so do we: EOF while parsing an object at line 1 column 2
metadata.annotations[autoscaling.alpha.kubernetes.io/behavior]: it is malformed, so the API server ignores it, and so do we: invalid type: integer `5`, expected struct HpaScalingRules
");
}

#[test]
fn v2beta1_carries_behavior_in_an_annotation() {
    let annotated = V2BETA1.replace(
        "labels: {app: web}",
        "annotations: {autoscaling.alpha.kubernetes.io/behavior: '{\"ScaleDown\": {\"SelectPolicy\": \
         \"Disabled\"}}'}",
    );
    let manifest = read(&format!("{}  []", annotated.trim_end())).unwrap();
    let behavior = manifest.object.spec.behavior.unwrap();
    assert_eq!(behavior.scale_up.unwrap().policies.unwrap().len(), 2);
    let select = behavior.scale_down.unwrap().select_policy.unwrap();
    assert_eq!(select.as_str(), "Disabled");
    assert!(manifest.object.metadata.annotations.is_empty());
}

fn v2beta2(annotations: &str, behavior: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2beta2
kind: HorizontalPodAutoscaler
metadata: {{name: web, annotations: {{{annotations}}}}}
spec: {{maxReplicas: 4, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}{behavior}}}"
    )
}

#[test]
fn v2beta2_carries_tolerances_in_annotations() {
    let up = "autoscaling.alpha.kubernetes.io/scale-up-tolerance: 50m";
    let manifest = read(&v2beta2(up, "")).unwrap();
    let behavior = manifest.object.spec.behavior.unwrap();
    assert_eq!(
        behavior.scale_up.unwrap().tolerance,
        Some("50m".parse().unwrap())
    );
    assert_eq!(behavior.scale_down.unwrap().tolerance, None);
    assert!(manifest.object.metadata.annotations.is_empty());

    let down = "autoscaling.alpha.kubernetes.io/scale-down-tolerance: little";
    let bad = [
        v2beta2(down, ""),
        v2beta2("", ", behavior: {scaleUp: {tolerance: 50m}}"),
    ];
    let texts = bad.map(|text| read(&text).unwrap_err().to_string());
    insta::assert_snapshot!(texts.join("\n"), @"
line 3, column 91: metadata.annotations[autoscaling.alpha.kubernetes.io/scale-down-tolerance]: `little` is no quantity: a number is expected at the start, such as 20, 500m or 16Gi
line 4, column 124: spec.behavior.scaleUp.tolerance: autoscaling/v2beta2 has no such field; write autoscaling/v2
");
}
