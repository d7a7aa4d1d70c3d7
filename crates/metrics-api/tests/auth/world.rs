//! A cluster, its authorities, and a service behind [`Auth`].

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use concertina_http::{Body, Client, ClientOptions, PeerCertificates, serve};
use concertina_metrics_api::auth::{ApiServer, Auth, AuthOptions, User};
use concertina_model::Timestamp;
use concertina_sandbox::{
    FrontProxy, Policy, Sandbox, SandboxOptions, User as Known, What, Who, server_options,
};
use concertina_sources::Clock;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::crypto::CryptoProvider;
use tower_layer::Layer;
use tower_service::Service;

/// When tests begin: 2023-11-14T22:13:20Z.
pub(crate) const START: i64 = 1_700_000_000_000;

/// A clock that is set by hand; who sleeps is woken at once.
#[derive(Debug)]
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, _: Duration) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// An authority of certificates.
pub(crate) struct Authority(pub(crate) CertifiedIssuer<'static, KeyPair>);

/// Who a certificate is for.
pub(crate) struct Holder<'a> {
    pub(crate) name: &'a str,
    pub(crate) organizations: &'a [&'a str],
    pub(crate) purpose: ExtendedKeyUsagePurpose,
    /// From and until when, in seconds from the start of the test.
    pub(crate) valid: (i64, i64),
}

pub(crate) fn client<'a>(name: &'a str, organizations: &'a [&'a str]) -> Holder<'a> {
    Holder {
        name,
        organizations,
        purpose: ExtendedKeyUsagePurpose::ClientAuth,
        valid: (-3600, 3600),
    }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key in PEM.
    pub(crate) fn issue(&self, holder: &Holder<'_>) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let names = &mut params.distinguished_name;
        if !holder.name.is_empty() {
            names.push(DnType::CommonName, holder.name);
        }
        for organization in holder.organizations {
            names.push(DnType::OrganizationName, *organization);
        }
        params.extended_key_usages = vec![holder.purpose.clone()];
        let at = |seconds: i64| {
            let start = std::time::UNIX_EPOCH + Duration::from_millis(START.unsigned_abs());
            let shift = Duration::from_secs(seconds.unsigned_abs());
            let time = if seconds < 0 {
                start - shift
            } else {
                start + shift
            };
            time.into()
        };
        (params.not_before, params.not_after) = (at(holder.valid.0), at(holder.valid.1));
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// What a server knows of a client that shows such a certificate.
    pub(crate) fn peer(&self, holder: &Holder<'_>) -> PeerCertificates {
        let (certificate, _) = self.issue(holder);
        PeerCertificates::new([Bytes::copy_from_slice(certificate.der())])
    }
}

/// Tells who asks, and what of the headers that matter arrived.
#[derive(Clone)]
pub(crate) struct Echo;

impl<B> Service<Request<B>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let user: &User = request.extensions().get().unwrap();
        let names = request.headers().keys().map(|name| name.as_str());
        let secret = |name: &&str| name.starts_with("x-remote") || *name == "authorization";
        let left: Vec<&str> = names.filter(secret).collect();
        let left = match left.is_empty() {
            true => String::new(),
            false => format!(" {}", left.join(",")),
        };
        let extra = match user.extra.is_empty() {
            true => String::new(),
            false => format!(" {:?}", user.extra),
        };
        let text = format!("{} [{}]{extra}{left}", user.name, user.groups.join(","));
        ready(Ok(concertina_http::text(
            StatusCode::OK,
            "text/plain",
            text,
        )))
    }
}

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<Hand>,
    pub(crate) clients: Authority,
    pub(crate) proxies: Authority,
    pub(crate) auth: Auth,
}

pub(crate) fn policy() -> Policy {
    let metrics = What::Resources {
        groups: vec!["custom.metrics.k8s.io".to_owned()],
        resources: vec!["*".to_owned()],
        verbs: vec!["get".to_owned()],
        namespace: None,
    };
    Policy::new()
        .token("good", Known::new("robot", ["robots"]), None)
        .allow(Who::User("robot".to_owned()), metrics.clone())
        .allow(Who::User("alice".to_owned()), metrics)
        .allow(
            Who::Group("system:authenticated".to_owned()),
            What::Paths(vec!["/apis".to_owned(), "/apis/*".to_owned()]),
        )
}

impl World {
    /// A cluster whose ConfigMap is read.
    pub(crate) async fn new() -> Self {
        let world = Self::without_trust().await;
        world.auth.read_trust().await.unwrap();
        world
    }

    pub(crate) async fn without_trust() -> Self {
        let clock = Arc::new(Hand(AtomicI64::new(START)));
        let now = Arc::clone(&clock);
        let sandbox = Sandbox::new(SandboxOptions {
            now: Arc::new(move || now.now()),
            ..SandboxOptions::default()
        });
        sandbox.set_policy(policy());
        let (clients, proxies) = (Authority::new("clients"), Authority::new("proxies"));
        let proxy = FrontProxy {
            ca: proxies.pem(),
            allowed_names: vec!["front-proxy-client".to_owned()],
        };
        sandbox
            .set_authentication(Some(&clients.pem()), Some(&proxy))
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = serve(
            listener,
            sandbox.clone(),
            server_options(),
            std::future::pending(),
        );
        tokio::spawn(served);
        let server = ApiServer {
            client: Client::new(ClientOptions {
                deadline: Duration::from_millis(500),
                ..ClientOptions::default()
            }),
            url,
        };
        let auth = Auth::new(server, AuthOptions::new(provider(), clock.clone()));
        Self {
            sandbox,
            clock,
            clients,
            proxies,
            auth,
        }
    }

    /// Asks with a certificate and headers: `STATUS BODY`, of an error its message.
    pub(crate) async fn ask(
        &self,
        path: &str,
        peer: Option<PeerCertificates>,
        headers: &[(&str, &str)],
    ) -> String {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let answer = self.auth.layer(Echo).call(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let told = serde_json::from_slice::<serde_json::Value>(&body);
        let text = match &told {
            Ok(body) => body["message"].as_str().unwrap().to_owned(),
            Err(_) => String::from_utf8(body.to_vec()).unwrap(),
        };
        format!("{status} {text}")
    }

    /// How many reviews of this kind were asked for.
    pub(crate) fn reviews(&self, plural: &str) -> usize {
        let asked = self.sandbox.audit();
        asked
            .iter()
            .filter(|entry| entry.path.ends_with(plural))
            .count()
    }
}
