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
            let config = parse(path, &text, &client)?;
            tell_ignored(path, &config);
            Some(File {
                path: path.clone(),
                text,
                config,
                client,
            })
        }
        None => None,
    };
    let store = SharedStore::new(StoreOptions {
        retention: args.scrape_retention,
        max_series: args.scrape_max_series,
        max_bytes: args.scrape_max_memory.saturating_mul(1 << 20),
        ..StoreOptions::default()
    });
    if let Some(address) = &args.query_address {
        queries::start(address, &store, clock)?;
    }
    let pool = ScrapePool::new(store.clone(), Arc::clone(clock));
    tokio::spawn(scrape(pool, Arc::clone(clock), named, file));
    Ok(Arc::new(StoreSource::new(store, Arc::clone(clock))))
}

/// The scrape configuration in use.
struct File {
    path: PathBuf,
    text: String,
    config: ScrapeConfig,
    client: ClientOptions,
}

/// Scrapes what the flags name and what the file says now, for ever.
///
/// A file that cannot be used is refused as a whole, and the targets before stay.
async fn scrape(mut pool: ScrapePool, clock: Arc<dyn Clock>, named: Targets, file: Option<File>) {
    let Some(mut file) = file else {
        pool.set(named).await;
        // The pool works as long as it is there.
        return std::future::pending().await;
    };
    loop {
        let (text, config) = tokio::select! {
            never = pool.follow(&named, &file.config) => match never {},
            changed = file.changed(&*clock) => changed,
        };
        tracing::info!(file = %file.path.display(), "the scrape configuration changed");
        tell_ignored(&file.path, &config);
        (file.text, file.config) = (text, config);
    }
}

impl File {
    /// Waits until the file says something else that can be used.
    async fn changed(&self, clock: &dyn Clock) -> (String, ScrapeConfig) {
        let mut refused = None;
        loop {
            clock.sleep(EVERY).await;
            match self.read_again().await {
                Ok(None) => refused = None,
                Ok(Some(changed)) => return changed,
                Err(error) => {
                    let reason = error.to_string();
                    if refused.as_ref() != Some(&reason) {
                        tracing::error!(
                            %reason,
                            "the scrape configuration is not used; the targets before stay"
                        );
                    }
                    refused = Some(reason);
                }
            }
        }
    }

    async fn read_again(&self) -> Result<Option<(String, ScrapeConfig)>, ServeError> {
        let path = self.path.clone();
        let text = tokio::task::spawn_blocking(move || files::read_text(&path)).await;
        let text = text.map_err(|error| ServeError::Failed(error.to_string()))??;
        if text == self.text {
            return Ok(None);
        }
        let config = parse(&self.path, &text, &self.client)?;
        Ok(Some((text, config)))
    }
}

fn parse(path: &Path, text: &str, client: &ClientOptions) -> Result<ScrapeConfig, ServeError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let config = ScrapeConfig::parse(text, folder, client);
    config.map_err(|error| ServeError::BadFile {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

fn tell_ignored(path: &Path, config: &ScrapeConfig) {
    for key in &config.ignored {
        tracing::warn!(file = %path.display(), "{key} says nothing about scraping and does nothing here");
    }
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
