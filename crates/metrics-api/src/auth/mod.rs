//! Who asks, and whether they may: delegated to a cluster, as aggregated API servers do it.
//!
//! [`Auth`] is a `tower_layer::Layer` to put before [`MetricsApi`](crate::MetricsApi) or any other
//! service. It finds out who asks in apiserver 1.30's order:
//!
//! 1. the front proxy's headers, when the connection shows a certificate of its CA and names;
//! 2. a client certificate of the cluster's CA: the common name is the user, organizations are groups;
//! 3. a bearer token, by TokenReview.
//!
//! The first that knows somebody counts. If none does, and one was shown something wrong, that is a
//! 401; who shows nothing at all is `system:anonymous`. Then a SubjectAccessReview decides, but
//! `system:masters` and the health paths need none. Headers of the front proxy without its
//! certificate count for nothing.
//!
//! Whom to trust stands in a ConfigMap that [`Auth::follow`] reads and follows. Time is injected.

mod attributes;
mod cache;
mod certificate;
mod follow;
mod headers;
mod review;
mod trust;
mod user;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::task::{Context, Poll};

use concertina_http::{Body, PeerCertificates};
use concertina_sources::Clock;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Request, Response, StatusCode};
use rustls::crypto::CryptoProvider;
use tower_layer::Layer;
use tower_service::Service;

pub use follow::FollowError;
pub use review::{ApiServer, ReviewOptions};
pub use trust::{CallerTrust, TrustError};
pub use user::User;

use crate::encode::negotiate::Views;
use crate::path::wants_pretty;
use crate::server::write::Writer;
use crate::types::Status;
use attributes::Attributes;
use review::Reviews;

/// What [`Auth`] is made of.
#[derive(Clone, Debug)]
pub struct AuthOptions {
    /// Who does the cryptography.
    pub provider: Arc<CryptoProvider>,
    /// The time, for certificates and caches.
    pub clock: Arc<dyn Clock>,
    /// How reviews are asked and kept.
    pub reviews: ReviewOptions,
    /// Whose members may do everything without a review.
    pub always_allow_groups: Vec<String>,
    /// The paths that everybody may read without a review; one that ends with `*` means all that
    /// begin so.
    pub always_allow_paths: Vec<String>,
    /// What is known of whom to trust, by the keys of the cluster's ConfigMap (see
    /// [`CallerTrust::from_config_map`]); it counts in place of what stands there.
    pub own_trust: BTreeMap<String, String>,
}

impl AuthOptions {
    /// As upstream: `system:masters`, and `/healthz`, `/readyz` and `/livez`.
    #[must_use]
    pub fn new(provider: Arc<CryptoProvider>, clock: Arc<dyn Clock>) -> Self {
        Self {
            provider,
            clock,
            reviews: ReviewOptions::default(),
            always_allow_groups: vec!["system:masters".to_owned()],
            always_allow_paths: ["/healthz", "/readyz", "/livez"].map(str::to_owned).into(),
            own_trust: BTreeMap::new(),
        }
    }
}

/// Delegated authentication and authorization, as a layer. Cheap to clone; clones share caches and
/// trust.
///
/// ```
/// use std::sync::Arc;
///
/// use concertina_http::{Client, ClientOptions};
/// use concertina_metrics_api::MetricsApi;
/// use concertina_metrics_api::auth::{ApiServer, Auth, AuthOptions};
/// use concertina_sources::SystemClock;
/// use tower_layer::Layer;
///
/// let provider = Arc::new(rustls::crypto::ring::default_provider());
/// let server = ApiServer {
///     client: Client::new(ClientOptions::default()),
///     url: "http://127.0.0.1:8001".to_owned(),
/// };
/// let auth = Auth::new(server, AuthOptions::new(provider, Arc::new(SystemClock)));
/// let guarded = auth.layer(MetricsApi::builder().build());
/// ```
#[derive(Clone)]
pub struct Auth {
    shared: Arc<Shared>,
}

struct Shared {
    options: AuthOptions,
    server: ApiServer,
    reviews: Reviews,
    trust: RwLock<Arc<CallerTrust>>,
    sources: Mutex<Sources>,
    told: OnceLock<()>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth")
            .field("server", &self.shared.server.url)
            .finish_non_exhaustive()
    }
}

