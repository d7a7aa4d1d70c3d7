//! What bounds an evaluation, and the ranges of Prometheus 3.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::cell::Cell;
use std::time::Duration;

use concertina_model::{Labels, QueryValue, Sample, Timestamp};
use concertina_promql::ast::{Expr, ExprKind, Span};
use concertina_promql::parse;
use concertina_tsdb::{
    EvalError, EvalOptions, Evaluation, Snapshot, Store, StoreOptions, evaluate, evaluate_range,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// `x{n="0"}` to `x{n="9"}` with a sample every 15 s from 0 to 600 s.
fn snapshot() -> Snapshot {
    let mut store = Store::new(StoreOptions::default());
    for n in 0..10 {
        let labels = Labels::from_pairs([("__name__", "x".to_owned()), ("n", n.to_string())]);
        for tick in 0..=40 {
            let sample = Sample {
                timestamp: at(tick * 15),
                value: tick as f64,
            };
            store.append(&labels, sample).unwrap();
        }
    }
    store.snapshot()
}

fn fails(query: &str, options: &EvalOptions) -> EvalError {
    evaluate(&snapshot(), &parse(query).unwrap(), at(600), options).unwrap_err()
}

#[test]
fn samples_and_depth_are_limited() {
    let few = EvalOptions {
        max_samples: 100,
        ..EvalOptions::default()
    };
    let shallow = EvalOptions {
        max_depth: 3,
        ..EvalOptions::default()
    };
    assert!(
        evaluate(
            &snapshot(),
            &parse("sum(x) + sum(x)").unwrap(),
            at(600),
            &few
        )
        .is_ok()
    );
    let told = [
        fails("sum(sum_over_time(x[5m]))", &few),
        // Steps without any sample count, too.
        fails("count_over_time(nosuch[1h:1s])", &few),
        fails("abs(abs(abs(x)))", &shallow),
    ];
    let told = told.map(|error| error.to_string()).join("\n");
    insta::assert_snapshot!(told, @r"
    the query looks at more than 100 samples
    the query looks at more than 100 samples
    the query is nested deeper than 3 levels
    ");
}

#[test]
fn whatever_parses_is_not_too_deep() {
    let chain = vec!["1"; 500].join(" + ");
    let signs = format!("{}1", "-".repeat(120));
    let nested = format!("{}x{}", "abs(-(".repeat(42), "))".repeat(42));
    for query in [chain, signs, nested] {
        let expr = parse(&query).unwrap();
        let got = evaluate(&snapshot(), &expr, at(600), &EvalOptions::default());
        assert!(got.is_ok(), "{got:?}");
    }
    // What is built by hand can be.
    let mut deep = parse("1").unwrap();
    for _ in 0..2000 {
        deep = Expr {
            kind: ExprKind::Unary {
                negate: true,
                expr: Box::new(deep),
            },
            span: Span::default(),
        };
    }
    let got = evaluate(&snapshot(), &deep, at(600), &EvalOptions::default());
    assert_eq!(got, Err(EvalError::TooDeep(300)));
}

#[test]
fn an_evaluation_stops_soon_after_it_is_told_to() {
    let snapshot = snapshot();
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() == 3
    };
    let evaluation = Evaluation::new(&snapshot, EvalOptions::default()).until(&stop);
    let long = parse("sum_over_time(x[10m:1ms])").unwrap();
    assert_eq!(evaluation.at(&long, at(600)), Err(EvalError::Stopped));
    assert_eq!(asked.get(), 3);
    // A range whose steps find nothing is asked about, too.
    asked.set(0);
    let none = parse("nosuch").unwrap();
    let range = |query| evaluation.range(query, at(0), at(2000), Duration::from_secs(1));
    assert_eq!(range(&none), Ok(Vec::new()));
    assert!(asked.get() > 0);
    asked.set(0);
    assert_eq!(range(&parse("x").unwrap()), Err(EvalError::Stopped));
    let told = EvalError::Stopped.to_string();
    insta::assert_snapshot!(told, @"the query was stopped before it was done, at its deadline or by who asked");
}

/// The single value of `query` at 600 s, under closed and under left-open ranges.
fn both(query: &str) -> [Option<f64>; 2] {
    [false, true].map(|left_open| {
        let options = EvalOptions {
            left_open,
            lookback: Duration::from_secs(60),
            ..EvalOptions::default()
        };
        match evaluate(&snapshot(), &parse(query).unwrap(), at(600), &options).unwrap() {
            QueryValue::Vector(vector) => vector.first().map(|sample| sample.value),
            _ => None,
        }
    })
}

#[test]
fn ranges_can_be_open_at_the_left_as_in_prometheus_3() {
    assert_eq!(
        both(r#"count_over_time(x{n="1"}[1m])"#),
        [Some(5.0), Some(4.0)]
    );
    assert_eq!(
        both(r#"count_over_time(x{n="1"}[15s])"#),
        [Some(2.0), Some(1.0)]
    );
    assert_eq!(
        both(r#"count_over_time(x{n="1"}[1m:15s])"#),
        [Some(5.0), Some(4.0)]
    );
    assert_eq!(
        both(r#"count_over_time(x{n="1"}[50s:15s])"#),
        [Some(4.0), Some(4.0)]
    );
    // The newest sample is of 600 s, so it is 60 s old at 660 s.
    assert_eq!(both(r#"x{n="1"} offset -60s"#), [Some(40.0), None]);
    assert_eq!(both(r#"x{n="1"} offset -59s"#), [Some(40.0), Some(40.0)]);
    // One sample is no rate; of the rest, as much is extrapolated as is missing.
    assert_eq!(both(r#"rate(x{n="1"}[15s])"#), [Some(1.0 / 15.0), None]);
    assert_eq!(both(r#"increase(x{n="1"}[30s])"#), [Some(2.0), Some(2.0)]);
}

#[test]
fn a_range_of_steps_gives_what_single_moments_give() {
    let snapshot = snapshot();
    let options = EvalOptions {
        lookback: Duration::from_secs(20),
        ..EvalOptions::default()
    };
    for query in [
        "x",
        "x offset 30s",
        "x @ 300",
        "sum(x) + sum(x offset 1m)",
        "max_over_time(sum(x)[1m:7s])",
        "sum_over_time((x - x offset 15s)[2m:10s] offset 10s)",
        "timestamp(x)",
        "-x",
    ] {
        let expr = parse(query).unwrap();
        let step = Duration::from_secs(7);
        let range = evaluate_range(&snapshot, &expr, at(0), at(1000), step, &options).unwrap();
        for tick in 0..=142 {
            let now = at(tick * 7);
            let QueryValue::Vector(vector) = evaluate(&snapshot, &expr, now, &options).unwrap()
            else {
                panic!("no vector");
            };
            let mut single: Vec<_> = vector.iter().map(|s| (&s.labels, s.value)).collect();
            single.sort_by(|a, b| a.0.cmp(b.0));
            let of_range = range.iter().filter_map(|series| {
                let sample = series.samples.iter().find(|s| s.timestamp == now)?;
                Some((&series.labels, sample.value))
            });
            assert_eq!(of_range.collect::<Vec<_>>(), single, "{query} at {now}");
        }
    }
}

#[test]
fn factors_are_looked_at_where_there_is_a_sample() {
    let options = EvalOptions::default();
    let error = fails("holt_winters(x[5m], 0.5, 1)", &options);
    assert_eq!(
        error.to_string(),
        "the trend factor of holt_winters cannot be 1"
    );
    let none = parse("holt_winters(nosuch[5m], 1.5, 0.5)").unwrap();
    let got = evaluate(&snapshot(), &none, at(600), &options);
    assert_eq!(got, Ok(QueryValue::Vector(Vec::new())));
}
