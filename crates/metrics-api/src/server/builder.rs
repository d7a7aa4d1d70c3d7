//! What a server is made of.

use std::sync::Arc;

use super::{HealthCheck, MetricsApi, Shared};
use crate::path::HealthEndpoint;
use crate::provider::{CustomMetricsProvider, ExternalMetricsProvider, ResourceMetricsProvider};
use crate::types::{Group, VersionInfo};

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
    let mut paths = vec!["/apis".to_owned(), "/version".to_owned()];
    for group in Group::ALL.into_iter().filter(|group| shared.serves(*group)) {
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
