//! A kubeconfig, as kubectl keeps it.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use concertina_http::{
    Authorization, ClientIdentity, ClientOptions, ClientTls, Pem, Secret, Trust,
};
use serde::Deserialize;

use super::{Access, tls};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    #[serde(default)]
    current_context: String,
    #[serde(default)]
    clusters: Vec<NamedCluster>,
    #[serde(default)]
    contexts: Vec<NamedContext>,
    #[serde(default)]
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: String,
    certificate_authority: Option<String>,
    certificate_authority_data: Option<String>,
    #[serde(default)]
    insecure_skip_tls_verify: bool,
    tls_server_name: Option<String>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    cluster: String,
    #[serde(default)]
    user: String,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    username: Option<String>,
    password: Option<String>,
    client_certificate: Option<String>,
    client_certificate_data: Option<String>,
    client_key: Option<String>,
    client_key_data: Option<String>,
    exec: Option<serde_json::Value>,
    auth_provider: Option<serde_json::Value>,
}

/// The way to the cluster of the current context of the kubeconfig at `path`.
pub(super) fn read(text: &str, path: &Path) -> Result<Access, String> {
    let config: Config = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let context = one(
        "context",
        &config.current_context,
        config.contexts.into_iter().map(|c| (c.name, c.context)),
    )?;
    let clusters = config.clusters.into_iter().map(|c| (c.name, c.cluster));
    let cluster = one("cluster", &context.cluster, clusters)?;
    let user = match context.user.is_empty() {
        true => User::default(),
        false => {
            let users = config.users.into_iter();
            let users = users.map(|u| (u.name, u.user.unwrap_or_default()));
            one("user", &context.user, users)?
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let url = cluster.server.trim_end_matches('/').to_owned();
    concertina_http::check_url(&url).map_err(|error| format!("server: {error}"))?;
    let client = ClientOptions {
        tls: Some(trust(&cluster, &user, folder)?),
        authorization: authorization(&user, folder)?,
        ..ClientOptions::default()
    };
    Ok(Access { url, client })
}

fn one<T>(what: &str, name: &str, mut all: impl Iterator<Item = (String, T)>) -> Result<T, String> {
    if name.is_empty() {
        return Err(format!("it names no {what} (`current-context` is empty)"));
    }
    let found = all.find(|(known, _)| known == name);
    let found = found.map(|(_, one)| one);
    found.ok_or_else(|| format!("there is no {what} called `{name}` in it"))
}

fn trust(cluster: &Cluster, user: &User, folder: &Path) -> Result<ClientTls, String> {
    let authority = pem(
        "certificate-authority",
        cluster.certificate_authority.as_deref(),
        cluster.certificate_authority_data.as_deref(),
        folder,
    )?;
    let certificate = pem(
        "client-certificate",
        user.client_certificate.as_deref(),
        user.client_certificate_data.as_deref(),
        folder,
    )?;
    let key = pem(
        "client-key",
        user.client_key.as_deref(),
        user.client_key_data.as_deref(),
        folder,
    )?;
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(ClientIdentity { certificate, key }),
        (None, None) => None,
        _ => return Err("client-certificate and client-key go together".to_owned()),
    };
    Ok(ClientTls {
        trust: match (cluster.insecure_skip_tls_verify, authority) {
            (true, _) => Trust::Anyone,
            (false, Some(authority)) => Trust::Roots(authority),
            (false, None) => Trust::System,
        },
        identity,
        server_name: cluster.tls_server_name.clone(),
        ..tls()
    })
}

/// Data win over a file, as in kubectl; a relative file is one beside the kubeconfig.
fn pem(
    key: &str,
    file: Option<&str>,
    data: Option<&str>,
    folder: &Path,
) -> Result<Option<Pem>, String> {
    if let Some(data) = data.filter(|data| !data.is_empty()) {
        let bytes = STANDARD.decode(data.trim());
        let bytes = bytes.map_err(|error| format!("{key}-data is no base64: {error}"))?;
        return Ok(Some(Pem::Text(bytes)));
    }
    let file = file.filter(|file| !file.is_empty());
    Ok(file.map(|file| Pem::File(folder.join(file))))
}

fn authorization(user: &User, folder: &Path) -> Result<Authorization, String> {
    if user.exec.is_some() || user.auth_provider.is_some() {
        return Err(
            "users that a plugin makes known (`exec`, `auth-provider`) are not supported: give a \
             token, a tokenFile or a client certificate"
                .to_owned(),
        );
    }
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Ok(match (text(&user.token), text(&user.token_file)) {
        // A file can be replaced while the process runs.
        (_, Some(file)) => Authorization::bearer(Secret::File(folder.join(file))),
        (Some(token), None) => Authorization::bearer(Secret::Text(token)),
        (None, None) => match text(&user.username) {
            Some(user_name) => Authorization::Basic {
                user: user_name,
                password: Secret::Text(user.password.clone().unwrap_or_default()),
            },
            None => Authorization::None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
apiVersion: v1
kind: Config
current-context: here
clusters:
- name: c
  cluster:
    server: https://10.0.0.1:6443/
    certificate-authority: ca.crt
    tls-server-name: kubernetes
contexts:
- name: here
  context: {cluster: c, user: u, namespace: default}
users:
- name: u
  user:
    tokenFile: /var/token
    client-certificate-data: QQ==
    client-key-data: Qg==
";

    #[test]
    fn certificates_and_tokens_beside_it_and_in_it() {
        let access = read(GOOD, Path::new("/etc/kube/config")).unwrap();
        assert_eq!(access.url, "https://10.0.0.1:6443");
        let token = Secret::File("/var/token".into());
        assert_eq!(access.client.authorization, Authorization::bearer(token));
        let tls = access.client.tls.unwrap();
        assert_eq!(
            tls.trust,
            Trust::Roots(Pem::File("/etc/kube/ca.crt".into()))
        );
        assert_eq!(tls.server_name.as_deref(), Some("kubernetes"));
        let identity = tls.identity.unwrap();
        assert_eq!(identity.certificate, Pem::Text(b"A".to_vec()));
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let told = |from: &str, to: &str| match read(&GOOD.replace(from, to), Path::new("config")) {
            Ok(_) => "ok".to_owned(),
            Err(reason) => reason,
        };
        insta::assert_snapshot!(
            [
                told("current-context: here", "current-context: there"),
                told("current-context: here", "current-context: ''"),
                told("user: u", "user: other"),
                told("https://10.0.0.1:6443/", "10.0.0.1"),
                told("client-key-data: Qg==", "client-key-data: '?'"),
                told("client-key-data: Qg==", ""),
                told("tokenFile: /var/token", "exec: {command: aws}"),
            ]
            .join("\n"),
            @"
there is no context called `there` in it
it names no context (`current-context` is empty)
there is no user called `other` in it
server: `10.0.0.1` is no usable URL: it must start with http:// or https:// and name a host
client-key-data is no base64: Invalid symbol 63, offset 0.
client-certificate and client-key go together
users that a plugin makes known (`exec`, `auth-provider`) are not supported: give a token, a tokenFile or a client certificate
"
        );
    }
}
