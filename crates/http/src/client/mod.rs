//! Asking over HTTP, within limits.

mod credentials;
mod error;
mod gzip;
mod options;
mod stream;
#[cfg(feature = "tls")]
mod tls;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::{BodyError, innermost, read_body, read_chunks};
use crate::encoding::form_encode;
use crate::url::check_url;
use credentials::Credentials;
use gzip::Unpacking;

pub use error::ClientError;
pub use options::{Authorization, ClientOptions, Secret};
pub use stream::Streaming;
#[cfg(feature = "tls")]
pub use tls::{ClientIdentity, ClientTls, Pem, Trust};

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`, if there is one that is text.
    pub content_type: Option<String>,
    /// The whole body, unpacked.
    pub body: Bytes,
}

/// A client with a pool of kept connections; cloning shares the pool.
///
/// It follows no redirect and retries nothing but a kept connection that the server had closed
/// before anything was sent. `https://` needs the feature `tls` and [`ClientOptions::tls`].
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
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    plain: Pool<HttpConnector, Full<Bytes>>,
    #[cfg(feature = "tls")]
    https: tls::Https,
    credentials: Credentials,
    options: ClientOptions,
}

fn connector(options: &ClientOptions) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(options.connect_timeout));
    connector.set_nodelay(true);
    connector
}

