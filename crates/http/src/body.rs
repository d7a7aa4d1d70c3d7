//! Reading bodies within limits.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Why a body could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It is larger than allowed.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection broke off before its end.
    #[error("the body broke off: {reason}")]
    Broken {
        /// What happened.
        reason: String,
    },
}

/// Reads a whole body of at most `limit` bytes.
///
/// A body that announces more than that is refused before any of it is read.
///
/// # Errors
///
/// [`BodyError`] when it is larger or breaks off.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use concertina_http::{BodyError, read_body};
///
/// let body = http_body_util::Full::new(bytes::Bytes::from("12345"));
/// assert_eq!(read_body(body.clone(), 5).await.unwrap(), "12345");
/// assert_eq!(read_body(body, 4).await, Err(BodyError::TooLarge { limit: 4 }));
/// # }
/// ```
pub async fn read_body<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: hyper::body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Err(error) => Err(BodyError::Broken {
            reason: innermost(error.as_ref()),
        }),
    }
}

/// Reads a whole body of at most `limit` bytes and hands it on piece by piece.
pub(crate) async fn read_chunks<B>(
    body: B,
    limit: usize,
    chunk: &mut (impl FnMut(&[u8]) + Send),
) -> Result<(), BodyError>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut body = std::pin::pin!(Limited::new(body, limit));
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                if let Some(data) = frame.data_ref() {
                    chunk(data);
                }
            }
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(BodyError::TooLarge { limit });
            }
            Err(error) => {
                return Err(BodyError::Broken {
                    reason: innermost(error.as_ref()),
                });
            }
        }
    }
    Ok(())
}

/// What stands at the end of a chain of errors: mostly the operating system's own words, where
/// hyper's layers only say that an error occurred.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
