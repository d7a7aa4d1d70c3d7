//! A Prometheus that wants to know who asks: over TLS, with a certificate, a token and headers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use concertina_http::{Body, ServerOptions, TlsIdentity, serve_tls};
use concertina_http::{ServerTls, TlsOptions};
use http::{Request, Response, StatusCode};

use crate::cluster::{Authority, file, provider};
use crate::common::{Running, example_rules};
use crate::parts::eventually;

/// Notes method, path, tenant and credentials of each request; has one series.
#[derive(Clone, Default)]
struct StandIn(Arc<Mutex<Vec<String>>>);

impl<B> tower_service::Service<Request<B>> for StandIn {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value
                .map_or("none", |value| value.to_str().unwrap())
                .to_owned()
        };
        let (method, path) = (request.method(), request.uri().path());
        let (tenant, token) = (header("x-scope-orgid"), header("authorization"));
        let asked = format!("{method} {path} {tenant} {token}");
        self.0.lock().unwrap().push(asked);
        let labels = r#"{"__name__":"DCGM_CUSTOM_PROCESS_SM_UTIL","NamespaceName":"default","PodName":"bert-a","NodeName":"gpu-1"}"#;
        let body = match path {
            "/base/api/v1/series" => format!(r#"{{"status":"success","data":[{labels}]}}"#),
            _ => format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{labels},"value":[1700000000,"23"]}}]}}}}"#
            ),
        };
        let answer = concertina_http::text(StatusCode::OK, "application/json", body);
        Box::pin(async { Ok(answer) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_adapters_flags_say_who_asks() {
    let (servers, clients) = (Authority::new("monitoring"), Authority::new("callers"));
    let own = servers.issue("prometheus");
    let identity = TlsIdentity::from_pem(own.certificate.as_bytes(), own.key.as_bytes());
    let tls = ServerTls::new(TlsOptions::new(provider()), identity.unwrap()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/base", listener.local_addr().unwrap());
    let asked = StandIn::default();
    let options = ServerOptions::default();
    tokio::spawn(serve_tls(
        listener,
        asked.clone(),
        tls,
        options,
        std::future::pending(),
    ));

    let shown = clients.issue("concertina");
    let token = file("token", "first\n");
    let rules = example_rules();
    let files = [
        file("ca.pem", &servers.pem()),
        file("client.crt", &shown.certificate),
        file("client.key", &shown.key),
    ];
    let mut args = vec![
        "--config",
        &rules,
        "--prometheus-url",
        &url,
        "--prometheus-ca-file",
        &files[0],
        "--prometheus-token-file",
        &token,
        "--prometheus-header=X-Scope-OrgID=team=a",
    ];
    let pair = [
        "--prometheus-client-tls-cert-file",
        &files[1],
        "--prometheus-client-tls-key-file",
        &files[2],
    ];
    args.extend(pair);
    let path = "/namespaces/default/pods/bert-a/DCGM_CUSTOM_PROCESS_SM_UTIL";
    for verb in ["GET", "POST"] {
        let serving = Running::start(&[&args[..], &["--prometheus-verb", verb]].concat());
        let body = eventually("a number", || match serving.metric(path) {
            (200, body) => Some(body),
            _ => None,
        });
        assert!(body.contains(r#""value":"23""#), "{body}");
        let mut asked = std::mem::take(&mut *asked.0.lock().unwrap());
        asked.sort();
        asked.dedup();
        let expected = ["query", "series"]
            .map(|what| format!("{verb} /base/api/v1/{what} team=a Bearer first"));
        assert_eq!(asked, expected);
    }

    // Whoever trusts only the system's authorities does not believe this server.
    let serving = Running::start(&args[..4]);
    eventually("it is told", || {
        let log = serving.log();
        log.contains("certificate").then_some(())
    });
    assert_ne!(serving.metric(path).0, 200);
    assert!(asked.0.lock().unwrap().is_empty());
}
