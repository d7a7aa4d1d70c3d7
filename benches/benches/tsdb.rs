//! The store and the evaluator at the size of a cluster: ten thousand and sixty thousand series of
//! 121 samples each.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench may stop, and tells figures"
)]

use std::hint::black_box;

use concertina_benches::cluster::{EXPRESSIONS, NODES, begun, end, fill};
use concertina_tsdb::{EvalOptions, Store, evaluate};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// The process' memory in bytes, where the system tells.
fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn store(c: &mut Criterion) {
    for nodes in NODES {
        let before = resident();
        let (mut store, series) = begun(nodes);
        let empty = store.usage();
        fill(&mut store, &series);
        let full = store.usage();
        let appended = full.samples - empty.samples;
        println!(
            "{} series, {} samples: {:.1} bytes a series, {:.2} bytes a sample by the store's account",
            full.series,
            full.samples,
            empty.bytes as f64 / full.series as f64,
            (full.bytes - empty.bytes) as f64 / appended as f64,
        );
        if let (Some(before), Some(now)) = (before, resident()) {
            let grown = now.saturating_sub(before) >> 10;
            println!(
                "the process grew by {grown} KiB, the account says {}",
                full.bytes >> 10
            );
        }
        queries(c, &store);
        let mut group = c.benchmark_group(format!("{} series", full.series));
        group.throughput(Throughput::Elements(appended as u64));
        group.sample_size(10);
        group.bench_function("append 120 samples each", |b| {
            b.iter_batched(
                || begun(nodes),
                |(mut store, series)| {
                    fill(&mut store, &series);
                    store
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

fn queries(c: &mut Criterion, store: &Store) {
    let snapshot = store.snapshot();
    let options = EvalOptions::default();
    let mut group = c.benchmark_group(format!("{} series", store.len()));
    for query in EXPRESSIONS {
        group.bench_function(query, |b| {
            b.iter(|| {
                let expr = concertina_promql::parse(black_box(query)).expect("the query is right");
                evaluate(&snapshot, &expr, end(), &options).expect("the query has an answer")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);
