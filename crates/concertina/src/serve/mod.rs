//! `concertina serve`: custom, external and resource metrics for the HorizontalPodAutoscaler from
//! prometheus-adapter's rules, over Prometheus or over targets scraped by itself.
//!
//! `args` are the flags, `ignored` those of prometheus-adapter that have nothing to do here.
//! `rules` reads the rule file, `source` is where numbers come from, `objects` which objects there
//! are, `relist` keeps the catalogues of metrics up to date. `live` is the rules in use, `reload`
//! follows the rule file, `report` tells what became of it, `telemetry` counts,
//! `explain` explains, `front` serves.

mod args;
mod error;
mod explain;
mod front;
pub(crate) mod go_duration;
mod ignored;
mod live;
mod objects;
mod relist;
mod reload;
mod report;
mod rules;
mod source;
mod telemetry;

use std::net::Ipv4Addr;
use std::sync::Arc;

use concertina_http::{ServerOptions, serve};
use concertina_mapping::ResourceTable;
use concertina_sources::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use args::ServeArgs;
pub use error::ServeError;

use front::Front;
use live::{Ground, Live, Served};
use report::Report;
use rules::Compiled;
use telemetry::Telemetry;

use crate::files;

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
    let resources = Arc::new(ResourceTable::builtin());
    let text = files::read_text(&args.config)?;
    let compiled = Compiled::new(&args.config, &text, &*resources)?;
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
    let source = source::cached(source, &clock, args.cache_ttl());
    let described = source.describe();
    let report = Arc::new(Report::new(clock.now(), compiled.refused.len()));
    let telemetry = Arc::new(Telemetry::new(&report));
    let requests = telemetry.requests.clone();
    let ground = Ground {
        source,
        resources,
        times,
        report,
        telemetry,
        clock,
    };
    let (custom, external) = (compiled.custom.len(), compiled.external.len());
    let usage = compiled.usage.is_some();
    let live = Arc::new(Live::new(Served::new(compiled, &ground), ground));
    let mut background = JoinSet::new();
    background.spawn(reload::follow(Arc::clone(&live), args.config.clone(), text));

    tracing::info!(
        rules = custom,
        external_rules = external,
        resource_rules = usage,
        source = described,
        "serving the metrics APIs at http://{at}, without authentication"
    );
    let (stop, stopping) = watch::channel(false);
    let mut stopped = stopping.clone();
    let server = tokio::spawn(serve(
        listener,
        requests.wrap(Front(live)),
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
    background.abort_all();
    ended.map_err(|error| ServeError::Failed(error.to_string()))
}
