//! The `Authorization` header, and its file followed.

use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use tokio::time::Instant;

use super::{Authorization, ClientError, Secret};

/// How long what a file said is used before the file is read again.
const FRESH: Duration = Duration::from_secs(10);
/// The largest file that is taken for a password or token.
const MAX_BYTES: u64 = 64 << 10;

/// The header that an [`Authorization`] gives, and when its file was read.
#[derive(Debug, Default)]
pub(super) struct Credentials(Mutex<Option<(Instant, HeaderValue)>>);

impl Credentials {
    pub(super) fn header(
        &self,
        authorization: &Authorization,
    ) -> Result<Option<HeaderValue>, ClientError> {
        let secret = match authorization {
            Authorization::None => return Ok(None),
            Authorization::Scheme { credentials, .. } => credentials,
            Authorization::Basic { password, .. } => password,
        };
        let path = match secret {
            Secret::Text(text) => {
                return header(authorization, text).map(Some).ok_or_else(|| {
                    ClientError::InvalidHeader {
                        name: "authorization".to_owned(),
                    }
                });
            }
            Secret::File(path) => path,
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, header)) = &*last
            && read.elapsed() < FRESH
        {
            return Ok(Some(header.clone()));
        }
        let header = of_file(authorization, path).map_err(|reason| ClientError::Credentials {
            path: path.clone(),
            reason,
        })?;
        *last = Some((Instant::now(), header.clone()));
        Ok(Some(header))
    }
}

fn of_file(authorization: &Authorization, path: &Path) -> Result<HeaderValue, String> {
    let text = String::from_utf8(read_small(path, MAX_BYTES)?);
    let text = text.map_err(|_| "it is no UTF-8".to_owned())?;
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        secret => header(authorization, secret)
            .ok_or_else(|| "it has characters that HTTP forbids in headers".to_owned()),
    }
}

fn header(authorization: &Authorization, secret: &str) -> Option<HeaderValue> {
    let text = match authorization {
        Authorization::None => return None,
        Authorization::Scheme { scheme, .. } => format!("{scheme} {secret}"),
        // The server would read what follows a colon of the name as the password.
        Authorization::Basic { user, .. } if user.contains(':') => return None,
        Authorization::Basic { user, .. } => {
            format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))
        }
    };
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// A whole file of at most `limit` bytes. Such files are small and local, so that reading one
/// blocks no longer than the request that needs it.
pub(super) fn read_small(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    match read.map_err(|error| error.to_string())? as u64 {
        size if size > limit => Err(format!("it is larger than {limit} bytes")),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn text(credentials: &Credentials, authorization: &Authorization) -> String {
        match credentials.header(authorization) {
            Ok(header) => header.unwrap().to_str().unwrap().to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_is_followed() {
        let dir = std::env::temp_dir().join(format!("concertina-token-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("token");
        let bearer = Authorization::bearer(Secret::File(path.clone()));
        let credentials = Credentials::default();
        std::fs::write(&path, "first\n").unwrap();
        assert_eq!(text(&credentials, &bearer), "Bearer first");
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(text(&credentials, &bearer), "Bearer first");
        tokio::time::advance(FRESH).await;
        assert_eq!(text(&credentials, &bearer), "Bearer second");
        tokio::time::advance(FRESH).await;
        let mut told = Vec::new();
        for bad in ["", "two\nlines", &"x".repeat(70_000)] {
            std::fs::write(&path, bad).unwrap();
            told.push(text(&credentials, &bearer).replace(&*dir.to_string_lossy(), "DIR"));
        }
        std::fs::remove_dir_all(&dir).unwrap();
        told.push(text(&credentials, &bearer).replace(&*dir.to_string_lossy(), "DIR"));
        insta::assert_snapshot!(told.join("\n"), @r#"
the credentials in DIR/token cannot be used: it is empty
the credentials in DIR/token cannot be used: it has characters that HTTP forbids in headers
the credentials in DIR/token cannot be used: it is larger than 65536 bytes
the credentials in DIR/token cannot be used: No such file or directory (os error 2)
"#);
    }

    #[test]
    fn schemes_are_written_as_http_wants_them() {
        let credentials = Credentials::default();
        let basic = |user: &str| Authorization::Basic {
            user: user.to_owned(),
            password: Secret::Text("open sesame".to_owned()),
        };
        let aladdin = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        assert_eq!(text(&credentials, &basic("Aladdin")), aladdin);
        assert!(credentials.header(&basic("a:b")).is_err());
        let bearer = Authorization::bearer(Secret::Text("s3cr3t".to_owned()));
        assert_eq!(text(&credentials, &bearer), "Bearer s3cr3t");
        assert!(!format!("{bearer:?}").contains("s3cr3t"));
        let broken = Authorization::bearer(Secret::Text("a\nb".to_owned()));
        assert!(credentials.header(&broken).is_err());
    }
}
