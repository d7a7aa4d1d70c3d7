//! What `@` fixes over a range of steps, and what it does not, as in Prometheus 2.42.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use concertina_model::{Labels, QueryValue, Sample, Timestamp};
use concertina_promql::parse;
use concertina_tsdb::{EvalOptions, Snapshot, Store, StoreOptions, evaluate, evaluate_range};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// `x` is a fifteenth of the time in seconds, from 0 to 600; so are `y{n="0"}` to `y{n="3"}`, and as
/// much more as their numbers.
fn snapshot() -> Snapshot {
    let mut store = Store::new(StoreOptions::default());
    let mut add = |labels: Labels, more: i64| {
        for tick in 0..=40 {
            let sample = Sample {
                timestamp: at(tick * 15),
                value: (tick + more) as f64,
            };
            store.append(&labels, sample).unwrap();
        }
    };
    add(Labels::from_pairs([("__name__", "x")]), 0);
    for n in 0..4 {
        let labels = Labels::from_pairs([("__name__", "y".to_owned()), ("n", n.to_string())]);
        add(labels, n);
    }
    store.snapshot()
}

/// The values of the first series at 300 s, 330 s, … 450 s; `-` where it has none.
fn steps(query: &str) -> String {
    let (expr, options) = (parse(query).unwrap(), EvalOptions::default());
    let step = Duration::from_secs(30);
    let range = evaluate_range(&snapshot(), &expr, at(300), at(450), step, &options).unwrap();
    let values = (0..=5).map(|tick| {
        let series = range.first();
        let mut samples = series.into_iter().flat_map(|series| &series.samples);
        let sample = samples.find(|sample| sample.timestamp == at(300 + tick * 30));
        sample.map_or("-".to_owned(), |sample| {
            ((sample.value * 1e6).round() / 1e6).to_string()
        })
    });
    format!("{query} -> {}", values.collect::<Vec<_>>().join(" "))
}

fn instant(query: &str) -> String {
    let (expr, options) = (parse(query).unwrap(), EvalOptions::default());
    match evaluate(&snapshot(), &expr, at(450), &options).unwrap() {
        QueryValue::Vector(vector) => {
            let value = vector
                .first()
                .map(|sample| (sample.value * 1e6).round() / 1e6);
            format!("{query} -> {value:?}")
        }
        other => format!("{query} -> {other:?}"),
    }
}

#[test]
fn a_fixed_time_stays_where_it_is_with_these_exceptions() {
    let told = [
        "x @ 150",
        "rate(x[1m] @ 150)",
        "timestamp(x @ 150 offset 30s)",
        "clamp_max(x @ 150, scalar(x) - 13)",
        // It depends on the step by itself, so its window moves on, and leaves the samples behind.
        "predict_linear(x[1m] @ 150, 0)",
        "predict_linear(x[1m] @ 150 offset 30s, 0)",
        "predict_linear(x[1m:15s] @ 150, 0)",
        // Depends on the step by its parameter.
        "quantile_over_time(scalar(x) / 20 - 1, x[1m] @ 150)",
        "quantile_over_time(0.5, x[1m] @ 150)",
        // The parameter does not count as a part of an aggregation…
        "quantile(scalar(x) / 20 - 1, y @ 150)",
        "quantile(scalar(x) / 20 - 1, y)",
        // … and knows no fixed time of its own, nor start and end.
        "quantile(scalar(x @ 150) / 10 - 1, y)",
        "quantile(scalar(x @ start()) / 20 - 1, y)",
    ];
    insta::assert_snapshot!(told.map(steps).join("\n"), @r#"
x @ 150 -> 10 10 10 10 10 10
rate(x[1m] @ 150) -> 0.066667 0.066667 0.066667 0.066667 0.066667 0.066667
timestamp(x @ 150 offset 30s) -> 120 120 120 120 120 120
clamp_max(x @ 150, scalar(x) - 13) -> 7 9 10 10 10 10
predict_linear(x[1m] @ 150, 0) -> 20 22 - - - -
predict_linear(x[1m] @ 150 offset 30s, 0) -> 20 22 - - - -
predict_linear(x[1m:15s] @ 150, 0) -> 20 15.4 10 10 10 10
quantile_over_time(scalar(x) / 20 - 1, x[1m] @ 150) -> 6 8.2 10 - - -
quantile_over_time(0.5, x[1m] @ 150) -> 8 8 8 8 8 8
quantile(scalar(x) / 20 - 1, y @ 150) -> 10 10 10 10 10 10
quantile(scalar(x) / 20 - 1, y) -> 20 22.3 24.6 26.9 29.2 31.5
quantile(scalar(x @ 150) / 10 - 1, y) -> 20 22 24 26 28 30
quantile(scalar(x @ start()) / 20 - 1, y) -> 20 22.3 24.6 26.9 29.2 31.5
"#);
    let told = [
        "sum_over_time(rate(x[1m] @ 150)[1m:15s])",
        // The steps of a subquery are steps.
        "sum_over_time(predict_linear(x[1m] @ 150, 0)[1m:15s])",
        "sum_over_time(predict_linear(x[1m] @ 150, 0)[1m:15s] @ 300)",
        "predict_linear(x[1m] @ 150, 0)",
    ];
    insta::assert_snapshot!(told.map(instant).join("\n"), @r#"
sum_over_time(rate(x[1m] @ 150)[1m:15s]) -> Some(0.333333)
sum_over_time(predict_linear(x[1m] @ 150, 0)[1m:15s]) -> Some(110.0)
sum_over_time(predict_linear(x[1m] @ 150, 0)[1m:15s] @ 300) -> Some(70.0)
predict_linear(x[1m] @ 150, 0) -> Some(30.0)
"#);
}
