//! Prometheus, and who this process is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_http::{
    Authorization, ClientIdentity, ClientOptions, ClientTls, Pem, Secret, Trust,
};
use concertina_sources::MetricSource;
use concertina_sources::prometheus::Prometheus;

use crate::cluster::{self, Access};
use crate::serve::ServeError;

/// How long Prometheus may take: what the HPA controller waits for is 30 s in all.
const DEADLINE: Duration = Duration::from_secs(20);

const HEADING: &str = "Prometheus";

/// prometheus-adapter's flags of its Prometheus, by their names.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::serve) struct PrometheusArgs {
    /// Ask the Prometheus at this URL, which may have a path.
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    pub(in crate::serve) prometheus_url: Option<String>,

    /// GET, or POST for expressions longer than URLs may be on the way.
    #[arg(long, hide_short_help = true, value_name = "VERB", default_value = "GET", value_parser = ["GET", "POST"], ignore_case = true, help_heading = HEADING)]
    prometheus_verb: String,

    /// The CA that Prometheus' certificate must come from, PEM [default: those of this system].
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    prometheus_ca_file: Option<PathBuf>,

    /// A certificate to show to Prometheus, PEM.
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "prometheus_client_tls_key_file", help_heading = HEADING)]
    prometheus_client_tls_cert_file: Option<PathBuf>,

    /// Its private key, PEM.
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "prometheus_client_tls_cert_file", help_heading = HEADING)]
    prometheus_client_tls_key_file: Option<PathBuf>,

    /// A file with a bearer token; changes are followed.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    prometheus_token_file: Option<PathBuf>,

    /// A header of every request, such as X-Scope-OrgID=team (again for more).
    #[arg(long, value_name = "NAME=VALUE", help_heading = HEADING)]
    prometheus_header: Vec<String>,

    /// Show the token of this pod's service account to Prometheus, and trust the cluster's CA.
    #[arg(long, hide_short_help = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", action = clap::ArgAction::Set, value_name = "BOOL", hide_possible_values = true, conflicts_with = "prometheus_auth_config", help_heading = HEADING)]
    prometheus_auth_incluster: bool,

    /// Take the credentials for Prometheus from this kubeconfig.
    #[arg(long, hide_short_help = true, value_name = "FILE", help_heading = HEADING)]
    prometheus_auth_config: Option<PathBuf>,
}

pub(super) fn start(url: &str, args: &PrometheusArgs) -> Result<Arc<dyn MetricSource>, ServeError> {
    let options = args.client()?;
    let source = Prometheus::new(url, options).map_err(|error| ServeError::BadOption {
        option: "prometheus-url",
        value: url.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(match args.prometheus_verb.eq_ignore_ascii_case("POST") {
        true => Arc::new(source.by_post()),
        false => Arc::new(source),
    })
}

impl PrometheusArgs {
    fn client(&self) -> Result<ClientOptions, ServeError> {
        let mut client = match &self.prometheus_auth_config {
            Some(path) => Access::kubeconfig(path)?.client,
            None if self.prometheus_auth_incluster => cluster::service_account(),
            None => ClientOptions {
                tls: Some(cluster::tls()),
                ..ClientOptions::default()
            },
        };
        let tls = client.tls.take().unwrap_or_else(cluster::tls);
        client.tls = Some(self.tls(tls)?);
        if let Some(file) = &self.prometheus_token_file {
            readable(file)?;
            client.authorization = Authorization::bearer(Secret::File(file.clone()));
        }
        client.headers = self.headers()?;
        client.deadline = DEADLINE;
        client.gzip = true;
        Ok(client)
    }

    fn tls(&self, mut tls: ClientTls) -> Result<ClientTls, ServeError> {
        if let Some(file) = &self.prometheus_ca_file {
            readable(file)?;
            tls.trust = Trust::Roots(Pem::File(file.clone()));
        }
        let pair = (
            &self.prometheus_client_tls_cert_file,
            &self.prometheus_client_tls_key_file,
        );
        if let (Some(certificate), Some(key)) = pair {
            readable(certificate)?;
            readable(key)?;
            tls.identity = Some(ClientIdentity {
                certificate: Pem::File(certificate.clone()),
                key: Pem::File(key.clone()),
            });
        }
        Ok(tls)
    }

    fn headers(&self) -> Result<Vec<(String, String)>, ServeError> {
        let split = |given: &String| {
            let pair = given.split_once('=');
            let (name, value) =
                pair.filter(|(name, _)| !name.is_empty())
                    .ok_or_else(|| ServeError::BadOption {
                        option: "prometheus-header",
                        value: given.clone(),
                        reason: "give NAME=VALUE".to_owned(),
                    })?;
            Ok((name.to_owned(), value.to_owned()))
        };
        self.prometheus_header.iter().map(split).collect()
    }
}

/// A file that is missing when the process starts is a mistake; later it may come and go.
fn readable(path: &Path) -> Result<(), ServeError> {
    crate::files::read_text(path)?;
    Ok(())
}
