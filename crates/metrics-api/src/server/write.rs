//! How answers are written.

use bytes::Bytes;
use concertina_http::Body;
use http::header::{ACCEPT, CACHE_CONTROL, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::types::Status;

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// How this response's JSON is written.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) pretty: bool,
}

impl Writer {
    pub(crate) fn json(self, status: StatusCode, value: &impl Serialize) -> Response<Body> {
        let encoded = if self.pretty {
            serde_json::to_vec_pretty(value)
        } else {
            // Go's encoder ends a value with a line feed, except when it indents.
            serde_json::to_vec(value).map(|mut bytes| {
                bytes.push(b'\n');
                bytes
            })
        };
        match encoded {
            Ok(bytes) => response(status, JSON, bytes),
            Err(error) => {
                tracing::error!(%error, "an answer could not be encoded");
                response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, error.to_string())
            }
        }
    }

    pub(crate) fn status(self, status: &Status) -> Response<Body> {
        let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.json(code, status)
    }
}

/// A text that no browser takes for anything else.
pub(crate) fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = response(status, TEXT, body);
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = concertina_http::text(status, content_type, body);
    let uncached = HeaderValue::from_static("no-cache, private");
    response.headers_mut().insert(CACHE_CONTROL, uncached);
    response
}

/// Whether one of the media ranges of `Accept` is plain JSON. Transformations (`as=Table`,
/// aggregated discovery) and streams are not served: a client that asks for one of them always
/// names plain JSON too, or falls back to it on 406.
pub(crate) fn accepts_json(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .peekable();
    ranges.peek().is_none() || ranges.any(is_plain_json)
}

fn is_plain_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let json = ["application/json", "application/*", "*/*"]
        .iter()
        .any(|known| media_type.eq_ignore_ascii_case(known));
    json && parts.all(|parameter| match parameter.split_once('=') {
        Some(("as" | "stream", _)) => false,
        Some(("q", weight)) => weight.parse::<f32>().is_ok_and(|weight| weight > 0.0),
        _ => true,
    })
}
