//! The versions of the API.

use std::fmt;

/// A version of the API group `autoscaling` in which HorizontalPodAutoscalers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// `autoscaling/v1`: CPU only; everything else travels in annotations.
    V1,
    /// `autoscaling/v2beta1`, which no Kubernetes since 1.25 serves.
    V2beta1,
    /// `autoscaling/v2beta2`, which no Kubernetes since 1.26 serves.
    V2beta2,
    /// `autoscaling/v2`.
    V2,
}

impl ApiVersion {
    /// All, oldest first.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2beta1, Self::V2beta2, Self::V2];

    /// As it is written: `autoscaling/v2`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "autoscaling/v1",
            Self::V2beta1 => "autoscaling/v2beta1",
            Self::V2beta2 => "autoscaling/v2beta2",
            Self::V2 => "autoscaling/v2",
        }
    }

    /// The version of that name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }

    /// Since when clusters take it no more; None while they do.
    pub(super) fn removed(self) -> Option<&'static str> {
        match self {
            Self::V1 | Self::V2 => None,
            Self::V2beta1 => Some("1.25"),
            Self::V2beta2 => Some("1.26"),
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is worth knowing of a manifest that was read, though nothing is wrong with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Current clusters do not take its version.
    Removed {
        /// The version.
        version: ApiVersion,
        /// Since which Kubernetes.
        since: &'static str,
    },
    /// An annotation carries fields of a newer version, but is malformed. The API server passes
    /// over it without a word, and so it is passed over here.
    Malformed {
        /// The annotation.
        annotation: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { version, since } => write!(
                f,
                "apiVersion: {version} is taken by no cluster since Kubernetes {since}; write {}",
                ApiVersion::V2
            ),
            Self::Malformed { annotation, reason } => write!(
                f,
                "metadata.annotations[{annotation}]: it is malformed, so the API server ignores \
                 it, and so do we: {reason}"
            ),
        }
    }
}
