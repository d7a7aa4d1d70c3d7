//! Where a job's targets are looked for.

use std::path::Path;

use concertina_http::{Authorization, ClientOptions, Secret, check_url};

use super::access;
use super::job::Common;
use super::keys::{Kubernetes, Selector};
use crate::scrape::kubernetes::{Discovery, Role, Selectors};

/// What Kubernetes gives a pod that may ask its API.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

pub(super) fn kubernetes(keys: &Kubernetes, common: &Common<'_>) -> Result<Discovery, String> {
    let role = match keys.role.as_str() {
        "pod" => Role::Pod,
        "endpoints" => Role::Endpoints,
        "" => return Err("it needs a role: pod or endpoints".to_owned()),
        other => {
            return Err(format!(
                "role `{other}` is not known here; use pod or endpoints"
            ));
        }
    };
    let given = access::client(&keys.access(), common.folder, common.client)?;
    let (api, client) = match keys.api_server.as_deref() {
        Some(url) => {
            let uri = check_url(url).map_err(|error| error.to_string())?;
            access::check_scheme(uri.scheme_str().unwrap_or_default(), &given)?;
            (url.to_owned(), given)
        }
        None => in_cluster(given)?,
    };
    let mut namespaces = keys.namespaces.names.clone();
    if keys.namespaces.own_namespace {
        let path = Path::new(SERVICE_ACCOUNT).join("namespace");
        let name = std::fs::read_to_string(&path);
        let name = name.map_err(|error| format!("own_namespace: {}: {error}", path.display()))?;
        namespaces.push(name.trim().to_owned());
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    let selectors = keys.selectors.iter().map(|one| selectors(one, role));
    Ok(Discovery {
        role,
        api,
        namespaces,
        selectors: selectors.collect::<Result<_, _>>()?,
        client,
    })
}

fn selectors(keys: &Selector, role: Role) -> Result<Selectors, String> {
    let mut resources = role.resources().iter();
    let resource = resources.find(|resource| **resource == keys.role);
    Ok(Selectors {
        resource: resource.ok_or_else(|| {
            let known = role.resources().join(", ");
            format!("selectors: role `{}` is none of {known}", keys.role)
        })?,
        labels: keys.label.clone(),
        fields: keys.field.clone(),
    })
}

/// The API server of the cluster in which this process runs, and who it is there.
fn in_cluster(client: ClientOptions) -> Result<(String, ClientOptions), String> {
    let var = |name: &str| {
        let missing = format!("without api_server it must run in a cluster, and {name} is not set");
        std::env::var(name).map_err(|_| missing)
    };
    let (host, port) = (
        var("KUBERNETES_SERVICE_HOST")?,
        var("KUBERNETES_SERVICE_PORT")?,
    );
    let api = match host.contains(':') {
        true => format!("https://[{host}]:{port}"),
        false => format!("https://{host}:{port}"),
    };
    access::check_scheme("https", &client)?;
    let folder = Path::new(SERVICE_ACCOUNT);
    let mut client = access::trusting(client, folder.join("ca.crt"));
    if client.authorization == Authorization::None {
        client.authorization = Authorization::bearer(Secret::File(folder.join("token")));
    }
    Ok((api, client))
}
