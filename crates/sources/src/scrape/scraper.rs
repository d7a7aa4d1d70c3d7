//! One target, scraped again and again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Client, ClientOptions};
use concertina_model::{Labels, METRIC_NAME, Sample, Timestamp};
use concertina_tsdb::{AppendError, SeriesRef, Store};

use super::series::{Scraped, SeriesCache, renamed};
use super::target::next_scrape;
use super::{ScrapeOptions, SharedStore, Target};
use crate::clock::Clock;
use crate::exposition::{ACCEPT, Format};

/// What a scrape did.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeReport {
    /// When it was made.
    pub at: Timestamp,
    /// How many samples were left to store after relabelling, or why the scrape failed.
    pub samples: Result<usize, String>,
    /// Samples that the store refused, and the first reason.
    pub refused: Option<(usize, String)>,
    /// Series that ended with this scrape.
    pub ended: usize,
}

/// Scrapes a target into a store, as Prometheus 2.42 does: samples get the scrape's time and the
/// target's labels (a clashing label becomes `exported_…`), a series that is gone is marked stale,
/// a failed scrape ends all series of the target, and `up`, `scrape_duration_seconds`,
/// `scrape_samples_scraped`, `scrape_samples_post_metric_relabeling` and `scrape_series_added` tell
/// how it went.
///
/// One difference is on purpose: of an exposition that breaks off or has too many samples,
/// Prometheus leaves the series before that place their last value for five minutes. Here they
/// end, as with any other failed scrape.
#[derive(Debug)]
pub struct Scraper {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    client: Client,
    target: Target,
    options: ScrapeOptions,
    cache: SeriesCache,
    living: HashSet<SeriesRef>,
    /// The time of the last scrape.
    last: Option<Timestamp>,
}

const UP: &str = "up";
const DURATION: &str = "scrape_duration_seconds";
const EXPOSED: &str = "scrape_samples_scraped";
const KEPT: &str = "scrape_samples_post_metric_relabeling";
const ADDED: &str = "scrape_series_added";

impl Scraper {
    /// A scraper of `target` into `store`.
    #[must_use]
    pub fn new(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        target: Target,
        options: ScrapeOptions,
    ) -> Self {
        Self {
            store,
            clock,
            client: client(&options),
            target,
            options,
            cache: SeriesCache::default(),
            living: HashSet::new(),
            last: None,
        }
    }

    /// Scrapes by other options from now on. Series that they no longer give end with the next
    /// scrape.
    pub fn change(&mut self, options: ScrapeOptions) {
        self.client = client(&options);
        self.options = options;
        self.cache = SeriesCache::default();
    }

    /// Scrapes now and then at every interval of the clock until the caller drops the future.
    /// Failures are logged and the next scrape is made in time.
    pub async fn run(&mut self) {
        let first = self.clock.now();
        let mut failing = None;
        let mut refused = 0;
        loop {
            let report = self.scrape().await;
            let url = &self.target.url;
            match (&report.samples, &failing) {
                (Err(reason), last) if last.as_ref() != Some(reason) => {
                    tracing::warn!(url, %reason, "a scrape failed");
                }
                (Ok(_), Some(_)) => tracing::info!(url, "scrapes succeed again"),
                _ => {}
            }
            let before = std::mem::take(&mut refused);
            if let Some((count, reason)) = &report.refused {
                refused = *count;
                // Once is enough of what stays as it is.
                if refused != before {
                    tracing::warn!(url, count, %reason, "samples were not stored");
                }
            }
            failing = report.samples.err();
            let next = next_scrape(&self.target, &self.options, first, self.clock.now());
            self.clock.sleep_until(next).await;
        }
    }

