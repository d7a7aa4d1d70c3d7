//! Serving a cluster: who may ask, by which certificate the server is known.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use concertina_http::Client;
use serde_json::{Value, json};

use crate::cluster::{Authority, Cluster, client, file};
use crate::common::{EXPOSITION, Running, example_rules};
use crate::parts::{eventually, free_port, stand_in};

const METRIC: &str =
    "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/*/DCGM_CUSTOM_PROCESS_SM_UTIL";

fn serving(kubeconfig: &str, more: &[&str]) -> Running {
    let rules = example_rules();
    let exporter = stand_in(|_| EXPOSITION.to_owned());
    let common = [
        "--config",
        &rules,
        "--scrape",
        &exporter,
        "--scrape-interval",
        "1s",
        "--bind-address",
        "127.0.0.1",
        "--secure-port",
        "0",
        "--authentication-kubeconfig",
        kubeconfig,
        "--authorization-kubeconfig",
        kubeconfig,
    ];
    Running::secure(&[&common[..], more].concat())
}

fn api_service(name: &str, service: Option<(&str, &str)>) -> Value {
    let service = service.map(|(namespace, name)| json!({"namespace": namespace, "name": name}));
    let group = name.split_once('.').unwrap();
    json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": name},
        "spec": {
            "group": group.1, "version": group.0, "service": service,
            "insecureSkipTLSVerify": service.is_some(),
            "groupPriorityMinimum": 100, "versionPriority": 100,
        },
    })
}

fn spec(cluster: &Cluster, name: &str) -> Value {
    let found = cluster
        .sandbox
        .get("apiregistration.k8s.io/v1", "APIService", "", name)
        .unwrap();
    found["spec"].clone()
}