/// Where trust comes from.
#[derive(Default)]
struct Sources {
    /// The options' own.
    own: BTreeMap<String, String>,
    /// The cluster's, once it is read.
    cluster: Option<BTreeMap<String, String>>,
}

/// Why a request goes no further.
enum Refusal {
    /// Nobody knows who asks: 401.
    Unknown(String),
    /// They may not: 403.
    Forbidden(Box<Status>),
    /// Nobody could decide: 500.
    Undecided(Arc<str>),
}

impl Auth {
    /// Asks `server`. No certificate is trusted before [`follow`](Auth::follow) or
    /// [`trust`](Auth::trust) says whose.
    #[must_use]
    pub fn new(server: ApiServer, options: AuthOptions) -> Self {
        let provider = Arc::clone(&options.provider);
        let sources = Mutex::new(Sources {
            own: options.own_trust.clone(),
            cluster: None,
        });
        let reviews = Reviews::new(server.clone(), options.reviews, provider, &options.clock);
        Self {
            shared: Arc::new(Shared {
                options,
                server,
                reviews,
                trust: RwLock::default(),
                sources,
                told: OnceLock::new(),
            }),
        }
    }

    /// Trusts these from now on, and nobody else.
    pub fn trust(&self, trust: CallerTrust) {
        let mut current = self
            .shared
            .trust
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(trust);
        // Only the first time counts.
        let _ = self.shared.told.set(());
    }

    /// Takes other settings of [`AuthOptions::own_trust`] into use, such as those of files that have
    /// changed: at once when the cluster's are known, else with them.
    ///
    /// # Errors
    ///
    /// [`TrustError`] when they cannot be used; everything stays as it was.
    pub fn replace_own_trust(&self, own: BTreeMap<String, String>) -> Result<(), TrustError> {
        self.change_trust(|sources| sources.own = own)
    }

    /// Changes where trust comes from, if what comes out can be used.
    fn change_trust(&self, change: impl FnOnce(&mut Sources)) -> Result<(), TrustError> {
        let sources = self.shared.sources.lock();
        let mut sources = sources.unwrap_or_else(PoisonError::into_inner);
        let mut next = Sources {
            own: sources.own.clone(),
            cluster: sources.cluster.clone(),
        };
        change(&mut next);
        let mut data = next.cluster.clone().unwrap_or_default();
        data.extend(next.own.clone());
        let trust = CallerTrust::from_config_map(&data, &self.shared.options.provider)?;
        if next.cluster.is_some() {
            self.trust(trust);
        }
        *sources = next;
        Ok(())
    }

    /// Whether it was said at least once whom to trust: before, no certificate counts, and a server
    /// is not ready.
    #[must_use]
    pub fn knows_whom_to_trust(&self) -> bool {
        self.shared.told.get().is_some()
    }

