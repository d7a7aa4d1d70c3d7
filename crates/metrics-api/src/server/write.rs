//! How answers are written.

use bytes::Bytes;
use concertina_http::Body;
use http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::encode::negotiate::{Choice, Media, View, Views, negotiate, served};
use crate::encode::{Document, protobuf};
use crate::types::Status;

pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// How a response is encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer {
    /// Encoding and view.
    pub(crate) choice: Choice,
    /// Whether JSON is indented.
    pub(crate) pretty: bool,
}

impl Writer {
    /// Writes plain JSON, indented or not.
    pub(crate) fn json_only(pretty: bool) -> Self {
        Self {
            choice: Choice::default(),
            pretty,
        }
    }

    /// A writer of what `headers` accept.
    ///
    /// # Errors
    ///
    /// The answer, a 406, when nothing that they accept is served.
    pub(crate) fn negotiated(
        headers: &HeaderMap,
        views: Views,
        pretty: bool,
    ) -> Result<Self, Box<Response<Body>>> {
        match negotiate(headers, views) {
            Some(choice) => Ok(Self { choice, pretty }),
            // Nobody knows what a client that accepts nothing reads best.
            None => Err(Box::new(
                Self::json_only(true).status(&Status::not_acceptable(&served())),
            )),
        }
    }

    /// `document`, encoded.
    pub(crate) fn document(self, status: StatusCode, document: &impl Document) -> Response<Body> {
        match (self.choice.view, self.choice.media) {
            (View::Table, _) => match document.table() {
                Some(table) => self.json(status, &table),
                None => self.json(status, document),
            },
            (_, Media::Protobuf) => {
                let encoded = protobuf::encode(document);
                response(status, Media::Protobuf.name(), encoded)
            }
            (_, Media::Yaml) => match yaml(document) {
                Ok(text) => response(status, Media::Yaml.name(), text),
                Err(reason) => not_encoded(&reason),
            },
            (_, Media::Json) => self.json(status, document),
        }
    }

    /// `value` as JSON, whatever was chosen.
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
            Ok(bytes) => response(status, Media::Json.name(), bytes),
            Err(error) => not_encoded(&error.to_string()),
        }
    }

    /// An error, in the encoding of the answer that it takes the place of.
    pub(crate) fn status(self, status: &Status) -> Response<Body> {
        let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let plain = Choice {
            view: View::Plain,
            ..self.choice
        };
        Self {
            choice: plain,
            ..self
        }
        .document(code, status)
    }
}

/// YAML with sorted keys, as Kubernetes writes it.
fn yaml(value: &impl Serialize) -> Result<String, String> {
    // A map of serde_json sorts its keys.
    let sorted = serde_json::to_value(value).map_err(|error| error.to_string())?;
    serde_saphyr::to_string(&sorted).map_err(|error| error.to_string())
}

pub(super) fn not_encoded(reason: &str) -> Response<Body> {
    tracing::error!(reason, "an answer could not be encoded");
    response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, reason.to_owned())
}

/// A text that no browser takes for anything else.
pub(crate) fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = response(status, TEXT, body);
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A response that is not to be cached.
pub(super) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = concertina_http::text(status, content_type, body);
    let uncached = HeaderValue::from_static("no-cache, private");
    response.headers_mut().insert(CACHE_CONTROL, uncached);
    response
}
