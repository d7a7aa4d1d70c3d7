//! What the API server refuses is refused with the path of the field.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_replicas::api::{HorizontalPodAutoscalerSpec, ValidationOptions};
use serde_json::{Value, json};

fn findings(spec: Value, options: ValidationOptions) -> String {
    let spec: HorizontalPodAutoscalerSpec = serde_json::from_value(spec).unwrap();
    let found = spec.defaulted().validate(options);
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

fn spec(change: Value) -> Value {
    let mut spec = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "bert"},
        "maxReplicas": 10,
    });
    let fields = spec.as_object_mut().unwrap();
    fields.extend(change.as_object().unwrap().clone());
    spec
}

#[test]
fn what_is_right_passes() {
    let object = json!({"type": "Object", "object": {
        "describedObject": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "in"},
        "metric": {"name": "rps", "selector": {"matchLabels": {"verb": "GET"}}},
        "target": {"type": "Value", "value": "2k", "averageValue": "1"},
    }});
    let up = json!({"tolerance": "0", "stabilizationWindowSeconds": 3600,
        "selectPolicy": "Disabled", "policies": [{"type": "Pods", "value": 1, "periodSeconds": 1800}]});
    for right in [
        json!({}),
        json!({"minReplicas": 10, "metrics": null, "behavior": {}}),
        json!({"metrics": [object], "behavior": {"scaleUp": up}}),
    ] {
        assert_eq!(findings(spec(right), ValidationOptions::default()), "");
    }
    let zero = json!({"minReplicas": 0, "metrics": [{"type": "External", "external": {
        "metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}}}]});
    assert_eq!(
        findings(
            spec(zero),
            ValidationOptions {
                scale_to_zero: true
            }
        ),
        ""
    );
}

#[test]
fn numbers_and_references() {
    let cases = [
        spec(json!({"minReplicas": 0})),
        spec(json!({"minReplicas": -1, "maxReplicas": -2})),
        spec(json!({"scaleTargetRef": {}})),
        spec(json!({"scaleTargetRef": {"apiVersion": "apps/", "kind": "a/b", "name": ".."}})),
        spec(json!({"scaleTargetRef": {"apiVersion": "v1", "kind": "Deployment", "name": "a"}})),
        spec(json!({"scaleTargetRef": {"kind": "ReplicationController", "name": "a"}})),
    ];
    let found = cases.map(|case| findings(case, ValidationOptions::default()));
    insta::assert_snapshot!(found.join("\n"), @r#"
spec.minReplicas: must be at least 1, and is 0; 0 needs the feature gate HPAScaleToZero
spec.metrics: needs an Object or External metric when minReplicas is 0, because no pod could be measured
spec.minReplicas: must be at least 1, and is -1
spec.maxReplicas: must be at least 1, and is -2
spec.maxReplicas: must not be below minReplicas, and -2 is below -1
spec.scaleTargetRef.kind: is required
spec.scaleTargetRef.name: is required
spec.scaleTargetRef.apiVersion: needs the API group of the kind, such as apps/v1 for a Deployment
spec.scaleTargetRef.kind: `a/b` must not be `.` or `..`, nor contain `/` or `%`
spec.scaleTargetRef.name: `..` must not be `.` or `..`, nor contain `/` or `%`
spec.scaleTargetRef.apiVersion: `apps/` is none; write GROUP/VERSION such as apps/v1, or v1
spec.scaleTargetRef.apiVersion: needs the API group of the kind, such as apps/v1 for a Deployment
"#);
    let zero = ValidationOptions {
        scale_to_zero: true,
    };
    insta::assert_snapshot!(findings(spec(json!({"minReplicas": 0})), zero), @r#"spec.metrics: needs an Object or External metric when minReplicas is 0, because no pod could be measured"#);
}

#[test]
fn metrics() {
    let target = json!({"type": "AverageValue", "averageValue": "1"});
    let metrics = json!([
        {"type": "Cheddar"},
        {"type": "Pods", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 1}}},
        {"type": "Pods", "pods": {"metric": {}, "target": {"type": "Utilization", "averageUtilization": 0}}},
        {"type": "Resource", "resource": {"target": {}}},
        {"type": "ContainerResource", "containerResource":
            {"name": "cpu", "target": {"type": "Much", "averageUtilization": 5, "averageValue": "-1"}}},
        {"type": "ContainerResource", "containerResource":
            {"name": "gpu", "container": "A", "target": {"type": "Utilization", "averageUtilization": 5}}},
        {"type": "External", "external":
            {"metric": {"name": "a%b"}, "target": {"type": "Value", "value": "0", "averageValue": "1"}}},
        {"type": "Object", "object":
            {"describedObject": {"name": "x"}, "metric": {"name": "m"}, "target": {"type": "Value"}},
         "pods": {"metric": {"name": "m"}, "target": target}},
    ]);
    let found = findings(
        spec(json!({"metrics": metrics})),
        ValidationOptions::default(),
    );
    insta::assert_snapshot!(found, @r#"
spec.metrics[0].type: `Cheddar` is no type of metric; write Object, Pods, Resource, ContainerResource or External
spec.metrics[1].pods: is required for type Pods
spec.metrics[1].resource: must not be set for type Pods
spec.metrics[2].pods.metric.name: is required
spec.metrics[2].pods.target.averageUtilization: must be at least 1 (percent), and is 0
spec.metrics[2].pods.target.averageValue: is required: the average over the pods that is aimed at
spec.metrics[3].resource.name: is required
spec.metrics[3].resource.target.type: is required: Utilization, Value or AverageValue
spec.metrics[3].resource.target.averageUtilization: is required, or averageValue: what is aimed at
spec.metrics[4].containerResource.container: is required
spec.metrics[4].containerResource.target.type: `Much` is none; write Utilization, Value or AverageValue
spec.metrics[4].containerResource.target.averageValue: must be positive, and is -1
spec.metrics[4].containerResource.target.averageValue: must not be set beside averageUtilization
spec.metrics[5].containerResource.name: `gpu` is no resource of containers; write cpu, memory, ephemeral-storage, hugepages-SIZE or DOMAIN/NAME
spec.metrics[5].containerResource.container: `A` is none; up to 63 lower-case letters, digits and `-` are, which begin and end with a letter or digit
spec.metrics[6].external.metric.name: `a%b` must not be `.` or `..`, nor contain `/` or `%`
spec.metrics[6].external.target.value: must be positive, and is 0
spec.metrics[6].external.target.value: must not be set beside averageValue
spec.metrics[7].pods: must not be set for type Object
spec.metrics[7].object.describedObject.kind: is required
spec.metrics[7].object.target.averageValue: is required, or value: what is aimed at
"#);
}

#[test]
fn behavior() {
    let behavior = json!({
        "scaleUp": {"stabilizationWindowSeconds": 3601, "selectPolicy": "Most", "policies": [],
            "tolerance": "-0.1"},
        "scaleDown": {"stabilizationWindowSeconds": -1, "policies": [
            {"type": "Nodes", "value": 0, "periodSeconds": 0},
            {"type": "Percent", "value": 1, "periodSeconds": 1801},
        ]},
    });
    let found = findings(
        spec(json!({"behavior": behavior})),
        ValidationOptions::default(),
    );
    insta::assert_snapshot!(found, @r#"
spec.behavior.scaleUp.stabilizationWindowSeconds: must be from 0 to 3600, and is 3601
spec.behavior.scaleUp.selectPolicy: `Most` is none; write Max, Min or Disabled
spec.behavior.scaleUp.policies: at least one policy is required
spec.behavior.scaleUp.tolerance: must not be negative, and is -100m
spec.behavior.scaleDown.stabilizationWindowSeconds: must be from 0 to 3600, and is -1
spec.behavior.scaleDown.policies[0].type: `Nodes` is no type of policy; write Pods or Percent
spec.behavior.scaleDown.policies[0].value: must be positive, and is 0
spec.behavior.scaleDown.policies[0].periodSeconds: must be from 1 to 1800, and is 0
spec.behavior.scaleDown.policies[1].periodSeconds: must be from 1 to 1800, and is 1801
"#);
}
