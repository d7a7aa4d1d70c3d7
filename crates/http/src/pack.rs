//! Answers packed with gzip.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue, VARY,
};
use http::{Response, StatusCode};

use crate::response::Body;

/// Packs `response` with gzip when `request`'s headers take that and its body is whole and has
/// `least` bytes or more. Packing is quick rather than tight, as Kubernetes' API servers do it.
///
/// ```
/// use concertina_http::{packed, text};
/// use http::{HeaderMap, StatusCode};
///
/// let mut request = HeaderMap::new();
/// request.insert("accept-encoding", "gzip".parse().unwrap());
/// let answer = text(StatusCode::OK, "text/plain", "a".repeat(10_000));
/// let answer = packed(&request, answer, 1024);
/// assert_eq!(answer.headers()["content-encoding"], "gzip");
/// assert!(answer.body().whole().unwrap().len() < 100);
/// ```
#[must_use]
pub fn packed(request: &HeaderMap, mut response: Response<Body>, least: usize) -> Response<Body> {
    let whole = response.body().whole();
    let Some(whole) = whole.filter(|whole| !whole.is_empty() && whole.len() >= least) else {
        return response;
    };
    if response.headers().contains_key(CONTENT_ENCODING) || response.status() != StatusCode::OK {
        return response;
    }
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if !takes_gzip(request) {
        return response;
    }
    match gzip(&whole) {
        Ok(small) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.remove(CONTENT_LENGTH);
            *response.body_mut() = Body::from(small);
        }
        // The plain answer is as good.
        Err(error) => tracing::warn!(%error, "an answer cannot be packed"),
    }
    response
}

fn gzip(whole: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(whole)?;
    encoder.finish().map(Bytes::from)
}

/// Whether `Accept-Encoding` names gzip, or anything, and does not refuse it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut any = false;
    for coding in texts.flat_map(|text| text.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=");
        let wanted = weight
            .and_then(|q| q.parse::<f32>().ok())
            .is_some_and(|q| q > 0.0);
        match name.trim() {
            // What is named counts more than what is not.
            "gzip" | "x-gzip" => return wanted,
            "*" => any = wanted,
            _ => {}
        }
    }
    any
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_clients_accept() {
        let taken = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, text.parse().unwrap());
            takes_gzip(&headers)
        };
        for (text, expected) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5, br", true),
            ("*", true),
            ("gzip;q=0", false),
            ("*, gzip;q=0", false),
            ("*;q=0", false),
            ("br", false),
            ("", false),
            ("gzip;q=x", false),
        ] {
            assert_eq!(taken(text), expected, "{text}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn small_and_failed_answers_stay_as_they_are() {
        let mut request = HeaderMap::new();
        request.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        for (status, length) in [(StatusCode::OK, 9), (StatusCode::NOT_FOUND, 100)] {
            let answer = crate::text(status, "text/plain", "a".repeat(length));
            let answer = packed(&request, answer, 10);
            assert!(!answer.headers().contains_key(CONTENT_ENCODING));
            assert_eq!(answer.body().whole().unwrap().len(), length);
        }
        let (_, body) = Body::pieces(1);
        let answer = packed(&request, Response::new(body), 0);
        assert!(!answer.headers().contains_key(CONTENT_ENCODING));
    }
}
