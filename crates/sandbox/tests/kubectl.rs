//! The sandbox with kubectl as its user.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::io::Write;
use std::process::{Command, Stdio};

use common::{Cluster, pod};
use serde_json::json;

/// What kubectl prints: its output, or its error.
fn kubectl(url: &str, home: &std::path::Path, input: &str, arguments: &[&str]) -> String {
    let mut child = Command::new("kubectl")
        .env("HOME", home)
        .env("KUBECONFIG", home.join("config"))
        .args(["--server", url])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    text(output.stdout) + &text(output.stderr)
}

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i}]}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kubectl"]
async fn kubectl_reads_and_writes() {
    let cluster = Cluster::new(|_| {}).await;
    cluster.sandbox.put(pod("a", "web")).unwrap();
    cluster.sandbox.put(pod("b", "db")).unwrap();
    let home = std::env::temp_dir().join(format!("concertina-kubectl-{}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    // kubectl 1.20 warns of a configuration that is not there.
    let empty = "{apiVersion: v1, kind: Config}\n";
    std::fs::write(home.join("config"), empty).unwrap();
    let (url, at) = (cluster.url.clone(), home.clone());
    let told = tokio::task::spawn_blocking(move || {
        let mut told = String::new();
        for (input, arguments) in [
            ("", "api-resources --api-group=apps --no-headers"),
            ("", "get pods -l app=web -o name"),
            (
                "",
                "get po -A -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName --no-headers",
            ),
            ("", "get pod missing"),
            (DEPLOYMENT, "create --validate=false -f -"),
            (DEPLOYMENT, "create --validate=false -f -"),
            ("", "scale deployment web --replicas=5"),
            (
                "",
                "get deployment web -o jsonpath={.spec.replicas}{\"\\n\"}",
            ),
            (
                "",
                "patch deployment web --type=merge -p {\"spec\":{\"replicas\":3}}",
            ),
            ("", "label pod a tier=front"),
            ("", "get pods -l tier=front -o name"),
            ("", "delete pod a --wait=false"),
            (
                "",
                "get --raw /apis/apps/v1/namespaces/default/deployments/web/scale",
            ),
        ] {
            let words: Vec<&str> = arguments.split(' ').collect();
            told.push_str(&format!("$ kubectl {arguments}\n"));
            told.push_str(&kubectl(&url, &at, input, &words));
        }
        told
    });
    let told = told.await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
    insta::assert_snapshot!(told);
    let web = cluster
        .sandbox
        .get("apps/v1", "Deployment", "default", "web")
        .unwrap();
    assert_eq!(web["spec"]["replicas"], json!(3));
}
