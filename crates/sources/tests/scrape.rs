//! The scraper over real HTTP: what it stores, and what becomes of a target that flaps.
#![cfg(feature = "scrape")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    reason = "tests"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concertina_model::QueryValue;
use concertina_sources::relabel::{Action, RelabelConfig, Relabeling};
use concertina_sources::scrape::{
    ScrapeOptions, ScrapePool, Scraper, SharedStore, StoreSource, Target,
};
use concertina_sources::{Clock, MetricSource, ScaledClock, SourceError};
use concertina_tsdb::{EvalOptions, StoreOptions};

struct Bench {
    scraper: Scraper,
    source: StoreSource,
    turn: Arc<AtomicUsize>,
    clock: ScaledClock,
}

/// A target that gives one exposition after the other.
async fn bench(expositions: &'static [(u16, &'static str)]) -> Bench {
    let options = ScrapeOptions {
        max_samples: 3,
        ..ScrapeOptions::default()
    };
    bench_with(expositions, options).await
}

async fn bench_with(expositions: &'static [(u16, &'static str)], options: ScrapeOptions) -> Bench {
    let turn = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&turn);
    let url = common::server(move |_| {
        let (status, text) = expositions[now.load(Ordering::SeqCst)];
        (status, text.to_owned())
    })
    .await;
    let clock = ScaledClock::starting_now(100.0);
    let store = SharedStore::new(StoreOptions::default());
    let target = Target::new(url, "gpu", "node:9400");
    let scraper = Scraper::new(store.clone(), Arc::new(clock.clone()), target, options);
    let source = StoreSource::new(store, Arc::new(clock.clone()));
    Bench {
        scraper,
        source,
        turn,
        clock,
    }
}

impl Bench {
    /// Scrapes the exposition of this number; gives the failure, if it is one.
    async fn scrape(&mut self, turn: usize) -> Option<String> {
        self.turn.store(turn, Ordering::SeqCst);
        self.clock.sleep(Duration::from_secs(1)).await;
        self.scraper.scrape().await.samples.err()
    }

    /// The elements of a vector, as text.
    async fn query(&self, promql: &str) -> Vec<String> {
        let QueryValue::Vector(vector) = self.source.query(promql).await.unwrap().value else {
            unreachable!("asked for a vector")
        };
        vector
            .iter()
            .map(|sample| format!("{} {}", sample.labels, sample.value))
            .collect()
    }
}

