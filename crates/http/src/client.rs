//! Asking over HTTP, within limits.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header};
use http_body_util::Full;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::{BodyError, innermost, read_body, read_chunks};
use crate::encoding::form_encode;
use crate::url::check_url;

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
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
}

impl Default for ClientOptions {
    /// 10 s in all, 3 s to connect, 64 MiB, 32 idle connections for 60 s.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            max_body_bytes: 64 << 20,
            max_idle: 32,
            idle_timeout: Duration::from_secs(60),
        }
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        /// The URL, without user and password.
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

/// A client with a pool of kept connections; cloning shares the pool.
///
/// It follows no redirect and retries nothing but a kept connection that the server had closed
/// before anything was sent.
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
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.max_idle)
            .build(connector);
        Self { inner, options }
    }

    /// The limits it keeps.
    #[must_use]
    pub fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// Sends `GET url` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response, ClientError> {
        self.request(Method::GET, url, headers, Bytes::new()).await
    }

    /// Sends `GET url` and hands the answer's body to `chunk`, piece by piece as it arrives, so that
    /// the whole of it is never held; the answer's status.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn get_chunks(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        mut chunk: impl FnMut(&[u8]) + Send,
    ) -> Result<u16, ClientError> {
        let request = prepare(Method::GET, url, headers, Bytes::new())?;
        let after = self.options.deadline;
        let read = async {
            let answer = self.exchange(request).await?;
            let status = answer.status().as_u16();
            let limit = self.options.max_body_bytes;
            read_chunks(answer.into_body(), limit, &mut chunk)
                .await
                .map_err(of_body)?;
            Ok(status)
        };
        tokio::time::timeout(after, read)
            .await
            .unwrap_or(Err(ClientError::Timeout { after }))
    }

    /// Sends `form` to `url` as `application/x-www-form-urlencoded` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn post_form(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Result<Response, ClientError> {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.request(Method::POST, url, &all, form_encode(form).into())
            .await
    }

    /// Sends `body` to `url` by `method` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response, ClientError> {
        let request = prepare(method, url, headers, body)?;
        let after = self.options.deadline;
        tokio::time::timeout(after, self.send(request))
            .await
            .unwrap_or(Err(ClientError::Timeout { after }))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response, ClientError> {
        let answer = self.exchange(request).await?;
        let content_type = answer
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let status = answer.status().as_u16();
        let body = read_body(answer.into_body(), self.options.max_body_bytes)
            .await
            .map_err(of_body)?;
        Ok(Response {
            status,
            content_type,
            body,
        })
    }

    /// The head of the answer, its body still to be read.
    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<http::Response<hyper::body::Incoming>, ClientError> {
        self.inner.request(request).await.map_err(|error| {
            let reason = innermost(&error);
            match error.is_connect() {
                true => ClientError::Connect { reason },
                false => ClientError::Transport { reason },
            }
        })
    }
}

fn prepare(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, ClientError> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = check_url(url)?;
    for (name, value) in headers {
        let invalid = || ClientError::InvalidHeader {
            name: (*name).to_owned(),
        };
        let key = HeaderName::try_from(*name).map_err(|_| invalid())?;
        let value = HeaderValue::try_from(*value).map_err(|_| invalid())?;
        request.headers_mut().append(key, value);
    }
    Ok(request)
}

fn of_body(error: BodyError) -> ClientError {
    match error {
        BodyError::TooLarge { limit } => ClientError::TooLarge { limit },
        BodyError::Broken { reason } => ClientError::Transport { reason },
    }
}
