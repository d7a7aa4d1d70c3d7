//! Mistakes are named with their place.

use concertina_replicas::api::{OnMissing, ValidationOptions, read_all};

use super::read;

const METRIC: &str = "
  metrics:
  - type: Pods
    pods:
      metric: {name: m}
      target: {type: AverageValue, averageValue: 20}";

fn v2(spec: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\n\
         spec:\n  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}{spec}\n"
    )
}

fn error(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn texts_that_are_no_manifest() {
    let texts = [
        "",
        "kind: [",
        "kind: {}",
        "- 1",
        "apiVersion: apps/v1\nkind: Deployment\n",
        "apiVersion: autoscaling/v3\nkind: HorizontalPodAutoscaler\n",
        "kind: HorizontalPodAutoscaler\n",
        "spec: {}\n",
        "a: 1\n---\nb: 2\n",
    ];
    insta::assert_snapshot!(texts.map(error).join("\n"), @"
it is something without a kind, and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2, v2beta1 or v1)
line 1, column 7: kind: expected string scalar
line 1, column 7: kind: expected string scalar
line 1, column 1: expected mapping start
it is Deployment (apps/v1), and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2, v2beta1 or v1)
it is HorizontalPodAutoscaler (autoscaling/v3), and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2, v2beta1 or v1)
it is HorizontalPodAutoscaler without an apiVersion, and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2, v2beta1 or v1)
it is something without a kind, and a HorizontalPodAutoscaler is needed (apiVersion autoscaling/v2, v2beta2, v2beta1 or v1)
line 3, column 1: a second document begins here, and only one is read
");
    let large = "#".repeat((2 << 20) + 1);
    insta::assert_snapshot!(error(&large), @"2097153 bytes, and at most 2097152 are read");
}

