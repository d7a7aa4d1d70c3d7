//! What the autoscaler needs of a cluster.

use async_trait::async_trait;
use concertina_model::{LabelSelector, ObjectRef};
use concertina_replicas::Pod;
pub use concertina_replicas::Scale;

/// A cluster: the Kubernetes API, or something that answers like it.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Reads the scale of `target`, whose namespace is filled in.
    ///
    /// # Errors
    ///
    /// [`ClusterError`] when there is no answer or no such object.
    async fn scale(&self, target: &ObjectRef) -> Result<Scale, ClusterError>;

    /// Wants `replicas` pods of `target`.
    ///
    /// # Errors
    ///
    /// [`ClusterError`] when the write did not happen.
    async fn set_replicas(&self, target: &ObjectRef, replicas: i32) -> Result<(), ClusterError>;

    /// The pods of `namespace` that `selector` matches.
    ///
    /// # Errors
    ///
    /// [`ClusterError`] when there is no answer.
    async fn pods(
        &self,
        namespace: &str,
        selector: &LabelSelector,
    ) -> Result<Vec<Pod>, ClusterError>;
}

/// Why a cluster did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No such object.
    #[error("{0} does not exist")]
    NotFound(String),
    /// It did not answer, or refused.
    #[error("{0}")]
    Failed(String),
}
