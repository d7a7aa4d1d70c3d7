//! The metrics APIs of Kubernetes: wire types, a client, and an embeddable server.
//!
//! `custom.metrics.k8s.io`, `external.metrics.k8s.io` and `metrics.k8s.io`, each over a provider
//! trait of its own.
//!
//! - [`types`]: what travels, as Kubernetes writes it.
//! - [`path`]: paths and queries become requests.
//! - [`provider`]: what the server asks its host for.
//! - [`server`]: the APIs as a `tower_service::Service` over providers.
//! - [`adapter`]: providers made of rules and a metric source.
//! - `auth` (feature `auth`): who asks, and whether they may, delegated to a cluster.
//! - `cluster` (feature `watch`): which objects and kinds a cluster has, followed by watches.
//! - [`telemetry`]: what a server counts of itself.
//! - [`client`]: what the HorizontalPodAutoscaler controller asks, and how it reads the answers.

pub mod adapter;
#[cfg(feature = "auth")]
pub mod auth;
pub mod client;
#[cfg(feature = "watch")]
pub mod cluster;
mod encode;
pub mod path;
pub mod provider;
pub mod server;
pub mod telemetry;
pub mod types;

pub use adapter::{Adapter, ExternalAdapter, UsageAdapter};
pub use client::{ClientError, MetricsClient, ObjectMetric};
pub use provider::{
    CustomMetricsProvider, ExternalMetricsProvider, MetricInfo, MetricRef, ProviderError,
    ResourceMetricsProvider,
};
pub use server::{MetricsApi, MetricsApiBuilder};
