//! Everything that is real: the servers, the source, the adapter and the autoscaler.

use std::sync::Arc;
use std::time::Duration;

use concertina_autoscaler::Controller;
use concertina_exporter::{Exporter, RenderOptions};
use concertina_http::{Client, ClientOptions, ServerOptions, serve};
use concertina_mapping::ResourceTable;
use concertina_metrics_api::{Adapter, MetricsApi, MetricsClient};
use concertina_replicas::{History, Options};
use concertina_sources::prometheus::Prometheus;
use concertina_sources::scrape::{ScrapeOptions, Scraper, SharedStore, StoreSource, Target};
use concertina_sources::simulated::SimulatedNode;
use concertina_sources::{Clock, MetricSource, ScaledClock};
use concertina_tsdb::StoreOptions;
use tokio::net::TcpListener;

use super::input::Input;
use super::sim::{DemoCluster, Load, Predict};
use super::{DemoArgs, DemoError};

/// The distance between scrapes of the exporter.
pub(super) const SCRAPE: Duration = Duration::from_secs(5);
/// A series counts as existing when it had a sample within this time.
const LOOKBACK: Duration = Duration::from_secs(300);
/// Between attempts to list series that are not there yet, and between later listings.
const RELIST: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));
/// Where a Prometheus expects the exporter, unless told otherwise.
const EXPORTER_PORT: u16 = 9400;

/// The running loop.
pub(super) struct Parts {
    pub(super) clock: ScaledClock,
    pub(super) controller: Controller,
    pub(super) metrics: MetricsClient,
    pub(super) adapter: Arc<Adapter>,
    pub(super) load: Load,
    pub(super) predict: Predict,
    pub(super) node: Arc<SimulatedNode>,
    pub(super) source: Arc<dyn MetricSource>,
    /// The source is a Prometheus.
    pub(super) remote: bool,
    pub(super) exporter: String,
    pub(super) api: String,
    pub(super) service: String,
}

async fn listen(
    what: &'static str,
    option: &'static str,
    port: u16,
) -> Result<(TcpListener, String), DemoError> {
    let failed = |source| DemoError::Listen {
        what,
        port,
        option,
        source,
    };
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;
    Ok((listener, at.to_string()))
}

async fn prometheus(url: &str) -> Result<Prometheus, DemoError> {
    let refused = |reason: String| DemoError::BadOption {
        option: "prometheus-url",
        value: url.to_owned(),
        reason,
    };
    let options = ClientOptions {
        deadline: Duration::from_secs(5),
        ..ClientOptions::default()
    };
    let source = Prometheus::new(url, options).map_err(|error| refused(error.to_string()))?;
    let checked = source.check().await;
    checked.map_err(|error| refused(error.to_string()))?;
    Ok(source)
}

impl Parts {
    /// Takes the ports, then starts everything. An error leaves nothing behind.
    pub(super) async fn start(args: &DemoArgs, input: &Input) -> Result<Self, DemoError> {
        let remote = match &args.prometheus_url {
            Some(url) => Some(prometheus(url).await?),
            None => None,
        };
        let default_port = if remote.is_some() { EXPORTER_PORT } else { 0 };
        let exporter_port = args.exporter_port.unwrap_or(default_port);
        let exporter = listen("exporter", "exporter-port", exporter_port).await?;
        let api = listen("custom metrics API", "api-port", args.api_port.unwrap_or(0)).await?;
        let service_port = args.service_port.unwrap_or(0);
        let service = listen("inference service", "service-port", service_port).await?;

        let clock = ScaledClock::starting_now(args.speed);
        let shared_clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let cluster = Arc::new(DemoCluster::new(Arc::clone(&shared_clock), &input.hpa));
        let exports = Exporter::new(
            cluster.node().clone(),
            cluster.clone(),
            RenderOptions::default(),
        );
        spawn_server(exporter.0, exports);

        let is_remote = remote.is_some();
        let source: Arc<dyn MetricSource> = match remote {
            Some(remote) => Arc::new(remote),
            None => scraped(&exporter.1, Arc::clone(&shared_clock)).await?,
        };
        let adapter = Arc::new(Adapter::new(
            input.rules.good(),
            Arc::clone(&source),
            Arc::new(ResourceTable::builtin()),
            cluster.clone(),
            LOOKBACK,
        ));
        adapter.relist(clock.now()).await;
        tokio::spawn(relist(Arc::clone(&adapter), Arc::clone(&shared_clock)));
        spawn_server(api.0, MetricsApi::new(Arc::clone(&adapter)));

        let predict = Predict::new(cluster.node().clone(), input.cost());
        spawn_server(service.0, predict.clone());

        let api = format!("http://{}", api.1);
        let service = format!("http://{}", service.1);
        let client = || MetricsClient::new(api.clone(), Client::new(ClientOptions::default()));
        let controller = Controller::new(
            input.hpa.clone(),
            Options::default(),
            cluster.clone(),
            client(),
            History::default(),
        );
        let load = Load::new(&format!("{service}/predict?query=music"), shared_clock);
        Ok(Self {
            clock,
            controller,
            metrics: client(),
            adapter,
            load,
            predict,
            node: Arc::clone(cluster.node()),
            source,
            remote: is_remote,
            exporter: exporter.1,
            api,
            service,
        })
    }
}

fn spawn_server<S>(listener: TcpListener, service: S)
where
    S: tower_service::Service<
            http::Request<concertina_http::Incoming>,
            Response = http::Response<concertina_http::Body>,
            Error = std::convert::Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let options = ServerOptions::default();
    tokio::spawn(serve(listener, service, options, std::future::pending()));
}

/// The exporter scraped into a store, for the first time already, and the store as the source.
async fn scraped(
    exporter: &str,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn MetricSource>, DemoError> {
    let store = SharedStore::new(StoreOptions::default());
    let url = format!("http://{exporter}/metrics");
    let target = Target::new(url, "gpu-exporter", exporter);
    let options = ScrapeOptions {
        interval: SCRAPE,
        // One target, and a story that is told alike every time.
        spread: false,
        ..ScrapeOptions::default()
    };
    let mut scraper = Scraper::new(store.clone(), Arc::clone(&clock), target, options);
    let first = scraper.scrape().await.samples;
    first.map_err(|reason| DemoError::Failed(format!("the first scrape: {reason}")))?;
    tokio::spawn(async move { scraper.run().await });
    Ok(Arc::new(StoreSource::new(store, clock)))
}

/// Keeps the catalogue up to date.
async fn relist(adapter: Arc<Adapter>, clock: Arc<dyn Clock>) {
    let mut told = std::collections::BTreeMap::new();
    loop {
        let relisted = adapter.relist(clock.now()).await;
        for (rule, reason) in relisted.failed {
            // Once for each reason, not at every attempt.
            if told.get(&rule) != Some(&reason) {
                tracing::warn!(rule = rule + 1, %reason, "a rule's series could not be listed");
                told.insert(rule, reason);
            }
        }
        let every_rule = adapter
            .catalogue()
            .rules()
            .all(|(_, health)| health.mapped > 0);
        let (soon, later) = RELIST;
        clock.sleep(if every_rule { later } else { soon }).await;
    }
}
