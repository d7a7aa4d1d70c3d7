//! Responses that are complete in memory.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

/// The body of a response: whole, in memory.
pub type Body = Full<Bytes>;

/// A whole response of `content_type` (left out when it is nothing that HTTP can carry).
///
/// ```
/// let response = concertina_http::text(http::StatusCode::OK, "text/plain", "ok");
/// assert_eq!(response.headers()["content-type"], "text/plain");
/// ```
#[must_use]
pub fn text(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    if let Ok(content_type) = HeaderValue::try_from(content_type) {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
    }
    response
}

/// A whole response of type `application/json`.
#[must_use]
pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    text(status, "application/json", body)
}