#[test]
fn shapes_and_words() {
    let texts = [
        v2("\n  maxReplica: 10"),
        v2("\n  maxReplicas: ten"),
        v2("\n  maxReplicas: 10\n  maxReplicas: 11"),
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace(": 20", ": 20q"),
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("metric: {", "metric: {selecter: {}, "),
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("name: a}", "name: a, lables: {}}"),
        v2("\n  maxReplicas: 10\n  behavior: {scaleUp: {policies: [{type: Pods, value: 1}]}}"),
        v2("\n  maxReplicas: 10\n  targetCPUUtilizationPercentage: 60"),
        v2("\n  maxReplicas: 10").replace("/v2\n", "/v2beta1\n") + "  behavior: {}\n",
        v2("\n  maxReplicas: 10").replace("/v2\n", "/v1\n") + "  metrics: []\n",
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("/v2\n", "/v2beta1\n"),
        r#"{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "spec": {"maxReplicas": "10"}}"#
            .to_owned(),
    ];
    insta::assert_snapshot!(texts.map(|text| error(&text)).join("\n"), @r#"
line 6, column 3: spec.maxReplica: unknown field `maxReplica`, expected one of scaleTargetRef, minReplicas, maxReplicas, metrics, behavior
line 6, column 16: spec.maxReplicas: invalid i32
line 7, column 3: the key `maxReplicas` is there twice
line 11, column 50: spec.metrics[0].pods.target.averageValue: `20q` is no quantity: `q` (column 3) is no suffix; known are n u m k M G T P E, Ki Mi Gi Ti Pi Ei, and exponents such as e3
line 10, column 16: spec.metrics[0].pods.metric.selecter: unknown field `selecter`, expected one of name, selector
line 3, column 21: metadata.lables: unknown field `lables`, expected one of name, namespace, labels, annotations, uid, resourceVersion, generation, creationTimestamp, generateName, selfLink, deletionTimestamp, deletionGracePeriodSeconds, ownerReferences, finalizers, managedFields
line 7, column 48: spec.behavior.scaleUp.policies[0]: missing field `periodSeconds`
line 7, column 3: spec.targetCPUUtilizationPercentage: unknown field `targetCPUUtilizationPercentage`, expected one of scaleTargetRef, minReplicas, maxReplicas, metrics, behavior
line 7, column 3: spec.behavior: unknown field `behavior`, expected one of scaleTargetRef, minReplicas, maxReplicas, metrics
line 7, column 3: spec.metrics: unknown field `metrics`, expected one of scaleTargetRef, minReplicas, maxReplicas, targetCPUUtilizationPercentage
line 10, column 7: spec.metrics[0].pods.metric: unknown field `metric`, expected one of metricName, targetAverageValue, selector
line 2, column 40: spec.maxReplicas: invalid type: string "10", expected i32
"#);
}

#[test]
fn values_that_the_api_server_refuses() {
    let texts = [
        v2("\n  minReplicas: 3\n  maxReplicas: 2"),
        v2("\n  minReplicas: 0\n  maxReplicas: -2").replace("name: a", "name: A_"),
        v2("\n  maxReplicas: 10").replace("{name: a}", "{namespace: A b}"),
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("averageValue: 20", "value: 20"),
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("type: Pods", "type: Resource"),
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace(": 20", ": -20"),
        v2("\n  maxReplicas: 10\n  behavior:\n    scaleUp:\n      policies: []"),
        v2("\n  maxReplicas: 10\n  metrics:\n  - {type: Object, object: {metricName: r, averageValue: 1,\n      target: {kind: Service, name: s}}}")
            .replace("/v2\n", "/v2beta1\n"),
    ];
    insta::assert_snapshot!(texts.map(|text| error(&text)).join("\n"), @"
line 7, column 16: spec.maxReplicas: must not be below minReplicas, and 2 is below 3
line 3, column 18: metadata.name: `A_` is none; up to 253 lower-case letters, digits, `-` and `.` are, which begin and end with a letter or digit; line 6, column 16: spec.minReplicas: must be at least 1, and is 0; 0 needs the feature gate HPAScaleToZero; line 7, column 16: spec.maxReplicas: must be at least 1, and is -2; line 7, column 16: spec.maxReplicas: must not be below minReplicas, and -2 is below 0; line 5, column 3: spec.metrics: needs an Object or External metric when minReplicas is 0, because no pod could be measured
line 3, column 11: metadata.name: is required; line 3, column 23: metadata.namespace: `A b` is none; up to 63 lower-case letters, digits and `-` are, which begin and end with a letter or digit
line 11, column 15: spec.metrics[0].pods.target.averageValue: is required: the average over the pods that is aimed at
line 10, column 7: spec.metrics[0].pods: must not be set for type Resource; line 8, column 5: spec.metrics[0].resource: is required for type Resource
line 11, column 50: spec.metrics[0].pods.target.averageValue: must be positive, and is -20
line 9, column 17: spec.behavior.scaleUp.policies: at least one policy is required
line 9, column 15: spec.metrics[0].object.target.value: must be positive, and is 0
");
}

#[test]
fn zero_replicas_need_their_gate() {
    let queue = METRIC
        .replace("Pods", "External")
        .replace("pods:", "external:");
    let text = v2(&format!("\n  minReplicas: 0\n  maxReplicas: 10{queue}"));
    insta::assert_snapshot!(error(&text), @"line 6, column 16: spec.minReplicas: must be at least 1, and is 0; 0 needs the feature gate HPAScaleToZero");
    let scale_to_zero = ValidationOptions {
        scale_to_zero: true,
    };
    let manifest = concertina_replicas::api::read(&text, scale_to_zero).unwrap();
    assert_eq!(manifest.object.spec.min_replicas, Some(0));
}

#[test]
fn safety_is_read_from_its_annotation() {
    let annotated = |safety: &str| {
        let annotation = format!("{{name: a, annotations: {{concertina/safety: '{safety}'}}}}");
        v2(&format!("\n  maxReplicas: 10{METRIC}")).replace("{name: a}", &annotation)
    };
    let manifest = read(&annotated("onMissing: {type: Hold}")).unwrap();
    assert_eq!(manifest.safety.on_missing, OnMissing::Hold);
    let errors = [
        "onMissing: Hold",
        "onMissing: {type: Holds}",
        "onMissing: {type: Replicas, replicas: 40}",
        "maxChanges: {}",
    ];
    insta::assert_snapshot!(errors.map(|text| error(&annotated(text))).join("\n"), @"
line 3, column 54: metadata.annotations[concertina/safety]: line 1, column 12: onMissing: expected mapping start
line 3, column 54: metadata.annotations[concertina/safety]: line 1, column 12: onMissing: onMissing.type: `Holds` is none; write Kubernetes, Hold, Replicas or LastGood
safety.onMissing.replicas: must be from minReplicas to maxReplicas (1 to 10), and is 40
line 3, column 54: metadata.annotations[concertina/safety]: line 1, column 1: maxChanges: unknown field `maxChanges`, expected one of onMissing, readiness, maxChange, activation
");
}

#[test]
fn all_of_a_file() {
    let good = v2("\n  maxReplicas: 10");
    let bad = v2("\n  maxReplicas: 0");
    let text = format!(
        "# a file\n---\n{good}---\napiVersion: apps/v1\nkind: Deployment\n--- # the next\n{bad}...\n---\n"
    );
    let read: Vec<String> = read_all(&text, ValidationOptions::default())
        .into_iter()
        .map(|read| match read {
            Ok(manifest) => format!("{} {}", manifest.version, manifest.object.metadata.name),
            Err(error) => error.to_string(),
        })
        .collect();
    insta::assert_snapshot!(read.join("\n"), @"
autoscaling/v2 a
line 18, column 16: spec.maxReplicas: must be at least 1, and is 0; line 18, column 16: spec.maxReplicas: must not be below minReplicas, and 0 is below 1
");
}