    fn trusted(&self) -> Arc<CallerTrust> {
        // Held for a pointer copy only.
        let current = self
            .shared
            .trust
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// Who asks.
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        peer: Option<&PeerCertificates>,
    ) -> Result<User, Refusal> {
        let now = self.shared.options.clock.now();
        let trust = self.trusted();
        let mut wrong: Vec<String> = Vec::new();
        let holder = |authorities: &Option<certificate::Authorities>| {
            let (authorities, peer) = (authorities.as_ref()?, peer?);
            Some(authorities.holder(peer, now))
        };
        if let Some(proxy) = &trust.front_proxy {
            match holder(&Some(proxy.authorities.clone())) {
                None => {}
                Some(Err(error)) => wrong.push(format!("front proxy: {error}")),
                Some(Ok(found))
                    if !proxy.names.is_empty() && !proxy.names.contains(&found.name) =>
                {
                    wrong.push(format!("front proxy: `{}` is no allowed name", found.name));
                }
                Some(Ok(_)) => {
                    if let Some(user) = proxy.user(headers) {
                        return Ok(user.authenticated());
                    }
                }
            }
        }
        match holder(&trust.clients) {
            None => {}
            Some(Err(error)) => wrong.push(format!("client certificate: {error}")),
            Some(Ok(found)) if found.name.is_empty() => {}
            Some(Ok(found)) => {
                let user = User {
                    name: found.name,
                    groups: found.organizations,
                    ..User::default()
                };
                return Ok(user.authenticated());
            }
        }
        if let Some(token) = headers::bearer(headers) {
            match self.shared.reviews.user(token).await {
                Ok(Some(user)) => return Ok(user.authenticated()),
                Ok(None) => wrong.push("the bearer token is nobody's".to_owned()),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        match wrong.is_empty() {
            true => Ok(User::anonymous()),
            false => Err(Refusal::Unknown(wrong.join("; "))),
        }
    }

    async fn authorize(&self, user: &User, attributes: &Attributes) -> Result<(), Refusal> {
        let options = &self.shared.options;
        let path = |allowed: &String| match allowed.strip_suffix('*') {
            Some(begin) => attributes.path.starts_with(begin),
            None => attributes.path == *allowed,
        };
        let always = options
            .always_allow_groups
            .iter()
            .any(|group| user.is_in(group))
            || !attributes.is_resource() && options.always_allow_paths.iter().any(path);
        if always {
            return Ok(());
        }
        match self.shared.reviews.decide(user, attributes).await {
            Ok(decision) if decision.is_allowed() => Ok(()),
            Ok(decision) => {
                let status = attributes.forbidden(user, &decision.reason);
                Err(Refusal::Forbidden(Box::new(status)))
            }
            Err(error) => Err(Refusal::Undecided(error)),
        }
    }

    /// Lets a request through with its [`User`], or answers it.
    async fn check<B>(&self, mut request: Request<B>) -> Result<Request<B>, Response<Body>> {
        let peer = request.extensions().get::<PeerCertificates>();
        let attributes = Attributes::of(request.method(), request.uri());
        let checked = match self.authenticate(request.headers(), peer).await {
            Ok(user) => self.authorize(&user, &attributes).await.map(|()| user),
            Err(refusal) => Err(refusal),
        };
        match checked {
            Ok(user) => {
                let headers = request.headers_mut();
                headers.remove(AUTHORIZATION);
                if let Some(proxy) = &self.trusted().front_proxy {
                    proxy.strip(headers);
                }
                request.extensions_mut().insert(user);
                Ok(request)
            }
            Err(refusal) => {
                let pretty = wants_pretty(request.uri().query().unwrap_or_default());
                Err(refusal.answer(request.headers(), pretty))
            }
        }
    }
}

impl Refusal {
    fn answer(self, headers: &HeaderMap, pretty: bool) -> Response<Body> {
        let writer = Writer::negotiated(headers, Views::None, pretty);
        let writer = writer.unwrap_or(Writer::json_only(pretty));
        let status = match self {
            Self::Unknown(reason) => {
                // Whoever asks is not told: they may be guessing.
                tracing::warn!(reason, "a request is not authenticated");
                Status::unauthorized()
            }
            Self::Forbidden(status) => *status,
            Self::Undecided(reason) => {
                tracing::error!(%reason, "nobody could decide on a request");
                Status::internal_error(format!(
                    "the cluster could not say whether it is allowed: {reason}"
                ))
            }
        };
        let mut response = writer.status(&status);
        if response.status() == StatusCode::FORBIDDEN {
            let value = HeaderValue::from_static("nosniff");
            response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, value);
        }
        response
    }
}

impl<S> Layer<S> for Auth {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            auth: self.clone(),
            inner,
        }
    }
}

/// A service that only those reach whom [`Auth`] lets through.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    auth: Auth,
    inner: S,
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let auth = self.auth.clone();
        // The one that is ready goes into the future, a fresh clone takes its place.
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        // A request that holds its body cannot be borrowed across an await unless that is `Sync`.
        let (head, body) = request.into_parts();
        Box::pin(async move {
            match auth.check(Request::from_parts(head, ())).await {
                Ok(request) => {
                    let (head, ()) = request.into_parts();
                    ready.call(Request::from_parts(head, body)).await
                }
                Err(refusal) => Ok(refusal),
            }
        })
    }
}
