//! `concertina serve`: custom, external and resource metrics for the HorizontalPodAutoscaler from
//! prometheus-adapter's rules, over Prometheus or over targets scraped by itself.
//!
//! `args` are the flags, `ignored` those of prometheus-adapter that have nothing to do here.
//! `rules` reads the rule file, `source` is where numbers come from, `cluster` tells which objects
//! and kinds there are, `objects` does so without a cluster, `relist` keeps the catalogues of metrics up to date. `live` is the rules in use, `reload`
//! follows the rule file, `report` tells what became of it, `telemetry` counts, `explain` explains,
//! `front` serves, and `secure` does so over TLS to those whom the cluster lets.

mod args;
mod cluster;
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
mod secure;
mod source;
mod telemetry;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use concertina_http::{ServerOptions, serve, serve_tls};
use concertina_mapping::{ResourceTable, Resources};
use concertina_metrics_api::auth::Auth;
use concertina_metrics_api::telemetry::RequestMetrics;
use concertina_sources::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_layer::Layer;

pub use args::ServeArgs;
pub use error::ServeError;

use cluster::ClusterObjects;
use front::Front;
use live::{Ground, Live, Served};
use report::Report;
use rules::Compiled;
use secure::Secure;
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
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let text = files::read_text(&args.config)?;
    // A file that cannot be used is told before anything is asked of anybody.
    Compiled::new(&args.config, &text, &ResourceTable::builtin())?;
    let source = source::start(&args, &clock)?;
    let source = source::cached(source, &clock, args.cache_ttl());
    let mut background = JoinSet::new();
    let door = Door::open(&args, &clock, &mut background).await?;
    let cluster = ClusterObjects::start(&args, &clock, &mut background).await?;
    let resources: Arc<dyn Resources> = match &cluster {
        Some(cluster) => Arc::clone(&cluster.kinds) as _,
        None => Arc::new(ResourceTable::builtin()),
    };
    let compiled = Compiled::new(&args.config, &text, &*resources)?;
    for reason in &compiled.refused {
        tracing::error!(file = %args.config.display(), %reason, "a rule is refused; the others serve");
    }
    let described = source.describe();
    let report = Arc::new(Report::new(clock.now(), compiled.refused.len()));
    let telemetry = Arc::new(Telemetry::new(&report, cluster.as_ref()));
    let requests = telemetry.requests.clone();
    let ground = Ground {
        source,
        resources,
        cluster,
        times,
        report,
        telemetry,
        auth: door.auth().cloned(),
        clock,
    };
    let (custom, external) = (compiled.custom.len(), compiled.external.len());
    let usage = compiled.usage.is_some();
    let live = Arc::new(Live::new(Served::new(compiled, &ground), ground));
    background.spawn(reload::follow(Arc::clone(&live), args.config.clone(), text));

    tracing::info!(
        rules = custom,
        external_rules = external,
        resource_rules = usage,
        source = described,
        "serving the metrics APIs at {door}"
    );
    let (stop, stopping) = watch::channel(false);
    let mut stopped = stopping.clone();
    let server = tokio::spawn(door.serve(Front(live), requests, async move {
        // A sender that is gone means the end as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    }));
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

/// Where requests come in.
enum Door {
    /// From this machine, from whoever asks.
    Loopback(TcpListener, SocketAddr),
    /// From a cluster.
    Secure(Box<Secure>),
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Loopback(_, at) => write!(f, "http://{at}, without authentication"),
            Self::Secure(secure) => write!(f, "https://{}, to whom the cluster lets", secure.at),
        }
    }
}

impl Door {
    async fn open(
        args: &ServeArgs,
        clock: &Arc<dyn Clock>,
        background: &mut JoinSet<()>,
    ) -> Result<Self, ServeError> {
        let Some(port) = args.insecure_loopback_port else {
            let secure = secure::start(&args.secure, clock, background).await?;
            return Ok(Self::Secure(Box::new(secure)));
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let failed = |source| ServeError::Listen {
            address,
            option: "insecure-loopback-port",
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let at = listener.local_addr().map_err(failed)?;
        Ok(Self::Loopback(listener, at))
    }

    fn auth(&self) -> Option<&Auth> {
        match self {
            Self::Loopback(..) => None,
            Self::Secure(secure) => Some(&secure.auth),
        }
    }

    /// Serves until `shutdown`. Requests are counted, those that are refused as well.
    async fn serve(
        self,
        front: Front,
        requests: RequestMetrics,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let options = ServerOptions::default();
        match self {
            Self::Loopback(listener, _) => {
                serve(listener, requests.wrap(front), options, shutdown).await;
            }
            Self::Secure(secure) => {
                let Secure {
                    listener,
                    tls,
                    auth,
                    ..
                } = *secure;
                let service = requests.wrap(auth.layer(front));
                serve_tls(listener, service, tls, options, shutdown).await;
            }
        }
    }
}
