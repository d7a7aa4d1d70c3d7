//! The authority of this server, written where the API aggregator looks for it: into the
//! `caBundle` of the APIServices that point to its Service.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use concertina_http::{Client, Response};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use x509_parser::pem::parse_x509_pem;

use super::own_ca;
use crate::cluster::Access;

/// The APIServices that can be this server's.
const NAMES: [&str; 4] = [
    "v1beta1.custom.metrics.k8s.io",
    "v1beta2.custom.metrics.k8s.io",
    "v1beta1.external.metrics.k8s.io",
    "v1beta1.metrics.k8s.io",
];
/// How many self-made authorities a bundle keeps: those of replicas, and of processes before them.
const MOST: usize = 16;
const END: &str = "-----END CERTIFICATE-----";

#[derive(Deserialize)]
struct ApiService {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    service: Option<Service>,
    #[serde(default)]
    ca_bundle: Option<String>,
    #[serde(default, rename = "insecureSkipTLSVerify")]
    insecure: Option<bool>,
}

#[derive(Deserialize)]
struct Service {
    name: String,
    namespace: String,
}

/// A Service of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServiceName {
    pub(super) namespace: String,
    pub(super) name: String,
}

/// Writes `authority` into the bundles of the APIServices that point to `service`; others are left
/// alone. Says how many have it now.
pub(super) async fn publish(
    access: &Access,
    service: &ServiceName,
    authority: &str,
) -> Result<usize, String> {
    let client = Client::new(access.client.clone());
    let mut have = 0;
    for name in NAMES {
        let url = format!(
            "{}/apis/apiregistration.k8s.io/v1/apiservices/{name}",
            access.url
        );
        let Some(found) = read(&client, &url, name).await? else {
            continue;
        };
        let ours = found.spec.service.as_ref().is_some_and(|found| {
            found.name == service.name && found.namespace == service.namespace
        });
        if !ours {
            continue;
        }
        have += 1;
        let before = found.spec.ca_bundle.unwrap_or_default();
        let before = STANDARD.decode(before).unwrap_or_default();
        let before = String::from_utf8_lossy(&before);
        let bundle = merged(&before, authority, SystemTime::now());
        if bundle == before && found.spec.insecure != Some(true) {
            continue;
        }
        let patch = json!({
            "metadata": {"resourceVersion": found.metadata.resource_version},
            "spec": {"caBundle": STANDARD.encode(bundle), "insecureSkipTLSVerify": false},
        });
        let headers = [
            ("content-type", "application/merge-patch+json"),
            ("accept", "application/json"),
        ];
        let answer = client
            .request(Method::PATCH, &url, &headers, patch.to_string().into())
            .await;
        let answer = answer.map_err(|error| format!("{name}: {error}"))?;
        if answer.status != 200 {
            return Err(refused(&answer, name, "patch"));
        }
        tracing::info!(
            api_service = name,
            "the caBundle has this server's authority"
        );
    }
    Ok(have)
}

async fn read(client: &Client, url: &str, name: &str) -> Result<Option<ApiService>, String> {
    let answer = client.get(url, &[("accept", "application/json")]).await;
    let answer = answer.map_err(|error| format!("{name}: {error}"))?;
    match answer.status {
        404 => Ok(None),
        200 => {
            let read = serde_json::from_slice(&answer.body);
            read.map(Some).map_err(|error| format!("{name}: {error}"))
        }
        _ => Err(refused(&answer, name, "get")),
    }
}

fn refused(answer: &Response, name: &str, verb: &str) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = body.get("message").and_then(Value::as_str);
    let message = message.unwrap_or_default();
    let status = answer.status;
    match status {
        403 => format!("{name}: {message}; grant get and patch on this APIService"),
        _ => format!("{name}: the API server answers {status} to a {verb}: {message}"),
    }
}

/// The bundle with `authority` in it, without self-made authorities that are out of date.
fn merged(before: &str, authority: &str, now: SystemTime) -> String {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let blocks = before.split_inclusive(END).map(str::trim);
    let blocks = blocks.filter(|block| block.ends_with(END) && *block != authority.trim());
    let (mut own, mut kept) = (Vec::new(), Vec::new());
    for block in blocks {
        match made_here(block) {
            Some(until) if i128::from(until) < now.as_secs().into() => {}
            Some(until) => own.push((until, block)),
            None => kept.push(block),
        }
    }
    // The youngest are those of processes that still run.
    own.sort_by_key(|(until, _)| *until);
    let spare = (own.len() + 1).saturating_sub(MOST);
    kept.extend(own.iter().skip(spare).map(|(_, block)| *block));
    kept.push(authority.trim());
    let mut bundle = kept.join("\n");
    bundle.push('\n');
    bundle
}

/// Until when it is valid, in seconds since 1970, for an authority that was made here.
fn made_here(block: &str) -> Option<i64> {
    let (_, pem) = parse_x509_pem(block.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let mut names = certificate.subject().iter_common_name();
    let own = names.any(|name| name.as_str() == Ok(own_ca::NAME));
    own.then(|| certificate.validity().not_after.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(age_days: u64) -> String {
        let made_at = SystemTime::now() - Duration::from_secs(age_days * 86_400);
        own_ca::make(&["localhost".to_owned()], made_at)
            .unwrap()
            .authority
    }

    #[test]
    fn foreign_authorities_stay_and_old_ones_of_ones_own_go() {
        let foreign = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
        let (old, other, new) = (authority(100), authority(50), authority(0));
        let before = format!("{foreign}\n{old}{other}");
        let bundle = merged(&before, &new, SystemTime::now());
        let after = [foreign, other.trim(), new.trim()].join("\n") + "\n";
        assert_eq!(bundle, after);
        assert_eq!(
            merged(&bundle, &new, SystemTime::now()),
            bundle,
            "and stays so"
        );
    }

    #[test]
    fn processes_that_start_again_and_again_do_not_fill_it() {
        let mut bundle = String::new();
        let mut last = String::new();
        for age in (0..20).rev() {
            last = authority(age);
            bundle = merged(&bundle, &last, SystemTime::now());
        }
        assert_eq!(bundle.matches(END).count(), MOST);
        assert!(bundle.contains(last.trim()));
    }
}
