//! The store against a plain map, at its limits, and under snapshots.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use concertina_model::{Labels, QueryValue, Sample, Timestamp};
use concertina_promql::{GoRegex, parse, parse_selector};
use concertina_tsdb::{
    AppendError, EvalOptions, STALE_MARKER, Snapshot, Store, StoreOptions, evaluate,
};
use proptest::prelude::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn sample(millis: i64, value: f64) -> Sample {
    Sample {
        timestamp: at(millis),
        value,
    }
}

fn labels(n: usize) -> Labels {
    Labels::from_pairs([
        ("__name__", format!("m{}", n % 3)),
        ("n", n.to_string()),
        (
            "even",
            if n.is_multiple_of(2) { "yes" } else { "" }.to_owned(),
        ),
    ])
}

/// Every sample but the stale markers, by labels.
fn content(snapshot: &Snapshot) -> BTreeMap<Labels, Vec<(i64, u64)>> {
    let expr = parse(r#"{__name__=~".+"}[200y]"#).unwrap();
    let end = at(4_000_000_000_000);
    let QueryValue::Matrix(series) =
        evaluate(snapshot, &expr, end, &EvalOptions::default()).unwrap()
    else {
        return BTreeMap::new();
    };
    let bits = |s: &Sample| (s.timestamp.as_millis(), s.value.to_bits());
    let series = series.into_iter();
    series
        .map(|s| (s.labels, s.samples.iter().map(bits).collect()))
        .collect()
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize, i64, f64),
    AppendTo(usize, i64, f64),
    Snapshot,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = || {
        prop_oneof![
            4 => (0_i32..100).prop_map(f64::from),
            1 => prop::sample::select(vec![f64::NAN, 0.125, 1e300, f64::NEG_INFINITY, -0.0]),
        ]
    };
    let later = || prop_oneof![8 => Just(15_000_i64), 2 => 1_i64..100_000, 1 => -20_000_i64..1];
    let step = prop_oneof![
        20 => (0_usize..7, later(), value()).prop_map(|(n, t, v)| Step::Append(n, t, v)),
        20 => (0_usize..7, later(), value()).prop_map(|(n, t, v)| Step::AppendTo(n, t, v)),
        1 => Just(Step::Snapshot),
    ];
    prop::collection::vec(step, 0..700)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_store_holds_what_a_map_holds_and_snapshots_stay(steps in steps()) {
        let mut store = Store::new(StoreOptions { retention: Duration::MAX, ..StoreOptions::default() });
        let mut map: BTreeMap<Labels, Vec<(i64, u64)>> = BTreeMap::new();
        let mut kept = Vec::new();
        for step in steps {
            let (n, later, value, by_ref) = match step {
                Step::Append(n, later, value) => (n, later, value, false),
                Step::AppendTo(n, later, value) => (n, later, value, true),
                Step::Snapshot => {
                    kept.push((store.snapshot(), map.clone()));
                    continue;
                }
            };
            let labels = labels(n);
            let samples = map.entry(labels.clone()).or_default();
            let last = samples.last().copied();
            let time = last.map_or(1_700_006_400_000, |(at, _)| at) + later;
            let sample = sample(time, value);
            let got = match store.find(&labels).filter(|_| by_ref) {
                Some(series) => store.append_to(series, sample),
                None => store.append(&labels, sample).map(|_| ()),
            };
            match last {
                Some((at, _)) if time < at => {
                    let refused = matches!(got, Err(AppendError::OutOfOrder { .. }));
                    prop_assert!(refused);
                }
                Some((at, bits)) if time == at => {
                    prop_assert_eq!(got.is_ok(), bits == value.to_bits());
                }
                _ => {
                    prop_assert_eq!(got, Ok(()));
                    samples.push((time, value.to_bits()));
                }
            }
        }
        kept.push((store.snapshot(), map));
        for (snapshot, map) in &kept {
            prop_assert_eq!(&content(snapshot), map);
            prop_assert_eq!(snapshot.len(), map.len());
        }
    }

    #[test]
    fn postings_select_what_a_look_at_every_series_selects(
        matchers in prop::collection::vec((
            prop::sample::select(vec!["__name__", "n", "even", "none"]),
            prop::sample::select(vec!["=", "!=", "=~", "!~"]),
            prop::sample::select(vec!["m0", "m1", "m0|m2", "1", "2|4", "[1-5]", "yes", ".*", ".+", "", "y.s", "1|1", "yes|"]),
        ), 1..4),
    ) {
        let mut store = Store::new(StoreOptions::default());
        for n in 0..23 {
            store.append(&labels(n), sample(0, 1.0)).unwrap();
        }
        let texts = matchers.iter().map(|(label, op, value)| format!("{label}{op}\"{value}\""));
        let text = format!("{{{}}}", texts.collect::<Vec<_>>().join(","));
        if let Ok(selector) = parse_selector(&text) {
            let hit = |own: &Labels| selector.all_matchers().all(|matcher| {
                let value = own.get(&matcher.label).unwrap_or_default();
                let pattern = GoRegex::anchored(&matcher.value).unwrap();
                match matcher.op {
                    concertina_promql::ast::MatchOp::Equal => value == matcher.value,
                    concertina_promql::ast::MatchOp::NotEqual => value != matcher.value,
                    concertina_promql::ast::MatchOp::Regex => pattern.is_match(value),
                    concertina_promql::ast::MatchOp::NotRegex => !pattern.is_match(value),
                }
            });
            let mut want: Vec<Labels> = (0..23).map(labels).filter(hit).collect();
            want.sort();
            let got = store.snapshot().series(&[selector], at(0), at(0)).unwrap();
            prop_assert_eq!(got, want, "{}", text);
        }
    }
}

