//! HorizontalPodAutoscaler manifests as people keep them: YAML, in any served version.

use concertina_replicas::api::{self, HorizontalPodAutoscaler};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is no YAML, or not of the shape that its apiVersion has.
    #[error("line {line}, column {column}: {message}")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
        /// What is wrong.
        message: String,
    },
    /// There is nothing in it that could be read.
    #[error("{message}")]
    Unpositioned {
        /// What is wrong.
        message: String,
    },
    /// It is a manifest of something else.
    #[error(
        "no HorizontalPodAutoscaler in it, but {found}; \
         expected kind: HorizontalPodAutoscaler with apiVersion: autoscaling/v2"
    )]
    NotAnAutoscaler {
        /// What was found: `Deployment (apps/v1)`.
        found: String,
    },
    /// There are several, and one was asked for.
    #[error("{count} HorizontalPodAutoscalers in it; keep one for each file")]
    Several {
        /// How many.
        count: usize,
    },
    /// The API server would refuse it.
    #[error("the API server would refuse it: {message}")]
    Invalid {
        /// Field path and reason of each finding, separated by `; `.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
}
