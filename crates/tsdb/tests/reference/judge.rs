//! Random data, and what both evaluators say about it.

use std::collections::BTreeMap;
use std::time::Duration;

use concertina_model::{Labels, QueryValue, Sample, Timestamp};
use concertina_promql::parse;
use concertina_tsdb::{
    EvalOptions, STALE_MARKER, Snapshot, Store, StoreOptions, evaluate, evaluate_range,
};
use proptest::prelude::*;

use crate::expression::{Vector, vector};
use crate::slow::{Answer, Slow};

/// Samples of a series: the time in seconds and the value, `None` for a stale marker.
pub(crate) type Samples = Vec<(i64, Option<f64>)>;

/// An expression, what it is evaluated over, and when.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) start: i64,
    data: BTreeMap<Labels, Samples>,
    vector: Vector,
    step: i64,
    left_open: bool,
}

const LOOKBACK: i64 = 60;
const STEPS: i64 = 10;

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

/// Any case.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    let moments = (0_i64..900, 1_i64..60, any::<bool>());
    (data(), vector(), moments).prop_map(|(data, vector, (start, step, left_open))| Case {
        start,
        data,
        vector,
        step,
        left_open,
    })
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

impl Case {
    fn snapshot(&self) -> Snapshot {
        // Series are added one after the other, whatever their samples' age.
        let mut store = Store::new(StoreOptions {
            retention: Duration::MAX,
            ..StoreOptions::default()
        });
        for (labels, samples) in &self.data {
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

    fn options(&self) -> EvalOptions {
        EvalOptions {
            left_open: self.left_open,
            lookback: Duration::from_secs(LOOKBACK.unsigned_abs()),
            ..EvalOptions::default()
        }
    }

    fn slow(&self, at: i64) -> Answer {
        let slow = Slow {
            data: &self.data,
            lookback: LOOKBACK,
            left_open: self.left_open,
        };
        slow.answer(&self.vector, at)
    }

    fn told(&self, at: i64, got: &Answer, want: &Answer) -> Result<(), String> {
        match same(got, want) {
            true => Ok(()),
            false => Err(format!("{} at {at}: {got:?}\nis not {want:?}", self.vector)),
        }
    }

    /// Whether both evaluators agree at one moment.
    pub(crate) fn judge_instant(&self, at: i64) -> Result<(), String> {
        let expr = parse(&self.vector.to_string()).unwrap();
        let got = match evaluate(&self.snapshot(), &expr, seconds(at), &self.options()) {
            Ok(QueryValue::Vector(vector)) => {
                let pairs = vector.into_iter().map(|s| (s.labels, s.value));
                Some(pairs.collect())
            }
            Ok(other) => panic!("{other:?} is no vector"),
            Err(_) => None,
        };
        self.told(at, &got, &self.slow(at))
    }

    /// Whether they agree at each of some steps, evaluated at once.
    pub(crate) fn judge_range(&self) -> Result<(), String> {
        let expr = parse(&self.vector.to_string()).unwrap();
        let ticks = (0..STEPS).map(|tick| self.start + tick * self.step);
        let (start, end) = (self.start, self.start + (STEPS - 1) * self.step);
        let range = evaluate_range(
            &self.snapshot(),
            &expr,
            seconds(start),
            seconds(end),
            Duration::from_secs(self.step.unsigned_abs()),
            &self.options(),
        );
        let Ok(series) = range else {
            // One step that fails fails the range.
            let fails = ticks.map(|at| self.slow(at)).any(|answer| answer.is_none());
            return if fails {
                Ok(())
            } else {
                Err(self.vector.to_string())
            };
        };
        for at in ticks {
            let samples = series.iter().filter_map(|series| {
                let mut samples = series.samples.iter();
                let sample = samples.find(|sample| sample.timestamp == seconds(at))?;
                Some((series.labels.clone(), sample.value))
            });
            self.told(at, &Some(samples.collect()), &self.slow(at))?;
        }
        Ok(())
    }
}
