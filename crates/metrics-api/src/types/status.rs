//! `metav1.Status`: how Kubernetes' APIs tell an error.

use serde::{Deserialize, Serialize};

use super::ListMeta;
use super::values::null_is_empty;

/// An error, or rarely a success, of an API call.
///
/// ```
/// use concertina_metrics_api::types::Status;
///
/// let status = Status::bad_request("invalid request path");
/// assert_eq!(
///     serde_json::to_string(&status).unwrap(),
///     r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"invalid request path","reason":"BadRequest","code":400}"#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `Status`.
    pub kind: String,
    /// `v1`.
    #[serde(default)]
    pub api_version: String,
    /// Always empty.
    #[serde(default)]
    pub metadata: ListMeta,
    /// `Failure` or `Success`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// What went wrong, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What went wrong, for programs: `NotFound`, `BadRequest`, …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// More of it. Some errors of Kubernetes carry an empty object here, others none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<StatusDetails>,
    /// The HTTP status; 0 when the server did not tell it here.
    #[serde(default)]
    pub code: u16,
}

/// Details of a [`Status`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusDetails {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its kind or resource.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What caused the error.
    #[serde(
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub causes: Vec<StatusCause>,
    /// After how many seconds a repetition may succeed; 0 says nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub retry_after_seconds: u32,
}

fn is_zero(seconds: &u32) -> bool {
    *seconds == 0
}

/// One cause of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusCause {
    /// For programs; often empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

impl Status {
    /// A failure without details.
    fn failure(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: "Status".to_owned(),
            api_version: "v1".to_owned(),
            metadata: ListMeta {},
            status: "Failure".to_owned(),
            message: message.into(),
            reason: reason.to_owned(),
            details: None,
            code,
        }
    }

    fn with_empty_details(self) -> Self {
        Self {
            details: Some(StatusDetails::default()),
            ..self
        }
    }

    /// 400 `BadRequest`.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, "BadRequest", message)
    }

    /// 404 `NotFound` with a text of its own.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::failure(404, "NotFound", message)
    }

    /// 404 for an object of `resource` of `group`, worded as Kubernetes words it.
    #[must_use]
    pub fn object_not_found(group: &str, resource: &str, name: &str) -> Self {
        let details = StatusDetails {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: resource.to_owned(),
            ..StatusDetails::default()
        };
        Self {
            details: Some(details),
            ..Self::not_found(format!("{resource}.{group} \"{name}\" not found"))
        }
    }

    /// 404 for a path below the group that is no route.
    #[must_use]
    pub fn no_such_resource() -> Self {
        Self::not_found("the server could not find the requested resource").with_empty_details()
    }

    /// 401: nobody knows who asks.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::failure(401, "Unauthorized", "Unauthorized")
    }

    /// 403 `Forbidden` for these details.
    #[must_use]
    pub fn forbidden(message: impl Into<String>, details: StatusDetails) -> Self {
        Self {
            details: Some(details),
            ..Self::failure(403, "Forbidden", message)
        }
    }

    /// 405: only GET is served.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::failure(405, "MethodNotAllowed", message).with_empty_details()
    }

    /// 406: `available` are the media types that are served.
    #[must_use]
    pub fn not_acceptable(available: &[&str]) -> Self {
        let message = format!(
            "406: Not Acceptable\n\nAvailable representations: {}",
            available.join(", ")
        );
        Self::failure(406, "NotAcceptable", message).with_empty_details()
    }

    /// 414: the path or query is longer than what is served.
    #[must_use]
    pub fn uri_too_long(limit: usize) -> Self {
        let message = format!("the path and query are longer than {limit} bytes");
        Self::failure(414, "RequestURITooLong", message)
    }

    /// 500 `InternalError`, with `error` as its cause.
    #[must_use]
    pub fn internal_error(error: impl Into<String>) -> Self {
        let message = error.into();
        let text = format!("Internal error occurred: {message}");
        let cause = StatusCause {
            message,
            ..StatusCause::default()
        };
        let details = StatusDetails {
            causes: vec![cause],
            ..StatusDetails::default()
        };
        Self {
            details: Some(details),
            ..Self::failure(500, "InternalError", text)
        }
    }
}
