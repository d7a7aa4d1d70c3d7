//! What this process counts of itself, at `/metrics`.

use std::fmt;
use std::sync::Arc;

use concertina_metrics_api::telemetry::RequestMetrics;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::cluster::ClusterObjects;
use super::report::Report;

const PREFIX: &str = "concertina";

/// The type of [`Telemetry::text`].
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The numbers of the process. Those of the rules in use belong to them, and go with them.
#[derive(Debug)]
pub(super) struct Telemetry {
    registry: Registry,
    pub(super) requests: RequestMetrics,
}

impl Telemetry {
    pub(super) fn new(report: &Arc<Report>, cluster: Option<&ClusterObjects>) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = RequestMetrics::register(&mut registry);
        registry.register_collector(Box::new(Arc::clone(report)));
        if let Some(cluster) = cluster {
            cluster.objects.register(&mut registry);
        }
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "This program", build);
        Self { registry, requests }
    }

    /// A registry for one set of rules.
    pub(super) fn of_rules() -> Registry {
        Registry::with_prefix(PREFIX)
    }

    /// The numbers of the process and of `rules`, as OpenMetrics.
    pub(super) fn text(&self, rules: &Registry) -> String {
        let mut text = String::new();
        match self.write(rules, &mut text) {
            Ok(()) => text,
            // Half an exposition has no end marker, so whoever scrapes refuses it.
            Err(fmt::Error) => String::new(),
        }
    }

    fn write(&self, rules: &Registry, text: &mut String) -> fmt::Result {
        encode_registry(text, &self.registry)?;
        encode_registry(text, rules)?;
        encode_eof(text)
    }
}
