//! Delegated authentication and authorization against a cluster in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod changes;
mod tls;
mod world;

use rcgen::ExtendedKeyUsagePurpose;
use world::{Authority, Holder, World, client};

const PODS: &str = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/*/m";
const LIST: &str = "/apis/custom.metrics.k8s.io/v1beta1";
const GOOD: (&str, &str) = ("authorization", "Bearer good");
const REMOTE: [(&str, &str); 2] = [("x-remote-user", "alice"), ("x-remote-group", "friends")];

#[tokio::test]
async fn who_asks_is_found_in_upstreams_order() {
    let world = World::new().await;
    let (clients, proxies) = (&world.clients, &world.proxies);
    let alice = || Some(clients.peer(&client("alice", &["friends", "devs"])));
    let proxy = || Some(proxies.peer(&client("front-proxy-client", &[])));
    let mut told = String::new();
    let mut note = |what: &str, answer: String| told.push_str(&format!("{what}: {answer}\n"));
    note("a certificate", world.ask(PODS, alice(), &[]).await);
    note("a token", world.ask(PODS, None, &[GOOD]).await);
    note(
        "a token in lower case",
        world
            .ask(PODS, None, &[("authorization", "bearer good")])
            .await,
    );
    note("both", world.ask(PODS, alice(), &[GOOD]).await);
    note(
        "a certificate and a wrong token",
        world
            .ask(PODS, alice(), &[("authorization", "Bearer no")])
            .await,
    );
    note("the proxy", world.ask(PODS, proxy(), &REMOTE).await);
    note("the proxy with all it can say", {
        let headers = [
            ("x-remote-user", "alice"),
            ("x-remote-uid", "7"),
            ("x-remote-group", "a"),
            ("x-remote-group", "b"),
            (
                "x-remote-extra-authentication.kubernetes.io%2fcredential-id",
                "JTI=1",
            ),
            ("x-remote-extra-scopes", "x"),
            ("x-remote-extra-scopes", "y"),
        ];
        world.ask(PODS, proxy(), &headers).await
    });
    note(
        "the proxy that names nobody",
        world.ask(PODS, proxy(), &[]).await,
    );
    note(
        "the proxy that names nobody, with a token",
        world.ask(PODS, proxy(), &[GOOD]).await,
    );
    note("nobody", world.ask(LIST, None, &[]).await);
    note("nobody, about pods", world.ask(PODS, None, &[]).await);
    note(
        "nobody, about health",
        world.ask("/readyz", None, &[]).await,
    );
    note(
        "nobody, about a check",
        world.ask("/readyz/ping", None, &[]).await,
    );
    note(
        "a wrong token, about health",
        world
            .ask("/readyz", None, &[("authorization", "Bearer no")])
            .await,
    );
    note(
        "another scheme",
        world
            .ask(LIST, None, &[("authorization", "Basic eDp5")])
            .await,
    );
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn headers_without_the_proxys_certificate_count_for_nothing() {
    let world = World::new().await;
    let (clients, proxies) = (&world.clients, &world.proxies);
    let stranger = Authority::new("proxies");
    let masters = [
        ("x-remote-user", "root"),
        ("x-remote-group", "system:masters"),
    ];
    let mut told = String::new();
    for (what, peer) in [
        ("nothing", None),
        (
            "a client's certificate",
            Some(clients.peer(&client("alice", &[]))),
        ),
        (
            "a client's of the proxy's name",
            Some(clients.peer(&client("front-proxy-client", &[]))),
        ),
        (
            "another name of the proxy's CA",
            Some(proxies.peer(&client("other", &[]))),
        ),
        (
            "the proxy's name of another CA",
            Some(stranger.peer(&client("front-proxy-client", &[]))),
        ),
        (
            "a server's certificate",
            Some(proxies.peer(&Holder {
                purpose: ExtendedKeyUsagePurpose::ServerAuth,
                ..client("front-proxy-client", &[])
            })),
        ),
        (
            "an expired one",
            Some(proxies.peer(&Holder {
                valid: (-7200, -1),
                ..client("front-proxy-client", &[])
            })),
        ),
    ] {
        let answer = world.ask("/metrics", peer, &masters).await;
        told.push_str(&format!("{what}: {answer}\n"));
    }
    insta::assert_snapshot!(told);
    let proxy = proxies.peer(&client("front-proxy-client", &[]));
    let answer = world.ask("/metrics", Some(proxy), &masters).await;
    assert_eq!(answer, "200 root [system:masters,system:authenticated]");
}

#[tokio::test]
async fn what_is_refused_is_named() {
    let world = World::new().await;
    let bob = || Some(world.clients.peer(&client("bob", &[])));
    let mut told = String::new();
    for path in [
        "/metrics",
        "/apis/custom.metrics.k8s.io/v1beta1/nodes/n1/m",
        "/apis/custom.metrics.k8s.io/v1beta1/namespaces/a/metrics/m",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/a/queue",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/a/queue?watch=true",
        "/apis/metrics.k8s.io/v1beta1/pods",
        "/apis/metrics.k8s.io/v1beta1/namespaces/a/pods/p",
        "/apis/metrics.k8s.io/v1beta1/namespaces/a/status",
    ] {
        told.push_str(&format!("{path}: {}\n", world.ask(path, bob(), &[]).await));
    }
    insta::assert_snapshot!(told);
}
