//! Metadata, as far as it is looked at.

use std::collections::BTreeMap;

use concertina_model::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::PolicyError;

/// `metav1.ObjectMeta`, as far as it says which object this is. What else the API knows there is
/// read over and not kept; unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", rename_all = "camelCase")]
pub struct ObjectMeta {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its namespace; empty when the manifest leaves it to whoever applies it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Which object of that name, in a cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Which state of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// How often its spec was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// When it was made, in whole seconds.
    #[serde(
        with = "concertina_model::rfc3339::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub creation_timestamp: Option<Timestamp>,
}

/// All the fields that the API knows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct Written {
    name: String,
    namespace: String,
    #[serde(deserialize_with = "null_is_none")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_none")]
    annotations: BTreeMap<String, String>,
    uid: String,
    resource_version: String,
    generation: Option<i64>,
    #[serde(with = "concertina_model::rfc3339::optional")]
    creation_timestamp: Option<Timestamp>,
    #[serde(rename = "generateName")]
    _generate_name: Option<IgnoredAny>,
    #[serde(rename = "selfLink")]
    _self_link: Option<IgnoredAny>,
    #[serde(rename = "deletionTimestamp")]
    _deletion_timestamp: Option<IgnoredAny>,
    #[serde(rename = "deletionGracePeriodSeconds")]
    _deletion_grace_period_seconds: Option<IgnoredAny>,
    #[serde(rename = "ownerReferences")]
    _owner_references: Option<IgnoredAny>,
    #[serde(rename = "finalizers")]
    _finalizers: Option<IgnoredAny>,
    #[serde(rename = "managedFields")]
    _managed_fields: Option<IgnoredAny>,
}

fn null_is_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl From<Written> for ObjectMeta {
    fn from(written: Written) -> Self {
        Self {
            name: written.name,
            namespace: written.namespace,
            labels: written.labels,
            annotations: written.annotations,
            uid: written.uid,
            resource_version: written.resource_version,
            generation: written.generation,
            creation_timestamp: written.creation_timestamp,
        }
    }
}

impl ObjectMeta {
    pub(super) fn validate(&self) -> Vec<PolicyError> {
        let mut found = Vec::new();
        if self.name.is_empty() {
            found.push(PolicyError::new("metadata.name", "is required"));
        } else if self.name.len() > 253 || !self.name.split('.').all(is_dns_label) {
            let problem = format!(
                "`{}` is none; up to 253 lower-case letters, digits, `-` and `.` are, which begin \
                 and end with a letter or digit",
                self.name
            );
            found.push(PolicyError::new("metadata.name", problem));
        }
        if !self.namespace.is_empty()
            && (self.namespace.len() > 63 || !is_dns_label(&self.namespace))
        {
            let problem = format!(
                "`{}` is none; up to 63 lower-case letters, digits and `-` are, which begin and end \
                 with a letter or digit",
                self.namespace
            );
            found.push(PolicyError::new("metadata.namespace", problem));
        }
        found
    }
}

pub(super) fn is_dns_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = label.as_bytes();
    bytes.first().copied().is_some_and(plain)
        && bytes.last().copied().is_some_and(plain)
        && bytes.iter().all(|b| plain(*b) || *b == b'-')
}
