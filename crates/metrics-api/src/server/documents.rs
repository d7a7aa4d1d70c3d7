//! Answers that need no provider's values: lists, descriptions, health and the host's own metrics.

use std::sync::Arc;

use concertina_http::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};
use http::{Response, StatusCode};
use serde::Serialize;

use super::openapi::Description;
use super::write::{self, Writer, text};
use super::{MetricsApi, etag, health};
use crate::encode::negotiate::View;
use crate::path::{PathError, Request};
use crate::types::aggregated::ApiGroupDiscoveryList;
use crate::types::{ApiGroupList, ApiResource, ApiResourceList, Group, GroupVersion};

/// The host's own metrics.
#[derive(Clone)]
pub(super) struct SelfMetrics {
    pub(super) content_type: &'static str,
    pub(super) text: Arc<dyn Fn() -> String + Send + Sync>,
}

impl MetricsApi {
    /// What answers a request whatever the client accepts.
    pub(super) fn document(
        &self,
        request: &Request,
        headers: &HeaderMap,
    ) -> Option<Response<Body>> {
        let unknown = || self.path_error(Writer::json_only(false), &PathError::UnknownPath);
        Some(match request {
            Request::Index => self.index(StatusCode::OK),
            Request::Health(health) => match health::answer(&self.shared.checks, health) {
                Some((true, body)) => text(StatusCode::OK, body),
                Some((false, body)) => text(StatusCode::INTERNAL_SERVER_ERROR, body),
                None => unknown(),
            },
            Request::Version => Writer::json_only(true).json(StatusCode::OK, &self.shared.version),
            Request::SelfMetrics => match &self.shared.metrics {
                Some(own) => write::response(StatusCode::OK, own.content_type, (own.text)()),
                None => unknown(),
            },
            Request::OpenApiV2 => described(self.shared.openapi.v2(), headers),
            Request::OpenApiV3(part) => match self.shared.openapi.v3(part.as_deref()) {
                Some(description) => described(description, headers),
                None => unknown(),
            },
            _ => return None,
        })
    }

    /// `/apis`, plain or aggregated.
    pub(super) fn groups(&self, writer: Writer, headers: &HeaderMap) -> Response<Body> {
        let version = match writer.choice.view {
            View::Discovery => "v2",
            View::DiscoveryBeta => "v2beta1",
            _ => {
                let address = self.shared.server_address.as_deref();
                let list = ApiGroupList::new(self.shared.groups(), address);
                return writer.document(StatusCode::OK, &list);
            }
        };
        let versions = |group: Group| {
            let versions = group.versions().iter().copied();
            let listed = versions.map(|version| (version, self.resources(version).resources));
            (group, listed.collect())
        };
        let groups = self.shared.groups().into_iter().map(versions);
        let list = ApiGroupDiscoveryList::new(version, groups);
        let body = match serde_json::to_vec(&list) {
            Ok(body) => body,
            Err(error) => return write::not_encoded(&error.to_string()),
        };
        let tag = etag::etag(&body);
        let mut response = unless_known(headers, &tag, "application/json", body);
        let all = response.headers_mut();
        all.insert(CACHE_CONTROL, HeaderValue::from_static("public"));
        all.insert(VARY, HeaderValue::from_static("Accept"));
        let kind =
            format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        if all.contains_key(CONTENT_TYPE)
            && let Ok(kind) = HeaderValue::try_from(kind)
        {
            all.insert(CONTENT_TYPE, kind);
        }
        response
    }

    /// The resources of a version.
    pub(super) fn resources(&self, version: GroupVersion) -> ApiResourceList {
        let mut resources = match (version.group(), &self.shared.custom, &self.shared.external) {
            (Group::Custom, Some(custom), _) => {
                let metrics = custom.list().into_iter();
                let entry = |info: crate::MetricInfo| {
                    let name = format!("{}/{}", info.resource, info.metric);
                    ApiResource::metric(name, info.namespaced)
                };
                metrics.map(entry).collect()
            }
            (Group::External, _, Some(external)) => external
                .list()
                .into_iter()
                .map(ApiResource::external)
                .collect(),
            (Group::Resource, _, _) => ApiResource::usage(),
            _ => Vec::new(),
        };
        // A stable order lets clients compare two lists; upstream's changes from call to call.
        resources.sort();
        ApiResourceList::new(version, resources)
    }

    /// The list of paths.
    pub(super) fn index(&self, status: StatusCode) -> Response<Body> {
        #[derive(Serialize)]
        struct Index<'a> {
            paths: &'a [String],
        }
        let paths = &self.shared.paths;
        Writer::json_only(true).json(status, &Index { paths })
    }
}

/// A description, unless the client has it.
fn described(description: &Description, headers: &HeaderMap) -> Response<Body> {
    let body = description.body.clone();
    let answer = unless_known(headers, &description.tag, "application/json", body);
    // Descriptions are packed whatever their size, as in apiserver 1.30.
    concertina_http::packed(headers, answer, 0)
}

/// `body` with its tag, or a 304 for who has it.
fn unless_known(
    headers: &HeaderMap,
    tag: &str,
    content_type: &'static str,
    body: impl Into<bytes::Bytes>,
) -> Response<Body> {
    let mut response = if etag::known(headers, tag) {
        let mut response = write::response(StatusCode::NOT_MODIFIED, content_type, "");
        response.headers_mut().remove(CONTENT_TYPE);
        response
    } else {
        write::response(StatusCode::OK, content_type, body)
    };
    etag::put(response.headers_mut(), tag);
    response
}
