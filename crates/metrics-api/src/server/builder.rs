//! What a server is made of.

use std::sync::Arc;

use super::documents::SelfMetrics;
use super::openapi::OpenApi;
use super::{HealthCheck, MetricsApi, Shared};
use crate::path::HealthEndpoint;
use crate::provider::{CustomMetricsProvider, ExternalMetricsProvider, ResourceMetricsProvider};
use crate::types::VersionInfo;

/// Makes a [`MetricsApi`]. A group is served when it has a provider, as prometheus-adapter serves
/// a group when there are rules for it.
#[derive(Default)]
pub struct MetricsApiBuilder {
    custom: Option<Arc<dyn CustomMetricsProvider>>,
    external: Option<Arc<dyn ExternalMetricsProvider>>,
    resource: Option<Arc<dyn ResourceMetricsProvider>>,
    version: Option<VersionInfo>,
    server_address: Option<String>,
    checks: Vec<HealthCheck>,
    paths: Vec<String>,
    metrics: Option<SelfMetrics>,
}

impl MetricsApiBuilder {
    /// Serves `custom.metrics.k8s.io` from `provider`.
    #[must_use]
    pub fn custom(mut self, provider: impl CustomMetricsProvider) -> Self {
        self.custom = Some(Arc::new(provider));
        self
    }

    /// Serves `external.metrics.k8s.io` from `provider`.
    #[must_use]
    pub fn external(mut self, provider: impl ExternalMetricsProvider) -> Self {
        self.external = Some(Arc::new(provider));
        self
    }

    /// Serves `metrics.k8s.io` from `provider`.
    #[must_use]
    pub fn resource(mut self, provider: impl ResourceMetricsProvider) -> Self {
        self.resource = Some(Arc::new(provider));
        self
    }

    /// What `/version` tells, instead of this crate's version.
    #[must_use]
    pub fn version(mut self, version: VersionInfo) -> Self {
        self.version = Some(version);
        self
    }

    /// Where `/apis` says that the server is found: `HOST:PORT`.
    #[must_use]
    pub fn server_address(mut self, address: impl Into<String>) -> Self {
        self.server_address = Some(address.into());
        self
    }

    /// Adds a check to the health endpoints.
    #[must_use]
    pub fn health_check(mut self, check: HealthCheck) -> Self {
        self.checks.push(check);
        self
    }

    /// Serves the host's own metrics at `/metrics`: `text` is asked for each request and gives a
    /// text of type `content_type`, such as `text/plain; version=0.0.4`.
    ///
    /// ```
    /// use concertina_metrics_api::MetricsApi;
    ///
    /// let text = || "requests_total 3\n".to_owned();
    /// let api = MetricsApi::builder().metrics("text/plain; version=0.0.4", text).build();
    /// ```
    #[must_use]
    pub fn metrics(
        mut self,
        content_type: &'static str,
        text: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        self.metrics = Some(SelfMetrics {
            content_type,
            text: Arc::new(text),
        });
        self
    }

    /// Lists a path at `/` that the host serves beside this service, such as `/metrics`.
    #[must_use]
    pub fn also_serves(mut self, path: impl Into<String>) -> Self {
        self.paths.push(path.into());
        self
    }

    /// The server.
    #[must_use]
    pub fn build(self) -> MetricsApi {
        let mut checks = vec![HealthCheck::ping()];
        checks.extend(self.checks);
        let mut shared = Shared {
            openapi: OpenApi::new(&[]),
            metrics: self.metrics,
            custom: self.custom,
            external: self.external,
            resource: self.resource,
            version: self.version.unwrap_or_else(own_version),
            server_address: self.server_address,
            checks,
            paths: self.paths,
        };
        let served = paths(&shared);
        shared.paths.extend(served);
        shared.paths.sort();
        shared.paths.dedup();
        shared.openapi = OpenApi::new(&shared.groups());
        MetricsApi {
            shared: Arc::new(shared),
        }
    }
}

fn own_version() -> VersionInfo {
    VersionInfo {
        major: env!("CARGO_PKG_VERSION_MAJOR").to_owned(),
        minor: env!("CARGO_PKG_VERSION_MINOR").to_owned(),
        git_version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        ..VersionInfo::default()
    }
}

/// The paths of `shared`, without those of single metrics.
fn paths(shared: &Shared) -> Vec<String> {
    let fixed = ["/apis", "/openapi/v2", "/openapi/v3", "/version"];
    let mut paths: Vec<String> = fixed.map(str::to_owned).into();
    paths.extend(shared.metrics.iter().map(|_| "/metrics".to_owned()));
    for group in shared.groups() {
        paths.push(format!("/apis/{group}"));
        let versions = group.versions().iter();
        paths.extend(versions.map(|version| format!("/apis/{}", version.as_str())));
    }
    for endpoint in HealthEndpoint::ALL {
        let endpoint_path = format!("/{}", endpoint.as_str());
        let checks = shared.checks.iter();
        let own = checks.filter(|check| check.endpoints().contains(&endpoint));
        paths.extend(own.map(|check| format!("{endpoint_path}/{}", check.name())));
        paths.push(endpoint_path);
    }
    paths
}
