//! The flags of serving a cluster: prometheus-adapter's, by their names.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::super::go_duration;

const SERVING: &str = "Serving";
const CALLERS: &str = "Who may ask";

/// How a cluster is served: over TLS, to those whom it lets.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::serve) struct SecureArgs {
    /// Serve HTTPS on this port.
    #[arg(long, value_name = "PORT", default_value_t = 443, help_heading = SERVING)]
    pub(super) secure_port: u16,

    /// The address to serve on.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0", help_heading = SERVING)]
    pub(super) bind_address: IpAddr,

    /// The certificate, PEM, those that signed it may follow; changes are followed. Without one,
    /// one is made and renewed: see --service.
    #[arg(long, value_name = "FILE", requires = "tls_private_key_file", help_heading = SERVING)]
    pub(super) tls_cert_file: Option<PathBuf>,

    /// The certificate's private key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert_file", help_heading = SERVING)]
    pub(super) tls_private_key_file: Option<PathBuf>,

    /// A folder with apiserver.crt and apiserver.key, taken when they are there.
    #[arg(long, hide_short_help = true, value_name = "FOLDER", conflicts_with = "tls_cert_file", help_heading = SERVING)]
    pub(super) cert_dir: Option<PathBuf>,

    /// The Service by which the cluster reaches this server: the made certificate is for its name,
    /// and the APIServices that point to it learn of its authority.
    #[arg(long, value_name = "NAMESPACE/NAME", help_heading = SERVING)]
    pub(super) service: Option<String>,

    /// The oldest version of TLS.
    #[arg(long, hide_short_help = true, value_name = "VERSION", default_value = "VersionTLS12", value_parser = ["VersionTLS12", "VersionTLS13"], help_heading = SERVING)]
    pub(super) tls_min_version: String,

    /// Only these cipher suites of TLS 1.2, by their IANA names.
    #[arg(long, hide_short_help = true, value_name = "NAMES", value_delimiter = ',', help_heading = SERVING)]
    pub(super) tls_cipher_suites: Vec<String>,

    /// Serve HTTP/1.1 only.
    #[arg(long, hide_short_help = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = clap::ArgAction::Set, value_name = "BOOL", hide_possible_values = true, help_heading = SERVING)]
    pub(super) disable_http2: bool,

    /// The kubeconfig of the cluster that says who may ask and which objects there are; without it,
    /// the cluster of this pod.
    #[arg(long, value_name = "FILE", help_heading = CALLERS)]
    pub(super) authentication_kubeconfig: Option<PathBuf>,

    /// Likewise; one is enough.
    #[arg(long, value_name = "FILE", help_heading = CALLERS)]
    pub(super) authorization_kubeconfig: Option<PathBuf>,

    /// Likewise.
    #[arg(long, hide_short_help = true, value_name = "FILE", help_heading = CALLERS)]
    pub(super) lister_kubeconfig: Option<PathBuf>,

    /// How often the cluster is asked which kinds of objects it has.
    #[arg(long, hide_short_help = true, value_name = "DURATION", default_value = "10m", value_parser = go_duration::parse, help_heading = CALLERS)]
    pub(in crate::serve) discovery_interval: Duration,

    /// Trust only the CAs that are given, and do not read the cluster's
    /// extension-apiserver-authentication.
    #[arg(long, hide_short_help = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = clap::ArgAction::Set, value_name = "BOOL", hide_possible_values = true, help_heading = CALLERS)]
    pub(super) authentication_skip_lookup: bool,

    /// The CA of clients' certificates, instead of the cluster's; changes are followed.
    #[arg(long, hide_short_help = true, value_name = "FILE", help_heading = CALLERS)]
    pub(super) client_ca_file: Option<PathBuf>,

    /// The CA of the front proxy, instead of the cluster's; changes are followed.
    #[arg(long, hide_short_help = true, value_name = "FILE", help_heading = CALLERS)]
    pub(super) requestheader_client_ca_file: Option<PathBuf>,

    /// The names in the front proxy's certificate.
    #[arg(long, hide_short_help = true, value_name = "NAMES", value_delimiter = ',', help_heading = CALLERS)]
    pub(super) requestheader_allowed_names: Vec<String>,

    /// The front proxy's headers with the user.
    #[arg(long, hide_short_help = true, value_name = "HEADERS", value_delimiter = ',', help_heading = CALLERS)]
    pub(super) requestheader_username_headers: Vec<String>,

    /// Those with the user's UID.
    #[arg(long, hide_short_help = true, value_name = "HEADERS", value_delimiter = ',', help_heading = CALLERS)]
    pub(super) requestheader_uid_headers: Vec<String>,

    /// Those with the user's groups.
    #[arg(long, hide_short_help = true, value_name = "HEADERS", value_delimiter = ',', help_heading = CALLERS)]
    pub(super) requestheader_group_headers: Vec<String>,

    /// What the names of the others begin with.
    #[arg(long, hide_short_help = true, value_name = "PREFIXES", value_delimiter = ',', help_heading = CALLERS)]
    pub(super) requestheader_extra_headers_prefix: Vec<String>,

    /// Paths that everybody may read; one that ends with * means all that begin so.
    #[arg(long, hide_short_help = true, value_name = "PATHS", value_delimiter = ',', default_value = "/healthz,/readyz,/livez", help_heading = CALLERS)]
    pub(super) authorization_always_allow_paths: Vec<String>,

    /// How long the cluster's answer about a token is kept.
    #[arg(long, hide_short_help = true, value_name = "DURATION", default_value = "10s", value_parser = go_duration::parse, help_heading = CALLERS)]
    pub(super) authentication_token_webhook_cache_ttl: Duration,

    /// How long a permission is kept.
    #[arg(long, hide_short_help = true, value_name = "DURATION", default_value = "10s", value_parser = go_duration::parse, help_heading = CALLERS)]
    pub(super) authorization_webhook_cache_authorized_ttl: Duration,

    /// How long a refusal is kept.
    #[arg(long, hide_short_help = true, value_name = "DURATION", default_value = "10s", value_parser = go_duration::parse, help_heading = CALLERS)]
    pub(super) authorization_webhook_cache_unauthorized_ttl: Duration,
}
