//! Who may ask, as the cluster says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use concertina_http::Client;
use concertina_metrics_api::auth::{ApiServer, Auth, AuthOptions, CallerTrust, ReviewOptions};
use concertina_sources::Clock;

use super::SecureArgs;
use crate::cluster::{Access, AccessError};
use crate::files;
use crate::serve::ServeError;

impl SecureArgs {
    /// The kubeconfigs that are given, the one that is used first.
    fn kubeconfigs(&self) -> impl Iterator<Item = &Path> {
        let given = [
            &self.authentication_kubeconfig,
            &self.authorization_kubeconfig,
            &self.lister_kubeconfig,
        ];
        given.into_iter().flatten().map(PathBuf::as_path)
    }

    /// The kubeconfig of the cluster that is asked.
    pub(in crate::serve) fn kubeconfig(&self) -> Option<&Path> {
        self.kubeconfigs().next()
    }
}

/// The cluster that is asked.
pub(super) fn access(args: &SecureArgs) -> Result<Access, AccessError> {
    let mut given = args.kubeconfigs();
    let Some(first) = given.next() else {
        return Access::in_cluster();
    };
    if let Some(other) = given.find(|other| *other != first) {
        tracing::warn!(
            used = %first.display(),
            unused = %other.display(),
            "one kubeconfig is used for everything; they differ"
        );
    }
    Access::kubeconfig(first)
}

/// Delegated authentication and authorization, with the CAs that are given trusted already.
pub(super) fn auth(
    args: &SecureArgs,
    access: &Access,
    clock: &Arc<dyn Clock>,
) -> Result<Auth, ServeError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let own_trust = own_trust(args)?;
    let checked = CallerTrust::from_config_map(&own_trust, &provider);
    let trust = checked.map_err(|error| ServeError::Trust(error.to_string()))?;
    let server = ApiServer {
        client: Client::new(access.client.clone()),
        url: access.url.clone(),
    };
    let defaults = AuthOptions::new(provider, Arc::clone(clock));
    let auth = Auth::new(
        server,
        AuthOptions {
            reviews: ReviewOptions {
                token_ttl: args.authentication_token_webhook_cache_ttl,
                allowed_ttl: args.authorization_webhook_cache_authorized_ttl,
                denied_ttl: args.authorization_webhook_cache_unauthorized_ttl,
                ..ReviewOptions::default()
            },
            always_allow_paths: args.authorization_always_allow_paths.clone(),
            own_trust,
            ..defaults
        },
    );
    if args.authentication_skip_lookup {
        auth.trust(trust);
    }
    Ok(auth)
}

/// What the flags say, by the keys of the cluster's ConfigMap, which are the flags' own names.
fn own_trust(args: &SecureArgs) -> Result<BTreeMap<String, String>, ServeError> {
    let mut own = BTreeMap::new();
    let mut file = |key: &str, path: &Option<PathBuf>| -> Result<(), ServeError> {
        if let Some(path) = path.as_deref().filter(|path| *path != Path::new("")) {
            own.insert(key.to_owned(), files::read_text(path)?);
        }
        Ok(())
    };
    file("client-ca-file", &args.client_ca_file)?;
    file(
        "requestheader-client-ca-file",
        &args.requestheader_client_ca_file,
    )?;
    let lists = [
        (
            "requestheader-allowed-names",
            &args.requestheader_allowed_names,
        ),
        (
            "requestheader-username-headers",
            &args.requestheader_username_headers,
        ),
        ("requestheader-uid-headers", &args.requestheader_uid_headers),
        (
            "requestheader-group-headers",
            &args.requestheader_group_headers,
        ),
        (
            "requestheader-extra-headers-prefix",
            &args.requestheader_extra_headers_prefix,
        ),
    ];
    for (key, list) in lists {
        if !list.is_empty() {
            own.insert(
                key.to_owned(),
                serde_json::Value::from(list.clone()).to_string(),
            );
        }
    }
    Ok(own)
}
