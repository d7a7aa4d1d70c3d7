//! Asking the cluster's API server.

use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Client, Response};
use concertina_sources::Clock;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::User;
use super::attributes::Attributes;
use super::cache::Cache;

/// Where the API server is, and how it is asked. Reviews are asked once, within the client's
/// deadline, and never again by themselves.
#[derive(Clone, Debug)]
pub struct ApiServer {
    /// A client with the cluster's CA and this server's own credentials.
    pub client: Client,
    /// The base URL: `https://10.0.0.1:443`.
    pub url: String,
}

impl ApiServer {
    /// Sends a review and gives its status.
    async fn review(
        &self,
        group: &str,
        plural: &str,
        kind: &str,
        spec: Value,
    ) -> Result<Value, String> {
        let base = self.url.trim_end_matches('/');
        let url = format!("{base}/apis/{group}/v1/{plural}");
        let review = json!({
            "kind": kind,
            "apiVersion": format!("{group}/v1"),
            "metadata": {},
            "spec": spec,
        });
        let headers = [
            ("content-type", "application/json"),
            ("accept", "application/json"),
        ];
        let body = review.to_string().into();
        let answer = self
            .client
            .request(Method::POST, &url, &headers, body)
            .await;
        let mut answer = json_of(answer.map_err(|error| format!("{kind}: {error}"))?, kind)?;
        Ok(answer
            .get_mut("status")
            .map(Value::take)
            .unwrap_or_default())
    }

    /// Reads an object.
    pub(super) async fn get(&self, path: &str, kind: &str) -> Result<Value, String> {
        let url = format!("{}{path}", self.url.trim_end_matches('/'));
        let answer = self
            .client
            .get(&url, &[("accept", "application/json")])
            .await;
        json_of(answer.map_err(|error| format!("{kind}: {error}"))?, kind)
    }
}

fn json_of(answer: Response, kind: &str) -> Result<Value, String> {
    let body: Result<Value, _> = serde_json::from_slice(&answer.body);
    match (answer.status, body) {
        (200 | 201, Ok(body)) => Ok(body),
        (200 | 201, Err(error)) => Err(format!("{kind}: the answer is no JSON: {error}")),
        (status, body) => {
            let message = body.unwrap_or_default();
            let message = message
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Err(format!(
                "{kind}: the API server answers {status}: {message}"
            ))
        }
    }
}

/// How reviews are asked and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewOptions {
    /// How long an answer about a token is kept, whatever it is.
    pub token_ttl: Duration,
    /// How many tokens are kept.
    pub max_tokens: usize,
    /// How long a permission is kept.
    pub allowed_ttl: Duration,
    /// How long a refusal is kept.
    pub denied_ttl: Duration,
    /// How many permissions and refusals are kept.
    pub max_decisions: usize,
    /// Reviews at once; further ones wait.
    pub max_concurrency: usize,
}

impl Default for ReviewOptions {
    /// As upstream: 10 s each, 4,096 tokens, 8,192 decisions; 64 at once.
    fn default() -> Self {
        let ttl = Duration::from_secs(10);
        Self {
            token_ttl: ttl,
            max_tokens: 4096,
            allowed_ttl: ttl,
            denied_ttl: ttl,
            max_decisions: 8192,
            max_concurrency: 64,
        }
    }
}

/// The most bytes of a question that is kept, as upstream.
const MAX_KEPT: usize = 10_000;
/// The longest token that is asked about.
const MAX_TOKEN: usize = 16 << 10;

/// The answer to a SubjectAccessReview.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Decision {
    pub(super) allowed: bool,
    denied: bool,
    pub(super) reason: String,
}

impl Decision {
    pub(super) fn is_allowed(&self) -> bool {
        self.allowed && !self.denied
    }
}

/// Reviews with their caches.
pub(super) struct Reviews {
    server: ApiServer,
    options: ReviewOptions,
    free: Semaphore,
    /// By the digest of the token, so that no token is kept.
    tokens: Cache<Vec<u8>, Option<User>>,
    /// By the text of the question.
    decisions: Cache<String, Decision>,
    digest: fn(&rustls::crypto::CryptoProvider, &str) -> Vec<u8>,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

/// What a token is known by.
fn digest(provider: &rustls::crypto::CryptoProvider, token: &str) -> Vec<u8> {
    let mut suites = provider
        .cipher_suites
        .iter()
        .filter_map(|suite| suite.tls13());
    match suites.next() {
        Some(suite) => {
            let hashed = suite.common.hash_provider.hash(token.as_bytes());
            hashed.as_ref().to_vec()
        }
        None => token.as_bytes().to_vec(),
    }
}

impl Reviews {
    pub(super) fn new(
        server: ApiServer,
        options: ReviewOptions,
        provider: Arc<rustls::crypto::CryptoProvider>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let most = options.max_concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            server,
            options,
            free: Semaphore::new(most),
            tokens: Cache::new(options.max_tokens, Arc::clone(clock)),
            decisions: Cache::new(options.max_decisions, Arc::clone(clock)),
            digest,
            provider,
        }
    }

    async fn ask(
        &self,
        group: &str,
        plural: &str,
        kind: &str,
        spec: Value,
    ) -> Result<Value, String> {
        let permit = self.free.acquire().await;
        let _permit = permit.map_err(|error| error.to_string())?;
        self.server.review(group, plural, kind, spec).await
    }

    /// Whose token this is; none for nobody's.
    pub(super) async fn user(&self, token: &str) -> Result<Option<User>, Arc<str>> {
        if token.len() > MAX_TOKEN {
            return Ok(None);
        }
        let ask = async {
            let spec = json!({"token": token});
            let (group, plural) = ("authentication.k8s.io", "tokenreviews");
            let status = self.ask(group, plural, "TokenReview", spec).await?;
            #[derive(Default, Deserialize)]
            #[serde(default)]
            struct Known {
                authenticated: bool,
                user: User,
            }
            let known: Known = serde_json::from_value(status)
                .map_err(|error| format!("TokenReview: its status cannot be read: {error}"))?;
            // A user without a name is nobody.
            let somebody = known.authenticated && !known.user.name.is_empty();
            Ok(somebody.then_some(known.user))
        };
        let key = (self.digest)(&self.provider, token);
        self.tokens.get(key, |_| self.options.token_ttl, ask).await
    }

    /// Whether `user` may do this.
    pub(super) async fn decide(
        &self,
        user: &User,
        attributes: &Attributes,
    ) -> Result<Decision, Arc<str>> {
        let spec = attributes.review(user);
        let key = spec.to_string();
        let ask = async {
            let (group, plural) = ("authorization.k8s.io", "subjectaccessreviews");
            let status = self.ask(group, plural, "SubjectAccessReview", spec).await?;
            serde_json::from_value(status)
                .map_err(|error| format!("SubjectAccessReview: its status cannot be read: {error}"))
        };
        if attributes.size() >= MAX_KEPT {
            return ask.await.map_err(Arc::from);
        }
        let keep = |decision: &Decision| match decision.is_allowed() {
            true => self.options.allowed_ttl,
            false => self.options.denied_ttl,
        };
        self.decisions.get(key, keep, ask).await
    }
}
