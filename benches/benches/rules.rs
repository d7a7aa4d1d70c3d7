//! Rules over the series of a GPU cluster: decoding Prometheus' list, building the catalogue,
//! making queries. The peer is prometheus-adapter 0.12, whose figures docs/performance.md has.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros; a bench may stop"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use concertina_benches::gpu_series::{Style, json, labels};
use concertina_mapping::{Catalogue, ListedSeries, MetricRequest, ResourceTable};
use concertina_model::{GroupResource, LabelSelector, METRIC_NAME, Timestamp};
use concertina_rules::{RuleFile, compile};
use concertina_sources::prometheus::SeriesDecoder;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const COUNTS: [usize; 3] = [1_000, 10_000, 100_000];

/// Three labels, each mapped by hand.
const OVERRIDES: &str = r#"
- seriesQuery: '{__name__=~"DCGM_.*"}'
  resources:
    overrides:
      NodeName: {resource: node}
      NamespaceName: {resource: namespace}
      PodName: {resource: pod}
  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
"#;

/// Every label is asked whether it names a resource.
const TEMPLATE: &str = r#"
- seriesQuery: '{__name__=~"DCGM_.*"}'
  seriesFilters: [{isNot: .*_total$}]
  resources: {template: <<.Resource>>}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
"#;

fn catalogue(rules: &str) -> Catalogue {
    let file = RuleFile::parse(rules).expect("the rules are right");
    let rules = compile(&file.rules);
    Catalogue::new(
        rules
            .into_iter()
            .map(|rule| Arc::new(rule.expect("as is the rule"))),
    )
}

/// One element for each series, as of a caller who has not counted them.
fn listing(style: Style, count: usize) -> Arc<[ListedSeries]> {
    let one = |index| {
        let labels = labels(style, index);
        let name = labels.iter().find(|(name, _)| *name == METRIC_NAME);
        let name = name.map(|(_, value)| value.clone()).unwrap_or_default();
        let names = labels.into_iter().map(|(name, _)| name);
        ListedSeries::new(name, names.filter(|name| *name != METRIC_NAME))
    };
    (0..count).map(one).collect()
}

fn body(style: Style, count: usize) -> String {
    format!(r#"{{"status":"success","data":{}}}"#, json(style, count))
}

/// What the adapter makes of Prometheus' answer, in the pieces in which it arrives.
fn decoded(body: &str) -> Vec<ListedSeries> {
    let mut decoder = SeriesDecoder::new();
    for chunk in body.as_bytes().chunks(16 << 10) {
        decoder.push(chunk);
    }
    decoder.finish().series.expect("the body is right")
}

fn relist(c: &mut Criterion) {
    let mut group = c.benchmark_group("catalogue");
    group.sample_size(20);
    group.measurement_time(Duration::from_secs(3));
    let known = ResourceTable::builtin();
    let now = Timestamp::EPOCH;
    let styles = [
        ("overrides", OVERRIDES, Style::Ack, 75),
        ("template", TEMPLATE, Style::Plain, 100),
    ];
    for (name, rules, style, metrics) in styles {
        let empty = catalogue(rules);
        for count in COUNTS {
            let body = body(style, count);
            let listings = [
                ("as decoded", decoded(&body).into()),
                ("one by one", listing(style, count)),
            ];
            for (how, listed) in listings {
                let full = empty.relist(|_| Ok(Arc::clone(&listed)), &known, now);
                assert_eq!(full.entries().count(), metrics);
                group.bench_function(format!("{name}/{count} series {how}"), |b| {
                    b.iter(|| empty.relist(|_| Ok(Arc::clone(black_box(&listed))), &known, now));
                });
            }
        }
    }
    group.finish();
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("series");
    group.sample_size(20);
    group.measurement_time(Duration::from_secs(3));
    for count in COUNTS {
        let body = body(Style::Ack, count);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("decode {count}"), |b| {
            b.iter(|| decoded(black_box(&body)));
        });
    }
    group.finish();
}

fn plan(c: &mut Criterion) {
    let mut group = c.benchmark_group("query");
    let known = ResourceTable::builtin();
    let listed = listing(Style::Ack, 1_000);
    let catalogue =
        catalogue(OVERRIDES).relist(|_| Ok(Arc::clone(&listed)), &known, Timestamp::EPOCH);
    let pods = GroupResource::core("pods");
    let mut bench = |name: String, names: &[String], selector: &LabelSelector| {
        let request = MetricRequest {
            resource: &pods,
            namespace: Some("default"),
            names,
            metric: "DCGM_CUSTOM_PROCESS_SM_UTIL",
            selector,
        };
        assert!(catalogue.plan(&request, &known).is_ok());
        group.bench_function(name, |b| {
            b.iter(|| catalogue.plan(black_box(&request), &known))
        });
    };
    let all = LabelSelector::everything();
    for count in [1, 100, 1_000] {
        let names: Vec<String> = (0..count)
            .map(|i| format!("bert-intent-detection-7b486f6bf-{i:05}"))
            .collect();
        bench(format!("{count} names"), &names, &all);
    }
    let selector = "modelName in (A10,H800),gpu!=0,app".parse();
    let selector = selector.expect("the selector is right");
    bench(
        "1 name, selector".to_owned(),
        &["web-0".to_owned()],
        &selector,
    );
    group.finish();
}

criterion_group!(rules, relist, decode, plan);
criterion_main!(rules);
