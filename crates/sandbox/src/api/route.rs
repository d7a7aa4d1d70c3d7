//! Paths become requests.

use crate::ApiError;
use crate::kind::Table;
use crate::store::Key;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Something about the server itself.
    Fixed(&'static str),
    /// `/apis/GROUP`.
    Group(String),
    /// `/api/v1`, `/apis/GROUP/VERSION`.
    Version(String, String),
    /// All objects of a kind, of a namespace or all.
    Collection {
        kind: usize,
        namespace: Option<String>,
    },
    /// One object, or a subresource of it.
    Object { key: Key, subresource: String },
    /// A review: `tokenreviews` or `subjectaccessreviews`.
    Review(&'static str),
}

/// The reviews, with their groups: they are made, never kept.
pub(crate) const REVIEWS: [(&str, &str, &str); 2] = [
    ("authentication.k8s.io", "tokenreviews", "TokenReview"),
    (
        "authorization.k8s.io",
        "subjectaccessreviews",
        "SubjectAccessReview",
    ),
];

/// What the server itself answers.
const FIXED: [&str; 6] = ["api", "apis", "version", "healthz", "livez", "readyz"];

pub(crate) fn route(path: &str, kinds: &Table) -> Result<Route, ApiError> {
    let decode = |text: &str| {
        let pairs = concertina_http::query_pairs(&text.replace('+', "%2B"));
        pairs
            .into_iter()
            .next()
            .map(|(name, _)| name)
            .unwrap_or_default()
    };
    let segments: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (group, version, rest) = match segments[..] {
        [only] => {
            let found = FIXED.into_iter().find(|fixed| *fixed == only);
            return found.map(Route::Fixed).ok_or(ApiError::NoSuchPath);
        }
        ["api", version, ref rest @ ..] => ("", version, rest),
        ["apis", group] => return Ok(Route::Group(group.to_owned())),
        ["apis", group, version, ref rest @ ..] => (group, version, rest),
        _ => return Err(ApiError::NoSuchPath),
    };
    if rest.is_empty() {
        return Ok(Route::Version(group.to_owned(), version.to_owned()));
    }
    if let [plural] = rest
        && let Some((_, review, _)) = REVIEWS
            .into_iter()
            .find(|(of, name, _)| *of == group && name == plural && version == "v1")
    {
        return Ok(Route::Review(review));
    }
    let find = |plural: &str| {
        kinds.position(|kind| {
            kind.group == group && kind.version == version && kind.plural == plural
        })
    };
    let namespaced = |place: &usize| kinds.get(*place).is_some_and(|kind| kind.namespaced);
    let object = |kind, namespace: &str, name: &str, subresource: &str| Route::Object {
        key: Key {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
        subresource: subresource.to_owned(),
    };
    let found = match *rest {
        // What is in a namespace goes before what a namespace has.
        ["namespaces", namespace, plural, ref rest @ ..]
            if find(plural).as_ref().is_some_and(namespaced) =>
        {
            let kind = find(plural).ok_or(ApiError::NoSuchPath)?;
            match *rest {
                [] => Route::Collection {
                    kind,
                    namespace: Some(namespace.to_owned()),
                },
                [name] => object(kind, namespace, name, ""),
                [name, subresource] => object(kind, namespace, name, subresource),
                _ => return Err(ApiError::NoSuchPath),
            }
        }
        [plural, ref rest @ ..] => {
            let kind = find(plural).ok_or(ApiError::NoSuchPath)?;
            match *rest {
                [] => Route::Collection {
                    kind,
                    namespace: None,
                },
                _ if namespaced(&kind) => return Err(ApiError::NoSuchPath),
                [name] => object(kind, "", name, ""),
                [name, subresource] => object(kind, "", name, subresource),
                _ => return Err(ApiError::NoSuchPath),
            }
        }
        [] => return Err(ApiError::NoSuchPath),
    };
    Ok(found)
}