    /// Scrapes once, now.
    pub async fn scrape(&mut self) -> ScrapeReport {
        let at = self.present();
        self.last = Some(at);
        let begun = self.clock.elapsed();
        let fetched = self.fetch().await;
        let took = self.clock.elapsed().saturating_sub(begun);
        let how = (&self.target, &self.options);
        let (scraped, failure) = match fetched {
            Ok((body, format)) => self.cache.read(&body, format, at, how),
            Err(reason) => (Scraped::default(), Some(reason)),
        };
        let up = f64::from(u8::from(failure.is_none()));
        let store = self.store.clone();
        let (refused, ended) = store.write(|store| {
            let mut stored = self.append(store, &scraped.samples);
            let gone = self.living.difference(&stored.living);
            let ended = gone
                .filter(|series| store.end(**series, at).is_ok())
                .count();
            self.living = std::mem::take(&mut stored.living);
            for (name, value) in [
                (UP, up),
                (DURATION, took.as_secs_f64()),
                (EXPOSED, scraped.exposed as f64),
                (KEPT, scraped.kept as f64),
                (ADDED, stored.added as f64),
            ] {
                let sample = Sample {
                    timestamp: at,
                    value,
                };
                // Refused only within the millisecond of the scrape before.
                if let Err(error) = store.append(&self.report(name), sample) {
                    tracing::debug!(%error, "a report of a scrape was not stored");
                }
            }
            (stored.refused, ended)
        });
        self.store.evict(at);
        if failure.is_none() {
            self.cache.forget();
        }
        ScrapeReport {
            at,
            samples: failure.map_or(Ok(scraped.kept), Err),
            refused,
            ended,
        }
    }

    /// Ends all series of the target, `up` and the other reports included: it is no longer scraped.
    /// Says how many ended.
    pub fn end(self) -> usize {
        let at = self.present();
        let reports = [UP, DURATION, EXPOSED, KEPT, ADDED].map(|name| self.report(name));
        self.store.write(|store| {
            let reports = reports.iter().filter_map(|labels| store.find(labels));
            let all: Vec<SeriesRef> = self.living.iter().copied().chain(reports).collect();
            let ended = all.iter().filter(|series| store.end(**series, at).is_ok());
            ended.count()
        })
    }

    /// The present, but never the time of the last scrape: no series has two samples of one time.
    fn present(&self) -> Timestamp {
        let now = self.clock.now();
        match self.last {
            Some(last) if last == now => now.saturating_add(Duration::from_millis(1)),
            _ => now,
        }
    }

    async fn fetch(&self) -> Result<(bytes::Bytes, Format), String> {
        let timeout = self.options.timeout.as_secs_f64().to_string();
        let headers = [
            ("accept", ACCEPT),
            ("x-prometheus-scrape-timeout-seconds", &timeout),
        ];
        let answer = self.client.get(&self.target.url, &headers).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            let first = body.lines().next().unwrap_or_default();
            let status = answer.status;
            return Err(format!("the target answered with status {status}: {first}"));
        }
        Ok((answer.body, Format::of(answer.content_type.as_deref())))
    }

    fn append(&mut self, store: &mut Store, samples: &[(usize, Sample, bool)]) -> Stored {
        let mut stored = Stored::default();
        for (place, sample, own_time) in samples {
            let Some(known) = self.cache.known.get_mut(*place) else {
                continue;
            };
            let appended = match known.series {
                Some(series) => match store.append_to(series, *sample) {
                    Err(AppendError::UnknownSeries) => store.append(&known.labels, *sample),
                    appended => appended.map(|()| series),
                },
                None => {
                    let appended = store.append(&known.labels, *sample);
                    stored.added += usize::from(appended.is_ok());
                    appended
                }
            };
            // Who has a sample of that time or a later one goes on living.
            let series = match appended {
                Ok(series) => Some(series),
                Err(error) => {
                    match &mut stored.refused {
                        Some((count, _)) => *count += 1,
                        None => stored.refused = Some((1, error.to_string())),
                    }
                    known.series.or_else(|| store.find(&known.labels))
                }
            };
            known.series = series;
            // Who gives samples their own times says when they end, too.
            if !own_time {
                stored.living.extend(series);
            }
        }
        stored
    }

    fn report(&self, name: &str) -> Labels {
        renamed(
            &Labels::from_pairs([(METRIC_NAME, name)]),
            &self.target.labels,
        )
    }
}

fn client(options: &ScrapeOptions) -> Client {
    Client::new(ClientOptions {
        deadline: options.timeout,
        max_body_bytes: options.max_body_bytes,
        max_idle: 1,
        // A connection is worth keeping up to the next scrape.
        idle_timeout: options.interval.saturating_mul(2),
        gzip: true,
        ..options.client.clone()
    })
}

/// What became of a scrape's samples.
#[derive(Debug, Default)]
struct Stored {
    living: HashSet<SeriesRef>,
    added: usize,
    refused: Option<(usize, String)>,
}
