//! What errors say: what is wrong, where, and what to do.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use concertina_model::Timestamp;
use concertina_replicas::api::{
    ContainerResourceMetricSource, CrossVersionObjectReference, ExternalMetricSource,
    MetricIdentifier, MetricSpec, MetricTarget, ObjectMetricSource, ResourceMetricSource,
};
use concertina_replicas::calculation::Calculator;
use concertina_replicas::observation::{Container, Ready, Requests};
use concertina_replicas::{
    History, Observation, Options, Pod, PodSample, PodSamples, Policy, Reading, reconcile,
};
use support::{observation, policy, scale};

fn pod(requests: &[(&str, i64)], own: &[(&str, i64)]) -> Pod {
    let requested = |list: &[(&str, i64)]| Requests::from_iter(list.iter().copied());
    Pod {
        name: "bert".to_owned(),
        started: Some(Timestamp::from_millis(-9_000_000)),
        ready: Some(Ready::yes(Timestamp::from_millis(-8_000_000))),
        containers: vec![Container {
            name: "server".to_owned(),
            requests: requested(requests),
            ..Container::default()
        }],
        requests: requested(own),
        ..Pod::default()
    }
}

#[test]
fn of_calculations() {
    let options = Options::default();
    let of = |pods: &[Pod]| -> Vec<String> {
        let samples = PodSamples::from_iter([PodSample::new("bert", 100)]);
        let none = PodSamples::default();
        let calculator = Calculator {
            current_replicas: 1,
            ..Calculator::new(&options, pods, Timestamp::EPOCH)
        };
        let errors = [
            calculator.pods_average_value(&samples, 1),
            calculator.pods_average_value(&none, 1),
            calculator.resource_utilization("cpu", None, &samples, 50),
            calculator.resource_utilization("cpu", Some("sidecar"), &samples, 50),
            calculator.object_value(5, 1),
            calculator.object_value(0, 0),
            calculator.external_average_value(&[], 0),
        ];
        let errors = errors.into_iter().filter_map(Result::err);
        errors.map(|error| error.to_string()).collect()
    };
    let mut found = of(&[]);
    for pods in [
        pod(&[("cpu", 100)], &[]),
        pod(&[], &[]),
        pod(&[], &[("memory", 1)]),
        pod(&[("cpu", 0)], &[]),
    ] {
        found.extend(of(&[pods]));
    }
    let mut told = BTreeSet::new();
    found.retain(|error| told.insert(error.clone()));
    insta::assert_snapshot!(found.join("\n"), @"
no pods returned by selector while calculating replica count
unable to calculate ready pods: no pods returned by selector while calculating replica count
value and target are both 0, which is no ratio; give a positive target
did not receive metrics for targeted pods (pods might be unready)
container sidecar not found in Pod bert
missing request for cpu in container server of Pod bert
missing pod-level request for cpu in Pod bert
no metrics returned matched known pods
");
}

/// One look at one metric: condition, events and error.
fn told(policy: &Policy, seen: &Observation) -> String {
    let (decision, _) = reconcile(
        policy,
        &Options::default(),
        History::default(),
        seen,
        Timestamp::EPOCH,
    );
    let mut lines = Vec::new();
    for condition in &decision.status.conditions {
        let (kind, reason) = (condition.kind.as_str(), &condition.reason);
        lines.push(format!("  {kind} {reason}: {}", condition.message));
    }
    for event in &decision.events {
        lines.push(format!(
            "  {} {}: {}",
            event.kind.as_str(),
            event.reason,
            event.message
        ));
    }
    let error = decision.error.map(|error| error.to_string());
    format!("{}\n{}", error.unwrap_or_default(), lines.join("\n"))
}

#[test]
fn of_metrics() {
    let percent = MetricTarget::utilization(50);
    let queue = MetricIdentifier {
        name: "queue".to_owned(),
        selector: Some(serde_json::from_str(r#"{"matchLabels": {"q": "a"}}"#).unwrap()),
    };
    let target = MetricTarget::value("1".parse().unwrap());
    let metrics = [
        policy(1, 1, 5).spec.metrics.remove(0),
        MetricSpec::resource(ResourceMetricSource {
            name: "cpu".to_owned(),
            target: percent.clone(),
        }),
        MetricSpec::container_resource(ContainerResourceMetricSource {
            name: "cpu".to_owned(),
            container: "server".to_owned(),
            target: percent.clone(),
        }),
        MetricSpec::object(ObjectMetricSource {
            described_object: CrossVersionObjectReference {
                kind: "Ingress".to_owned(),
                name: "main".to_owned(),
                ..CrossVersionObjectReference::default()
            },
            target: target.clone(),
            metric: MetricIdentifier::named("rps"),
        }),
        MetricSpec::external(ExternalMetricSource {
            metric: queue,
            target,
        }),
        // What validation refuses.
        MetricSpec::external(ExternalMetricSource {
            metric: MetricIdentifier::named("queue"),
            target: percent,
        }),
    ];
    let told = metrics.map(|metric| {
        let mut policy = policy(1, 1, 5);
        policy.spec.metrics = vec![metric];
        let seen = Observation {
            metrics: vec![Err("timeout".to_owned())],
            ..observation(1, &[None], 0)
        };
        told(&policy, &seen)
    });
    insta::assert_snapshot!(told.join("\n\n"), @"
failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get metric util: timeout
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric util: timeout
  Warning FailedGetPodsMetric: unable to get metric util: timeout
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get metric util: timeout

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: timeout
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetResourceMetric: the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: timeout
  Warning FailedGetResourceMetric: failed to get cpu utilization: unable to get metrics for resource cpu: timeout
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: timeout

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get server container metric value: failed to get cpu utilization: unable to get metrics for resource cpu: timeout
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetContainerResourceMetric: the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: timeout
  Warning FailedGetContainerResourceMetric: failed to get cpu utilization: unable to get metrics for resource cpu: timeout
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get server container metric value: failed to get cpu utilization: unable to get metrics for resource cpu: timeout

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get object metric value: unable to get metric rps on Ingress default/main: timeout
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetObjectMetric: the HPA was unable to compute the replica count: unable to get metric rps on Ingress default/main: timeout
  Warning FailedGetObjectMetric: unable to get metric rps on Ingress default/main: timeout
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get object metric value: unable to get metric rps on Ingress default/main: timeout

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: failed to get queue external metric: unable to get external metric default/queue/q=a: timeout
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetExternalMetric: the HPA was unable to compute the replica count: failed to get queue external metric: unable to get external metric default/queue/q=a: timeout
  Warning FailedGetExternalMetric: failed to get queue external metric: unable to get external metric default/queue/q=a: timeout
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: failed to get queue external metric: unable to get external metric default/queue/q=a: timeout

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: invalid external metric source: neither a value target nor an average value target was set
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetExternalMetric: the HPA was unable to compute the replica count: invalid external metric source: neither a value target nor an average value target was set
  Warning FailedGetExternalMetric: invalid external metric source: neither a value target nor an average value target was set
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: invalid external metric source: neither a value target nor an average value target was set
");
}

#[test]
fn of_looks() {
    let policy = policy(1, 1, 5);
    let good = observation(1, &[Some(1)], 0);
    let mut without_selector = scale(1);
    without_selector.selector.clear();
    let mut odd_selector = scale(1);
    odd_selector.selector = "app in".to_owned();
    let seen = [
        Observation {
            scale: Err("deployments.apps \"bert\" not found".to_owned()),
            ..good.clone()
        },
        Observation {
            scale: Ok(without_selector),
            ..good.clone()
        },
        Observation {
            scale: Ok(odd_selector),
            ..good.clone()
        },
        Observation {
            pods: Err("timeout".to_owned()),
            ..good.clone()
        },
        Observation {
            metrics: Vec::new(),
            ..good.clone()
        },
        Observation {
            metrics: vec![Ok(Reading::Object(1))],
            ..good
        },
    ];
    let told = seen.map(|seen| told(&policy, &seen));
    insta::assert_snapshot!(told.join("\n\n"), @r#"
failed to query scale subresource for Deployment/default/bert: deployments.apps "bert" not found
  AbleToScale FailedGetScale: the HPA controller was unable to get the target's current scale: deployments.apps "bert" not found
  Warning FailedGetScale: deployments.apps "bert" not found

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: selector is required
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive InvalidSelector: the HPA target's scale is missing a selector
  Warning SelectorRequired: selector is required
  Warning FailedComputeMetricsReplicas: selector is required

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: couldn't convert selector into a corresponding internal selector object: column 7: found the end, expected `(`
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive InvalidSelector: couldn't convert selector into a corresponding internal selector object: column 7: found the end, expected `(`
  Warning InvalidSelector: couldn't convert selector into a corresponding internal selector object: column 7: found the end, expected `(`
  Warning FailedComputeMetricsReplicas: couldn't convert selector into a corresponding internal selector object: column 7: found the end, expected `(`

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get pods while calculating replica count: timeout
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get pods while calculating replica count: timeout
  Warning FailedGetPodsMetric: unable to get pods while calculating replica count: timeout
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get pods while calculating replica count: timeout

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get metric util: it was not read
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric util: it was not read
  Warning FailedGetPodsMetric: unable to get metric util: it was not read
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get metric util: it was not read

failed to compute desired number of replicas based on listed metrics for Deployment/default/bert: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get metric util: the reading holds no samples of pods
  AbleToScale SucceededGetScale: the HPA controller was able to get the target's current scale
  ScalingActive FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric util: the reading holds no samples of pods
  Warning FailedGetPodsMetric: unable to get metric util: the reading holds no samples of pods
  Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: unable to get metric util: the reading holds no samples of pods
"#);
}

#[test]
fn of_writes() {
    let policy = policy(1, 1, 5);
    let seen = observation(1, &[Some(4)], 0);
    let (decision, history) = reconcile(
        &policy,
        &Options::default(),
        History::default(),
        &seen,
        Timestamp::EPOCH,
    );
    let (mut refused, mut after) = (decision.clone(), history.clone());
    refused.scale_refused(&mut after, "conflict");
    let (mut unsaved, mut after) = (decision, history);
    unsaved.status_refused(&mut after, "conflict");
    let texts = [refused, unsaved].map(|decision| {
        let last = decision.events.last().map(|event| event.message.clone());
        let error = decision.error.map(|error| error.to_string());
        format!(
            "{}\n  {}",
            error.unwrap_or_default(),
            last.unwrap_or_default()
        )
    });
    insta::assert_snapshot!(texts.join("\n"), @"
failed to rescale Deployment/default/bert: conflict
  New size: 4; reason: pods metric util above target; error: conflict
failed to update status for gpu-hpa: conflict
  conflict
");
}
