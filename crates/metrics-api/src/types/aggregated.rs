//! Aggregated discovery: all groups, versions and resources in one answer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ApiResource, Group, GroupVersion, ListMeta};

/// `APIGroupDiscoveryList`: what kubectl and the API aggregator ask `/apis` for first.
///
/// prometheus-adapter 0.12 answers with an empty list, so that clients have to ask again for each
/// group and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiGroupDiscoveryList {
    /// `APIGroupDiscoveryList`.
    pub kind: String,
    /// `apidiscovery.k8s.io/v2`, or `v2beta1` for older clients; the content is the same.
    pub api_version: String,
    /// Always empty.
    pub metadata: ListMeta,
    /// The groups.
    pub items: Vec<ApiGroupDiscovery>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiGroupDiscovery {
    /// Its name.
    pub metadata: DiscoveryMeta,
    /// Its versions, the preferred one first.
    pub versions: Vec<ApiVersionDiscovery>,
}

/// The metadata of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryMeta {
    /// The group's name.
    pub name: String,
    /// Always null: a group was not created.
    pub creation_timestamp: Option<String>,
}

/// One version of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiVersionDiscovery {
    /// `v1beta1`.
    pub version: String,
    /// Its resources.
    pub resources: Vec<ApiResourceDiscovery>,
    /// `Current`: it comes from the server itself.
    pub freshness: &'static str,
}

/// One resource. For custom metrics a resource such as `pods` is nothing by itself and has no kind:
/// the metrics are its subresources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResourceDiscovery {
    /// `pods`, or the name of an external metric.
    pub resource: String,
    /// The kind of what is answered; empty for a resource that only has subresources.
    pub response_kind: GroupVersionKind,
    /// `Namespaced` or `Cluster`.
    pub scope: &'static str,
    /// The singular; always empty.
    pub singular_resource: String,
    /// `get`.
    pub verbs: Vec<String>,
    /// The metrics of the resource.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subresources: Vec<ApiSubresourceDiscovery>,
}

/// One metric of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiSubresourceDiscovery {
    /// The metric's name.
    pub subresource: String,
    /// The kind of what is answered.
    pub response_kind: GroupVersionKind,
    /// `get`.
    pub verbs: Vec<String>,
}

/// A kind with its group and version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupVersionKind {
    /// The group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
}

impl ApiGroupDiscoveryList {
    /// The list of groups, in the form of `version` (`v2` or `v2beta1`): for each group its versions
    /// and their resources as [`ApiResourceList`](super::ApiResourceList) holds them.
    #[must_use]
    pub fn new(
        version: &str,
        groups: impl IntoIterator<Item = (Group, Vec<(GroupVersion, Vec<ApiResource>)>)>,
    ) -> Self {
        let group = |(group, versions): (Group, Vec<_>)| ApiGroupDiscovery {
            metadata: DiscoveryMeta {
                name: group.name().to_owned(),
                creation_timestamp: None,
            },
            versions: versions
                .into_iter()
                .map(|(version, resources)| ApiVersionDiscovery::new(version, resources))
                .collect(),
        };
        Self {
            kind: "APIGroupDiscoveryList".to_owned(),
            api_version: format!("apidiscovery.k8s.io/{version}"),
            metadata: ListMeta {},
            items: groups.into_iter().map(group).collect(),
        }
    }
}

impl ApiVersionDiscovery {
    fn new(version: GroupVersion, resources: Vec<ApiResource>) -> Self {
        let kind = |kind: String| GroupVersionKind {
            group: version.group().name().to_owned(),
            version: version.version().to_owned(),
            kind,
        };
        let mut found: BTreeMap<String, ApiResourceDiscovery> = BTreeMap::new();
        for resource in resources {
            let (name, metric) = match resource.name.split_once('/') {
                Some((name, metric)) => (name.to_owned(), Some(metric.to_owned())),
                None => (resource.name, None),
            };
            let entry = found.entry(name.clone()).or_insert(ApiResourceDiscovery {
                resource: name,
                response_kind: GroupVersionKind::default(),
                scope: if resource.namespaced {
                    "Namespaced"
                } else {
                    "Cluster"
                },
                singular_resource: resource.singular_name,
                verbs: Vec::new(),
                subresources: Vec::new(),
            });
            match metric {
                None => {
                    entry.response_kind = kind(resource.kind);
                    entry.verbs = resource.verbs;
                }
                Some(subresource) => entry.subresources.push(ApiSubresourceDiscovery {
                    subresource,
                    response_kind: kind(resource.kind),
                    verbs: resource.verbs,
                }),
            }
        }
        Self {
            version: version.version().to_owned(),
            resources: found.into_values().collect(),
            freshness: "Current",
        }
    }
}
