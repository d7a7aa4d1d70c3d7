//! Which objects a selector means.

use std::collections::BTreeMap;

use async_trait::async_trait;
use concertina_mapping::ApiResource;
use concertina_model::LabelSelector;

use crate::provider::Objects;

/// Something that lists objects of a cluster by their labels.
#[async_trait]
pub trait ObjectLister: Send + Sync {
    /// The names of the objects of `resource` in `namespace` (None for cluster-scoped ones) whose
    /// labels match `selector`.
    ///
    /// # Errors
    ///
    /// [`ListError`] when there is no answer.
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError>;
}

/// Something that lists the pods and nodes whose use is asked for, with their labels, which stand
/// in the answer.
#[async_trait]
pub trait UsageObjects: Send + Sync {
    /// The objects of `resource` in `namespace` (None for nodes, and for pods of all namespaces).
    /// One that is asked for by name and does not exist is left out.
    ///
    /// # Errors
    ///
    /// [`ListError`] when there is no answer.
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        objects: &Objects,
    ) -> Result<Vec<ListedObject>, ListError>;
}

/// An object, as far as the answers need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedObject {
    /// Its namespace; empty for a cluster-scoped one.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// Why objects could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
#[non_exhaustive]
pub struct ListError(String);

impl ListError {
    /// Because of `reason`.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
