//! Prometheus' HTTP API over what was scraped, for people who want to look inside.

use std::net::TcpListener;
use std::sync::Arc;

use concertina_http::{ServerOptions, serve};
use concertina_sources::Clock;
use concertina_sources::query_api::{QueryApi, QueryApiOptions};
use concertina_sources::scrape::SharedStore;

use crate::serve::ServeError;

/// Answers at `address` until the process ends: `PORT` of 127.0.0.1, or `HOST:PORT`.
pub(super) fn start(
    address: &str,
    store: &SharedStore,
    clock: &Arc<dyn Clock>,
) -> Result<(), ServeError> {
    let bare = !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_digit());
    let place = match bare {
        true => format!("127.0.0.1:{address}"),
        false => address.to_owned(),
    };
    let failed = |error: std::io::Error| ServeError::BadOption {
        option: "query-address",
        value: address.to_owned(),
        reason: format!("cannot listen there: {error}; give PORT or HOST:PORT"),
    };
    let listener = TcpListener::bind(place).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
    tracing::info!("answering queries at http://{at}, as Prometheus does");
    if !at.ip().is_loopback() {
        tracing::warn!(
            "whoever reaches {at} can query all that was scraped: it asks nobody who they are"
        );
    }
    let limits = ServerOptions::default();
    let options = QueryApiOptions {
        timeout: limits.request_deadline,
        ..QueryApiOptions::default()
    };
    let api = QueryApi::new(store.clone(), Arc::clone(clock), options);
    tokio::spawn(serve(listener, api, limits, std::future::pending()));
    Ok(())
}
