//! What a request is about, as permissions see it.

use http::{Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::User;
use crate::types::{Status, StatusDetails};

/// What a request is about, read from its path as apiserver 1.30 reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    verb: String,
    /// Empty for what is no resource.
    resource: String,
    subresource: String,
    name: String,
    namespace: String,
    group: String,
    version: String,
    pub(super) path: String,
}

impl Attributes {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let path = percent_decode_str(uri.path())
            .decode_utf8_lossy()
            .into_owned();
        let trimmed = path.trim_matches('/').to_owned();
        let parts: Vec<&str> = trimmed.split('/').collect();
        let verb = method.as_str().to_lowercase();
        let ["apis", group, version, ref rest @ ..] = parts[..] else {
            return Self {
                verb,
                path,
                ..Self::default()
            };
        };
        let (namespace, rest) = match *rest {
            // The status and the finalizers of a namespace are its own.
            ["namespaces", namespace, what, ..] if !["status", "finalize"].contains(&what) => {
                (namespace, rest.get(2..).unwrap_or_default())
            }
            ["namespaces", namespace, ..] => (namespace, rest),
            _ => ("", rest),
        };
        let part = |place: usize| {
            rest.get(place)
                .map(|part| (*part).to_owned())
                .unwrap_or_default()
        };
        if rest.is_empty() {
            return Self {
                verb,
                path,
                ..Self::default()
            };
        }
        let name = part(1);
        let watch = || {
            let query = concertina_http::query_pairs(uri.query().unwrap_or_default());
            query
                .iter()
                .any(|(key, value)| key == "watch" && ["1", "true"].contains(&value.as_str()))
        };
        let verb = match *method {
            Method::GET | Method::HEAD if !name.is_empty() => "get",
            Method::GET | Method::HEAD if watch() => "watch",
            Method::GET | Method::HEAD => "list",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if name.is_empty() => "deletecollection",
            Method::DELETE => "delete",
            _ => "",
        };
        Self {
            verb: verb.to_owned(),
            resource: part(0),
            subresource: part(2),
            name,
            namespace: namespace.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            path,
        }
    }

    pub(super) fn is_resource(&self) -> bool {
        !self.resource.is_empty()
    }

    /// The bytes of it that whoever asks chooses.
    pub(super) fn size(&self) -> usize {
        let texts = [
            &self.verb,
            &self.resource,
            &self.subresource,
            &self.name,
            &self.namespace,
            &self.group,
            &self.version,
            &self.path,
        ];
        texts.iter().map(|text| text.len()).sum()
    }

    /// The `spec` of a SubjectAccessReview for `user`.
    pub(super) fn review(&self, user: &User) -> Value {
        let (name, attributes) = if self.is_resource() {
            let all = [
                ("namespace", &self.namespace),
                ("verb", &self.verb),
                ("group", &self.group),
                ("version", &self.version),
                ("resource", &self.resource),
                ("subresource", &self.subresource),
                ("name", &self.name),
            ];
            let given = all.into_iter().filter(|(_, value)| !value.is_empty());
            let given = given.map(|(name, value)| (name.to_owned(), json!(value)));
            (
                "resourceAttributes",
                Value::Object(given.collect::<Map<_, _>>()),
            )
        } else {
            (
                "nonResourceAttributes",
                json!({"path": self.path, "verb": self.verb}),
            )
        };
        json!({
            name: attributes,
            "user": user.name,
            "uid": user.uid,
            "groups": user.groups,
            "extra": user.extra,
        })
    }

    /// The 403, worded as Kubernetes words it.
    pub(super) fn forbidden(&self, user: &User, reason: &str) -> Status {
        let (name, verb) = (&user.name, &self.verb);
        let because = match reason {
            "" => String::new(),
            reason => format!(": {reason}"),
        };
        if !self.is_resource() {
            let path = &self.path;
            let text = format!("forbidden: User {name:?} cannot {verb} path {path:?}{because}");
            return Status::forbidden(text, StatusDetails::default());
        }
        let resource = match self.subresource.as_str() {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        };
        let object = match self.name.as_str() {
            "" => String::new(),
            object => format!(" {object:?}"),
        };
        let place = match self.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {namespace:?}"),
        };
        let (of, group) = (&self.resource, &self.group);
        let text = format!(
            "{of}.{group}{object} is forbidden: User {name:?} cannot {verb} resource \
             {resource:?} in API group {group:?} {place}{because}"
        );
        let details = StatusDetails {
            name: self.name.clone(),
            group: self.group.clone(),
            kind: self.resource.clone(),
            ..StatusDetails::default()
        };
        Status::forbidden(text, details)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::path::{Request, parse};

    /// Segments that are read in some special way by somebody, and others.
    fn segment() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "apis",
            "custom.metrics.k8s.io",
            "external.metrics.k8s.io",
            "metrics.k8s.io",
            "v1beta1",
            "v1beta2",
            "namespaces",
            "status",
            "finalize",
            "metrics",
            "pods",
            "nodes",
            "*",
            "%2A",
            "%2F",
            "..",
            ".",
            "",
            "healthz",
            "%68ealthz",
            "readyz",
        ]);
        prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[a-z%/]{0,4}"]
    }

    proptest! {
        /// Whatever is served as values is seen as the resource that it is, so that no permission
        /// for a path can be one for values; and what is no value is no resource.
        #[test]
        fn what_is_served_is_what_is_permitted(
            group in prop::sample::select(vec!["custom.metrics.k8s.io", "external.metrics.k8s.io", "metrics.k8s.io"]),
            prefixed in any::<bool>(),
            segments in prop::collection::vec(segment(), 0..7),
        ) {
            let rest = segments.join("/");
            let path = match prefixed {
                true => format!("/apis/{group}/v1beta1/{rest}"),
                false => format!("/{rest}"),
            };
            let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
            let attributes = Attributes::of(&Method::GET, &uri);
            match parse(uri.path(), "") {
                Ok(Request::Metric(asked)) => {
                    prop_assert!(attributes.is_resource(), "{}", path);
                    // What has a name of its own for permissions: the metric of a namespace, and
                    // what looks like a subresource of a namespace.
                    let special = segments.iter().any(|s| ["metrics", "status", "finalize", "namespaces"].contains(&s.as_str()));
                    if !special {
                        prop_assert_eq!(&attributes.subresource, &asked.metric.name);
                        prop_assert_eq!(&attributes.namespace, asked.metric.namespace.as_deref().unwrap_or_default());
                    }
                }
                Ok(Request::External(_) | Request::Usage(_)) => {
                    prop_assert!(attributes.is_resource(), "{}", path);
                }
                Ok(_) => prop_assert!(!attributes.is_resource(), "{}", path),
                Err(_) => {}
            }
        }
    }
}
