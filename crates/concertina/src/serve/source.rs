//! Where the numbers come from.

use std::sync::Arc;
use std::time::Duration;

use concertina_http::ClientOptions;
use concertina_sources::prometheus::Prometheus;
use concertina_sources::scrape::{ScrapeOptions, Scraper, SharedStore, StoreSource, Target};
use concertina_sources::{Clock, MetricSource};
use concertina_tsdb::StoreOptions;

use super::{ServeArgs, ServeError};

/// How long Prometheus may take: what the HPA controller waits for is 30 s in all.
const DEADLINE: Duration = Duration::from_secs(20);

/// Prometheus, or the store with a scraper for each target. Nothing is asked yet: a source that is
/// down when the process starts may come later.
pub(super) fn start(
    args: &ServeArgs,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn MetricSource>, ServeError> {
    if let Some(url) = &args.prometheus_url {
        let options = ClientOptions {
            deadline: DEADLINE,
            ..ClientOptions::default()
        };
        let source = Prometheus::new(url, options).map_err(|error| ServeError::BadOption {
            option: "prometheus-url",
            value: url.clone(),
            reason: error.to_string(),
        })?;
        return Ok(Arc::new(source));
    }
    if args.scrape.is_empty() {
        return Err(ServeError::NoSource);
    }
    let targets: Result<Vec<Target>, ServeError> =
        args.scrape.iter().map(|url| target(url)).collect();
    let store = SharedStore::new(StoreOptions::default());
    let options = ScrapeOptions {
        interval: args.scrape_interval,
        timeout: args.scrape_interval.min(ScrapeOptions::default().timeout),
        ..ScrapeOptions::default()
    };
    for target in targets? {
        let scraper = Scraper::new(store.clone(), Arc::clone(clock), target, options.clone());
        tokio::spawn(scraper.run());
    }
    Ok(Arc::new(StoreSource::new(store, Arc::clone(clock))))
}

/// The target at `url`; without a path it is `/metrics`, as for Prometheus.
fn target(url: &str) -> Result<Target, ServeError> {
    let uri = concertina_http::check_url(url).map_err(|error| ServeError::BadOption {
        option: "scrape",
        value: url.to_owned(),
        reason: error.to_string(),
    })?;
    let instance = uri.authority().map(ToString::to_string).unwrap_or_default();
    let bare = uri.path() == "/" && uri.query().is_none();
    let url = match bare {
        true => format!("{}/metrics", url.trim_end_matches('/')),
        false => url.to_owned(),
    };
    Ok(Target::new(url, "scrape", &instance))
}
