//! The reconcile loop: observe, decide, scale, report.
//!
//! [`manifest`] reads HorizontalPodAutoscalers as people keep them. A [`Controller`] follows one:
//! it reads the scale and the pods from a [`Cluster`], asks the custom metrics API as Kubernetes'
//! HPA controller does, decides with [`concertina_replicas`], writes the scale, and reports all of
//! it. Of several processes one leads, by the [`lease`], and the next
//! goes on from its [`saved`] history.

pub mod cluster;
pub mod controller;
pub mod lease;
pub mod manifest;
pub mod saved;

pub use cluster::{Cluster, ClusterError, Scale};
pub use controller::{Controller, Report};
pub use manifest::ManifestError;
