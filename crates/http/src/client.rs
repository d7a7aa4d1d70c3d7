//! Asking over HTTP, within limits.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body as _;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Limits of a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How long a request may take, connecting and reading the answer included.
    pub deadline: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes.
    pub max_body_bytes: usize,
    /// Idle connections that are kept for each host.
    pub max_idle: usize,
}

impl Default for ClientOptions {
    /// 10 s in all, 3 s to connect, 64 MiB, 32 idle connections.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            max_body_bytes: 64 << 20,
            max_idle: 32,
        }
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`, if there is one that is text.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The URL cannot be used.
    #[error("`{url}` is no usable URL: {reason}")]
    InvalidUrl {
        /// The URL.
        url: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A header cannot be sent.
    #[error("header `{name}` cannot be sent: its name or value has characters that HTTP forbids")]
    InvalidHeader {
        /// The header.
        name: String,
    },
    /// Nobody listens there.
    #[error("cannot connect: {reason}")]
    Connect {
        /// The operating system's words.
        reason: String,
    },
    /// The deadline passed.
    #[error("no complete answer within {} s", .after.as_secs_f64())]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The answer is too large.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection broke, or what came is no HTTP.
    #[error("the connection failed: {reason}")]
    Transport {
        /// What happened.
        reason: String,
    },
}

/// A client with a pool of connections; cloning shares the pool.
///
/// ```no_run
/// # async fn demo() -> Result<(), concertina_http::ClientError> {
/// use concertina_http::{Client, ClientOptions};
///
/// let client = Client::new(ClientOptions::default());
/// let answer = client.get("http://127.0.0.1:9400/metrics", &[]).await?;
/// assert_eq!(answer.status, 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    inner: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    options: ClientOptions,
}

impl Client {
    /// A client within `options`.
    #[must_use]
    pub fn new(options: ClientOptions) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(options.connect_timeout));
        connector.set_nodelay(true);
        let inner = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(options.max_idle)
            .build(connector);
        Self { inner, options }
    }

    /// Sends `GET url` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response, ClientError> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = check_url(url)?;
        for (name, value) in headers {
            let invalid = || ClientError::InvalidHeader {
                name: (*name).to_owned(),
            };
            let key = HeaderName::try_from(*name).map_err(|_| invalid())?;
            let value = HeaderValue::try_from(*value).map_err(|_| invalid())?;
            request.headers_mut().append(key, value);
        }
        let after = self.options.deadline;
        match tokio::time::timeout(after, self.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Timeout { after }),
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response, ClientError> {
        let answer = self.inner.request(request).await.map_err(|error| {
            let reason = innermost(&error);
            match error.is_connect() {
                true => ClientError::Connect { reason },
                false => ClientError::Transport { reason },
            }
        })?;
        let content_type = answer
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let status = answer.status().as_u16();
        let limit = self.options.max_body_bytes;
        // An answer that says its length is refused before it is read.
        if answer.body().size_hint().lower() > limit as u64 {
            return Err(ClientError::TooLarge { limit });
        }
        let body = Limited::new(answer.into_body(), limit)
            .collect()
            .await
            .map_err(|error| match error.downcast_ref::<LengthLimitError>() {
                Some(_) => ClientError::TooLarge { limit },
                None => ClientError::Transport {
                    reason: innermost(error.as_ref()),
                },
            })?;
        Ok(Response {
            status,
            content_type,
            body: body.to_bytes(),
        })
    }
}

/// A URL that this client can ask.
fn check_url(url: &str) -> Result<Uri, ClientError> {
    let invalid = |reason: &str| ClientError::InvalidUrl {
        url: url.to_owned(),
        reason: reason.to_owned(),
    };
    let uri: Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| invalid(&error.to_string()))?;
    match uri.scheme_str() {
        Some("http") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        Some("https") => Err(invalid("TLS is not built in yet; use http://")),
        _ => Err(invalid("it must start with http:// and name a host")),
    }
}

/// What stands at the end of a chain of errors: the operating system's own words.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
