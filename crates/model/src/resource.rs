//! Names of Kubernetes resources and objects.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A Kubernetes resource type without a version: `pods`, `deployments.apps`.
///
/// ```
/// use concertina_model::GroupResource;
///
/// let deployments: GroupResource = "deployments.apps".parse().unwrap();
/// assert_eq!((deployments.group.as_str(), deployments.resource.as_str()), ("apps", "deployments"));
/// assert_eq!(GroupResource::core("pods").to_string(), "pods");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupResource {
    /// The API group, empty for the core group.
    #[serde(default)]
    pub group: String,
    /// The resource: the lower-case plural once it is resolved; in a rule file also a singular.
    pub resource: String,
}

impl GroupResource {
    /// A resource of `group`.
    pub fn new(group: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            resource: resource.into(),
        }
    }

    /// A resource of the core group.
    pub fn core(resource: impl Into<String>) -> Self {
        Self::new("", resource)
    }
}

impl std::str::FromStr for GroupResource {
    type Err = std::convert::Infallible;

    /// `RESOURCE` or `RESOURCE.GROUP`, as `schema.ParseGroupResource` of Kubernetes reads it: what
    /// follows the first dot is the group.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (resource, group) = text.split_once('.').unwrap_or((text, ""));
        Ok(Self::new(group, resource))
    }
}

impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// A reference to one Kubernetes object, as `describedObject` and `scaleTargetRef` hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `GROUP/VERSION`, or only the version for the core group; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The kind, such as `Deployment`.
    pub kind: String,
    /// The namespace; empty for cluster-scoped objects and where the context gives it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl fmt::Display for ObjectRef {
    /// `KIND/NAME`, as `kubectl get hpa` shows a reference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}
