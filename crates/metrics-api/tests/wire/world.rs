//! What stands behind the recorded answers: the rules, the series and the objects of a fixture.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use concertina_http::{Client, ClientOptions, PeerCertificates, form_encode, serve};
use concertina_mapping::{ApiResource, ResourceTable};
use concertina_metrics_api::adapter::{ListError, ObjectLister};
use concertina_metrics_api::auth::{ApiServer, Auth, AuthOptions, Guarded};
use concertina_metrics_api::{Adapter, MetricsApi};
use concertina_model::{LabelSelector, Sample, Timestamp};
use concertina_rules::{RuleFile, compile};
use concertina_sandbox::{
    FrontProxy, Policy, Sandbox, SandboxOptions, User, What, Who, server_options,
};
use concertina_sources::scrape::{SharedStore, StoreSource};
use concertina_sources::{Clock, MetricSource, SourceError, SystemClock, exposition};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use serde_json::Value;
use tower_layer::Layer;

/// When all samples were taken, and when everything is asked: 2026-11-23T21:16:36Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_468_596_000);

#[derive(Debug)]
struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Duration) {}
}

/// A Prometheus that holds the series of the fixture.
fn prometheus(fixture: &Path) -> StoreSource {
    let text = std::fs::read_to_string(fixture.join("series.prom")).unwrap();
    let store = SharedStore::new(concertina_tsdb::StoreOptions::default());
    for exposed in exposition::parse(&text).unwrap().samples {
        let sample = Sample {
            timestamp: NOW,
            value: exposed.value,
        };
        store.write(|store| store.append(&exposed.labels, sample).unwrap());
    }
    StoreSource::new(store, Arc::new(Still))
}

/// A source that can be stopped.
struct Stopping {
    source: StoreSource,
    stopped: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl MetricSource for Stopping {
    async fn query(&self, promql: &str) -> Result<concertina_model::QueryAnswer, SourceError> {
        if self.stopped.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(SourceError::Unreachable {
                source_name: self.describe(),
                reason: "connection refused".to_owned(),
            });
        }
        self.source.query(promql).await
    }

    async fn series(
        &self,
        selector: &str,
        lookback: Duration,
    ) -> Result<Vec<concertina_model::Labels>, SourceError> {
        self.source.series(selector, lookback).await
    }

    fn describe(&self) -> String {
        "Prometheus".to_owned()
    }
}

/// The objects of a cluster, listed for each request by their metadata.
struct Objects {
    client: Client,
    url: String,
}

#[async_trait]
impl ObjectLister for Objects {
    async fn list(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        selector: &LabelSelector,
    ) -> Result<Vec<String>, ListError> {
        let base = match resource.group.as_str() {
            "" => format!("{}/api/{}", self.url, resource.version),
            _ => format!("{}/apis/{}", self.url, resource.api_version()),
        };
        let place = namespace.map_or(String::new(), |namespace| {
            format!("namespaces/{namespace}/")
        });
        let query = form_encode(&[("labelSelector", &selector.to_string())]);
        let url = format!("{base}/{place}{}?{query}", resource.plural);
        let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        let answer = self.client.get(&url, &[("accept", accept)]).await;
        let answer = answer.map_err(|error| ListError::new(error.to_string()))?;
        let list: Value = serde_json::from_slice(&answer.body).unwrap();
        let items = list["items"].as_array().unwrap();
        let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
        Ok(items.iter().map(name).collect())
    }
}

/// The token of the recorded requests.
pub(crate) const TOKEN: &str = "TOKEN";

/// Who is who, and who may do what, as it was when the answers were recorded.
fn policy() -> Policy {
    let account = "system:serviceaccount:default:default";
    let groups = ["system:serviceaccounts", "system:serviceaccounts:default"];
    let everybody = ["/healthz", "/livez", "/readyz"];
    let known = ["/apis", "/apis/*", "/openapi/*", "/version"];
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Policy::new()
        .token(TOKEN, User::new(account, groups), None)
        .allow(Who::Everybody, What::Paths(texts(&everybody)))
        .allow(
            Who::Group("system:authenticated".to_owned()),
            What::Paths(texts(&known)),
        )
        .allow(
            Who::User("loadtest".to_owned()),
            What::Resources {
                groups: texts(&["custom.metrics.k8s.io", "external.metrics.k8s.io"]),
                resources: texts(&["*"]),
                verbs: texts(&["*"]),
                namespace: None,
            },
        )
}

