//! Which objects a selector means.

use async_trait::async_trait;
use concertina_mapping::ApiResource;
use concertina_model::LabelSelector;

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
