//! The load generator: requests at a fixed rate over real HTTP, phase after phase.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use concertina_http::{Client, ClientOptions};
use concertina_sources::Clock;
use serde::Deserialize;
use tokio::sync::Semaphore;

/// Requests under way at once; what would be more is counted as failed, never queued.
const MOST_IN_FLIGHT: usize = 512;

/// A load file, as `--load` names it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoadFile {
    /// GPU time of one request, in milliseconds of simulated time.
    #[serde(default = "default_cost")]
    pub(crate) gpu_millis_per_request: u32,
    /// What happens, in order.
    pub(crate) phases: Vec<Phase>,
}

fn default_cost() -> u32 {
    23
}

/// A stretch of constant load.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Phase {
    /// What it is called in the output.
    pub(crate) name: String,
    /// How long it lasts in simulated time, as Prometheus writes durations: `90s`, `2m30s`.
    #[serde(deserialize_with = "duration")]
    pub(crate) duration: Duration,
    /// Requests in a second of simulated time.
    pub(crate) requests_per_second: f64,
}

fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    concertina_promql::parse_duration(&text).map_err(serde::de::Error::custom)
}

/// What became of the requests.
#[derive(Debug, Default)]
pub(crate) struct LoadStats {
    sent: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
}

impl LoadStats {
    /// Requests that were due.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Requests answered with status 200.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Requests refused, lost, or not even sent because too many were under way.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// The generator.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    client: Client,
    url: Arc<str>,
    clock: Arc<dyn Clock>,
    in_flight: Arc<Semaphore>,
    stats: Arc<LoadStats>,
}

impl Load {
    /// A generator that sends `GET url`, in the time of `clock`.
    pub(crate) fn new(url: &str, clock: Arc<dyn Clock>) -> Self {
        let options = ClientOptions {
            max_body_bytes: 4096,
            ..ClientOptions::default()
        };
        Self {
            client: Client::new(options),
            url: url.into(),
            clock,
            in_flight: Arc::new(Semaphore::new(MOST_IN_FLIGHT)),
            stats: Arc::default(),
        }
    }

    /// What became of the requests so far.
    pub(crate) fn stats(&self) -> &LoadStats {
        &self.stats
    }

    /// Waits until no request is under way. Each ends by itself: the client has a deadline.
    pub(crate) async fn drained(&self) {
        let all = u32::try_from(MOST_IN_FLIGHT).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        drop(self.in_flight.acquire_many(all).await);
    }

    /// Sends `phase`'s requests at their times. A generator that is late sends at once what is
    /// due, so that the number of requests is right whatever the machine does.
    pub(crate) async fn run(&self, phase: &Phase) {
        let start = self.clock.now();
        let end = start.saturating_add(phase.duration);
        let total = phase.requests_per_second * phase.duration.as_secs_f64();
        // A rate of 0 (or less, or NaN) gives none.
        let total = total.max(0.0).floor() as u64;
        for i in 0..total {
            let due = Duration::try_from_secs_f64(i as f64 / phase.requests_per_second);
            self.clock
                .sleep_until(start.saturating_add(due.unwrap_or(Duration::MAX)))
                .await;
            self.send();
        }
        self.clock.sleep_until(end).await;
    }

    fn send(&self) {
        self.stats.sent.fetch_add(1, Ordering::Relaxed);
        let Ok(permit) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            self.stats.failed.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let this = self.clone();
        tokio::spawn(async move {
            let answer = this.client.get(&this.url, &[]).await;
            let counter = match answer {
                Ok(response) if response.status == 200 => &this.stats.answered,
                _ => &this.stats.failed,
            };
            counter.fetch_add(1, Ordering::Relaxed);
            drop(permit);
        });
    }
}