/// Status, and the user that the message names if it is refused.
async fn ask(client: &Client, url: &str, headers: &[(&str, &str)]) -> String {
    let answer = client.get(url, headers).await.unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    match answer.status {
        200 => format!("200, {} items", body["items"].as_array().unwrap().len()),
        status => format!("{status} {}", body["message"].as_str().unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_says_who_may_ask() {
    let cluster = Cluster::new();
    let ours = "v1beta1.custom.metrics.k8s.io";
    let others = "v1beta1.metrics.k8s.io";
    for object in [
        api_service(ours, Some(("monitoring", "concertina"))),
        api_service("v1beta2.custom.metrics.k8s.io", None),
        api_service(others, Some(("kube-system", "metrics-server"))),
    ] {
        cluster.sandbox.put(object).unwrap();
    }
    let before = spec(&cluster, others);
    let kubeconfig = cluster.kubeconfig(cluster.serve(0).await);
    let serving = serving(&kubeconfig, &["--service", "monitoring/concertina"]);

    let bundle = eventually("the bundle is written", || {
        spec(&cluster, ours)["caBundle"].as_str().map(str::to_owned)
    });
    assert_eq!(spec(&cluster, ours)["insecureSkipTLSVerify"], false);
    assert_eq!(
        spec(&cluster, others),
        before,
        "what is not its own is left alone"
    );
    let ca = String::from_utf8(STANDARD.decode(bundle).unwrap()).unwrap();

    let known_as = "concertina.monitoring.svc";
    let nobody = client(&ca, known_as, None);
    let url = format!("{}{METRIC}", serving.url);
    let token = |token: &str| ("authorization", format!("Bearer {token}"));
    let good = token("good");
    // Until it was scraped and listed there is no metric; who may not ask never learns that.
    let mut last = String::new();
    for _ in 0..200 {
        last = ask(&nobody, &url, &[(good.0, &good.1)]).await;
        if last.starts_with("200") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(last, "200, 1 items", "{}", serving.log());

    let mut told = String::new();
    let alice = cluster.clients.issue("alice");
    let bob = cluster.clients.issue("bob");
    let impostor = Authority::new("clients").issue("alice");
    let proxy = cluster.proxies.issue("front-proxy-client");
    let (wrong, stranger) = (token("wrong"), token("stranger"));
    let as_alice = [("x-remote-user", "alice"), ("x-remote-group", "devs")];
    for (who, shown, headers) in [
        ("nobody", None, &[][..]),
        ("a token", None, &[(good.0, good.1.as_str())]),
        (
            "a token without permission",
            None,
            &[(stranger.0, stranger.1.as_str())],
        ),
        ("a wrong token", None, &[(wrong.0, wrong.1.as_str())]),
        ("a certificate", Some(&alice), &[]),
        ("one without permission", Some(&bob), &[]),
        ("one of another authority", Some(&impostor), &[]),
        ("the front proxy for alice", Some(&proxy), &as_alice),
        ("headers of no front proxy", None, &as_alice),
        ("headers and a client's certificate", Some(&bob), &as_alice),
    ] {
        let client = client(&ca, known_as, shown);
        told.push_str(&format!("{who}: {}\n", ask(&client, &url, headers).await));
    }
    insta::assert_snapshot!(told, @r#"
nobody: 403 pods.custom.metrics.k8s.io "*" is forbidden: User "system:anonymous" cannot get resource "pods/DCGM_CUSTOM_PROCESS_SM_UTIL" in API group "custom.metrics.k8s.io" in the namespace "default"
a token: 200, 1 items
a token without permission: 403 pods.custom.metrics.k8s.io "*" is forbidden: User "stranger" cannot get resource "pods/DCGM_CUSTOM_PROCESS_SM_UTIL" in API group "custom.metrics.k8s.io" in the namespace "default"
a wrong token: 401 Unauthorized
a certificate: 200, 1 items
one without permission: 403 pods.custom.metrics.k8s.io "*" is forbidden: User "bob" cannot get resource "pods/DCGM_CUSTOM_PROCESS_SM_UTIL" in API group "custom.metrics.k8s.io" in the namespace "default"
one of another authority: 401 Unauthorized
the front proxy for alice: 200, 1 items
headers of no front proxy: 403 pods.custom.metrics.k8s.io "*" is forbidden: User "system:anonymous" cannot get resource "pods/DCGM_CUSTOM_PROCESS_SM_UTIL" in API group "custom.metrics.k8s.io" in the namespace "default"
headers and a client's certificate: 403 pods.custom.metrics.k8s.io "*" is forbidden: User "bob" cannot get resource "pods/DCGM_CUSTOM_PROCESS_SM_UTIL" in API group "custom.metrics.k8s.io" in the namespace "default"
"#);

    // The load balancer and the kubelet ask without a name.
    for path in ["/healthz", "/livez", "/readyz"] {
        let answer = nobody
            .get(&format!("{}{path}", serving.url), &[])
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let cluster = Cluster::new();
    let kubeconfig = cluster.kubeconfig(cluster.serve(0).await);
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let pair = first.issue("server");
    let (certificate, key) = (
        file("tls.crt", &pair.certificate),
        file("tls.key", &pair.key),
    );
    let files = [
        "--tls-cert-file",
        &certificate,
        "--tls-private-key-file",
        &key,
    ];
    let serving = serving(&kubeconfig, &files);
    let healthy = async |ca: &Authority| {
        // Each time another connection: a certificate is shown once for each.
        let client = client(&ca.pem(), "127.0.0.1", None);
        let answer = client.get(&format!("{}/livez", serving.url), &[]).await;
        answer.is_ok_and(|answer| answer.status == 200)
    };
    assert!(healthy(&first).await && !healthy(&second).await);

    std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nnonsense\n").unwrap();
    eventually("it is told", || {
        let log = serving.log();
        log.contains("the new certificate is not used")
            .then_some(())
    });
    assert!(healthy(&first).await);

    let pair = second.issue("server");
    std::fs::write(&key, &pair.key).unwrap();
    std::fs::write(&certificate, &pair.certificate).unwrap();
    eventually("it is told", || {
        let log = serving.log();
        log.contains("a new certificate is in use").then_some(())
    });
    assert!(healthy(&second).await && !healthy(&first).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_may_come_later() {
    let cluster = Cluster::new();
    let port = free_port();
    let kubeconfig = cluster.kubeconfig(port);
    let ca = Authority::new("server");
    let pair = ca.issue("server");
    let (certificate, key) = (
        file("tls.crt", &pair.certificate),
        file("tls.key", &pair.key),
    );
    let files = [
        "--tls-cert-file",
        &certificate,
        "--tls-private-key-file",
        &key,
    ];
    let serving = serving(&kubeconfig, &files);
    let nobody = client(&ca.pem(), "127.0.0.1", None);
    let ready = format!("{}/readyz?verbose", serving.url);
    let answer = nobody.get(&ready, &[]).await.unwrap();
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 500, "{told}");
    assert!(told.contains("[-]authentication failed"), "{told}");
    let url = format!("{}{METRIC}", serving.url);
    let alice = client(
        &ca.pem(),
        "127.0.0.1",
        Some(&cluster.clients.issue("alice")),
    );
    let token = [("authorization", "Bearer good")];
    let told = [
        ask(&nobody, &url, &token).await,
        ask(&alice, &url, &[]).await,
        ask(&nobody, &url, &[]).await,
    ];
    for answer in &told {
        assert!(!answer.starts_with("200"), "{told:?}");
    }

    cluster.serve(port).await;
    for _ in 0..600 {
        if nobody.get(&ready, &[]).await.unwrap().status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        ask(&alice, &url, &[]).await,
        "200, 1 items",
        "{}",
        serving.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_of_callers_in_files_are_followed() {
    let cluster = Cluster::new();
    let kubeconfig = cluster.kubeconfig(cluster.serve(0).await);
    let (server, own, next) = (
        Authority::new("server"),
        Authority::new("own"),
        Authority::new("next"),
    );
    let pair = server.issue("server");
    let certificate = file("tls.crt", &pair.certificate);
    let key = file("tls.key", &pair.key);
    let authorities = file("callers.pem", &own.pem());
    let serving = serving(
        &kubeconfig,
        &[
            "--tls-cert-file",
            &certificate,
            "--tls-private-key-file",
            &key,
            "--client-ca-file",
            &authorities,
        ],
    );
    let url = format!("{}{METRIC}", serving.url);
    let asks = async |authority: &Authority| {
        let client = client(&server.pem(), "127.0.0.1", Some(&authority.issue("alice")));
        ask(&client, &url, &[])
            .await
            .chars()
            .take(3)
            .collect::<String>()
    };
    let becomes = async |authority: &Authority, wanted: &str| {
        for _ in 0..400 {
            if asks(authority).await == wanted {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("not {wanted}: {}", serving.log());
    };
    becomes(&own, "200").await;
    assert_eq!(
        asks(&cluster.clients).await,
        "401",
        "the file's count in place of the cluster's"
    );
    std::fs::write(&authorities, "-----BEGIN CERTIFICATE-----\nnonsense\n").unwrap();
    eventually("it is told", || {
        let log = serving.log();
        log.contains("those before stay").then_some(())
    });
    assert_eq!(asks(&own).await, "200");
    std::fs::write(&authorities, next.pem()).unwrap();
    becomes(&next, "200").await;
    assert_eq!(asks(&own).await, "401");
}
