//! Limits and credentials of a client.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "tls")]
use super::tls::ClientTls;

/// Limits and credentials of a client.
#[derive(Clone, PartialEq)]
pub struct ClientOptions {
    /// How long a request may take, connecting and reading the answer included.
    pub deadline: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes, packed and unpacked.
    pub max_body_bytes: usize,
    /// Idle connections that are kept for each host.
    pub max_idle: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// Asks for answers packed with gzip. Packed answers are unpacked in any case.
    pub gzip: bool,
    /// What every request says about who asks.
    pub authorization: Authorization,
    /// Headers of every request, by name and value. A request's own header of the same name
    /// replaces one.
    pub headers: Vec<(String, String)>,
    /// Who is trusted under `https://`, and who the client is there. Without it, `https://` is an
    /// error: this crate chooses no crypto provider.
    #[cfg(feature = "tls")]
    pub tls: Option<ClientTls>,
}

impl Default for ClientOptions {
    /// 10 s in all, 3 s to connect, 64 MiB, 32 idle connections for 60 s; no gzip, no credentials,
    /// no TLS.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            max_body_bytes: 64 << 20,
            max_idle: 32,
            idle_timeout: Duration::from_secs(60),
            gzip: false,
            authorization: Authorization::None,
            headers: Vec::new(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl fmt::Debug for ClientOptions {
    /// Of the headers only the names: a value may be a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ClientOptions")
            .field("deadline", &self.deadline)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("gzip", &self.gzip)
            .field("authorization", &self.authorization)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// The `Authorization` header of a client's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authorization {
    /// None is sent.
    #[default]
    None,
    /// A scheme, mostly `Bearer`, and its credentials.
    Scheme {
        /// The scheme.
        scheme: String,
        /// What follows it.
        credentials: Secret,
    },
    /// `Basic` of RFC 7617, in UTF-8.
    Basic {
        /// Who asks; without a colon.
        user: String,
        /// The password.
        password: Secret,
    },
}

impl Authorization {
    /// `Bearer` and a token, for example that of a pod:
    /// `Secret::File("/var/run/secrets/kubernetes.io/serviceaccount/token".into())`.
    #[must_use]
    pub fn bearer(token: Secret) -> Self {
        Self::Scheme {
            scheme: "Bearer".to_owned(),
            credentials: token,
        }
    }
}

/// A password or token. Its text is never shown.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Secret {
    /// The text itself.
    Text(String),
    /// What this file holds, without the blanks around it. It is read again when the last reading
    /// is older than ten seconds, since Kubernetes replaces the tokens of pods while they run.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(***)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}
