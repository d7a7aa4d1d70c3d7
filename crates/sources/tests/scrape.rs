//! The scraper over real HTTP: what it stores, and what becomes of a target that flaps.
#![cfg(feature = "scrape")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "tests"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concertina_model::QueryValue;
use concertina_sources::scrape::{ScrapeOptions, Scraper, SharedStore, StoreSource, Target};
use concertina_sources::{Clock, MetricSource, ScaledClock, SourceError};
use concertina_tsdb::StoreOptions;

struct Bench {
    scraper: Scraper,
    source: StoreSource,
    turn: Arc<AtomicUsize>,
    clock: ScaledClock,
}

/// A target that gives one exposition after the other.
async fn bench(expositions: &'static [(u16, &'static str)]) -> Bench {
    let turn = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&turn);
    let url = common::server(move |_| {
        let (status, text) = expositions[now.load(Ordering::SeqCst)];
        (status, text.to_owned())
    })
    .await;
    let clock = ScaledClock::starting_now(100.0);
    let store = SharedStore::new(StoreOptions::default());
    let target = Target {
        url,
        job: "gpu".to_owned(),
        instance: "node:9400".to_owned(),
    };
    let options = ScrapeOptions {
        max_samples: 3,
        ..ScrapeOptions::default()
    };
    let scraper = Scraper::new(store.clone(), Arc::new(clock), target, options);
    let source = StoreSource::new(store, Arc::new(clock));
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
    insta::assert_snapshot!(reasons.join("\n"), @r#"
line 2, column 4: expected a label or `}`
the target answered with status 503: cannot read the GPUs
4 samples, and at most 3 are taken
"#);
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
