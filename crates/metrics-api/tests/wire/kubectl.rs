//! kubectl asks what was recorded, over TLS, and prints what is answered.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use concertina_http::{ServerOptions, ServerTls, TlsIdentity, TlsOptions, serve_tls};
use http::Method;

use crate::recorded::{Case, cases};
use crate::world::{TOKEN, World};

/// Files that kubectl reads, in a folder that goes away.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        let name = format!("concertina-wire-{}", std::process::id());
        let home = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&home).unwrap();
        Self(home)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn get_raw(home: &Path, server: &str, who: &[String], target: &str) -> Output {
    let mut kubectl = Command::new("kubectl");
    kubectl
        .env("HOME", home)
        .env("KUBECONFIG", home.join("none"))
        .args(["--server", server])
        .args(who)
        .args(["get", "--raw", target])
        .stdin(std::process::Stdio::null());
    kubectl.output().unwrap()
}

/// Whether kubectl can ask like this: it sends GET, and no headers of one's own.
fn askable(case: &Case) -> bool {
    let own = case.headers.keys().any(|name| name != "authorization");
    // Without credentials it asks its user for some.
    case.method == Method::GET && !own && !case.name.starts_with("anon-")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kubectl"]
async fn kubectl_is_answered_as_recorded() {
    let root = concertina_testkit::root(env!("CARGO_MANIFEST_DIR")).join("wire");
    let world = World::new(&root.join("fixture"), false).await;
    let (certificate, key, authority) = world.server();
    let identity = TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerTls::new(TlsOptions::new(provider), identity).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let (service, options) = (world.service.clone(), ServerOptions::default());
    tokio::spawn(serve_tls(
        listener,
        service,
        tls,
        options,
        std::future::pending(),
    ));
    let home = Home::new();
    let ca = home.file("ca.pem", &authority);
    let (mut asked, mut failed) = (0, Vec::new());
    for case in cases(&root.join("responses"))
        .iter()
        .filter(|case| askable(case))
    {
        let mut who = vec![format!("--certificate-authority={ca}")];
        if let Some((certificate, key)) = world.shown(&case.name) {
            let certificate = home.file("client.pem", &certificate.pem());
            let key = home.file("client.key", &key.serialize_pem());
            who.push(format!("--client-certificate={certificate}"));
            who.push(format!("--client-key={key}"));
        }
        if case.name.starts_with("token-") {
            who.push(format!("--token={TOKEN}"));
        }
        let (at, url, target) = (home.0.clone(), server.clone(), case.target.clone());
        let output = tokio::task::spawn_blocking(move || get_raw(&at, &url, &who, &target));
        let output = output.await.unwrap();
        // What is answered in all detail is compared by the other tests of this file's neighbours.
        let ours = crate::ask(&world, case).await;
        let as_answered = match ours.status {
            200 => output.status.success() && output.stdout == ours.body,
            _ => !output.status.success() && !output.stderr.is_empty(),
        };
        asked += 1;
        if !as_answered {
            let printed = String::from_utf8_lossy(&output.stderr).into_owned();
            failed.push(format!("{}: {} {printed}", case.name, ours.status));
        }
    }
    println!("kubectl asked {asked} times");
    assert!(failed.is_empty() && asked > 50, "{}", failed.join("\n"));
}
