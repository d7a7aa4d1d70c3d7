//! Answers that are read piece by piece.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{Client, ClientError, text_of};
use crate::body::innermost;

/// An answer whose body comes piece by piece, such as a watch of Kubernetes: see [`Client::open`].
#[derive(Debug)]
pub struct Streaming {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`, if there is one that is text.
    pub content_type: Option<String>,
    body: Incoming,
}

impl Client {
    /// Sends `GET url`; the answer is there when its head is, which must be within the deadline.
    ///
    /// Its body has no limit in size or time: bound what is kept of it.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when there is no answer; any status is an answer.
    pub async fn open(
        &self,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Streaming, ClientError> {
        // Packed, a piece would not be readable when it comes.
        let mut all = vec![("accept-encoding", "identity")];
        all.extend_from_slice(headers);
        let request = self.prepare(Method::GET, url, &all, Bytes::new())?;
        let after = self.options().deadline;
        let answer = tokio::time::timeout(after, self.send(request))
            .await
            .unwrap_or(Err(ClientError::Timeout { after }))?;
        Ok(Streaming {
            status: answer.status().as_u16(),
            content_type: text_of(answer.headers(), &header::CONTENT_TYPE),
            body: answer.into_body(),
        })
    }
}

impl Streaming {
    /// The next piece of the body, as it came; none at its end.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when nothing comes `within` this time, or the connection breaks.
    pub async fn piece(&mut self, within: Duration) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = tokio::time::timeout(within, self.body.frame()).await;
            let frame = frame.map_err(|_| ClientError::Timeout { after: within })?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => {
                    let reason = innermost(&error);
                    return Err(ClientError::Transport { reason });
                }
                // Anything else is a trailer.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}
