//! The wire types of discovery, metric values and errors, exactly as Kubernetes writes them.
//!
//! Field order, `null`s and left-out fields are those of Kubernetes' own JSON encoder, as recorded
//! from prometheus-adapter 0.12. Only `<`, `>` and `&`, which Go escapes in strings, stand as they
//! are. Decoding is as tolerant as
//! Kubernetes': unknown fields are ignored, and a `null` list is an empty one.

pub mod aggregated;
mod discovery;
pub mod external;
mod group;
pub mod resource;
mod status;
pub mod v1beta1;
pub mod v1beta2;
mod values;

pub use discovery::{
    ApiGroup, ApiGroupList, ApiResource, ApiResourceList, GroupVersionForDiscovery,
    ServerAddressByClientCidr, VersionInfo,
};
pub use group::{Group, GroupVersion};
pub use status::{Status, StatusCause, StatusDetails};
pub use values::{ListMeta, ObjectReference};

/// The API group of custom metrics.
pub const GROUP: &str = "custom.metrics.k8s.io";

/// The kind of a list of custom metric values.
pub const METRIC_VALUE_LIST: &str = "MetricValueList";

/// The versions of [`GROUP`].
///
/// ```
/// use concertina_metrics_api::types::ApiVersion;
///
/// assert_eq!(ApiVersion::V1beta2.group_version(), "custom.metrics.k8s.io/v1beta2");
/// assert_eq!("v1beta1".parse(), Ok(ApiVersion::V1beta1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApiVersion {
    /// `v1beta1`: `metricName`, `window` and `selector` stand beside each other.
    V1beta1,
    /// `v1beta2`: `metric` holds name and selector.
    V1beta2,
}

impl ApiVersion {
    /// All versions, oldest first.
    pub const ALL: [Self; 2] = [Self::V1beta1, Self::V1beta2];

    /// `v1beta1` or `v1beta2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1beta1 => "v1beta1",
            Self::V1beta2 => "v1beta2",
        }
    }

    /// `custom.metrics.k8s.io/v1beta1` or `custom.metrics.k8s.io/v1beta2`: the `apiVersion` of
    /// what is served in this version.
    #[must_use]
    pub const fn group_version(self) -> &'static str {
        match self {
            Self::V1beta1 => "custom.metrics.k8s.io/v1beta1",
            Self::V1beta2 => "custom.metrics.k8s.io/v1beta2",
        }
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a version of [`GROUP`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("custom.metrics.k8s.io has no version {0:?}; it has v1beta1 and v1beta2")]
pub struct UnknownApiVersion(String);

impl std::str::FromStr for ApiVersion {
    type Err = UnknownApiVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or_else(|| UnknownApiVersion(text.to_owned()))
    }
}
