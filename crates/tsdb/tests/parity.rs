//! Recorded answers of Prometheus 2.42.0.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use concertina_model::{Labels, QueryValue, Sample, Series, Timestamp};
use concertina_testkit::{root, run};
use concertina_tsdb::{
    EvalError, EvalOptions, STALE_MARKER, Store, StoreOptions, evaluate, evaluate_range,
};
use serde_json::Value;

const FAMILIES: &[&str] = &["promql", "range", "series"];

static STORES: LazyLock<BTreeMap<String, Store>> = LazyLock::new(|| {
    let folder = root(env!("CARGO_MANIFEST_DIR")).join("promql/datasets");
    let files = std::fs::read_dir(folder).unwrap();
    let stores = files.map(|file| {
        let json = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        (json["name"].as_str().unwrap().to_owned(), store(&json))
    });
    stores.collect()
});

fn number(text: &str) -> f64 {
    match text {
        "stale" => STALE_MARKER,
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    }
}

fn time(json: &Value) -> Timestamp {
    Timestamp::from_secs_f64(json.as_f64().unwrap()).unwrap()
}

fn labels(json: &Value) -> Labels {
    let pairs = json.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().unwrap()))
        .collect()
}

fn samples(json: &Value) -> Vec<Sample> {
    let samples = json.as_array().unwrap().iter().map(|pair| Sample {
        timestamp: time(&pair[0]),
        value: number(pair[1].as_str().unwrap()),
    });
    samples.collect()
}

fn store(json: &Value) -> Store {
    // A data set's series come one after the other, each from its beginning.
    let mut store = Store::new(StoreOptions {
        retention: Duration::MAX,
        ..StoreOptions::default()
    });
    for series in json["series"].as_array().unwrap() {
        let labels = labels(&series["labels"]);
        for sample in samples(&series["samples"]) {
            store.append(&labels, sample).unwrap();
        }
    }
    store
}

fn close(got: f64, want: f64) -> bool {
    if got.is_nan() || want.is_nan() {
        return got.is_nan() && want.is_nan();
    }
    if want == 0.0 || !want.is_finite() {
        return got.to_bits() == want.to_bits();
    }
    (got - want).abs() <= 1e-9 * want.abs()
}

fn same_samples(got: &[Sample], want: &[Sample]) -> bool {
    got.len() == want.len()
        && got
            .iter()
            .zip(want)
            .all(|(got, want)| got.timestamp == want.timestamp && close(got.value, want.value))
}

fn matrix(json: &Value) -> Vec<(Labels, Vec<Sample>)> {
    let series = json.as_array().unwrap().iter();
    series.map(|s| (labels(&s[0]), samples(&s[1]))).collect()
}

fn same_matrix(got: &[Series], want: &Value) -> bool {
    let mut got: Vec<_> = got
        .iter()
        .map(|s| (s.labels.clone(), s.samples.clone()))
        .collect();
    let mut want = matrix(want);
    got.sort_by(|a, b| a.0.cmp(&b.0));
    want.sort_by(|a, b| a.0.cmp(&b.0));
    got.len() == want.len()
        && got
            .iter()
            .zip(&want)
            .all(|(g, w)| g.0 == w.0 && same_samples(&g.1, &w.1))
}

fn same_vector(mut got: Vec<(Labels, f64)>, want: &Value, ordered: bool) -> bool {
    let want = want.as_array().unwrap().iter();
    let mut want: Vec<_> = want
        .map(|pair| (labels(&pair[0]), number(pair[1].as_str().unwrap())))
        .collect();
    if ordered {
        // Equal values may stand in either order.
        let values = got
            .iter()
            .zip(&want)
            .all(|(got, want)| close(got.1, want.1));
        if !values {
            return false;
        }
    }
    got.sort_by(|a, b| a.0.cmp(&b.0));
    want.sort_by(|a, b| a.0.cmp(&b.0));
    got.len() == want.len()
        && got
            .iter()
            .zip(&want)
            .all(|(g, w)| g.0 == w.0 && close(g.1, w.1))
}

fn same_value(got: &QueryValue, case: &Value) -> bool {
    let want = &case["result"];
    let kind = want["type"].as_str();
    match got {
        QueryValue::Scalar(value) => {
            kind == Some("scalar") && close(*value, number(want["value"].as_str().unwrap()))
        }
        QueryValue::String(text) => kind == Some("string") && want["value"] == text.as_str(),
        QueryValue::Vector(vector) => {
            let at = time(&case["time"]);
            let got = vector.iter().map(|s| (s.labels.clone(), s.value)).collect();
            kind == Some("vector")
                && vector.iter().all(|sample| sample.timestamp == at)
                && same_vector(got, &want["value"], case["ordered"] == true)
        }
        QueryValue::Matrix(series) => kind == Some("matrix") && same_matrix(series, &want["value"]),
        _ => false,
    }
}

