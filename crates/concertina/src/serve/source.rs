//! Where the numbers come from: Prometheus, or targets that are scraped.

mod prometheus;
mod queries;
mod scraped;

use std::sync::Arc;
use std::time::Duration;

use concertina_sources::cache::{Cache, CacheOptions};
use concertina_sources::{Clock, MetricSource};

use super::{ServeArgs, ServeError};

pub(super) use prometheus::PrometheusArgs;

/// `source`, whose answers are given again for `ttl`; like queries are asked once.
pub(super) fn cached(
    source: Arc<dyn MetricSource>,
    clock: &Arc<dyn Clock>,
    ttl: Duration,
) -> Arc<dyn MetricSource> {
    let options = CacheOptions {
        ttl,
        ..CacheOptions::default()
    };
    Arc::new(Cache::new(source, Arc::clone(clock), options))
}

/// Prometheus, or the store with a scraper for each target. Nothing is asked yet: a source that is
/// down when the process starts may come later.
pub(super) fn start(
    args: &ServeArgs,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn MetricSource>, ServeError> {
    match &args.prometheus.prometheus_url {
        Some(url) => prometheus::start(url, &args.prometheus),
        None => scraped::start(args, clock),
    }
}
