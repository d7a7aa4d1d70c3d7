//! One target, scraped again and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Client, ClientOptions};
use concertina_model::{Labels, METRIC_NAME, Sample, Timestamp};
use concertina_tsdb::Store;

use super::SharedStore;
use crate::clock::Clock;
use crate::exposition::{ACCEPT, ExposedSample, Format, parse_as};

/// What is scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where its exposition is: `http://127.0.0.1:9400/metrics`.
    pub url: String,
    /// The `job` label of its series.
    pub job: String,
    /// The `instance` label of its series, by custom `HOST:PORT`.
    pub instance: String,
}

/// How a target is scraped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeOptions {
    /// The distance between scrapes, in the clock's time.
    pub interval: Duration,
    /// How long a scrape may take, in real time.
    pub timeout: Duration,
    /// The largest exposition that is read, in bytes.
    pub max_body_bytes: usize,
    /// The most samples that one scrape may have; a scrape with more fails.
    pub max_samples: usize,
}

impl Default for ScrapeOptions {
    /// Every 15 s, within 10 s; 16 MiB and 50,000 samples at most.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            timeout: Duration::from_secs(10),
            max_body_bytes: 16 << 20,
            max_samples: 50_000,
        }
    }
}

/// What a scrape did.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeReport {
    /// When it was made.
    pub at: Timestamp,
    /// How many samples were stored, or why the scrape failed.
    pub samples: Result<usize, String>,
    /// Samples that the store refused, and the first reason.
    pub refused: Option<(usize, String)>,
    /// Series that ended with this scrape.
    pub ended: usize,
}

/// Scrapes a target into a store, as Prometheus 2.42 does: samples get the scrape's time and the
/// labels `job` and `instance` (a clashing label becomes `exported_…`), a series that is gone is
/// marked stale, a failed scrape ends all series of the target, and `up`, `scrape_duration_seconds`
/// and `scrape_samples_scraped` tell how it went.
#[derive(Debug)]
pub struct Scraper {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    client: Client,
    target: Target,
    options: ScrapeOptions,
    living: BTreeSet<Labels>,
}

impl Scraper {
    /// A scraper of `target` into `store`.
    #[must_use]
    pub fn new(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        target: Target,
        options: ScrapeOptions,
    ) -> Self {
        let client = Client::new(ClientOptions {
            deadline: options.timeout,
            max_body_bytes: options.max_body_bytes,
            gzip: true,
            ..ClientOptions::default()
        });
        Self {
            store,
            clock,
            client,
            target,
            options,
            living: BTreeSet::new(),
        }
    }

    /// Scrapes at every interval of the clock until the caller drops the future. Failures are
    /// logged and the next scrape is made in time.
    pub async fn run(mut self) {
        let mut next = self.clock.now();
        loop {
            let report = self.scrape().await;
            if let Err(reason) = &report.samples {
                tracing::warn!(url = self.target.url, %reason, "a scrape failed");
            }
            // A late scrape does not make the next ones crowd.
            next = next.saturating_add(self.options.interval).max(report.at);
            self.clock.sleep_until(next).await;
        }
    }

    /// Scrapes once, now.
    pub async fn scrape(&mut self) -> ScrapeReport {
        let at = self.clock.now();
        let scraped = self.exposition().await;
        let duration = self.clock.now().saturating_duration_since(at);
        let up = f64::from(u8::from(scraped.is_ok()));
        let (samples, failure) = match scraped {
            Ok(samples) => (samples, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let count = samples.len();
        let mut refused: Option<(usize, String)> = None;
        let mut ended = 0;
        self.store.clone().write(|store| {
            let mut seen = BTreeSet::new();
            for sample in samples {
                let labels = self.labelled(&sample.labels);
                let stored = Sample {
                    timestamp: sample.timestamp.unwrap_or(at),
                    value: sample.value,
                };
                match store.append(&labels, stored) {
                    Ok(_) => {}
                    Err(error) => match &mut refused {
                        Some((count, _)) => *count += 1,
                        None => refused = Some((1, error.to_string())),
                    },
                }
                // Who gives samples their own times says when they end, too.
                if sample.timestamp.is_none() {
                    seen.insert(labels);
                }
            }
            for gone in self.living.difference(&seen) {
                // A series that ends at a time that it has a sample of ends with the next scrape.
                ended += usize::from(store.mark_stale(gone, at).is_ok());
            }
            self.living = seen;
            self.report(store, at, "up", up);
            self.report(store, at, "scrape_duration_seconds", duration.as_secs_f64());
            self.report(store, at, "scrape_samples_scraped", count as f64);
            store.evict(at);
        });
        ScrapeReport {
            at,
            samples: failure.map_or(Ok(count), Err),
            refused,
            ended,
        }
    }

    async fn exposition(&self) -> Result<Vec<ExposedSample>, String> {
        let answer = self
            .client
            .get(&self.target.url, &[("accept", ACCEPT)])
            .await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            let first = body.lines().next().unwrap_or_default();
            return Err(format!(
                "the target answered with status {}: {first}",
                answer.status
            ));
        }
        let format = Format::of(answer.content_type.as_deref());
        let samples = parse_as(&answer.body, format)
            .map_err(|error| error.to_string())?
            .samples;
        if samples.len() > self.options.max_samples {
            let (got, most) = (samples.len(), self.options.max_samples);
            return Err(format!("{got} samples, and at most {most} are taken"));
        }
        Ok(samples)
    }

    fn labelled(&self, scraped: &Labels) -> Labels {
        let own = [
            ("job", &self.target.job),
            ("instance", &self.target.instance),
        ];
        let renamed = scraped.iter().map(|(name, value)| {
            if own.iter().any(|(own, _)| *own == name) {
                (format!("exported_{name}"), value)
            } else {
                (name.to_owned(), value)
            }
        });
        let own = own.map(|(name, value)| (name.to_owned(), value.as_str()));
        renamed.chain(own).collect()
    }

    fn report(&self, store: &mut Store, at: Timestamp, name: &str, value: f64) {
        let labels = self.labelled(&Labels::from_pairs([(METRIC_NAME, name)]));
        let sample = Sample {
            timestamp: at,
            value,
        };
        // Refused only within the millisecond of the scrape before.
        if let Err(error) = store.append(&labels, sample) {
            tracing::debug!(%error, "a report of a scrape was not stored");
        }
    }
}
