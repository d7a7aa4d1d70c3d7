//! What tells a client which groups, versions and resources are served.

use serde::{Deserialize, Serialize};

use super::external::EXTERNAL_METRIC_VALUE_LIST;
use super::values::null_is_empty;
use super::{Group, GroupVersion, METRIC_VALUE_LIST};

/// The resources of one version: for custom metrics, one entry for each resource and metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResourceList {
    /// `APIResourceList`.
    pub kind: String,
    /// `v1`; an older server leaves it out.
    #[serde(default)]
    pub api_version: String,
    /// Such as `custom.metrics.k8s.io/v1beta1`.
    pub group_version: String,
    /// The resources.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub resources: Vec<ApiResource>,
}

impl ApiResourceList {
    /// The list of `version` with `resources`.
    #[must_use]
    pub fn new(version: impl Into<GroupVersion>, resources: Vec<ApiResource>) -> Self {
        Self {
            kind: "APIResourceList".to_owned(),
            api_version: "v1".to_owned(),
            group_version: version.into().as_str().to_owned(),
            resources,
        }
    }
}

/// One resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResource {
    /// `RESOURCE/METRIC` or `RESOURCE.GROUP/METRIC`: `pods/DCGM_FI_DEV_GPU_UTIL`.
    pub name: String,
    /// Always empty for metrics.
    #[serde(default)]
    pub singular_name: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// `MetricValueList`.
    pub kind: String,
    /// `get`.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub verbs: Vec<String>,
}

impl ApiResource {
    /// The entry of a custom metric, named `RESOURCE/METRIC`.
    #[must_use]
    pub fn metric(name: String, namespaced: bool) -> Self {
        Self::new(name, namespaced, METRIC_VALUE_LIST, &["get"])
    }

    /// The entry of an external metric, named as the metric.
    #[must_use]
    pub fn external(name: String) -> Self {
        Self::new(name, true, EXTERNAL_METRIC_VALUE_LIST, &["get"])
    }

    /// The entries of `metrics.k8s.io`.
    #[must_use]
    pub fn usage() -> Vec<Self> {
        let verbs = &["get", "list"];
        vec![
            Self::new("nodes".to_owned(), false, "NodeMetrics", verbs),
            Self::new("pods".to_owned(), true, "PodMetrics", verbs),
        ]
    }

    fn new(name: String, namespaced: bool, kind: &str, verbs: &[&str]) -> Self {
        Self {
            name,
            singular_name: String::new(),
            namespaced,
            kind: kind.to_owned(),
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        }
    }
}

/// One API group. Inside an [`ApiGroupList`] it has neither kind nor version of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiGroup {
    /// `APIGroup`, or empty inside a list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// `v1`, or empty inside a list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The group's name.
    pub name: String,
    /// The versions that are served.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub versions: Vec<GroupVersionForDiscovery>,
    /// The version that a client without a preference uses.
    #[serde(default)]
    pub preferred_version: GroupVersionForDiscovery,
    /// Where to find the server, by the client's network.
    #[serde(
        rename = "serverAddressByClientCIDRs",
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub server_address_by_client_cidrs: Vec<ServerAddressByClientCidr>,
}

impl ApiGroup {
    /// `group` with its versions, as a document of its own.
    ///
    /// prometheus-adapter 0.12 serves both versions of `custom.metrics.k8s.io` but lists only
    /// `v1beta1`, so that a client that looks here cannot find `v1beta2`; both are listed here.
    /// `v1beta1` is preferred, as there.
    #[must_use]
    pub fn new(group: Group) -> Self {
        let versions: Vec<GroupVersionForDiscovery> =
            group.versions().iter().copied().map(Into::into).collect();
        Self {
            kind: "APIGroup".to_owned(),
            api_version: "v1".to_owned(),
            name: group.name().to_owned(),
            preferred_version: versions.first().cloned().unwrap_or_default(),
            versions,
            server_address_by_client_cidrs: Vec::new(),
        }
    }
}

/// All API groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiGroupList {
    /// `APIGroupList`.
    pub kind: String,
    /// `v1`; prometheus-adapter leaves it out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The groups.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub groups: Vec<ApiGroup>,
}

impl ApiGroupList {
    /// The list of `groups`. With `server_address` (`HOST:PORT`), each group says that it is found
    /// there, as Kubernetes' API servers do.
    #[must_use]
    pub fn new(groups: impl IntoIterator<Item = Group>, server_address: Option<&str>) -> Self {
        let anywhere = |address: &str| ServerAddressByClientCidr {
            client_cidr: "0.0.0.0/0".to_owned(),
            server_address: address.to_owned(),
        };
        let groups = groups.into_iter().map(|group| ApiGroup {
            kind: String::new(),
            api_version: String::new(),
            server_address_by_client_cidrs: server_address.map(anywhere).into_iter().collect(),
            ..ApiGroup::new(group)
        });
        Self {
            kind: "APIGroupList".to_owned(),
            api_version: String::new(),
            groups: groups.collect(),
        }
    }
}

/// A version of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupVersionForDiscovery {
    /// `custom.metrics.k8s.io/v1beta1`.
    pub group_version: String,
    /// `v1beta1`.
    pub version: String,
}

impl From<GroupVersion> for GroupVersionForDiscovery {
    fn from(version: GroupVersion) -> Self {
        Self {
            group_version: version.as_str().to_owned(),
            version: version.version().to_owned(),
        }
    }
}

/// The server's address for the clients of one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerAddressByClientCidr {
    /// The network, `0.0.0.0/0` for all.
    #[serde(rename = "clientCIDR")]
    pub client_cidr: String,
    /// `HOST:PORT`.
    pub server_address: String,
}

/// What `/version` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VersionInfo {
    /// The major version.
    pub major: String,
    /// The minor version.
    pub minor: String,
    /// The whole version, with a leading `v`.
    pub git_version: String,
    /// The commit it was built from.
    pub git_commit: String,
    /// `clean` or `dirty`.
    pub git_tree_state: String,
    /// When it was built.
    pub build_date: String,
    /// Go's version; empty, as there is no Go here.
    pub go_version: String,
    /// The compiler.
    pub compiler: String,
    /// `OS/ARCHITECTURE`.
    pub platform: String,
}
