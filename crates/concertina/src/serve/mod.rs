//! `concertina serve`: custom metrics for the HorizontalPodAutoscaler from prometheus-adapter's
//! rules, over Prometheus or over targets scraped by itself.
//!
//! `args` are the flags, `ignored` those of prometheus-adapter that have nothing to do here.
//! `rules` reads the rule file, `source` is where numbers come from, `objects` which objects there
//! are, `relist` keeps the catalogue of metrics up to date.

mod args;
mod error;
mod go_duration;
mod ignored;
mod objects;
mod relist;
mod rules;
mod source;

use std::net::Ipv4Addr;
use std::sync::Arc;

use concertina_http::{ServerOptions, serve};
use concertina_mapping::ResourceTable;
use concertina_metrics_api::{Adapter, MetricsApi};
use concertina_sources::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use args::ServeArgs;
pub use error::ServeError;

use objects::SeriesObjects;
use relist::Relister;

/// Serves until the process is told to stop (SIGTERM or Ctrl-C).
///
/// # Errors
///
/// [`ServeError`]; its exit code tells a wrong input (2) from a failure (1).
pub async fn run(args: ServeArgs) -> Result<(), ServeError> {
    for warning in args.ignored.warnings() {
        tracing::warn!("{warning}");
    }
    let times = args.times()?;
    let compiled = rules::read(&args.config)?;
    for reason in &compiled.refused {
        tracing::error!(file = %args.config.display(), %reason, "a rule is refused; the others serve");
    }
    let port = args.insecure_loopback_port;
    let failed = |source| ServeError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let source = source::start(&args, &clock)?;
    let resources = Arc::new(ResourceTable::builtin());
    let adapter = Arc::new_cyclic(|adapter| {
        let objects = SeriesObjects::new(adapter.clone(), Arc::clone(&source), times.max_age);
        Adapter::new(
            compiled.rules.iter().cloned(),
            Arc::clone(&source),
            resources,
            Arc::new(objects),
            times.max_age,
        )
    });
    let relister = Relister::start(&adapter, &clock, times.relist);

    tracing::info!(
        rules = compiled.rules.len(),
        source = source.describe(),
        "serving custom.metrics.k8s.io at http://{at}, without authentication"
    );
    let (stop, stopping) = watch::channel(false);
    let mut stopped = stopping.clone();
    let server = tokio::spawn(serve(
        listener,
        MetricsApi::new(adapter),
        ServerOptions::default(),
        async move {
            // A sender that is gone means the end as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        },
    ));
    crate::signals::told_to_stop()
        .await
        .map_err(|error| ServeError::Failed(format!("no signals: {error}")))?;
    tracing::info!("stopping: open requests are finished");
    // The server listens to it; if it ended by itself there is nobody to tell.
    let _ = stop.send(true);
    let ended = server.await;
    relister.stop();
    ended.map_err(|error| ServeError::Failed(error.to_string()))
}