/// The elements of a vector that are not as they should be.
fn differences(got: &QueryValue, want: &Value) -> String {
    let (QueryValue::Vector(got), Some(want)) = (got, want.as_array()) else {
        return String::new();
    };
    let mut told = String::new();
    for pair in want {
        let Value::Array(pair) = pair else {
            continue;
        };
        let (labels, value) = (labels(&pair[0]), number(pair[1].as_str().unwrap()));
        let found = got.iter().find(|sample| sample.labels == labels);
        if !found.is_some_and(|sample| close(sample.value, value)) {
            let found = found.map(|sample| sample.value);
            told.push_str(&format!("{labels}: {found:?} != {value}; "));
        }
    }
    told
}

fn error_type(error: &EvalError) -> &'static str {
    match error {
        EvalError::NotARangeQuery(_) | EvalError::TooManySteps(_) | EvalError::EndBeforeStart => {
            "bad_data"
        }
        _ => "execution",
    }
}

fn judge<T: std::fmt::Debug>(
    case: &Value,
    got: Result<T, (&'static str, String)>,
    same: impl FnOnce(&T) -> bool,
) -> Result<(), String> {
    let told = format!("{} -> {got:?}\n != {}", case["expr"], case["result"]);
    let told: String = told.chars().take(900).collect();
    match (&got, case["error"]["type"].as_str()) {
        (Err((kind, _)), Some(want)) if *kind == want => Ok(()),
        (Ok(got), None) if same(got) => Ok(()),
        (_, want) => Err(format!("{told} {want:?}")),
    }
}

fn parsed(case: &Value) -> Result<concertina_promql::ast::Expr, (&'static str, String)> {
    let expr = case["expr"].as_str().unwrap();
    concertina_promql::parse(expr).map_err(|error| ("bad_data", error.to_string()))
}

#[test]
fn promql() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "promql",
        "promql",
        FAMILIES,
        |case| {
            let store = &STORES[case["dataset"].as_str().unwrap()];
            let got = parsed(case).and_then(|expr| {
                evaluate(
                    &store.snapshot(),
                    &expr,
                    time(&case["time"]),
                    &EvalOptions::default(),
                )
                .map_err(|error| (error_type(&error), error.to_string()))
            });
            let told = got
                .as_ref()
                .ok()
                .map(|value| differences(value, &case["result"]["value"]));
            judge(case, got, |value| same_value(value, case))
                .map_err(|why| told.filter(|told| !told.is_empty()).unwrap_or(why))
        },
    );
}

#[test]
fn range() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "promql",
        "range",
        FAMILIES,
        |case| {
            let store = &STORES[case["dataset"].as_str().unwrap()];
            let step = case["step"]
                .as_f64()
                .unwrap_or_else(|| number(case["step"].as_str().unwrap()));
            let got = parsed(case).and_then(|expr| {
                let (start, end) = (time(&case["start"]), time(&case["end"]));
                let step = Duration::try_from_secs_f64(step);
                let step = step.map_err(|error| ("bad_data", error.to_string()))?;
                evaluate_range(
                    &store.snapshot(),
                    &expr,
                    start,
                    end,
                    step,
                    &EvalOptions::default(),
                )
                .map_err(|error| (error_type(&error), error.to_string()))
            });
            judge(case, got, |series| {
                same_matrix(series, &case["result"]["value"])
            })
        },
    );
}

#[test]
fn series() {
    run(
        env!("CARGO_MANIFEST_DIR"),
        "promql",
        "series",
        FAMILIES,
        |case| {
            let store = &STORES[case["dataset"].as_str().unwrap()];
            let matches = case["match[]"]
                .as_array()
                .or_else(|| case["match"].as_array());
            let missing = matches.is_some_and(Vec::is_empty);
            let selectors = matches.unwrap().iter().map(|text| {
                concertina_promql::parse_selector(text.as_str().unwrap())
                    .map_err(|error| ("bad_data", error.to_string()))
            });
            let bound = |name: &str, default| match &case[name] {
                Value::Null => Timestamp::from_millis(default),
                json => time(json),
            };
            let got = selectors
                .collect::<Result<Vec<_>, _>>()
                .and_then(|all| match missing {
                    // What the HTTP API says, not the store.
                    true => Err(("bad_data", "no match[] parameter".to_owned())),
                    false => Ok(all),
                })
                .and_then(|selectors| {
                    store
                        .snapshot()
                        .series(&selectors, bound("start", i64::MIN), bound("end", i64::MAX))
                        .map_err(|error| (error_type(&error), error.to_string()))
                });
            judge(case, got, |got| {
                let mut want: Vec<Labels> = case["result"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(labels)
                    .collect();
                want.sort();
                *got == want
            })
        },
    );
}