#[test]
fn refusals_say_what_why_and_what_to_do() {
    let mut store = Store::new(StoreOptions {
        retention: Duration::from_secs(60),
        max_series: 2,
        max_samples: 4,
        max_bytes: 1 << 20,
    });
    let series = store.append(&labels(1), sample(100_000, 1.0)).unwrap();
    let mut refused = vec![
        store.append(&labels(1), sample(99_000, 1.0)).unwrap_err(),
        store.append_to(series, sample(100_000, 2.0)).unwrap_err(),
        store.append(&labels(2), sample(39_999, 1.0)).unwrap_err(),
    ];
    assert_eq!(store.append_to(series, sample(100_000, 1.0)), Ok(()));
    store.append(&labels(2), sample(100_000, 1.0)).unwrap();
    refused.push(store.append(&labels(3), sample(100_000, 1.0)).unwrap_err());
    store.append(&labels(1), sample(101_000, 1.0)).unwrap();
    store.append(&labels(1), sample(102_000, 1.0)).unwrap();
    refused.push(store.append(&labels(1), sample(103_000, 1.0)).unwrap_err());
    // A series can end also in a full store.
    store.mark_stale(&labels(1), at(103_000)).unwrap();
    let mut small = Store::new(StoreOptions {
        max_bytes: 300,
        ..StoreOptions::default()
    });
    small.append(&labels(1), sample(1, 1.0)).unwrap();
    refused.push(small.append(&labels(1), sample(2, 1.0)).unwrap_err());
    refused.push(
        small
            .append_to(store.find(&labels(2)).unwrap(), sample(3, 1.0))
            .unwrap_err(),
    );
    let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(refused.join("\n"), @r#"
    m1{n="1"} has a sample of 1970-01-01T00:01:40Z already, the one of 1970-01-01T00:01:39Z comes too late
    m1{n="1"} has another value at 1970-01-01T00:01:40Z already
    the sample of m2{even="yes", n="2"} of 1970-01-01T00:00:39Z is older than what is kept, from 1970-01-01T00:00:40Z on
    the store holds 2 series already, no new one is taken; raise the limit of series (`max_series`)
    the store holds 4 samples already, no more are taken; shorten the retention or raise the limit of samples (`max_samples`)
    the store takes 448 bytes already, no more samples are taken; shorten the retention or raise the limit of bytes (`max_bytes`)
    the series is no longer there; append by its labels
    "#);
    insta::assert_debug_snapshot!(store.counters(), @r"
    Counters {
        appended: 5,
        repeated: 1,
        conflicting: 1,
        out_of_order: 1,
        too_old: 1,
        over_series: 1,
        over_samples: 1,
        over_bytes: 0,
        series_created: 2,
        series_evicted: 0,
        samples_evicted: 0,
        retention_shortened: 0,
    }
    ");
    assert_eq!(small.counters().over_bytes, 1);
}

#[test]
fn what_is_old_goes_and_references_to_it_end() {
    let mut store = Store::new(StoreOptions {
        retention: Duration::from_secs(3600),
        ..StoreOptions::default()
    });
    let short = store.append(&labels(0), sample(0, 7.0)).unwrap();
    let empty = store.usage();
    let long = store.append(&labels(1), sample(0, 0.0)).unwrap();
    for i in 1..1000_i64 {
        store
            .append_to(long, sample(i * 15_000, (i % 7) as f64))
            .unwrap();
    }
    let before = store.snapshot();
    let end = at(999 * 15_000);
    store.evict(end);
    assert_eq!(store.len(), 1);
    // One hour has 240 samples, and a block at most 128.
    let left = store.usage().samples;
    assert!((241..=241 + 128).contains(&left), "{left}");
    assert_eq!(store.counters().samples_evicted as usize, 1001 - left);
    assert_eq!(store.counters().series_evicted, 1);
    assert_eq!(
        store.append_to(short, sample(15_000_000, 1.0)),
        Err(AppendError::UnknownSeries)
    );
    let kept = content(&store.snapshot());
    assert_eq!(kept[&labels(1)].len(), left);
    // Whoever looked before still sees everything.
    assert_eq!(
        (before.len(), content(&before)[&labels(1)].len()),
        (2, 1000)
    );
    // The place is used again, and not by the old reference.
    let again = store.append(&labels(2), sample(15_000_000, 2.0)).unwrap();
    assert_ne!(again, short);
    assert!(store.append_to(short, sample(15_000_001, 1.0)).is_err());
    store.evict(at(30_000_000));
    assert!(store.is_empty());
    assert_eq!((store.usage().samples, store.usage().bytes), (0, 0));
    store.append(&labels(0), sample(30_000_000, 7.0)).unwrap();
    assert_eq!(store.usage(), empty);
}

#[test]
fn a_full_store_gives_up_the_oldest() {
    let mut store = Store::new(StoreOptions {
        retention: Duration::from_secs(3600 * 24),
        max_samples: 4000,
        ..StoreOptions::default()
    });
    for i in 0..3000_i64 {
        for n in 0..2 {
            store
                .append(&labels(n), sample(i * 15_000, i as f64))
                .unwrap();
        }
        store.evict(at(i * 15_000));
    }
    assert!(store.usage().samples <= 3600);
    assert!(store.counters().retention_shortened > 0);
    assert_eq!(store.counters().over_samples, 0);
    let kept = content(&store.snapshot());
    assert!(
        kept.values()
            .all(|samples| samples.last().unwrap().0 == 2999 * 15_000)
    );
    assert!(kept.values().all(|samples| samples.len() > 500));
}

#[test]
fn a_marker_ends_a_series_and_labels_can_be_listed() {
    let mut store = Store::new(StoreOptions::default());
    for n in 0..5 {
        store.append(&labels(n), sample(0, 1.0)).unwrap();
    }
    let ended = store.find(&labels(3)).unwrap();
    store.end(ended, at(10_000)).unwrap();
    let snapshot = store.snapshot();
    let count = |time: i64| {
        let expr = parse("count({n=~\".+\"})").unwrap();
        match evaluate(&snapshot, &expr, at(time), &EvalOptions::default()).unwrap() {
            QueryValue::Vector(vector) => vector.first().map(|sample| sample.value),
            _ => None,
        }
    };
    assert_eq!(count(9_999), Some(5.0));
    assert_eq!(count(10_000), Some(4.0));
    assert_eq!(count(300_000), Some(4.0));
    assert_eq!(count(300_001), None);
    let all = |name: &str| snapshot.label_values(name, &[], at(0), at(0)).unwrap();
    assert_eq!(
        snapshot.label_names(&[], at(0), at(0)).unwrap(),
        ["__name__", "even", "n"]
    );
    assert_eq!(all("__name__"), ["m0", "m1", "m2"]);
    assert_eq!(all("nosuch"), [""; 0]);
    let odd = [parse_selector("{even=\"\",n!=\"\"}").unwrap()];
    assert_eq!(
        snapshot.label_names(&odd, at(0), at(0)).unwrap(),
        ["__name__", "n"]
    );
    assert_eq!(
        snapshot.label_values("n", &odd, at(0), at(0)).unwrap(),
        ["1", "3"]
    );
    assert_eq!(
        snapshot
            .label_values("n", &odd, at(5_000), at(9_000))
            .unwrap(),
        ["3"]
    );
    assert!(STALE_MARKER.is_nan());
}

#[test]
fn readers_on_other_threads_see_one_instant() {
    let mut store = Store::new(StoreOptions::default());
    let expr = parse("sum(count_over_time({n=~\".+\"}[1h])) / count({n=~\".+\"})").unwrap();
    let refs: Vec<_> = (0..100)
        .map(|n| store.append(&labels(n), sample(0, 1.0)).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for tick in 1..40_i64 {
            let (snapshot, expr) = (store.snapshot(), &expr);
            scope.spawn(move || {
                let end = at(3_600_000 / 2);
                let options = EvalOptions {
                    lookback: Duration::from_secs(3600),
                    ..EvalOptions::default()
                };
                let got = evaluate(&snapshot, expr, end, &options).unwrap();
                assert!(matches!(got, QueryValue::Vector(v) if v[0].value == tick as f64));
            });
            for series in &refs {
                store
                    .append_to(*series, sample(tick * 15_000, tick as f64))
                    .unwrap();
            }
        }
    });
}
