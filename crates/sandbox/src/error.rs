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
    /// The object is not the one that was meant.
    #[error("Operation cannot be fulfilled on {resource} \"{name}\": {reason}")]
    Precondition {
        /// The resource.
        resource: String,
        /// The object's name.
        name: String,
        /// What differs.
        reason: String,
    },
    /// Others than the one who applies want fields to be different.
    #[error("Apply failed with {} conflict{}: {}", .conflicts.len(), if .conflicts.len() == 1 { "" } else { "s" }, listed(.conflicts))]
    ApplyConflict {
        /// Who (`"NAME" using VERSION`) and which field (`.spec.replicas`).
        conflicts: Vec<(String, String)>,
    },
    /// The object is not as its kind demands.
    #[error("{} \"{name}\" is invalid: {reason}", qualified(.kind, .group))]
    Invalid {
        /// The kind: `Deployment`.
        kind: String,
        /// Its API group.
        group: String,
        /// The object's name.
        name: String,
        /// Which field is how, and how it should be.
        reason: String,
    },
    /// The patch does not fit the object.
    #[error("the server rejected our request due to an error in our request: {0}")]
    Rejected(String),
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
            Self::AlreadyExists { .. }
            | Self::Conflict { .. }
            | Self::Precondition { .. }
            | Self::ApplyConflict { .. } => 409,
            Self::Invalid { .. } | Self::Rejected(_) => 422,
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
            Self::Conflict { .. } | Self::Precondition { .. } | Self::ApplyConflict { .. } => {
                "Conflict"
            }
            Self::Invalid { .. } | Self::Rejected(_) => "Invalid",
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
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.to_string(),
            "reason": self.reason(),
            "code": self.code(),
        });
        if let (Some(details), Some(status)) = (self.details(), status.as_object_mut()) {
            status.insert("details".to_owned(), details);
        }
        status
    }

    fn details(&self) -> Option<Value> {
        match self {
            Self::NotFound { resource, name }
            | Self::AlreadyExists { resource, name }
            | Self::Conflict { resource, name }
            | Self::Precondition { resource, name, .. } => {
                let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
                Some(json!({"name": name, "group": group, "kind": plural}))
            }
            Self::ApplyConflict { conflicts } => {
                let cause = |(with, field): &(String, String)| {
                    json!({
                        "reason": "FieldManagerConflict",
                        "message": format!("conflict with {with}"),
                        "field": field,
                    })
                };
                Some(json!({"causes": conflicts.iter().map(cause).collect::<Vec<_>>()}))
            }
            Self::Invalid {
                kind, group, name, ..
            } => Some(json!({"name": name, "group": group, "kind": kind})),
            Self::Fault(429) => Some(json!({"retryAfterSeconds": RETRY_AFTER})),
            _ => None,
        }
    }
}

/// How long a client that asks too much shall wait, in seconds.
pub(crate) const RETRY_AFTER: u32 = 1;

fn qualified(kind: &str, group: &str) -> String {
    match group {
        "" => kind.to_owned(),
        group => format!("{kind}.{group}"),
    }
}

fn listed(conflicts: &[(String, String)]) -> String {
    let one = |(with, field): &(String, String)| format!("conflict with {with}: {field}");
    conflicts.iter().map(one).collect::<Vec<_>>().join("; ")
}
