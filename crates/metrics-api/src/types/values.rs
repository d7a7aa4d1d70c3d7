//! What both versions of a metric value share.

use concertina_model::ObjectRef;
use serde::{Deserialize, Deserializer, Serialize};

/// The metadata of a list. These lists are computed, so it is always empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMeta {}

/// A reference to the object that a value describes, in the field order of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReference {
    /// The kind, such as `Pod`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The namespace; empty for cluster-scoped objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `GROUP/VERSION`. For the core group prometheus-adapter writes `/v1`, with a slash.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
}

impl From<ObjectRef> for ObjectReference {
    fn from(object: ObjectRef) -> Self {
        let ObjectRef {
            api_version,
            kind,
            namespace,
            name,
        } = object;
        Self {
            kind,
            namespace,
            name,
            api_version,
        }
    }
}

impl From<ObjectReference> for ObjectRef {
    fn from(object: ObjectReference) -> Self {
        let ObjectReference {
            kind,
            namespace,
            name,
            api_version,
        } = object;
        Self {
            api_version,
            kind,
            namespace,
            name,
        }
    }
}

/// Reads a list in which, as Go writes it, `null` stands for an empty one.
pub(super) fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
