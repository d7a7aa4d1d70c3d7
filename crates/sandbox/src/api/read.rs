//! Reading: one object, a list, or the start of a watch.

use std::sync::Arc;
use std::time::Duration;

use concertina_http::Body;
use http::header::{ACCEPT, HeaderMap};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::watch::Watch;
use super::{answer, scale};
use crate::select::Selection;
use crate::store::{Key, meta_text};
use crate::{ApiError, Kind, Sandbox};

/// How long a watch lasts that does not say itself.
const WATCH: Duration = Duration::from_secs(1800);

/// How objects are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Whole,
    /// Their metadata alone.
    Metadata,
}

impl Shape {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepts = |wanted: &str| {
            let values = headers.get_all(ACCEPT).iter();
            let mut texts = values.filter_map(|value| value.to_str().ok());
            texts.any(|text| text.contains(wanted))
        };
        match accepts("as=PartialObjectMetadata") {
            true => Self::Metadata,
            false => Self::Whole,
        }
    }

    pub(super) fn one(self, object: &Value) -> Value {
        match self {
            Self::Whole => object.clone(),
            Self::Metadata => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": object.get("metadata"),
            }),
        }
    }
}

/// The parameters of a query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(query: &str) -> Self {
        Self(concertina_http::query_pairs(query))
    }

    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), "1" | "true")
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.get(name) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| ApiError::BadRequest(format!("{name}: `{text}` is no number"))),
        }
    }

    pub(super) fn selection(&self) -> Result<Selection, ApiError> {
        Selection::parse(self.get("labelSelector"), self.get("fieldSelector"))
    }
}

pub(super) fn collection(
    sandbox: &Sandbox,
    kind: usize,
    namespace: Option<&str>,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let shape = Shape::of(headers);
    let selection = query.selection()?;
    if query.flag("watch") {
        let asked = query
            .number("resourceVersion")?
            .filter(|revision| *revision > 0);
        let initial = query.flag("sendInitialEvents");
        let from = asked.filter(|_| !initial);
        if let Some(revision) = from {
            // What is too old is refused before anything is told.
            sandbox.shared.store.since(kind, namespace, revision)?;
        }
        let watch = Watch {
            kind,
            namespace: namespace.map(str::to_owned),
            selection,
            shape,
            from,
            bookmarks: query.flag("allowWatchBookmarks"),
            initial_end: initial,
            timeout: query
                .number("timeoutSeconds")?
                .map_or(WATCH, Duration::from_secs),
        };
        let mut response = concertina_http::json(StatusCode::OK, "");
        *response.body_mut() = watch.body(sandbox.clone());
        return Ok(response);
    }
    let store = &sandbox.shared.store;
    let (objects, revision) = store.list(kind, namespace);
    let kinds = store.kinds();
    let of = kinds.get(kind).ok_or(ApiError::NoSuchPath)?;
    let limit = query.number("limit")?.unwrap_or(0);
    let selected = objects
        .into_iter()
        .filter(|object| selection.matches(object));
    let (page, metadata) = page(selected, revision, limit, query.get("continue"))?;
    Ok(answer(StatusCode::OK, &list(of, shape, &page, metadata)))
}

/// One page of a list, and the list's metadata. A page goes on behind the last object of the one
/// before, in what is there now.
fn page(
    objects: impl Iterator<Item = Arc<Value>>,
    revision: u64,
    limit: u64,
    after: &str,
) -> Result<(Vec<Arc<Value>>, Value), ApiError> {
    let place = |object: &Value| {
        (
            meta_text(object, "namespace").to_owned(),
            meta_text(object, "name").to_owned(),
        )
    };
    let after = match after {
        "" => None,
        token => {
            let (namespace, name) = token.split_once('/').ok_or_else(|| {
                ApiError::BadRequest("continue: it is no token of this server".to_owned())
            })?;
            Some((namespace.to_owned(), name.to_owned()))
        }
    };
    let mut rest: Vec<Arc<Value>> = objects
        .filter(|object| after.as_ref().is_none_or(|after| place(object) > *after))
        .collect();
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit > 0 && rest.len() > limit {
        let remaining = rest.len() - limit;
        rest.truncate(limit);
        if let Some(last) = rest.last() {
            let (namespace, name) = place(last);
            let more = json!({
                "continue": format!("{namespace}/{name}"),
                "remainingItemCount": remaining,
            });
            crate::patch::merge(&mut metadata, &more);
        }
    }
    Ok((rest, metadata))
}

fn list(kind: &Kind, shape: Shape, objects: &[Arc<Value>], metadata: Value) -> Value {
    let (list, version) = match shape {
        Shape::Whole => (format!("{}List", kind.kind), kind.api_version()),
        Shape::Metadata => (
            "PartialObjectMetadataList".to_owned(),
            "meta.k8s.io/v1".to_owned(),
        ),
    };
    let items: Vec<Value> = objects.iter().map(|object| shape.one(object)).collect();
    json!({"kind": list, "apiVersion": version, "metadata": metadata, "items": items})
}

pub(super) fn object(
    sandbox: &Sandbox,
    key: &Key,
    subresource: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let object = sandbox.shared.store.get(key)?;
    let kind = sandbox.shared.store.kind(key)?;
    let shown = match subresource {
        "" => Shape::of(headers).one(&object),
        "status" if kind.status => Value::clone(&object),
        "scale" => match &kind.scale {
            Some(paths) => scale::of(&object, paths),
            None => return Err(ApiError::NoSuchPath),
        },
        _ => return Err(ApiError::NoSuchPath),
    };
    Ok(answer(StatusCode::OK, &shown))
}
