//! What changes with time: caches, expiry, rotation, and an API server that is away.

use std::time::Duration;

use concertina_sandbox::{Fault, FrontProxy, Policy, Then};

use crate::world::{Authority, Holder, World, client, policy};
use crate::{GOOD, LIST, PODS};

const TOKENS: &str = "/tokenreviews";
const ACCESS: &str = "/subjectaccessreviews";
const NINE: Duration = Duration::from_secs(9);

#[tokio::test]
async fn answers_are_kept_for_ten_seconds() {
    let world = World::new().await;
    for _ in 0..5 {
        assert!(
            world
                .ask(PODS, None, &[GOOD])
                .await
                .starts_with("200 robot")
        );
    }
    assert_eq!((world.reviews(TOKENS), world.reviews(ACCESS)), (1, 1));
    world.sandbox.set_policy(Policy::new());
    world.clock.pass(NINE);
    assert!(
        world
            .ask(PODS, None, &[GOOD])
            .await
            .starts_with("200 robot")
    );
    world.clock.pass(Duration::from_secs(1));
    assert_eq!(world.ask(PODS, None, &[GOOD]).await, "401 Unauthorized");
    // A refusal is kept, too.
    world.sandbox.set_policy(policy());
    world.clock.pass(NINE);
    assert_eq!(world.ask(PODS, None, &[GOOD]).await, "401 Unauthorized");
    world.clock.pass(Duration::from_secs(1));
    assert!(
        world
            .ask(PODS, None, &[GOOD])
            .await
            .starts_with("200 robot")
    );
    assert_eq!((world.reviews(TOKENS), world.reviews(ACCESS)), (3, 2));
    // Another question is another review.
    world.ask(LIST, None, &[GOOD]).await;
    assert_eq!((world.reviews(TOKENS), world.reviews(ACCESS)), (3, 3));
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let world = World::new().await;
    let asking = (0..50).map(|_| world.ask(PODS, None, &[GOOD]));
    let answers = futures_util::future::join_all(asking).await;
    assert!(
        answers.iter().all(|answer| answer.starts_with("200")),
        "{answers:?}"
    );
    assert_eq!((world.reviews(TOKENS), world.reviews(ACCESS)), (1, 1));
}

#[tokio::test]
async fn masters_and_health_need_no_review() {
    let world = World::new().await;
    let admin = world.clients.peer(&client("admin", &["system:masters"]));
    assert!(
        world
            .ask("/metrics", Some(admin), &[])
            .await
            .starts_with("200 admin")
    );
    assert!(
        world
            .ask("/livez", None, &[])
            .await
            .starts_with("200 system:anonymous")
    );
    assert_eq!(world.reviews(ACCESS), 0);
}

#[tokio::test]
async fn certificates_end() {
    let world = World::new().await;
    let brief = Holder {
        valid: (10, 20),
        ..client("alice", &[])
    };
    let peer = world.clients.peer(&brief);
    let mut told = Vec::new();
    for _ in 0..4 {
        let answer = world.ask(PODS, Some(peer.clone()), &[]).await;
        told.push(answer.split(' ').next().unwrap().to_owned());
        world.clock.pass(Duration::from_secs(8));
    }
    assert_eq!(told, ["401", "401", "200", "401"], "at 0, 8, 16 and 24 s");
}

