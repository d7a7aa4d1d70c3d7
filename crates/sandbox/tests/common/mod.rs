//! A sandbox that is served, and a client of it.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Client, ClientOptions, serve};
use concertina_model::Timestamp;
use concertina_sandbox::{Sandbox, SandboxOptions, server_options};
use serde_json::{Value, json};

pub(crate) struct Cluster {
    pub(crate) sandbox: Sandbox,
    pub(crate) url: String,
    pub(crate) client: Client,
}

impl Cluster {
    pub(crate) async fn new(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut options = SandboxOptions {
            now: Arc::new(|| Timestamp::from_millis(1_700_000_000_000)),
            ..SandboxOptions::default()
        };
        change(&mut options);
        let sandbox = Sandbox::new(options);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = serve(
            listener,
            sandbox.clone(),
            server_options(),
            std::future::pending(),
        );
        tokio::spawn(serving);
        let client = Client::new(ClientOptions {
            deadline: Duration::from_secs(5),
            ..ClientOptions::default()
        });
        Self {
            sandbox,
            url,
            client,
        }
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &Value,
    ) -> (u16, Value) {
        let method = method.parse().unwrap();
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let headers = [("content-type", kind)];
        let url = format!("{}{path}", self.url);
        let answer = self
            .client
            .request(method, &url, &headers, body.into())
            .await;
        let answer = answer.unwrap();
        let parsed = serde_json::from_slice(&answer.body);
        let text = || Value::from(String::from_utf8_lossy(&answer.body).into_owned());
        (answer.status, parsed.unwrap_or_else(|_| text()))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, "application/json", &Value::Null)
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask("POST", path, "application/json", body).await
    }
}

pub(crate) fn pod(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": app}},
        "spec": {"nodeName": "n1"},
    })
}