/// The adapter of the fixture, behind the authentication of its cluster.
pub(crate) struct World {
    pub(crate) service: Guarded<MetricsApi>,
    pub(crate) api: MetricsApi,
    clients: Authority,
    proxies: Authority,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate of this name, for both ends of a connection, with its key.
fn issue(authority: &Authority, name: &str, group: Option<&str>) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if let Some(group) = group {
        params
            .distinguished_name
            .push(DnType::OrganizationName, group);
    }
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

impl World {
    /// The certificate that a case shows, which its name tells, and its key.
    pub(crate) fn shown(&self, case: &str) -> Option<(rcgen::Certificate, KeyPair)> {
        match case.split('-').next() {
            Some("anon" | "token") => None,
            Some("nobody") => Some(issue(&self.clients, "nobody", None)),
            Some("fp") => Some(issue(&self.proxies, "front-proxy-client", None)),
            _ => Some(issue(&self.clients, "admin", Some("system:masters"))),
        }
    }

    /// The same, as a server knows it.
    pub(crate) fn peer(&self, case: &str) -> Option<PeerCertificates> {
        let (certificate, _) = self.shown(case)?;
        Some(PeerCertificates::new([Bytes::copy_from_slice(
            certificate.der(),
        )]))
    }

    /// The certificate of a server at `localhost`, its key, and the authority of both.
    pub(crate) fn server(&self) -> (String, String, String) {
        let (certificate, key) = issue(&self.clients, "server", None);
        (certificate.pem(), key.serialize_pem(), self.clients.pem())
    }

    /// The adapter over a fixture, its series listed once; `stopped` is a Prometheus that went
    /// away after that.
    pub(crate) async fn new(fixture: &Path, stopped: bool) -> Self {
        let (clients, proxies) = (authority("clients"), authority("proxies"));
        let cluster = Sandbox::new(SandboxOptions::default());
        let objects = std::fs::read_to_string(fixture.join("objects.json")).unwrap();
        cluster
            .load(&serde_json::from_str(&objects).unwrap())
            .unwrap();
        cluster.set_policy(policy());
        let proxy = FrontProxy {
            ca: proxies.pem(),
            allowed_names: vec!["front-proxy-client".to_owned()],
        };
        cluster
            .set_authentication(Some(&clients.pem()), Some(&proxy))
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(
            listener,
            cluster,
            server_options(),
            std::future::pending(),
        ));
        let client = Client::new(ClientOptions::default());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let auth = Auth::new(
            ApiServer {
                client: client.clone(),
                url: url.clone(),
            },
            AuthOptions::new(provider, Arc::new(SystemClock)),
        );
        auth.read_trust().await.unwrap();
        let api = api(fixture, stopped, Objects { client, url }).await;
        Self {
            service: auth.layer(api.clone()),
            api,
            clients,
            proxies,
        }
    }
}

async fn api(fixture: &Path, stopped: bool, objects: Objects) -> MetricsApi {
    let source = Arc::new(Stopping {
        source: prometheus(fixture),
        stopped: stopped.into(),
    });
    let rules = std::fs::read_to_string(fixture.join("rules.yaml")).unwrap();
    let rules = compile(&RuleFile::parse(&rules).unwrap().rules).into_iter();
    let adapter = Adapter::new(
        rules.map(|rule| Arc::new(rule.unwrap())),
        source,
        Arc::new(ResourceTable::builtin()),
        Arc::new(objects),
        Duration::from_secs(60),
    );
    let relisted = adapter.relist(NOW).await;
    assert_eq!(relisted.failed, []);
    MetricsApi::builder()
        .custom(adapter)
        .server_address(":6444")
        .metrics("text/plain", String::new)
        .build()
}