#[tokio::test]
async fn authorities_are_followed() {
    let world = World::new().await;
    let following = tokio::spawn({
        let auth = world.auth.clone();
        async move { auth.follow().await }
    });
    let next = Authority::new("clients");
    let (old, new) = (
        world.clients.peer(&client("alice", &[])),
        next.peer(&client("alice", &[])),
    );
    assert!(
        world
            .ask(PODS, Some(old.clone()), &[])
            .await
            .starts_with("200")
    );
    assert!(
        world
            .ask(PODS, Some(new.clone()), &[])
            .await
            .starts_with("401")
    );
    // Both for a while, as a rotation goes, then the new one alone.
    let proxy = FrontProxy {
        ca: world.proxies.pem(),
        allowed_names: Vec::new(),
    };
    let both = world.clients.pem() + &next.pem();
    for (ca, old_is, new_is) in [(both, "200", "200"), (next.pem(), "401", "200")] {
        world
            .sandbox
            .set_authentication(Some(&ca), Some(&proxy))
            .unwrap();
        until(&world, &new, new_is).await;
        until(&world, &old, old_is).await;
    }
    // Any name of the proxy's CA is allowed now.
    let other = world.proxies.peer(&client("other", &[]));
    let answer = world
        .ask(PODS, Some(other), &[("x-remote-user", "alice")])
        .await;
    assert!(answer.starts_with("200 alice"), "{answer}");
    // A broken one changes nothing, also when the history is lost.
    world
        .sandbox
        .set_authentication(Some("-----BEGIN nonsense"), None)
        .unwrap();
    world.sandbox.forget_history();
    tokio::time::sleep(Duration::from_millis(50)).await;
    until(&world, &new, "200").await;
    world.sandbox.set_authentication(None, None).unwrap();
    // Without authorities a certificate says nothing: neither right nor wrong.
    until(&world, &new, "403").await;
    following.abort();
}

/// Asks until the answer is this.
async fn until(world: &World, peer: &concertina_http::PeerCertificates, status: &str) {
    for _ in 0..500 {
        let answer = world.ask(PODS, Some(peer.clone()), &[]).await;
        if answer.starts_with(status) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never became {status}");
}

#[tokio::test]
async fn an_api_server_that_is_away_lets_nobody_in() {
    let world = World::new().await;
    let alice = || Some(world.clients.peer(&client("alice", &[])));
    let admin = || Some(world.clients.peer(&client("admin", &["system:masters"])));
    let mut told = String::new();
    for (what, then) in [
        ("refusing", Then::Status(503)),
        ("speaking nonsense", Then::Garbage("<html>".to_owned())),
        (
            "answering something else",
            Then::Garbage(r#"{"status":[]}"#.to_owned()),
        ),
        ("without a status", Then::Garbage("{}".to_owned())),
        ("breaking off", Then::Drop),
        ("hanging", Then::Hang),
    ] {
        world.sandbox.clear_faults();
        world.sandbox.fault(Fault::new("/apis/auth", then));
        for (who, path, peer, headers) in [
            ("token", PODS, None, &[GOOD][..]),
            ("certificate", PODS, alice(), &[]),
            ("admin", PODS, admin(), &[]),
            ("health", "/healthz", None, &[]),
        ] {
            world.clock.pass(Duration::from_secs(60));
            let answer = world.ask(path, peer, headers).await;
            // Which of hyper's words a broken connection gets depends on when it breaks.
            let answer = answer.split("connection failed").next().unwrap();
            told.push_str(&format!("{what}, {who}: {answer}\n"));
        }
    }
    insta::assert_snapshot!(told);
    world.sandbox.clear_faults();
    assert!(
        world.ask(PODS, None, &[GOOD]).await.starts_with("200"),
        "a failure is not kept"
    );
}

#[tokio::test]
async fn whom_to_trust_must_be_readable() {
    let world = World::without_trust().await;
    let path = "/api/v1/namespaces/kube-system/configmaps";
    let mut told = String::new();
    for then in [Then::Status(403), Then::Garbage("x".to_owned())] {
        world.sandbox.fault(Fault::new(path, then).times(1));
        told.push_str(&format!("{}\n", world.auth.read_trust().await.unwrap_err()));
    }
    world
        .sandbox
        .set_authentication(Some("nothing"), None)
        .unwrap();
    told.push_str(&format!("{}\n", world.auth.read_trust().await.unwrap_err()));
    let mut map = (*world
        .sandbox
        .get(
            "v1",
            "ConfigMap",
            "kube-system",
            "extension-apiserver-authentication",
        )
        .unwrap())
    .clone();
    map["data"] = serde_json::json!({
        "requestheader-client-ca-file": world.proxies.pem(),
        "requestheader-allowed-names": "front-proxy-client",
    });
    world.sandbox.put(map).unwrap();
    told.push_str(&format!("{}\n", world.auth.read_trust().await.unwrap_err()));
    insta::assert_snapshot!(told);
    // Nothing of that was taken.
    let alice = world.clients.peer(&client("alice", &[]));
    assert!(world.ask(PODS, Some(alice), &[]).await.starts_with("403"));
}
