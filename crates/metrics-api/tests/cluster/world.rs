//! A cluster, and what follows it.

use std::sync::Arc;
use std::time::Duration;

use concertina_http::{ServerOptions, serve};
use concertina_mapping::{ApiResource, ResourceTable, Resources};
use concertina_metrics_api::adapter::ObjectLister;
use concertina_metrics_api::cluster::{WatchOptions, WatchedObjects};
use concertina_model::GroupResource;
use concertina_sandbox::{Sandbox, SandboxOptions, server_options};
use concertina_sources::{Clock, ScaledClock, SystemClock};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// An API server; it ends, and its connections break, when it is dropped.
pub(crate) struct ApiServer {
    pub(crate) port: u16,
    _stop: oneshot::Sender<()>,
}

impl ApiServer {
    /// On `port`, or any free one for 0.
    pub(crate) async fn start(sandbox: &Sandbox, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let options = ServerOptions {
            drain: Duration::ZERO,
            ..server_options()
        };
        let sandbox = sandbox.clone();
        tokio::spawn(serve(listener, sandbox, options, async move {
            let _ = stopped.await;
        }));
        Self { port, _stop: stop }
    }

    pub(crate) fn client(&self) -> kube::Client {
        let url = format!("http://127.0.0.1:{}", self.port);
        let mut config = kube::Config::new(url.parse().unwrap());
        config.default_retry = false;
        config.auth_info.token = Some("it".to_owned().into());
        kube::Client::try_from(config).unwrap()
    }
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(SandboxOptions::default())
}

pub(crate) fn resource(name: &str) -> Arc<ApiResource> {
    let name: GroupResource = name.parse().unwrap();
    ResourceTable::builtin().resolve(&name).unwrap()
}

pub(crate) fn pod(namespace: &str, name: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    })
}

pub(crate) fn watched(server: &ApiServer, options: WatchOptions) -> WatchedObjects {
    WatchedObjects::new(server.client(), options, Arc::new(SystemClock))
}

/// Sixty times as fast as the world.
pub(crate) fn fast() -> Arc<dyn Clock> {
    Arc::new(ScaledClock::starting_now(60.0))
}

/// The pods of a selector in namespace `x`.
pub(crate) async fn pods(objects: &WatchedObjects, selector: &str) -> Result<Vec<String>, String> {
    let selector = selector.parse().unwrap();
    let listed = ObjectLister::list(objects, &resource("pods"), Some("x"), &selector).await;
    listed.map_err(|error| error.to_string())
}

/// Waits until the pods of a selector are these.
pub(crate) async fn become_pods(objects: &WatchedObjects, selector: &str, wanted: &[&str]) {
    let mut last = Ok(Vec::new());
    for _ in 0..1000 {
        last = pods(objects, selector).await;
        if last.as_deref().is_ok_and(|names| names == wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{selector}: {last:?}, not {wanted:?}");
}

/// How many lists and watches of pods the API server has seen.
pub(crate) fn lists_and_watches(sandbox: &Sandbox) -> (usize, usize) {
    let audit = sandbox.audit();
    let pods = audit
        .iter()
        .filter(|entry| entry.path.starts_with("/api/v1/pods"));
    let (watches, lists): (Vec<_>, Vec<_>) = pods.partition(|entry| entry.path.contains("watch="));
    (lists.len(), watches.len())
}
