//! Where a cluster's API server is, and who this process is there: from a kubeconfig, or from the
//! service account of the pod that it runs in.

mod kubeconfig;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{Authorization, ClientOptions, ClientTls, Pem, Secret, Trust};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::files::FileError;

/// Where every pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// An API server, and a client's options to be known and to trust there.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The base URL, without a slash at its end.
    pub(crate) url: String,
    /// Certificates and credentials.
    pub(crate) client: ClientOptions,
}

/// Why there is no way to a cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The kubeconfig cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The kubeconfig was read and cannot be used.
    #[error("{}: {reason}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// No client can be made of what the kubeconfig, or the pod's service account, says.
    #[error("there is no way to the cluster{}: {reason}", by(kubeconfig))]
    Client {
        /// The kubeconfig; none for the pod's service account.
        kubeconfig: Option<PathBuf>,
        /// What is wrong.
        reason: String,
    },
    /// This process runs in no pod.
    #[error(
        "this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): give a kubeconfig with \
         --authentication-kubeconfig, or serve this machine only with --insecure-loopback-port"
    )]
    NoCluster,
}

fn by(kubeconfig: &Option<PathBuf>) -> String {
    match kubeconfig {
        Some(path) => format!(" by {}", path.display()),
        None => " by the service account of this pod".to_owned(),
    }
}

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection may be silent: watches are renewed before, and have bookmarks every
/// minute.
const SILENCE: Duration = Duration::from_secs(330);

/// A client of the cluster of a kubeconfig, or of the cluster that this process is a pod of. It
/// repeats nothing by itself.
pub(crate) async fn client(kubeconfig: Option<&Path>) -> Result<kube::Client, AccessError> {
    let failed = |reason: String| AccessError::Client {
        kubeconfig: kubeconfig.map(Path::to_owned),
        reason,
    };
    let mut config = match kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|error| failed(error.to_string()))?;
            let context = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(file, &context).await;
            config.map_err(|error| failed(error.to_string()))?
        }
        None => Config::incluster().map_err(|error| failed(error.to_string()))?,
    };
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    config.default_retry = false;
    kube::Client::try_from(config).map_err(|error| failed(error.to_string()))
}

impl Access {
    /// By a kubeconfig's current context.
    pub(crate) fn kubeconfig(path: &Path) -> Result<Self, AccessError> {
        let text = crate::files::read_text(path)?;
        kubeconfig::read(&text, path).map_err(|reason| AccessError::Kubeconfig {
            path: path.to_owned(),
            reason,
        })
    }

    /// As the pod that this process runs in.
    pub(crate) fn in_cluster() -> Result<Self, AccessError> {
        let variable = |name| std::env::var(name).map_err(|_| AccessError::NoCluster);
        let host = variable("KUBERNETES_SERVICE_HOST")?;
        let port = variable("KUBERNETES_SERVICE_PORT")?;
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host,
        };
        Ok(Self {
            url: format!("https://{host}:{port}"),
            client: service_account(),
        })
    }
}

/// The options of a client that trusts the cluster's CA and shows the pod's token.
pub(crate) fn service_account() -> ClientOptions {
    let folder = Path::new(SERVICE_ACCOUNT);
    ClientOptions {
        authorization: Authorization::bearer(Secret::File(folder.join("token"))),
        tls: Some(ClientTls {
            trust: Trust::Roots(Pem::File(folder.join("ca.crt"))),
            ..tls()
        }),
        ..ClientOptions::default()
    }
}

/// TLS with the binary's provider, trusting whom the operating system trusts.
pub(crate) fn tls() -> ClientTls {
    ClientTls::new(Arc::new(rustls::crypto::ring::default_provider()))
}
