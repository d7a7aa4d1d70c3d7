//! Random expressions over random data, against an evaluator that is slow and obvious.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod expression;
mod slow;

use std::collections::BTreeMap;
use std::time::Duration;

use concertina_model::{Labels, QueryValue, Sample, Timestamp};
use concertina_promql::parse;
use concertina_tsdb::{
    EvalOptions, STALE_MARKER, Snapshot, Store, StoreOptions, evaluate, evaluate_range,
};
use proptest::prelude::*;

use expression::vector;
use slow::{Answer, Slow};

/// Samples of a series: the time in seconds and the value, `None` for a stale marker.
type Samples = Vec<(i64, Option<f64>)>;

/// Series of two metrics with two labels, each with gaps, ends and uneven steps.
fn data() -> impl Strategy<Value = BTreeMap<Labels, Samples>> {
    let step = prop_oneof![8 => Just(15_i64), 2 => 1_i64..40, 1 => 200_i64..400];
    let value = prop_oneof![8 => (0_i32..20).prop_map(|v| Some(f64::from(v))), 1 => Just(None)];
    let samples = prop::collection::vec((step, value), 1..60).prop_map(|steps| {
        let mut at = 0;
        let later = steps.into_iter().map(|(step, value)| {
            at += step;
            (at, value)
        });
        later.collect::<Samples>()
    });
    let labels = ("a|b", "|1|2", "|p|q")
        .prop_map(|(name, x, y)| Labels::from_pairs([("__name__", name), ("x", x), ("y", y)]));
    prop::collection::btree_map(labels, samples, 1..10)
}

fn snapshot(data: &BTreeMap<Labels, Samples>) -> Snapshot {
    // Series are added one after the other, whatever their samples' age.
    let mut store = Store::new(StoreOptions {
        retention: Duration::MAX,
        ..StoreOptions::default()
    });
    for (labels, samples) in data {
        for (at, value) in samples {
            let sample = Sample {
                timestamp: seconds(*at),
                value: value.unwrap_or(STALE_MARKER),
            };
            store.append(labels, sample).unwrap();
        }
    }
    store.snapshot()
}

fn seconds(at: i64) -> Timestamp {
    Timestamp::from_millis(at * 1000)
}

fn same(got: &Answer, want: &Answer) -> bool {
    let (Some(got), Some(want)) = (got, want) else {
        return got.is_none() && want.is_none();
    };
    let close = |a: f64, b: f64| {
        a == b
            || (a.is_nan() && b.is_nan())
            || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    };
    got.len() == want.len()
        && got
            .iter()
            .zip(want)
            .all(|((a, v), (b, w))| a == b && close(*v, *w))
}

fn instant(snapshot: &Snapshot, expr: &str, at: i64, options: &EvalOptions) -> Answer {
    let expr = parse(expr).unwrap();
    match evaluate(snapshot, &expr, seconds(at), options).ok()? {
        QueryValue::Vector(vector) => {
            let pairs = vector.into_iter().map(|s| (s.labels, s.value));
            Some(pairs.collect())
        }
        other => panic!("{other:?} is no vector"),
    }
}

fn options(left_open: bool) -> EvalOptions {
    EvalOptions {
        left_open,
        lookback: Duration::from_secs(60),
        ..EvalOptions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn instant_queries_give_what_the_slow_evaluator_gives(
        data in data(),
        vector in vector(),
        at in 0_i64..900,
        left_open in any::<bool>(),
    ) {
        let options = options(left_open);
        let text = vector.to_string();
        let got = instant(&snapshot(&data), &text, at, &options);
        let want = Slow { data: &data, lookback: 60, left_open }.answer(&vector, at);
        prop_assert!(same(&got, &want), "{text} at {at}: {got:?}\nis not {want:?}");
    }

    #[test]
    fn every_step_of_a_range_is_an_instant_query(
        data in data(),
        vector in vector(),
        start in 0_i64..600,
        step in 1_i64..60,
        left_open in any::<bool>(),
    ) {
        let options = options(left_open);
        let text = vector.to_string();
        let snapshot = snapshot(&data);
        let end = start + 9 * step;
        let expr = parse(&text).unwrap();
        let length = Duration::from_secs(step.unsigned_abs());
        let range = evaluate_range(&snapshot, &expr, seconds(start), seconds(end), length, &options);
        let slow = Slow { data: &data, lookback: 60, left_open };
        let steps: Vec<Answer> =
            (0..10).map(|tick| slow.answer(&vector, start + tick * step)).collect();
        match range {
            // One step that fails fails the range.
            Err(_) => prop_assert!(steps.iter().any(Option::is_none), "{text}"),
            Ok(series) => for (tick, want) in (0_i64..).zip(steps) {
                let at = seconds(start + tick * step);
                let samples = series.iter().filter_map(|series| {
                    let sample = series.samples.iter().find(|sample| sample.timestamp == at)?;
                    Some((series.labels.clone(), sample.value))
                });
                let got = Some(samples.collect());
                prop_assert!(same(&got, &want), "{text} at {at}: {got:?}\nis not {want:?}");
            }
        }
    }
}
