//! Who may ask, as the cluster says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_http::Client;
use concertina_metrics_api::auth::{ApiServer, Auth, AuthOptions, CallerTrust, ReviewOptions};
use concertina_sources::Clock;

use super::SecureArgs;
use crate::cluster::{Access, AccessError};
use crate::files;
use crate::serve::ServeError;

impl SecureArgs {
    /// The files of CAs that are given.
    fn ca_files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let files = [
            ("client-ca-file", &self.client_ca_file),
            (
                "requestheader-client-ca-file",
                &self.requestheader_client_ca_file,
            ),
        ];
        files.into_iter().filter_map(|(key, file)| {
            let path = file.as_deref()?;
            (path != Path::new("")).then_some((key, path))
        })
    }

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

/// How often the files of CAs are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Takes what the files of CAs hold into use when it changes, for ever.
pub(super) async fn follow_files(args: SecureArgs, auth: Auth, clock: Arc<dyn Clock>) {
    if args.ca_files().next().is_none() {
        return;
    }
    let args = Arc::new(args);
    let mut in_use = own_trust(&args).ok();
    let mut told = String::new();
    loop {
        clock.sleep(EVERY).await;
        let again = Arc::clone(&args);
        let read = tokio::task::spawn_blocking(move || own_trust(&again)).await;
        let taken = match read {
            Ok(Ok(own)) if Some(&own) == in_use.as_ref() => continue,
            Ok(Ok(own)) => take(&args, &auth, &own).map(|()| own),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match taken {
            Ok(own) => {
                in_use = Some(own);
                told.clear();
                tracing::info!("the CAs of callers changed: the new ones are trusted");
            }
            Err(reason) if reason != told => {
                tracing::error!(
                    reason,
                    "the new CAs of callers are not used; those before stay"
                );
                told = reason;
            }
            Err(_) => {}
        }
    }
}

fn take(args: &SecureArgs, auth: &Auth, own: &BTreeMap<String, String>) -> Result<(), String> {
    if !args.authentication_skip_lookup {
        let replaced = auth.replace_own_trust(own.clone());
        return replaced.map_err(|error| error.to_string());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = CallerTrust::from_config_map(own, &provider);
    auth.trust(trust.map_err(|error| error.to_string())?);
    Ok(())
}

/// What the flags say, by the keys of the cluster's ConfigMap, which are the flags' own names.
fn own_trust(args: &SecureArgs) -> Result<BTreeMap<String, String>, ServeError> {
    let mut own = BTreeMap::new();
    for (key, path) in args.ca_files() {
        own.insert(key.to_owned(), files::read_text(path)?);
    }
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
