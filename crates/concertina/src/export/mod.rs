//! `concertina export`: this node's GPUs for Prometheus.
//!
//! `args` are the flags, `pods` asks who holds the GPUs, `tls` makes a server of a certificate and its key.

mod args;
mod error;
mod pods;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use concertina_exporter::{Attributor, Collector, Exporter, Format, RenderOptions};
use concertina_http::{ServerOptions, serve, serve_tls};
use concertina_sources::nvml::{Nvml, NvmlOptions};
use concertina_sources::simulated::ScriptedNode;
use concertina_sources::{Clock, GpuError, GpuSource, SystemClock};
use tokio::net::TcpListener;

pub use args::{ExportArgs, Flavour, Host, ReadingArgs};
pub use error::{ExportError, ReadingError};
pub use pods::PodArgs;

/// How long the driver may take to start: without persistence mode it wakes the GPUs first.
const STARTED: Duration = Duration::from_secs(30);

/// Exports until the process is told to stop (SIGTERM or Ctrl-C).
///
/// # Errors
///
/// [`ExportError`]; its exit code tells a wrong input (2) from a failure (1).
pub async fn run(args: ExportArgs) -> Result<(), ExportError> {
    let pace = args.pace()?;
    let tls = tls::server(&args)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (gpus, scripted) = open(&args.reading, &clock).await?;
    let pods = match args.kubernetes {
        true => args.pods.attributor()?,
        false => scripted.unwrap_or_else(pods::nobody),
    };
    let collector = Collector::new(gpus, pods, clock, pace);
    collector.collect().await;

    let failed = |error: std::io::Error| ExportError::BadOption {
        option: "listen",
        value: args.listen.clone(),
        reason: format!("cannot listen there: {error}"),
    };
    let listener = TcpListener::bind(&args.listen).await.map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;
    let collecting = tokio::spawn(collector.clone().run());
    let exporter = Exporter::over(
        collector.clone(),
        RenderOptions {
            labels: args.flavour(),
            host: args.host(),
            format: Format::default(),
        },
    );
    let scheme = if tls.is_some() { "https" } else { "http" };
    let snapshot = collector.collected().snapshot;
    tracing::info!(
        gpus = snapshot.map_or(0, |snapshot| snapshot.node.gpus.len()),
        node = args.reading.node(),
        "exporting at {scheme}://{at}/metrics"
    );
    let stop = async {
        if let Err(error) = crate::signals::told_to_stop().await {
            tracing::error!(%error, "no signals: stopping at once");
        }
    };
    let limits = ServerOptions::default();
    match tls {
        Some(tls) => serve_tls(listener, exporter, tls, limits, stop).await,
        None => serve(listener, exporter, limits, stop).await,
    }
    collecting.abort();
    Ok(())
}

/// The driver, which works and knows a GPU; or a script in its place, and the pods of that.
pub(crate) async fn open(
    args: &ReadingArgs,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<dyn GpuSource>, Option<Arc<dyn Attributor>>), ReadingError> {
    if let Some(path) = &args.simulate {
        let text = crate::files::read_text(path)?;
        let node = ScriptedNode::parse(&text, &args.node(), Arc::clone(clock));
        let node = node.map_err(|reason| ReadingError::Script {
            path: path.clone(),
            reason,
        })?;
        let pods = pods::scripted(&node);
        return Ok((Arc::new(node), Some(pods)));
    }
    let started = Nvml::start(NvmlOptions {
        library: args.nvml_library.clone(),
        node: args.node(),
        window: args.window,
        clock: Arc::clone(clock),
    });
    match tokio::time::timeout(STARTED, started).await {
        Ok(started) => Ok((Arc::new(started?), None)),
        Err(_) => Err(ReadingError::Gpus(GpuError::Unavailable {
            reason: format!("the driver has not answered for {} s", STARTED.as_secs()),
        })),
    }
}
