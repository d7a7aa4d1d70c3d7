//! Responses: complete in memory, or piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// The body of a response: whole and in memory, or pieces that come as they are made.
///
/// ```
/// use concertina_http::Body;
///
/// let whole = Body::from("ok");
/// let (pieces, body) = Body::pieces(4);
/// drop(pieces); // ends the body
/// ```
#[derive(Debug)]
pub struct Body(Inner);

#[derive(Debug)]
enum Inner {
    /// None when it was taken, or there is nothing in it.
    Whole(Option<Bytes>),
    Pieces(mpsc::Receiver<io::Result<Bytes>>),
}

/// Gives a [`Body`] its pieces; the body ends when this is dropped.
#[derive(Clone, Debug)]
pub struct BodyPieces(mpsc::Sender<io::Result<Bytes>>);

impl Body {
    /// A body whose pieces come from the first part, which waits when `ahead` of them are not yet
    /// sent.
    #[must_use]
    pub fn pieces(ahead: usize) -> (BodyPieces, Self) {
        let (sender, receiver) = mpsc::channel(ahead.max(1));
        (BodyPieces(sender), Self(Inner::Pieces(receiver)))
    }

    /// All of it, unless it comes in pieces.
    #[must_use]
    pub fn whole(&self) -> Option<Bytes> {
        match &self.0 {
            Inner::Whole(whole) => Some(whole.clone().unwrap_or_default()),
            Inner::Pieces(_) => None,
        }
    }
}

impl BodyPieces {
    /// Sends a piece; false when the other side is gone, and nobody wants any more.
    pub async fn send(&self, piece: impl Into<Bytes>) -> bool {
        self.0.send(Ok(piece.into())).await.is_ok()
    }

    /// Breaks the connection off, as a server that dies does.
    pub async fn break_off(self) {
        let broken = io::Error::new(io::ErrorKind::ConnectionAborted, "broken off on purpose");
        // Nobody there to be cut off is fine.
        let _ = self.0.send(Err(broken)).await;
    }

    /// Waits until the other side is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(whole: T) -> Self {
        let whole = whole.into();
        Self(Inner::Whole((!whole.is_empty()).then_some(whole)))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.0 {
            Inner::Whole(whole) => Poll::Ready(whole.take().map(|whole| Ok(Frame::data(whole)))),
            Inner::Pieces(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Whole(whole) => whole.is_none(),
            Inner::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole(whole) => {
                let size = whole.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(size).unwrap_or(u64::MAX))
            }
            Inner::Pieces(_) => SizeHint::default(),
        }
    }
}

/// A whole response of `content_type` (left out when it is nothing that HTTP can carry).
///
/// ```
/// let response = concertina_http::text(http::StatusCode::OK, "text/plain", "ok");
/// assert_eq!(response.headers()["content-type"], "text/plain");
/// ```
#[must_use]
pub fn text(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
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
