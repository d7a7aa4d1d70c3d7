//! Policies and observations for tests.
#![allow(dead_code, reason = "each test uses a part of it")]

use concertina_model::{Format, Quantity};
use concertina_replicas::api::{
    CrossVersionObjectReference, HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec,
    MetricTarget, PodsMetricSource,
};
use concertina_replicas::{Observation, Pod, PodPhase, PodSample, Policy, Reading, Scale};

/// A policy on one Pods metric.
pub(crate) fn policy(target_milli: i64, min: i32, max: i32) -> Policy {
    let target = Quantity::from_milli(target_milli, Format::DecimalSI);
    Policy {
        namespace: "default".to_owned(),
        name: "gpu-hpa".to_owned(),
        spec: HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                name: "bert".to_owned(),
            },
            min_replicas: Some(min),
            max_replicas: max,
            metrics: vec![MetricSpec::pods(PodsMetricSource {
                metric: MetricIdentifier::named("util"),
                target: MetricTarget::average_value(target),
            })],
            ..HorizontalPodAutoscalerSpec::default()
        },
        ..Policy::default()
    }
}

pub(crate) fn scale(replicas: i32) -> Scale {
    Scale {
        spec_replicas: replicas,
        status_replicas: replicas,
        selector: "app=bert".to_owned(),
    }
}

/// Pods with a sample, without one, and not yet started.
pub(crate) fn observation(current: i32, samples: &[Option<i64>], pending: usize) -> Observation {
    let name = |index: usize| format!("pod-{index}");
    let running = samples.iter().enumerate().map(|(index, _)| Pod {
        name: name(index),
        ..Pod::default()
    });
    let waiting = (0..pending).map(|index| Pod {
        name: format!("pending-{index}"),
        phase: PodPhase::Pending,
        ..Pod::default()
    });
    let values = samples
        .iter()
        .enumerate()
        .filter_map(|(index, milli)| Some(PodSample::new(name(index), (*milli)?)));
    Observation {
        scale: Ok(scale(current)),
        pods: Ok(running.chain(waiting).collect()),
        metrics: vec![Ok(Reading::Pods(values.collect()))],
        activation: None,
    }
}
