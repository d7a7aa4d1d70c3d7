//! The options of `concertina demo`.

use std::path::PathBuf;

/// Performs the walkthrough on this machine: simulated GPUs, real everything else.
///
/// One process on loopback runs the whole chain: GPUs and a service on them, an exporter, a scraper
/// with its store (or your Prometheus), the custom metrics API, and an autoscaler that asks that
/// API as Kubernetes' HPA controller does. Exit status: 0 when the loop did what it claims, 1 when
/// it did not, 2 when an option or a file is wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// prometheus-adapter rules to serve; by default the walkthrough's five.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,

    /// HorizontalPodAutoscaler to follow (autoscaling/v2, v2beta2, v2beta1); by default the
    /// walkthrough's, averageValue 20.
    #[arg(long, value_name = "FILE")]
    pub hpa: Option<PathBuf>,

    /// What the load generator does; by default 1 min idle, 2.5 min stress, then quiet.
    #[arg(long, value_name = "FILE")]
    pub load: Option<PathBuf>,

    /// How many simulated seconds pass in a real one, 0.1 to 100; 1 = real time.
    #[arg(long, default_value_t = 30.0, value_name = "N")]
    pub speed: f64,

    /// Take the values from this Prometheus instead of the in-memory store. It must scrape the
    /// demo's exporter; the scrape configuration for it is printed.
    #[arg(long, value_name = "URL")]
    pub prometheus_url: Option<String>,

    /// Keep serving after the demo, for curl, kubectl and hey, until Ctrl-C.
    #[arg(long)]
    pub hold: bool,

    /// Port of the exporter [default: any free one; 9400 with --prometheus-url].
    #[arg(long, value_name = "PORT")]
    pub exporter_port: Option<u16>,

    /// Port of the custom metrics API [default: any free one].
    #[arg(long, value_name = "PORT")]
    pub api_port: Option<u16>,

    /// Port of the inference service [default: any free one].
    #[arg(long, value_name = "PORT")]
    pub service_port: Option<u16>,
}
