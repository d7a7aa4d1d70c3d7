//! Serving a `tower_service::Service` on a listener.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service;

use crate::response::{Body, text};

mod peer;
#[cfg(feature = "tls")]
mod tls;

pub use peer::PeerCertificates;
#[cfg(feature = "tls")]
pub use tls::{ServerTls, TlsError, TlsIdentity, TlsOptions, serve_tls};

/// Limits of a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Connections at once. Further ones wait a moment for a place, and are refused then: with a 503
    /// and `Retry-After`, or over TLS by being closed before the handshake.
    pub max_connections: usize,
    /// How long a client may take to send a request's headers, from the moment that it connects
    /// or, over HTTP/1.1, that it was last answered.
    pub header_timeout: Duration,
    /// How long the service may take for a request, reading its body included; after that the
    /// answer is 504, as the Kubernetes API server gives.
    pub request_deadline: Duration,
    /// How long a connection may live without a new request.
    pub idle_timeout: Duration,
    /// How long open connections may take to finish after the shutdown.
    pub drain: Duration,
    /// Whether HTTP/2 is spoken, too.
    pub http2: bool,
    /// Requests of one connection at once, over HTTP/2.
    pub max_streams: u32,
}

impl Default for ServerOptions {
    /// 1,024 connections, 10 s for headers, 60 s for a request, 120 s idle, 2 s to drain; HTTP/2
    /// with 256 streams.
    fn default() -> Self {
        Self {
            max_connections: 1024,
            header_timeout: Duration::from_secs(10),
            request_deadline: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(120),
            drain: Duration::from_secs(2),
            http2: true,
            max_streams: 256,
        }
    }
}

/// The largest request head, in bytes: a selector in a query may be long, but not this long.
const MAX_HEAD: u32 = 64 << 10;

/// Serves `service` on `listener` until `shutdown` is ready, then lets open requests finish.
///
/// HTTP/1.1 and HTTP/2 with prior knowledge; each connection calls a clone of `service`. Bodies
/// of requests have no limit here: read them with [`read_body`](crate::read_body).
///
/// ```no_run
/// # async fn demo<S>(service: S) -> std::io::Result<()>
/// # where
/// #     S: tower_service::Service<
/// #             http::Request<hyper::body::Incoming>,
/// #             Response = http::Response<concertina_http::Body>,
/// #             Error = std::convert::Infallible,
/// #         > + Clone + Send + 'static,
/// #     S::Future: Send,
/// # {
/// use concertina_http::{ServerOptions, serve};
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9400").await?;
/// serve(listener, service, ServerOptions::default(), std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    options: ServerOptions,
    shutdown: impl Future<Output = ()> + Send,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let connect = move |stream, rules| connection(stream, None, service.clone(), rules);
    run(listener, options, shutdown, connect, refuse_in_words).await;
}

/// What every connection of a server keeps to.
#[derive(Clone)]
struct Rules {
    options: ServerOptions,
    builder: auto::Builder<TokioExecutor>,
    stopping: watch::Receiver<bool>,
}

