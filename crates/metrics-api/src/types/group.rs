//! The API groups and their versions.

use super::ApiVersion;

/// The three metrics APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// `custom.metrics.k8s.io`: metrics of Kubernetes objects.
    Custom,
    /// `external.metrics.k8s.io`: metrics of anything else.
    External,
    /// `metrics.k8s.io`: CPU and memory of pods and nodes.
    Resource,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 3] = [Self::Custom, Self::External, Self::Resource];

    /// The group's name: `custom.metrics.k8s.io`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Custom => super::GROUP,
            Self::External => "external.metrics.k8s.io",
            Self::Resource => "metrics.k8s.io",
        }
    }

    /// Its versions, the preferred one first.
    #[must_use]
    pub const fn versions(self) -> &'static [GroupVersion] {
        match self {
            Self::Custom => &[GroupVersion::CustomV1beta1, GroupVersion::CustomV1beta2],
            Self::External => &[GroupVersion::ExternalV1beta1],
            Self::Resource => &[GroupVersion::ResourceV1beta1],
        }
    }

    /// The group of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A version of one of the groups.
///
/// ```
/// use concertina_metrics_api::types::{Group, GroupVersion};
///
/// let version = GroupVersion::ExternalV1beta1;
/// assert_eq!(version.as_str(), "external.metrics.k8s.io/v1beta1");
/// assert_eq!((version.group(), version.version()), (Group::External, "v1beta1"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupVersion {
    /// `custom.metrics.k8s.io/v1beta1`
    CustomV1beta1,
    /// `custom.metrics.k8s.io/v1beta2`
    CustomV1beta2,
    /// `external.metrics.k8s.io/v1beta1`
    ExternalV1beta1,
    /// `metrics.k8s.io/v1beta1`
    ResourceV1beta1,
}

impl GroupVersion {
    /// The group.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::CustomV1beta1 | Self::CustomV1beta2 => Group::Custom,
            Self::ExternalV1beta1 => Group::External,
            Self::ResourceV1beta1 => Group::Resource,
        }
    }

    /// The version alone: `v1beta1`.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::CustomV1beta2 => "v1beta2",
            _ => "v1beta1",
        }
    }

    /// Group and version, as `apiVersion` holds them.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomV1beta1 => "custom.metrics.k8s.io/v1beta1",
            Self::CustomV1beta2 => "custom.metrics.k8s.io/v1beta2",
            Self::ExternalV1beta1 => "external.metrics.k8s.io/v1beta1",
            Self::ResourceV1beta1 => "metrics.k8s.io/v1beta1",
        }
    }
}

impl From<ApiVersion> for GroupVersion {
    fn from(version: ApiVersion) -> Self {
        match version {
            ApiVersion::V1beta1 => Self::CustomV1beta1,
            ApiVersion::V1beta2 => Self::CustomV1beta2,
        }
    }
}