fn pool<C: Connect + Clone>(options: &ClientOptions, connector: C) -> Pool<C, Full<Bytes>> {
    Pool::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(options.idle_timeout)
        .pool_max_idle_per_host(options.max_idle)
        .build(connector)
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl Client {
    /// A client within `options`.
    #[must_use]
    pub fn new(options: ClientOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                plain: pool(&options, connector(&options)),
                #[cfg(feature = "tls")]
                https: tls::Https::default(),
                credentials: Credentials::default(),
                options,
            }),
        }
    }

    /// The limits it keeps.
    #[must_use]
    pub fn options(&self) -> &ClientOptions {
        &self.shared.options
    }

    /// Sends `GET url` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response, ClientError> {
        self.request(Method::GET, url, headers, Bytes::new()).await
    }

    /// Sends `GET url` and hands the answer's body to `chunk`, piece by piece as it arrives and
    /// unpacked, so that the whole of it is never held; the answer's status.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn get_chunks(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        chunk: impl FnMut(&[u8]) + Send,
    ) -> Result<u16, ClientError> {
        let request = self.prepare(Method::GET, url, headers, Bytes::new())?;
        self.chunks(request, chunk).await
    }

    /// Sends `form` as [`post_form`](Self::post_form) does, and hands on the answer as
    /// [`get_chunks`](Self::get_chunks) does.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no complete answer; any status is an answer.
    pub async fn post_form_chunks(
        &self,
        url: &str,
        form: &[(&str, &str)],
        chunk: impl FnMut(&[u8]) + Send,
    ) -> Result<u16, ClientError> {
        let body = form_encode(form).into();
        let request = self.prepare(Method::POST, url, &[FORM], body)?;
        self.chunks(request, chunk).await
    }

    async fn chunks(
        &self,
        request: Request<Full<Bytes>>,
        mut chunk: impl FnMut(&[u8]) + Send,
    ) -> Result<u16, ClientError> {
        let after = self.options().deadline;
        let answer = async {
            let answer = self.send(request).await?;
            let status = answer.status().as_u16();
            self.pass(answer, &mut chunk).await?;
            Ok(status)
        };
        tokio::time::timeout(after, answer)
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
        let mut all = vec![FORM];
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
        let request = self.prepare(method, url, headers, body)?;
        let after = self.options().deadline;
        let answer = async {
            let answer = self.send(request).await?;
            self.read(answer).await
        };
        tokio::time::timeout(after, answer)
            .await
            .unwrap_or(Err(ClientError::Timeout { after }))
    }

    fn prepare(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = check_url(url)?;
        let all = request.headers_mut();
        for (name, value) in headers {
            let (key, value) = checked(name, value)?;
            all.append(key, value);
        }
        let mut common = HeaderMap::new();
        for (name, value) in &self.options().headers {
            let (key, value) = checked(name, value)?;
            if !all.contains_key(&key) {
                common.append(key, value);
            }
        }
        all.extend(common);
        if let Some(own) = self
            .shared
            .credentials
            .header(&self.options().authorization)?
            && !all.contains_key(header::AUTHORIZATION)
        {
            all.insert(header::AUTHORIZATION, own);
        }
        if self.options().gzip && !all.contains_key(header::ACCEPT_ENCODING) {
            all.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(request)
    }

    /// Sends a request; gives the answer when its head is there.
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, ClientError> {
        #[cfg(feature = "tls")]
        let sent = match request.uri().scheme_str() {
            Some("https") => {
                let pool = self.shared.https.pool(self.options())?;
                pool.request(request).await
            }
            _ => self.shared.plain.request(request).await,
        };
        #[cfg(not(feature = "tls"))]
        let sent = self.shared.plain.request(request).await;
        sent.map_err(|error| {
            let reason = innermost(&error);
            match error.is_connect() {
                true => ClientError::Connect { reason },
                false => ClientError::Transport { reason },
            }
        })
    }

    async fn read(&self, answer: http::Response<Incoming>) -> Result<Response, ClientError> {
        let limit = self.options().max_body_bytes;
        let content_type = text_of(answer.headers(), &header::CONTENT_TYPE);
        let status = answer.status().as_u16();
        let body = if is_packed(answer.headers())? {
            let mut whole = Vec::new();
            self.pass(answer, &mut |piece: &[u8]| whole.extend_from_slice(piece))
                .await?;
            whole.into()
        } else {
            read_body(answer.into_body(), limit)
                .await
                .map_err(body_error)?
        };
        Ok(Response {
            status,
            content_type,
            body,
        })
    }

    /// Hands on the body's pieces, unpacked.
    async fn pass(
        &self,
        answer: http::Response<Incoming>,
        chunk: &mut (impl FnMut(&[u8]) + Send),
    ) -> Result<(), ClientError> {
        let limit = self.options().max_body_bytes;
        if !is_packed(answer.headers())? {
            let read = read_chunks(answer.into_body(), limit, chunk).await;
            return read.map_err(body_error);
        }
        let mut unpacking = Unpacking::new(limit, chunk);
        let mut problem = None;
        let mut unpack = |piece: &[u8]| {
            if problem.is_none() {
                problem = unpacking.write(piece).err();
            }
        };
        let read = read_chunks(answer.into_body(), limit, &mut unpack).await;
        match problem {
            Some(problem) => Err(problem),
            None => read.map_err(body_error).and_then(|()| unpacking.finish()),
        }
    }
}

fn checked(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ClientError> {
    let invalid = || ClientError::InvalidHeader {
        name: name.to_owned(),
    };
    let key = HeaderName::try_from(name).map_err(|_| invalid())?;
    let value = HeaderValue::try_from(value).map_err(|_| invalid())?;
    Ok((key, value))
}

/// Whether a body is packed with gzip; other packings were not asked for.
fn is_packed(headers: &HeaderMap) -> Result<bool, ClientError> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(false);
    };
    match encoding.as_bytes().to_ascii_lowercase().as_slice() {
        b"" | b"identity" => Ok(false),
        b"gzip" | b"x-gzip" => Ok(true),
        other => Err(ClientError::Transport {
            reason: format!(
                "the answer is encoded as `{}`, which is not known",
                other.escape_ascii()
            ),
        }),
    }
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

fn body_error(error: BodyError) -> ClientError {
    match error {
        BodyError::TooLarge { limit } => ClientError::TooLarge { limit },
        BodyError::Broken { reason } => ClientError::Transport { reason },
    }
}
