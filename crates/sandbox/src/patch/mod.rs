//! Patches of every kind that Kubernetes knows.

mod apply;
mod fields;
mod strategic;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::schema::Schema;
use crate::{ApiError, Kind};

pub(crate) use apply::{Applied, observe};

const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const JSON: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch";

/// A change of an object.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// RFC 7396.
    Merge(Value),
    /// Lists are merged by their elements' names, as the types say.
    Strategic(Value),
    /// RFC 6902.
    Json(json_patch::Patch),
    /// Server-side apply: what its manager wants to be so.
    Apply(Value),
}

impl Patch {
    /// Reads a patch of objects of a kind.
    pub(crate) fn read(kind: &Kind, headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let media = headers.get(CONTENT_TYPE);
        let media = media
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let known = |name: &str| media.starts_with(name);
        if known(JSON) {
            let parsed = serde_json::from_slice(body);
            return parsed.map(Self::Json).map_err(|error| {
                ApiError::BadRequest(format!("the body is no JSON patch: {error}"))
            });
        }
        if known(MERGE) {
            parse(body).map(Self::Merge)
        } else if known(STRATEGIC) && kind.custom.is_none() {
            parse(body).map(Self::Strategic)
        } else if known(APPLY) {
            parse(body).map(Self::Apply)
        } else {
            Err(ApiError::UnsupportedMedia(match kind.custom {
                None => {
                    "application/json-patch+json, application/merge-patch+json, \
                     application/apply-patch+yaml, application/strategic-merge-patch+json"
                }
                Some(_) => {
                    "application/json-patch+json, application/merge-patch+json, \
                     application/apply-patch+yaml"
                }
            }))
        }
    }

    /// What becomes of an object by a patch that is no [`Patch::Apply`].
    pub(crate) fn change(&self, before: &Value, schema: Schema<'_>) -> Result<Value, ApiError> {
        let mut object = before.clone();
        match self {
            Self::Merge(patch) | Self::Apply(patch) => merge(&mut object, patch),
            Self::Strategic(patch) => strategic::merge(&mut object, patch, schema)?,
            Self::Json(patch) => json_patch::patch(&mut object, patch).map_err(|error| {
                ApiError::Rejected(format!("the JSON patch cannot be applied: {error}"))
            })?,
        }
        Ok(object)
    }
}

/// A body that is a JSON object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let parsed: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::BadRequest(format!("the body is no JSON: {error}")))?;
    match parsed.is_object() {
        true => Ok(parsed),
        false => Err(ApiError::BadRequest(
            "the body is no JSON object".to_owned(),
        )),
    }
}

/// RFC 7396: `patch` goes over `object`, null removes.
pub(crate) fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    let Some(object) = as_map(object) else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The map that a value is; one that is none becomes an empty one.
fn as_map(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut()
}
