//! The parsers and the template engine on realistic inputs.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros; a bench may stop"
)]

use std::hint::black_box;

use concertina_model::{Format, LabelSelector, Quantity};
use concertina_rules::{QueryData, Template};
use concertina_sources::exposition::{Entry, Format as Exposed, Reader, parse_as};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn words(c: &mut Criterion) {
    c.bench_function("quantity/parse 1536Mi", |b| {
        b.iter(|| black_box("1536Mi").parse::<Quantity>());
    });
    c.bench_function("quantity/63.5 to text", |b| {
        b.iter(|| Quantity::from_milli(black_box(63_500), Format::DecimalSI).to_string());
    });
    c.bench_function("selector/parse", |b| {
        b.iter(|| black_box("modelName in (A10,H800),gpu!=0,app").parse::<LabelSelector>());
    });
}

fn promql(c: &mut Criterion) {
    let rule = "sum(DCGM_CUSTOM_PROCESS_MEM_USED{NamespaceName=\"ns-07\"}) by (NamespaceName) / \
                sum(DCGM_CUSTOM_CONTAINER_MEM_ALLOCATED{}) by (NamespaceName)";
    c.bench_function("promql/parse the ratio rule", |b| {
        b.iter(|| concertina_promql::parse(black_box(rule)));
    });
}

fn templates(c: &mut Criterion) {
    let text = "avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";
    c.bench_function("template/parse", |b| {
        b.iter(|| Template::parse(black_box(text)))
    });
    let template = Template::parse(text).expect("the template is right");
    for count in [1, 100, 1000] {
        let names: Vec<String> = (0..count)
            .map(|i| format!("bert-intent-detection-7b486f6bf-{i:05}"))
            .collect();
        let data = QueryData {
            series: "DCGM_CUSTOM_PROCESS_SM_UTIL".to_owned(),
            label_matchers: format!("NamespaceName=\"default\",PodName=~\"{}\"", names.join("|")),
            group_by: "PodName".to_owned(),
            ..QueryData::default()
        };
        c.bench_function(&format!("template/render {count} names"), |b| {
            b.iter(|| template.render(black_box(&data)));
        });
    }
}

fn exposition(c: &mut Criterion) {
    let text: String = (0..1000)
        .map(|i| {
            format!(
                "DCGM_CUSTOM_PROCESS_SM_UTIL{{UUID=\"GPU-{i}\",gpu=\"{}\",modelName=\"NVIDIA H800\",\
                 NodeName=\"node-{}\",NamespaceName=\"default\",PodName=\"pod-{i}\"}} {}\n",
                i % 8,
                i / 8,
                i % 101
            )
        })
        .collect();
    let mut group = c.benchmark_group("exposition");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse 1000 series", |b| {
        b.iter(|| concertina_sources::exposition::parse(black_box(&text)));
    });
    group.bench_function("read 1000 known series", |b| {
        // What a scraper does with series that it has seen: no label is copied.
        b.iter(|| {
            let mut reader = Reader::new(black_box(text.as_bytes()), Exposed::Text);
            let mut sum = 0.0;
            while let Ok(Some(entry)) = reader.next_entry() {
                if let Entry::Sample(line) = entry {
                    sum += line.value;
                }
            }
            sum
        });
    });
    let open_metrics = format!("{text}# EOF\n");
    group.bench_function("parse 1000 series of OpenMetrics", |b| {
        b.iter(|| parse_as(black_box(open_metrics.as_bytes()), Exposed::OpenMetrics));
    });
    group.finish();
}

criterion_group!(parsers, words, promql, templates, exposition);
criterion_main!(parsers);
