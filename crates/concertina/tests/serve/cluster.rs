//! A cluster for `concertina serve`: a sandbox over TLS, its authorities, and a kubeconfig.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use concertina_http::{
    Client, ClientIdentity, ClientOptions, ClientTls, Pem, ServerTls, TlsIdentity, TlsOptions,
    Trust, serve_tls,
};
use concertina_sandbox::{
    FrontProxy, Policy, Sandbox, SandboxOptions, User, What, Who, server_options,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::crypto::CryptoProvider;
use serde_json::{Value, json};

use crate::parts::temporary;

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A file name that no other test has.
pub(crate) fn file(name: &str, text: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    temporary(&format!("secure-{next}-{name}"), text)
}

/// An authority of certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
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

    /// For clients as for servers at 127.0.0.1.
    pub(crate) fn issue(&self, name: &str) -> Pair {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Pair {
    pub(crate) fn server_tls(&self) -> ServerTls {
        let identity = TlsIdentity::from_pem(self.certificate.as_bytes(), self.key.as_bytes());
        ServerTls::new(TlsOptions::new(provider()), identity.unwrap()).unwrap()
    }
}

/// A client that trusts `ca` and calls the server `name`; with a certificate or without.
pub(crate) fn client(ca: &str, name: &str, shown: Option<&Pair>) -> Client {
    let pem = |text: &str| Pem::Text(text.as_bytes().to_vec());
    Client::new(ClientOptions {
        deadline: Duration::from_secs(10),
        tls: Some(ClientTls {
            trust: Trust::Roots(pem(ca)),
            server_name: Some(name.to_owned()),
            identity: shown.map(|pair| ClientIdentity {
                certificate: pem(&pair.certificate),
                key: pem(&pair.key),
            }),
            ..ClientTls::new(provider())
        }),
        ..ClientOptions::default()
    })
}

/// A pod of namespace `default`.
pub(crate) fn pod(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "default", "name": name, "labels": {"app": app}},
        "spec": {"containers": [{"name": "main", "image": "bert:1"}]},
    })
}

/// The cluster; its API server ends with the runtime.
pub(crate) struct Cluster {
    pub(crate) sandbox: Sandbox,
    pub(crate) clients: Authority,
    pub(crate) proxies: Authority,
    server: Authority,
}

impl Cluster {
    /// Knows the token `good` of robot, who may see metrics as alice may, whom certificates name.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new(SandboxOptions::default());
        let metrics = What::Resources {
            groups: vec!["custom.metrics.k8s.io".to_owned()],
            resources: vec!["*".to_owned()],
            verbs: vec!["get".to_owned()],
            namespace: None,
        };
        let policy = Policy::new()
            .token("good", User::new("robot", ["robots"]), None)
            .token("stranger", User::new("stranger", []), None)
            .allow(Who::User("robot".to_owned()), metrics.clone())
            .allow(Who::User("alice".to_owned()), metrics);
        sandbox.set_policy(policy);
        let (clients, proxies) = (Authority::new("clients"), Authority::new("proxies"));
        let proxy = FrontProxy {
            ca: proxies.pem(),
            allowed_names: vec!["front-proxy-client".to_owned()],
        };
        for (name, app) in [("bert-a", "bert"), ("bert-b", "bert"), ("idle", "other")] {
            sandbox.put(pod(name, app)).unwrap();
        }
        let authentication = sandbox.set_authentication(Some(&clients.pem()), Some(&proxy));
        authentication.unwrap();
        Self {
            sandbox,
            clients,
            proxies,
            server: Authority::new("cluster"),
        }
    }

    /// Serves on `port` of 127.0.0.1, or any free one, which it gives.
    pub(crate) async fn serve(&self, port: u16) -> u16 {
        let address = ("127.0.0.1", port);
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tls = self.server.issue("kube-apiserver").server_tls();
        let (sandbox, options) = (self.sandbox.clone(), server_options());
        tokio::spawn(serve_tls(
            listener,
            sandbox,
            tls,
            options,
            std::future::pending(),
        ));
        port
    }

    /// A kubeconfig for this port, the CA in a file beside it.
    pub(crate) fn kubeconfig(&self, port: u16) -> String {
        let ca = PathBuf::from(file("cluster-ca.pem", &self.server.pem()));
        let ca = ca.file_name().unwrap().to_str().unwrap();
        let text = format!(
            "apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: sandbox, user: concertina}}}}]
clusters: [{{name: sandbox, cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority: {ca}}}}}]
users: [{{name: concertina, user: {{token: it}}}}]
"
        );
        file("kubeconfig", &text)
    }
}
