//! What a scraper tells of a store that is full: what it refuses, once, and what it gives up.
#![cfg(feature = "scrape")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concertina_sources::ScaledClock;
use concertina_sources::scrape::{ScrapeOptions, Scraper, SharedStore, Target};
use concertina_tsdb::StoreOptions;

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_full_store_is_told_of() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    // Of this thread, on which the whole test runs.
    let _logging = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);

    let scrapes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&scrapes);
    let url = common::server(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        // From the fourth scrape on there are two series more.
        let series = if number < 3 { 4 } else { 6 };
        let lines = (0..series).map(|n| format!("m{{n=\"{n}\"}} {number}\n"));
        (200, lines.collect())
    })
    .await;
    let store = SharedStore::new(StoreOptions {
        max_series: 9,
        max_samples: 400,
        ..StoreOptions::default()
    });
    let clock = Arc::new(ScaledClock::starting_now(200.0));
    let target = Target::new(url.clone(), "gpu", "node:9400");
    let options = ScrapeOptions {
        interval: Duration::from_secs(2),
        ..ScrapeOptions::default()
    };
    let mut scraper = Scraper::new(store.clone(), clock, target, options);
    let full = async {
        while store.read(|store| store.counters().retention_shortened) < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = scraper.run() => {}
        () = full => {}
    }
    let counters = store.read(concertina_tsdb::Store::counters);
    assert!(counters.over_series > 10 && counters.samples_evicted > 0);
    assert!(store.read(|store| store.usage().samples) <= 400);

    let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines = |part: &str| told.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines("samples were not stored"), 1, "{told}");
    assert!(
        told.contains("count=2 reason=the store holds 9 series already"),
        "{told}"
    );
    let full = lines("the store is nearly full: samples are given up before their time");
    // A clock this fast has minutes.
    assert!((1..=3).contains(&full), "{told}");
}
