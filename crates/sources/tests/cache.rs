//! Answers that are shared: who asks, who waits, what is given again and for how long.
#![cfg(feature = "cache")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::{InstantSample, Labels, QueryAnswer, QueryValue, Timestamp};
use concertina_sources::cache::{Cache, CacheOptions};
use concertina_sources::{Clock, MetricSource, Origin, SourceError};

/// Answers after a second of tokio's time with as many samples as the query says, or fails.
#[derive(Debug, Default)]
struct Slow {
    asked: AtomicUsize,
    listed: AtomicUsize,
    down: Mutex<bool>,
}

#[async_trait]
impl MetricSource for Slow {
    async fn query(&self, promql: &str) -> Result<QueryAnswer, SourceError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        if *self.down.lock().unwrap() {
            return Err(SourceError::Unreachable {
                source_name: self.describe(),
                reason: "refused".to_owned(),
            });
        }
        let at = Timestamp::from_millis(1000);
        let sample = InstantSample {
            labels: Labels::new(),
            timestamp: at,
            value: number as f64,
        };
        Ok(QueryAnswer {
            at,
            value: QueryValue::Vector(vec![sample; promql.parse().unwrap_or(1)]),
        })
    }

    async fn series(&self, _: &str, _: Duration) -> Result<Vec<Labels>, SourceError> {
        self.listed.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(vec![Labels::new()])
    }

    fn describe(&self) -> String {
        "the slow one".to_owned()
    }
}

/// Tokio's time, which the tests stop.
#[derive(Debug)]
struct Paused(tokio::time::Instant);

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp::from_millis(1_700_000_000_000 + passed)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

fn cached(options: CacheOptions) -> (Arc<Slow>, Arc<Cache>) {
    let slow = Arc::new(Slow::default());
    let clock = Arc::new(Paused(tokio::time::Instant::now()));
    let cache = Cache::new(Arc::clone(&slow) as _, clock, options);
    (slow, Arc::new(cache))
}

fn ttl(seconds: u64) -> CacheOptions {
    CacheOptions {
        ttl: Duration::from_secs(seconds),
        ..CacheOptions::default()
    }
}

async fn origin(cache: &Cache, query: &str) -> Origin {
    cache.query_shared(query).await.unwrap().origin
}

#[tokio::test(start_paused = true)]
async fn equal_queries_are_asked_once() {
    let (slow, cache) = cached(ttl(0));
    let askers = (0..50).map(|number| {
        let cache = Arc::clone(&cache);
        let query = if number % 2 == 0 { "a" } else { "b" };
        tokio::spawn(async move { cache.query(query).await.unwrap() })
    });
    let mut answers = Vec::new();
    for asker in askers.collect::<Vec<_>>() {
        answers.push(asker.await.unwrap());
    }
    assert_eq!(slow.asked.load(Ordering::SeqCst), 2);
    assert!(answers.chunks(2).all(|two| two == &answers[..2]));
    assert_eq!(origin(&cache, "a").await, Origin::Asked, "nothing is kept");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_again_until_it_is_old() {
    let (slow, cache) = cached(ttl(3));
    assert_eq!(origin(&cache, "a").await, Origin::Asked);
    // Its age counts from the question: one second has passed.
    tokio::time::sleep(Duration::from_millis(1900)).await;
    let kept = cache.query_shared("a").await.unwrap();
    assert_eq!(kept.origin, Origin::Kept);
    assert_eq!(
        kept.answer.at,
        Timestamp::from_millis(1000),
        "its age shows"
    );
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(origin(&cache, "a").await, Origin::Asked);
    assert_eq!(slow.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_who_wait_and_not_kept() {
    let (slow, cache) = cached(ttl(60));
    *slow.down.lock().unwrap() = true;
    let (one, other) = tokio::join!(cache.query("a"), cache.query("a"));
    assert_eq!(one, other);
    assert!(one.is_err());
    assert_eq!(slow.asked.load(Ordering::SeqCst), 1);
    *slow.down.lock().unwrap() = false;
    assert_eq!(origin(&cache, "a").await, Origin::Asked);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_takes_nothing_from_the_others() {
    let (slow, cache) = cached(ttl(60));
    let first = {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move { cache.query("a").await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move { cache.query("a").await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    first.abort();
    assert!(second.await.unwrap().is_ok());
    assert_eq!(slow.asked.load(Ordering::SeqCst), 2);
    // One that everybody left is begun anew.
    let lonely = tokio::time::timeout(Duration::from_millis(10), cache.query("b"));
    assert!(lonely.await.is_err());
    assert_eq!(origin(&cache, "b").await, Origin::Asked);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_bounded() {
    let small = CacheOptions {
        entries: 2,
        samples: 10,
        ..ttl(60)
    };
    let (_, cache) = cached(small);
    for query in ["11", "6", "5"] {
        assert_eq!(origin(&cache, query).await, Origin::Asked);
    }
    assert_eq!(origin(&cache, "11").await, Origin::Asked, "too large");
    assert_eq!(origin(&cache, "6").await, Origin::Kept);
    assert_eq!(
        origin(&cache, "5").await,
        Origin::Asked,
        "too large with the other"
    );
    assert_eq!(origin(&cache, "4").await, Origin::Asked);
    assert_eq!(origin(&cache, "4").await, Origin::Kept);
    assert_eq!(origin(&cache, "1").await, Origin::Asked);
    assert_eq!(origin(&cache, "1").await, Origin::Asked, "no place");
}

#[tokio::test(start_paused = true)]
async fn series_are_shared_likewise() {
    let (slow, cache) = cached(ttl(60));
    let lookback = Duration::from_secs(5);
    let (one, other) = tokio::join!(cache.series("a", lookback), cache.series("a", lookback));
    assert_eq!(one, other);
    cache.series("a", Duration::from_secs(6)).await.unwrap();
    cache.series("a", lookback).await.unwrap();
    assert_eq!(
        slow.listed.load(Ordering::SeqCst),
        2,
        "one for each lookback"
    );
}
