//! A cluster whose pods are exporters on loopback.
#![allow(dead_code, reason = "not every test needs all of it")]

use concertina_http::serve;
use concertina_sandbox::{Sandbox, SandboxOptions, server_options};
use serde_json::{Value, json};

/// A cluster and the URL of its API.
pub(crate) async fn cluster() -> (Sandbox, String) {
    let sandbox = Sandbox::new(SandboxOptions::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = serve(
        listener,
        sandbox.clone(),
        server_options(),
        std::future::pending(),
    );
    tokio::spawn(serving);
    (sandbox, url)
}

/// A pod at 127.0.0.1 whose exporter listens on `port`.
pub(crate) fn pod(name: &str, app: &str, port: u16) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "gpu",
            "uid": format!("uid-of-{name}"),
            "labels": {"app": app, "app.kubernetes.io/name": "exporter"},
            "annotations": {"prometheus.io/scrape": "true", "note": ""},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1"},
                {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": app, "uid": "2", "controller": true},
            ],
        },
        "spec": {
            "nodeName": "node-1",
            "initContainers": [{"name": "wait", "image": "busybox:1"}],
            "containers": [
                {
                    "name": "exporter",
                    "image": "dcgm-exporter:4",
                    "ports": [{"name": "metrics", "containerPort": port, "protocol": "TCP"}],
                },
                {"name": "sidecar", "image": "sidecar:1"},
            ],
        },
        "status": {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "hostIP": "10.0.0.1",
            "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "exporter", "containerID": "containerd://abc"}],
            "initContainerStatuses": [{"name": "wait", "containerID": "containerd://def"}],
        },
    })
}

/// A service over a pod, and its endpoints: the pod's port, and one of a machine.
pub(crate) fn service(name: &str, pod: &str, port: u16) -> [Value; 2] {
    let meta = json!({
        "name": name,
        "namespace": "gpu",
        "labels": {"team": "ml"},
        "annotations": {"prometheus.io/probe": "no"},
    });
    [
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"ports": [{"name": "metrics", "port": 9400}]},
        }),
        json!({
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": name, "namespace": "gpu", "labels": {"endpoints": "label"}},
            "subsets": [
                {
                    "addresses": [{
                        "ip": "127.0.0.1",
                        "hostname": "first",
                        "nodeName": "node-1",
                        "targetRef": {"kind": "Pod", "namespace": "gpu", "name": pod},
                    }],
                    "notReadyAddresses": [{"ip": "127.0.0.2"}],
                    "ports": [{"name": "metrics", "port": port, "protocol": "TCP"}],
                },
                {
                    "addresses": [{
                        "ip": "127.0.0.3",
                        "targetRef": {"kind": "Node", "name": "node-1"},
                    }],
                    "ports": [{"port": 1}],
                },
            ],
        }),
    ]
}