#[tokio::test]
async fn series_get_the_targets_labels_and_end_when_they_are_gone() {
    let mut bench = bench(&[
        (200, "m{pod=\"a\",job=\"own\"} 1\nm{pod=\"b\"} 2\n"),
        (200, "m{pod=\"b\"} 3\n"),
    ])
    .await;
    assert_eq!(bench.scrape(0).await, None);
    let both = [
        r#"m{exported_job="own", instance="node:9400", job="gpu", pod="a"} 1"#,
        r#"m{instance="node:9400", job="gpu", pod="b"} 2"#,
    ];
    assert_eq!(bench.query("m").await, both);
    assert_eq!(
        bench.query("scrape_samples_scraped").await[0]
            .split_once(' ')
            .unwrap()
            .1,
        r#"job="gpu"} 2"#
    );
    assert_eq!(bench.scrape(1).await, None);
    assert_eq!(
        bench.query("m").await,
        [r#"m{instance="node:9400", job="gpu", pod="b"} 3"#]
    );
    let listed = bench
        .source
        .series("m", Duration::from_secs(300))
        .await
        .unwrap();
    assert_eq!(listed.len(), 2, "a series that just ended is still listed");
}

#[tokio::test]
async fn a_failed_scrape_ends_everything_and_says_why() {
    let mut bench = bench(&[
        (200, "m 1\n"),
        (200, "m 1\nm{ 2\n"),
        (503, "cannot read the GPUs\n"),
        (200, "a 1\nb 1\nc 1\nd 1\n"),
    ])
    .await;
    assert_eq!(bench.scrape(0).await, None);
    assert_eq!(bench.query("sum(up)").await, ["{} 1"]);
    let mut reasons = Vec::new();
    for turn in 1..4 {
        reasons.push(bench.scrape(turn).await.unwrap());
        assert_eq!(bench.query("m").await, [""; 0]);
        assert_eq!(bench.query("sum(up)").await, ["{} 0"]);
    }
    insta::assert_snapshot!(reasons.join("\n"), @"
line 2, column 4: expected a label or `}`
the target answered with status 503: cannot read the GPUs
4 samples, and at most 3 are taken; `sample_limit` of a scrape configuration sets another limit
");
    assert_eq!(bench.scrape(0).await, None);
    assert_eq!(bench.query("m").await.len(), 1);
}

#[tokio::test]
async fn the_store_refuses_what_prometheus_refuses() {
    let bench = bench(&[]).await;
    let bad = bench.source.query("sum(").await.unwrap_err();
    assert!(matches!(bad, SourceError::BadQuery { .. }), "{bad}");
    let execution = bench.source.query("topk(NaN, m)").await.unwrap_err();
    assert!(
        matches!(execution, SourceError::Execution { .. }),
        "{execution}"
    );
    assert!(bench.source.series("sum(m)", Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn an_evaluation_ends_in_time() {
    let limits = EvalOptions {
        max_samples: usize::MAX,
        ..EvalOptions::default()
    };
    let bench = bench(&[]).await;
    let source = bench.source.within(limits, Duration::from_millis(50));
    let endless = source.query("sum_over_time(nosuch[100y:1ms])").await;
    let told = endless.unwrap_err().to_string();
    assert_eq!(told, "the in-memory store did not answer within 0.05 s");
}

#[tokio::test]
async fn labels_are_rewritten_and_the_samples_may_win() {
    let rules = [
        RelabelConfig {
            regex: "debug_.*".to_owned(),
            source_labels: vec!["__name__".to_owned()],
            action: Action::Drop,
            ..RelabelConfig::default()
        },
        RelabelConfig {
            source_labels: vec!["gpu".to_owned()],
            target_label: "gpu_id".to_owned(),
            ..RelabelConfig::default()
        },
    ];
    let options = ScrapeOptions {
        honor_labels: true,
        metric_relabeling: Relabeling::new(rules).unwrap(),
        ..ScrapeOptions::default()
    };
    const TEXT: &str = "m{job=\"own\",gpu=\"1\"} 1\ndebug_x 1\ndebug_y 2\n";
    let mut bench = bench_with(&[(200, TEXT), (200, "m{gpu=\"2\"} 3\n")], options).await;
    assert_eq!(bench.scrape(0).await, None);
    let stored = r#"m{gpu="1", gpu_id="1", instance="node:9400", job="own"} 1"#;
    assert_eq!(bench.query("m").await, [stored]);
    for (name, value) in [
        ("scrape_samples_scraped", 3),
        ("scrape_samples_post_metric_relabeling", 1),
        ("scrape_series_added", 1),
    ] {
        let told = bench.query(&format!("sum({name})")).await;
        assert_eq!(told, [format!("{{}} {value}")], "{name}");
    }
    assert_eq!(bench.scrape(0).await, None);
    assert_eq!(bench.query("sum(scrape_series_added)").await, ["{} 0"]);
    assert_eq!(bench.scrape(1).await, None);
    let other = r#"m{gpu="2", gpu_id="2", instance="node:9400", job="gpu"} 3"#;
    assert_eq!(bench.query("m").await, [other]);
}

#[tokio::test]
async fn a_series_that_comes_and_goes_and_a_target_that_is_gone() {
    let mut bench = bench(&[(200, "m 1\nn 1\n"), (200, "m 2\n"), (200, "m 3\nn 3\n")]).await;
    for (turn, left) in [
        (0, "{} 2"),
        (1, "{} 1"),
        (2, "{} 2"),
        (1, "{} 1"),
        (0, "{} 2"),
    ] {
        assert_eq!(bench.scrape(turn).await, None);
        let told = bench.query("count({__name__=~\"m|n\"})").await;
        assert_eq!(told, [left], "turn {turn}");
    }
    bench.clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.scraper.end(), 7, "two series and five reports");
    let everything = bench.source.query("{__name__=~\".+\"}").await.unwrap();
    assert_eq!(everything.value, QueryValue::Vector(Vec::new()));
}

#[tokio::test]
async fn a_label_in_the_way_of_another_goes_further() {
    const TEXT: &str = "m{job=\"a\",exported_job=\"b\",instance=\"c\"} 1\n";
    let mut bench = bench(&[(200, TEXT)]).await;
    assert_eq!(bench.scrape(0).await, None);
    let labels = r#"exported_exported_job="a", exported_instance="c", exported_job="b""#;
    let stored = format!(r#"m{{{labels}, instance="node:9400", job="gpu"}} 1"#);
    assert_eq!(bench.query("m").await, [stored]);
}

#[tokio::test]
async fn a_pool_scrapes_what_it_is_told_and_ends_the_rest() {
    let scrapes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&scrapes);
    let url = common::server(move |path| {
        count.fetch_add(1, Ordering::SeqCst);
        (200, format!("m{{path=\"{path}\"}} 1\nn 2\n"))
    })
    .await;
    let target = |path: &str| Target::new(format!("{url}/{path}"), "gpu", path);
    let options = ScrapeOptions {
        // The first scrape is at once, the next in a day.
        interval: Duration::from_secs(86_400),
        ..ScrapeOptions::default()
    };
    let less = ScrapeOptions {
        metric_relabeling: Relabeling::new([RelabelConfig {
            source_labels: vec!["__name__".to_owned()],
            regex: "n".to_owned(),
            action: Action::Drop,
            ..RelabelConfig::default()
        }])
        .unwrap(),
        ..options.clone()
    };
    let store = SharedStore::new(StoreOptions::default());
    let clock: Arc<dyn Clock> = Arc::new(ScaledClock::starting_now(1.0));
    let source = StoreSource::new(store.clone(), Arc::clone(&clock));
    let told = async |query: &str, wanted: &[&str]| {
        for _ in 0..6_000 {
            let QueryValue::Vector(found) = source.query(query).await.unwrap().value else {
                unreachable!("asked for a vector")
            };
            let found = found.iter().map(|sample| sample.labels.to_string());
            if found.eq(wanted.iter().copied()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{query} never gave {wanted:?}");
    };
    let mut pool = ScrapePool::new(store.clone(), Arc::clone(&clock));
    let both = "count by(instance) ({__name__=~\"m|n\"})";
    let once = (target("a"), options.clone());
    pool.set([once.clone(), (target("b"), options.clone()), once.clone()])
        .await;
    told(both, &[r#"{instance="a"}"#, r#"{instance="b"}"#]).await;
    assert_eq!(pool.targets().count(), 2);
    assert_eq!(scrapes.load(Ordering::SeqCst), 2);
    // Nothing changed for `a`; `b` is gone at once, its reports too.
    pool.set([once.clone()]).await;
    told(both, &[r#"{instance="a"}"#]).await;
    told("count by(instance) (up)", &[r#"{instance="a"}"#]).await;
    assert_eq!(scrapes.load(Ordering::SeqCst), 2);
    // Other options count at once, and what they leave out ends.
    pool.set([(target("a"), less), (target("b"), options)])
        .await;
    told("n", &[r#"n{instance="b", job="gpu"}"#]).await;
    told(
        "count by(instance) (m)",
        &[r#"{instance="a"}"#, r#"{instance="b"}"#],
    )
    .await;
    assert_eq!(scrapes.load(Ordering::SeqCst), 4);
    drop(pool);
}
