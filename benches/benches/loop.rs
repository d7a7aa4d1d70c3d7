//! The stages of the loop: a query over many series, a relist, a request, a decision.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros; a bench may stop"
)]

use std::hint::black_box;
use std::sync::Arc;

use concertina_mapping::{Catalogue, ListedSeries, MetricRequest, ResourceTable};
use concertina_model::{Format, GroupResource, LabelSelector, Labels, Quantity, Sample, Timestamp};
use concertina_replicas::api::{
    HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec, MetricTarget, PodsMetricSource,
};
use concertina_replicas::{
    History, Observation, Options, Pod, PodSample, Policy, Reading, Scale, reconcile,
};
use concertina_rules::{RuleFile, compile};
use concertina_tsdb::{EvalOptions, Store, StoreOptions, evaluate};
use criterion::{Criterion, criterion_group, criterion_main};

const RULES: &str = include_str!("../../examples/bert-intent-detection/rules.yaml");
const METRIC: &str = "DCGM_CUSTOM_PROCESS_SM_UTIL";

fn labels(pod: usize) -> Labels {
    Labels::from_pairs([
        ("__name__", METRIC.to_owned()),
        ("ContainerName", "bert-container".to_owned()),
        ("NamespaceName", "default".to_owned()),
        ("NodeName", format!("node-{}", pod / 8)),
        (
            "PodName",
            format!("bert-intent-detection-7b486f6bf-{pod:05}"),
        ),
        ("UUID", format!("GPU-{pod:08x}")),
        ("gpu", (pod % 8).to_string()),
        ("modelName", "Tesla V100-SXM2-16GB".to_owned()),
    ])
}

/// `pods` series, an hour of samples every 15 s.
fn store(pods: usize) -> (Store, Timestamp) {
    let mut store = Store::new(StoreOptions::default());
    for pod in 0..pods {
        let labels = labels(pod);
        for tick in 0..240_i32 {
            let sample = Sample {
                timestamp: Timestamp::from_millis(i64::from(tick) * 15_000),
                value: f64::from(tick % 100),
            };
            store.append(&labels, sample).expect("samples are in order");
        }
    }
    (store, Timestamp::from_millis(239 * 15_000))
}

fn evaluation(c: &mut Criterion) {
    let (store, now) = store(1000);
    let snapshot = store.snapshot();
    for query in [
        "avg(DCGM_CUSTOM_PROCESS_SM_UTIL{NamespaceName=\"default\"}) by (PodName)",
        "sum by (NodeName) (avg_over_time(DCGM_CUSTOM_PROCESS_SM_UTIL[5m]))",
    ] {
        let expr = concertina_promql::parse(query).expect("the query is right");
        c.bench_function(&format!("evaluate 1000 series/{query}"), |b| {
            b.iter(|| evaluate(&snapshot, black_box(&expr), now, &EvalOptions::default()));
        });
    }
}

fn catalogue(pods: usize) -> (Catalogue, Arc<[ListedSeries]>) {
    let file = RuleFile::parse(RULES).expect("the rules are right");
    let rules = compile(&file.rules).into_iter().flatten().map(Arc::new);
    let series = (0..pods).map(|pod| ListedSeries::from(&labels(pod)));
    (Catalogue::new(rules), series.collect())
}

fn mapping(c: &mut Criterion) {
    let table = ResourceTable::builtin();
    let (empty, series) = catalogue(10_000);
    let relist = || empty.relist(|_| Ok(Arc::clone(&series)), &table, Timestamp::EPOCH);
    c.bench_function("relist 5 rules of 10000 series", |b| b.iter(relist));
    let full = relist();
    for count in [1, 100, 1000] {
        let names: Vec<String> = (0..count).map(|pod| format!("bert-{pod:05}")).collect();
        let request = MetricRequest {
            resource: &GroupResource::core("pods"),
            namespace: Some("default"),
            names: &names,
            metric: METRIC,
            selector: &LabelSelector::everything(),
        };
        c.bench_function(&format!("plan a query for {count} pods"), |b| {
            b.iter(|| full.plan(black_box(&request), &table));
        });
    }
}

fn decisions(c: &mut Criterion) {
    let policy = Policy {
        namespace: "default".to_owned(),
        name: "gpu-hpa".to_owned(),
        spec: HorizontalPodAutoscalerSpec {
            max_replicas: 2000,
            metrics: vec![MetricSpec::pods(PodsMetricSource {
                metric: MetricIdentifier::named(METRIC),
                target: MetricTarget::average_value(Quantity::from_integer(20, Format::DecimalSI)),
            })],
            ..HorizontalPodAutoscalerSpec::default()
        }
        .defaulted(),
        ..Policy::default()
    };
    for count in [10, 100, 1000_i32] {
        let name = |pod: i32| format!("bert-intent-detection-7b486f6bf-{pod:05}");
        let pods = (0..count).map(|pod| Pod {
            name: name(pod),
            ..Pod::default()
        });
        let samples = (0..count).map(|pod| PodSample::new(name(pod), i64::from(pod % 50) * 1000));
        let observation = Observation {
            scale: Ok(Scale {
                spec_replicas: count,
                status_replicas: count,
                selector: "app=bert".to_owned(),
            }),
            pods: Ok(pods.collect()),
            metrics: vec![Ok(Reading::Pods(samples.collect()))],
            activation: None,
        };
        let options = Options::default();
        c.bench_function(&format!("decide for {count} pods"), |b| {
            b.iter(|| {
                reconcile(
                    &policy,
                    &options,
                    History::default(),
                    black_box(&observation),
                    Timestamp::EPOCH,
                )
            });
        });
    }
}

criterion_group!(benches, evaluation, mapping, decisions);
criterion_main!(benches);
