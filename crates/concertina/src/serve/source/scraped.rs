//! Targets scraped into memory: those of `--scrape`, and those of a scrape configuration, which is
//! followed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{ClientOptions, ClientTls};
use concertina_sources::scrape::{
    ScrapeConfig, ScrapeOptions, ScrapePool, SharedStore, StoreSource, Target,
};
use concertina_sources::{Clock, MetricSource};
use concertina_tsdb::StoreOptions;

use super::queries;
use crate::files;
use crate::serve::{ServeArgs, ServeError};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(2);

type Targets = Vec<(Target, ScrapeOptions)>;

/// The store as a source, and tasks that fill it.
pub(super) fn start(
    args: &ServeArgs,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn MetricSource>, ServeError> {
    if args.scrape.is_empty() && args.scrape_config.is_none() {
        return Err(ServeError::NoSource);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientOptions {
        tls: Some(ClientTls::new(provider)),
        ..ClientOptions::default()
    };
    let options = ScrapeOptions {
        interval: args.scrape_interval,
        timeout: args.scrape_interval.min(ScrapeOptions::default().timeout),
        client: client.clone(),
        ..ScrapeOptions::default()
    };
    let named: Result<Targets, ServeError> = args
        .scrape
        .iter()
        .map(|url| Ok((target(url)?, options.clone())))
        .collect();
    let named = named?;
    let file = match &args.scrape_config {
        Some(path) => {
            let text = files::read_text(path)?;
            let found = parse(path, &text, &client)?;
            Some((path.clone(), text, found))
        }
        None => None,
    };
    let store = SharedStore::new(StoreOptions::default());
    if let Some(address) = &args.query_address {
        queries::start(address, &store, clock)?;
    }
    let pool = ScrapePool::new(store.clone(), Arc::clone(clock));
    tokio::spawn(scrape(pool, Arc::clone(clock), named, file, client));
    Ok(Arc::new(StoreSource::new(store, Arc::clone(clock))))
}

/// Scrapes what the flags name and what the file says now, for ever.
///
/// A file that cannot be used is refused as a whole, and the targets before stay.
async fn scrape(
    mut pool: ScrapePool,
    clock: Arc<dyn Clock>,
    named: Targets,
    file: Option<(PathBuf, String, Targets)>,
    client: ClientOptions,
) {
    let (path, mut in_use, found) = match file {
        Some((path, text, found)) => (Some(path), text, found),
        None => (None, String::new(), Vec::new()),
    };
    pool.set(named.iter().cloned().chain(found)).await;
    tracing::info!(targets = pool.targets().count(), "scraping");
    let Some(path) = path else {
        // The pool works as long as it is there.
        return std::future::pending().await;
    };
    let mut refused = None;
    loop {
        clock.sleep(EVERY).await;
        match changed(&path, &in_use, &client).await {
            Ok(None) => refused = None,
            Ok(Some((text, found))) => {
                pool.set(named.iter().cloned().chain(found)).await;
                (in_use, refused) = (text, None);
                let targets = pool.targets().count();
                tracing::info!(targets, file = %path.display(), "the scrape configuration changed");
            }
            Err(error) => {
                let reason = error.to_string();
                if refused.as_ref() != Some(&reason) {
                    tracing::error!(%reason, "the scrape configuration is not used; the targets before stay");
                }
                refused = Some(reason);
            }
        }
    }
}

/// The file's text and targets when it is not the one that is in use.
async fn changed(
    path: &Path,
    in_use: &str,
    client: &ClientOptions,
) -> Result<Option<(String, Targets)>, ServeError> {
    let read = path.to_owned();
    let text = tokio::task::spawn_blocking(move || files::read_text(&read)).await;
    let text = text.map_err(|error| ServeError::Failed(error.to_string()))??;
    if text == in_use {
        return Ok(None);
    }
    let found = parse(path, &text, client)?;
    Ok(Some((text, found)))
}

fn parse(path: &Path, text: &str, client: &ClientOptions) -> Result<Targets, ServeError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let config = ScrapeConfig::parse(text, folder, client);
    let config = config.map_err(|error| ServeError::BadFile {
        path: path.to_owned(),
        message: error.to_string(),
    })?;
    Ok(config.targets)
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
