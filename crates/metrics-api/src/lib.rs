//! custom.metrics.k8s.io: wire types, client, and an embeddable server.
//!
//! - [`types`]: what travels, as Kubernetes writes it.
//! - [`path`]: paths and queries become requests.
//! - [`provider`]: what the server asks its host for.
//! - [`server`]: the API as a `tower_service::Service` over a provider.
//! - [`adapter`]: a provider made of rules and a metric source.
//! - [`client`]: what the HorizontalPodAutoscaler controller asks, and how it reads the answers.

pub mod adapter;
pub mod client;
pub mod path;
pub mod provider;
pub mod server;
pub mod types;

pub use adapter::Adapter;
pub use client::{ClientError, MetricsClient, ObjectMetric};
pub use provider::{CustomMetricsProvider, MetricInfo, MetricRef, ProviderError};
pub use server::MetricsApi;
