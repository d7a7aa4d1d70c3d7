//! What tells a client which groups, versions and resources are served.

use serde::{Deserialize, Serialize};

use super::values::null_is_empty;
use super::{ApiVersion, GROUP, METRIC_VALUE_LIST};

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
    pub fn new(version: ApiVersion, resources: Vec<ApiResource>) -> Self {
        Self {
            kind: "APIResourceList".to_owned(),
            api_version: "v1".to_owned(),
            group_version: version.group_version().to_owned(),
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
    /// The entry of a metric, named `RESOURCE/METRIC`.
    #[must_use]
    pub fn metric(name: String, namespaced: bool) -> Self {
        Self {
            name,
            singular_name: String::new(),
            namespaced,
            kind: METRIC_VALUE_LIST.to_owned(),
            verbs: vec!["get".to_owned()],
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
    /// The group `custom.metrics.k8s.io` with both versions, as a document of its own.
    ///
    /// prometheus-adapter 0.12 serves both versions but lists only `v1beta1`, so that a client
    /// that looks here cannot find `v1beta2`; both are listed here. `v1beta1` is preferred, as
    /// there.
    #[must_use]
    pub fn custom_metrics() -> Self {
        Self {
            kind: "APIGroup".to_owned(),
            api_version: "v1".to_owned(),
            name: GROUP.to_owned(),
            versions: ApiVersion::ALL.into_iter().map(Into::into).collect(),
            preferred_version: ApiVersion::V1beta1.into(),
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
    /// The list that holds only [`ApiGroup::custom_metrics`].
    #[must_use]
    pub fn custom_metrics() -> Self {
        let group = ApiGroup {
            kind: String::new(),
            api_version: String::new(),
            ..ApiGroup::custom_metrics()
        };
        Self {
            kind: "APIGroupList".to_owned(),
            api_version: String::new(),
            groups: vec![group],
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

impl From<ApiVersion> for GroupVersionForDiscovery {
    fn from(version: ApiVersion) -> Self {
        Self {
            group_version: version.group_version().to_owned(),
            version: version.as_str().to_owned(),
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
