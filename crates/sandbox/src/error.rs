//! What can be wrong with a request or an object, and how Kubernetes' API tells it.

use serde_json::{Value, json};

/// Why the API does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// Nothing is served at this path.
    #[error("the server could not find the requested resource")]
    NoSuchPath,
    /// No such object.
    #[error("{resource} \"{name}\" not found")]
    NotFound {
        /// The resource: `pods`, `deployments.apps`.
        resource: String,
        /// The object's name.
        name: String,
    },
    /// The object is there already.
    #[error("{resource} \"{name}\" already exists")]
    AlreadyExists {
        /// The resource.
        resource: String,
        /// The object's name.
        name: String,
    },
    /// The object changed since it was read.
    #[error(
        "Operation cannot be fulfilled on {resource} \"{name}\": the object has been modified; \
         please apply your changes to the latest version and try again"
    )]
    Conflict {
        /// The resource.
        resource: String,
        /// The object's name.
        name: String,
    },
    /// What happened since that revision is no longer known.
    #[error("too old resource version: {asked} ({oldest})")]
    Expired {
        /// The revision that was asked for.
        asked: u64,
        /// The oldest one that is known.
        oldest: u64,
    },
    /// The request or its body cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// The body is in an encoding that is not read here.
    #[error("the body of the request was in an unknown format - accepted media types include: {0}")]
    UnsupportedMedia(&'static str),
    /// The path has no such method.
    #[error("the server does not allow this method on the requested resource")]
    Method,
    /// Nobody knows who asks.
    #[error("Unauthorized")]
    Unauthorized,
    /// Who asks may not do it.
    #[error("{0}")]
    Forbidden(String),
    /// A fault that was ordered.
    #[error("this is a fault on purpose")]
    Fault(u16),
}

impl ApiError {
    /// The HTTP status.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::NoSuchPath | Self::NotFound { .. } => 404,
            Self::AlreadyExists { .. } | Self::Conflict { .. } => 409,
            Self::Expired { .. } => 410,
            Self::BadRequest(_) => 400,
            Self::UnsupportedMedia(_) => 415,
            Self::Method => 405,
            Self::Unauthorized => 401,
            Self::Forbidden(_) => 403,
            Self::Fault(code) => *code,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchPath | Self::NotFound { .. } => "NotFound",
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::Conflict { .. } => "Conflict",
            Self::Expired { .. } => "Expired",
            Self::BadRequest(_) => "BadRequest",
            Self::UnsupportedMedia(_) => "UnsupportedMediaType",
            Self::Method => "MethodNotAllowed",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden(_) => "Forbidden",
            Self::Fault(429) => "TooManyRequests",
            Self::Fault(503) => "ServiceUnavailable",
            Self::Fault(504) => "Timeout",
            Self::Fault(_) => "InternalError",
        }
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.to_string(),
            "reason": self.reason(),
            "code": self.code(),
        })
    }
}