/// Accepts connections within the limits until `shutdown` is ready, and serves each one by what
/// `connect` gives.
async fn run<F>(
    listener: TcpListener,
    options: ServerOptions,
    shutdown: impl Future<Output = ()> + Send,
    connect: impl Fn(TcpStream, Rules) -> F + Send,
    refuse: fn(TcpStream),
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut shutdown = pin!(shutdown);
    let most = u32::try_from(options.max_connections).unwrap_or(u32::MAX);
    let most = most.clamp(1, u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
    let free = Arc::new(Semaphore::new(most as usize));
    let mut door = Door {
        free: Arc::clone(&free),
        patience: PLACE,
    };
    let (stop, stopping) = watch::channel(false);
    let rules = Rules {
        builder: builder(&options),
        options,
        stopping,
    };
    loop {
        let accepted = tokio::select! {
            accepted = door.accept(&listener) => accepted,
            () = &mut shutdown => break,
        };
        let (stream, permit) = match accepted {
            Some((stream, Some(permit))) => (stream, permit),
            Some((stream, None)) => {
                refuse(stream);
                continue;
            }
            None => continue,
        };
        // Answers are small and complete: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let connection = connect(stream, rules.clone());
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    // No connection left to tell is fine.
    let _ = stop.send(true);
    // Every connection bounds its own drain; all permits back means that all are gone.
    let _ = free.acquire_many(most).await;
}

/// How long a connection waits for a place.
const PLACE: Duration = Duration::from_millis(250);

/// Where connections come in.
struct Door {
    free: Arc<Semaphore>,
    /// How long the next one waits for a place: no time, once one has waited in vain.
    patience: Duration,
}

impl Door {
    /// The next connection, with a place among those allowed if there is one; none when accepting
    /// failed.
    async fn accept(
        &mut self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, Option<OwnedSemaphorePermit>)> {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, mostly: a pause lets some close.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                return None;
            }
        };
        let free = Arc::clone(&self.free);
        let place = match free.try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) if self.patience.is_zero() => None,
            Err(_) => {
                let place = Arc::clone(&self.free).acquire_owned();
                let place = tokio::time::timeout(self.patience, place).await;
                place.ok().and_then(Result::ok)
            }
        };
        let was_full = self.patience.is_zero();
        self.patience = place.as_ref().map_or(Duration::ZERO, |_| PLACE);
        if place.is_none() && !was_full {
            tracing::warn!("no more connections are taken until some end");
        }
        Some((stream, place))
    }
}

/// What a connection without a place gets over plain HTTP.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    content-type: text/plain\r\ncontent-length: 21\r\nconnection: close\r\n\r\n\
    too many connections\n";

/// Says that there is no place, as far as that can be done without waiting.
fn refuse_in_words(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        // The buffer of a new connection has room for it; if not, the end says it as well.
        let _ = std::io::Write::write(&mut stream, FULL);
    }
}

fn builder(options: &ServerOptions) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_buf_size(MAX_HEAD as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD)
        .max_concurrent_streams(options.max_streams)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    match options.http2 {
        true => builder,
        false => builder.http1_only(),
    }
}

/// Serves one connection to its end: until the peer closes it, it is idle too long, or the server
/// stops.
async fn connection<S, IO>(stream: IO, peer: Option<PeerCertificates>, service: S, rules: Rules)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let Rules {
        options,
        builder,
        mut stopping,
    } = rules;
    let calls = Arc::new(Calls::default());
    let service = Bounded {
        inner: service,
        deadline: options.request_deadline,
        calls: Arc::clone(&calls),
        peer,
    };
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    // hyper's own header timeout starts only when it knows the protocol, so a peer that sends
    // nothing, or half of HTTP/2's preface, is caught here.
    let mut patience = options.header_timeout;
    let mut seen = 0;
    let ended = loop {
        tokio::select! {
            ended = &mut connection => break Some(ended),
            _ = stopping.wait_for(|stop| *stop) => break None,
            () = tokio::time::sleep(patience) => {
                let started = calls.started.load(Ordering::Relaxed);
                if started == seen && calls.ended.load(Ordering::Relaxed) == started {
                    break None;
                }
                seen = started;
                patience = options.idle_timeout;
            }
        }
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(options.drain, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// How many requests of a connection began and ended.
#[derive(Debug, Default)]
struct Calls {
    started: AtomicU64,
    ended: AtomicU64,
}

/// A service whose calls end by a deadline and are counted, and know the peer's certificate.
#[derive(Clone)]
struct Bounded<S> {
    inner: S,
    deadline: Duration,
    calls: Arc<Calls>,
    peer: Option<PeerCertificates>,
}

impl<S> Service<Request<Incoming>> for Bounded<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(peer) = &self.peer {
            request.extensions_mut().insert(peer.clone());
        }
        self.calls.started.fetch_add(1, Ordering::Relaxed);
        let ended = Ended(Arc::clone(&self.calls));
        let deadline = self.deadline;
        let answer = tokio::time::timeout(deadline, self.inner.call(request));
        Box::pin(async move {
            let answer = answer.await;
            drop(ended);
            match answer {
                Ok(answer) => answer,
                Err(_) => {
                    let hint = format!("not answered within {} s\n", deadline.as_secs_f64());
                    Ok(text(StatusCode::GATEWAY_TIMEOUT, "text/plain", hint))
                }
            }
        })
    }
}

/// Counts the end of a request, also of one that the peer cancelled.
struct Ended(Arc<Calls>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}
