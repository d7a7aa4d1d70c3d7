//! Whom to believe who they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use super::certificate::Authorities;

/// Why a cluster's settings of authentication cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A CA cannot be read.
    #[error("`{key}`: {reason}; it must hold certificates in PEM")]
    Authority {
        /// The key of the ConfigMap.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A list is none.
    #[error("`{key}`: it must be a JSON list of texts: {reason}")]
    List {
        /// The key of the ConfigMap.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// Whose certificates tell who a client is: what the ConfigMap
/// `kube-system/extension-apiserver-authentication` holds. Empty: nobody's.
#[derive(Clone, Debug, Default)]
pub struct CallerTrust {
    pub(super) clients: Option<Authorities>,
    pub(super) front_proxy: Option<FrontProxy>,
}

/// The API aggregator, which tells in headers who really asks.
#[derive(Clone, Debug)]
pub(super) struct FrontProxy {
    pub(super) authorities: Authorities,
    /// The common names that are the aggregator's; empty for any.
    pub(super) names: Vec<String>,
    pub(super) user_headers: Vec<String>,
    pub(super) uid_headers: Vec<String>,
    pub(super) group_headers: Vec<String>,
    pub(super) extra_prefixes: Vec<String>,
}

const CLIENT_CA: &str = "client-ca-file";
const PROXY_CA: &str = "requestheader-client-ca-file";
const PROXY_NAMES: &str = "requestheader-allowed-names";
const USER: &str = "requestheader-username-headers";
const UID: &str = "requestheader-uid-headers";
const GROUP: &str = "requestheader-group-headers";
const EXTRA: &str = "requestheader-extra-headers-prefix";

impl CallerTrust {
    /// From the data of the ConfigMap: `client-ca-file`, and `requestheader-…` for the front proxy.
    /// What is not there, or empty, is not trusted; a front proxy needs its CA.
    ///
    /// # Errors
    ///
    /// [`TrustError`] when something that is there cannot be read.
    pub fn from_config_map(
        data: &BTreeMap<String, String>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TrustError> {
        let text = |key| {
            data.get(key)
                .map(|text| text.trim())
                .filter(|text| !text.is_empty())
        };
        let authority = |key| {
            let pem = text(key).map(|pem| Authorities::from_pem(pem, Arc::clone(provider)));
            let wrong = |reason| TrustError::Authority { key, reason };
            pem.transpose().map_err(wrong)
        };
        let list = |key, default: &[&str]| match text(key) {
            None => Ok(default.iter().map(|one| (*one).to_owned()).collect()),
            Some(text) => {
                let list: Result<Option<Vec<String>>, _> = serde_json::from_str(text);
                let list = list.map_err(|error| TrustError::List {
                    key,
                    reason: error.to_string(),
                });
                list.map(Option::unwrap_or_default)
            }
        };
        let front_proxy = match authority(PROXY_CA)? {
            None => None,
            Some(authorities) => Some(FrontProxy {
                authorities,
                names: list(PROXY_NAMES, &[])?,
                user_headers: list(USER, &["X-Remote-User"])?,
                uid_headers: list(UID, &["X-Remote-Uid"])?,
                group_headers: list(GROUP, &["X-Remote-Group"])?,
                extra_prefixes: list(EXTRA, &["X-Remote-Extra-"])?,
            }),
        };
        Ok(Self {
            clients: authority(CLIENT_CA)?,
            front_proxy,
        })
    }
}
