//! Where the numbers come from: Prometheus, or targets that are scraped.

mod queries;
mod scraped;

use std::sync::Arc;
use std::time::Duration;

use concertina_http::ClientOptions;
use concertina_sources::cache::{Cache, CacheOptions};
use concertina_sources::prometheus::Prometheus;
use concertina_sources::{Clock, MetricSource};

use super::{ServeArgs, ServeError};

/// How long Prometheus may take: what the HPA controller waits for is 30 s in all.
const DEADLINE: Duration = Duration::from_secs(20);

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
    let Some(url) = &args.prometheus_url else {
        return scraped::start(args, clock);
    };
    let options = ClientOptions {
        deadline: DEADLINE,
        ..ClientOptions::default()
    };
    let source = Prometheus::new(url, options).map_err(|error| ServeError::BadOption {
        option: "prometheus-url",
        value: url.clone(),
        reason: error.to_string(),
    })?;
    Ok(Arc::new(source))
}
