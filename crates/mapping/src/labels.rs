//! Labels and the resources they name, in both directions.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use concertina_model::GroupResource;
use concertina_rules::{LabelTemplate, ResourceLabels};

use crate::{ApiResource, Resources};

/// The label mapping of one rule, with its overrides resolved.
#[derive(Clone, Debug, Default)]
pub struct LabelMapper {
    template: Option<LabelTemplate>,
    resources: BTreeMap<String, Arc<ApiResource>>,
    labels: BTreeMap<GroupResource, String>,
}

/// Why a mapping cannot be used, or gives no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// An override names a resource that the cluster does not have (yet).
    #[error(
        "the override of label `{label}` names the resource `{resource}`, which the cluster does \
         not have; the rule waits until it appears"
    )]
    UnknownResource {
        /// The label.
        label: String,
        /// The resource as it is written.
        resource: GroupResource,
    },
    /// The rule has no label for a resource.
    #[error(
        "the rule has no label for {0}: add one to `resources.overrides`, or a \
         `resources.template`"
    )]
    NoLabel(GroupResource),
}

impl LabelMapper {
    /// Resolves the overrides of a rule's `resources`. When two labels name one resource, the first in the file is
    /// the one that queries use.
    ///
    /// # Errors
    ///
    /// [`LabelError::UnknownResource`] for the first override whose resource does not exist.
    pub fn new(labels: &ResourceLabels, known: &dyn Resources) -> Result<Self, LabelError> {
        let mut mapper = Self {
            template: labels.template().cloned(),
            ..Self::default()
        };
        for (label, written) in labels.overrides() {
            let Some(resource) = known.resolve(written) else {
                return Err(LabelError::UnknownResource {
                    label: label.clone(),
                    resource: written.clone(),
                });
            };
            let key = resource.group_resource();
            mapper.labels.entry(key).or_insert_with(|| label.clone());
            mapper.resources.insert(label.clone(), resource);
        }
        Ok(mapper)
    }

    /// The resource that a label names: by an override, else by the template.
    #[must_use]
    pub fn resource(&self, label: &str, known: &dyn Resources) -> Option<Arc<ApiResource>> {
        if let Some(resource) = self.resources.get(label) {
            return Some(Arc::clone(resource));
        }
        known.resolve(&self.template.as_ref()?.resource(label)?)
    }

    /// The label by which queries select objects of `resource` (a group and a plural).
    ///
    /// # Errors
    ///
    /// [`LabelError::NoLabel`] when neither an override nor a template gives one.
    pub fn label(
        &self,
        resource: &GroupResource,
        known: &dyn Resources,
    ) -> Result<String, LabelError> {
        if let Some(label) = self.labels.get(resource) {
            return Ok(label.clone());
        }
        let singular = known.singular(&resource.resource);
        match (&self.template, singular) {
            (Some(template), Some(singular)) => Ok(template.label(&resource.group, &singular)),
            _ => Err(LabelError::NoLabel(resource.clone())),
        }
    }

    /// The label by which queries select a namespace.
    pub(crate) fn namespace_label(&self, known: &dyn Resources) -> Result<String, LabelError> {
        static NAMESPACES: LazyLock<GroupResource> =
            LazyLock::new(|| GroupResource::core("namespaces"));
        self.label(&NAMESPACES, known)
    }
}
