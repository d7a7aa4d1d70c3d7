//! The HPA's decisions: one metric to a count for 10, 100 and 1000 pods, and the limits after it.
//!
//! `clean`: every pod is ready and has a sample. `mixed`: of 20 pods one is pending, one failed, one
//! terminating, and two have no sample. Each is measured from samples as a client lists them
//! (`listed`: ordering and joining included), from samples that are in the order of their pods'
//! names (`ordered`: joining included), and from both pods and samples in no order, as a hash map
//! gives them (`shuffled`: ordering and joining included). The explanation is made in every case, its text is not.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::hint::black_box;

use concertina_model::Timestamp;
use concertina_replicas::api::HorizontalPodAutoscalerBehavior;
use concertina_replicas::calculation::{CalculationError, Calculator, Proposal};
use concertina_replicas::limits::Limits;
use concertina_replicas::observation::{Container, Ready};
use concertina_replicas::{
    History, Options, Pod, PodPhase, PodSample, PodSamples, Recommendation, ScaleEvent,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const SIZES: [usize; 3] = [10, 100, 1000];

fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_millis(-seconds * 1000)
}

fn pod(index: usize, mixed: bool) -> Pod {
    let container = |name: &str, cpu: i64| Container {
        name: name.to_owned(),
        requests: [("cpu", cpu)].into_iter().collect(),
        restart_always: false,
    };
    let mut pod = Pod {
        name: format!("web-7d4b9c6f5-{index:05}"),
        started: Some(ago(3600)),
        ready: Some(Ready::yes(ago(3590))),
        containers: vec![container("app", 250), container("side", 50)],
        ..Pod::default()
    };
    match index % 20 {
        0 if mixed => pod.phase = PodPhase::Pending,
        5 if mixed => pod.phase = PodPhase::Failed,
        10 if mixed => pod.deleted = true,
        _ => {}
    }
    pod
}

fn samples(pods: &[Pod], mixed: bool, highest: usize) -> Vec<PodSample> {
    let with_sample = |index: &usize| !mixed || !matches!(index % 20, 3 | 13);
    let of_pod = |(index, pod): (usize, &Pod)| {
        let milli = i64::try_from(1 + index * 7919 % highest).unwrap();
        with_sample(&index).then(|| PodSample {
            timestamp: ago(15),
            ..PodSample::new(pod.name.as_str(), milli)
        })
    };
    pods.iter().enumerate().filter_map(of_pod).collect()
}

/// In an order that is the same in every run.
fn shuffle<T>(items: &mut [T], seed: usize) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) % (last + 1));
    }
}

type Propose = fn(&Calculator<'_>, &PodSamples) -> Result<Proposal, CalculationError>;

fn metrics(criterion: &mut Criterion) {
    let kinds: [(&str, usize, Propose); 2] = [
        ("pods_average_value", 240_000, |calculator, samples| {
            calculator.pods_average_value(samples, 100_000)
        }),
        ("resource_utilization", 480, |calculator, samples| {
            calculator.resource_utilization("cpu", None, samples, 60)
        }),
    ];
    let options = Options::default();
    for (kind, highest, propose) in kinds {
        for (shape, mixed) in [("clean", false), ("mixed", true)] {
            for size in SIZES {
                let pods: Vec<Pod> = (0..size).map(|index| pod(index, mixed)).collect();
                let replicas = i32::try_from(size).unwrap();
                let calculator = Calculator {
                    current_replicas: replicas,
                    status_replicas: replicas,
                    ..Calculator::new(&options, &pods, Timestamp::EPOCH)
                };
                let listed = samples(&pods, mixed, highest);
                let ordered: PodSamples = listed.iter().cloned().collect();
                let name = format!("replicas/{kind}/{shape}/{size}");
                criterion.bench_function(&format!("{name}/ordered"), |bench| {
                    bench.iter(|| propose(black_box(&calculator), black_box(&ordered)).unwrap());
                });
                let (mut pods, mut mixed_up) = (pods.clone(), listed.clone());
                shuffle(&mut pods, 1);
                shuffle(&mut mixed_up, 2);
                let shuffled = Calculator {
                    pods: &pods,
                    ..calculator
                };
                let both = [
                    ("listed", calculator, listed),
                    ("shuffled", shuffled, mixed_up),
                ];
                for (order, calculator, samples) in both {
                    criterion.bench_function(&format!("{name}/{order}"), |bench| {
                        // The samples are dropped outside of what is measured, and so few are made at
                        // once that they are still in the cache, as those that just were read.
                        let few = u64::try_from(1_000 / size).unwrap();
                        bench.iter_batched(
                            || samples.clone(),
                            |samples| {
                                let samples: PodSamples = samples.into_iter().collect();
                                black_box(propose(&calculator, &samples).unwrap());
                                samples
                            },
                            BatchSize::NumIterations(few),
                        );
                    });
                }
            }
        }
    }
}

/// 20 recommendations, none of them too old, and 4 scale events in each direction.
fn history() -> History {
    let recommendations = (0..20_i32).map(|index| Recommendation {
        replicas: 40 + index % 7,
        at: ago(i64::from(index) * 10 + 5),
    });
    let event = |index: i32| ScaleEvent {
        change: 1 + index,
        at: ago(i64::from(index) * 12 + 3),
        outdated: false,
    };
    History {
        recommendations: Some(recommendations.collect()),
        scale_up_events: (0..4).map(event).collect(),
        scale_down_events: (0..4).map(event).collect(),
        ..History::default()
    }
}

fn limits(criterion: &mut Criterion) {
    let options = Options::default();
    let behavior: HorizontalPodAutoscalerBehavior = serde_json::from_str(
        r#"{"scaleUp": {"stabilizationWindowSeconds": 60, "selectPolicy": "Max", "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": 60},
                {"type": "Percent", "value": 100, "periodSeconds": 60}]},
            "scaleDown": {"stabilizationWindowSeconds": 300, "selectPolicy": "Min", "policies": [
                {"type": "Pods", "value": 5, "periodSeconds": 60},
                {"type": "Percent", "value": 10, "periodSeconds": 120}]}}"#,
    )
    .unwrap();
    for (name, behavior) in [("plain", None), ("behavior", Some(&behavior))] {
        let limits = Limits {
            behavior,
            min_replicas: 1,
            max_replicas: 1000,
            ..Limits::new(&options, Timestamp::EPOCH)
        };
        let before = history();
        criterion.bench_function(&format!("replicas/normalize/{name}"), |bench| {
            bench.iter_batched(
                || before.clone(),
                |mut history| (limits.normalize(&mut history, 45, black_box(80)), history),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, metrics, limits);
criterion_main!(benches);
