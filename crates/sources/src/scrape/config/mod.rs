//! A scrape configuration: the part of `prometheus.yml` that says what is scraped, and how.

mod access;
mod discovery;
mod job;
mod keys;
mod template;

use std::collections::BTreeMap;
use std::path::Path;

use concertina_http::ClientOptions;
use concertina_model::yaml;

use super::kubernetes::Discovery;
use super::{ScrapeOptions, Target};
pub(super) use template::Template;

/// What is known of a target: labels by name, `__address__` and `__meta_…` among them.
pub(super) type Found = BTreeMap<String, String>;

/// What a file with `global` and `scrape_configs` of Prometheus 2.42 says.
///
/// Read strictly: what is not known here is refused with its place and never ignored. Known are
/// `global` with `scrape_interval` and `scrape_timeout`, and of a job everything but service
/// discovery other than `static_configs` and `kubernetes_sd_configs`, proxies, OAuth 2.0, SigV4 and
/// redirects, which are never followed. Of `kubernetes_sd_configs` the roles `pod` and `endpoints`
/// are known, with the labels that Prometheus gives them (those of endpoints' annotations, which came
/// after 2.42, too); without `api_server` the API is that of the cluster around, and the pod's
/// service account who asks. A limit that the file does not set is that
/// of [`ScrapeOptions::default`].
///
/// ```
/// use concertina_http::ClientOptions;
/// use concertina_sources::scrape::ScrapeConfig;
///
/// let yaml = "
/// scrape_configs:
/// - job_name: dcgm
///   scrape_interval: 1s
///   honor_labels: true
///   static_configs:
///   - targets: [node-0:9400, node-1:9400]
///     labels: {cluster: a}
/// ";
/// let config = ScrapeConfig::parse(yaml, "/etc/concertina".as_ref(), &ClientOptions::default());
/// let targets = config.unwrap().targets;
/// let (target, options) = &targets[1];
/// assert_eq!(target.url, "http://node-1:9400/metrics");
/// assert_eq!(
///     target.labels.to_string(),
///     r#"{cluster="a", instance="node-1:9400", job="dcgm"}"#
/// );
/// assert!(options.honor_labels && options.interval.as_secs() == 1);
/// ```
#[derive(Clone, Debug)]
pub struct ScrapeConfig {
    /// Each target that the file names once, with how it is scraped. Those that are discovered come
    /// and go: see [`ScrapePool::follow`](super::ScrapePool::follow).
    pub targets: Vec<(Target, ScrapeOptions)>,
    /// What the file says of Prometheus' other work, which has no effect here: `rule_files`.
    pub ignored: Vec<&'static str>,
    pub(super) discovering: Vec<DiscoveringJob>,
}

/// A job whose targets are discovered.
#[derive(Clone, Debug)]
pub(super) struct DiscoveringJob {
    pub(super) template: Template,
    pub(super) discoveries: Vec<Discovery>,
}

/// Why a scrape configuration was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScrapeConfigError {
    /// It is no YAML, or has a field that is not known or of another type.
    #[error("line {line}, column {column}: {reason}")]
    Yaml {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
        /// What is wrong.
        reason: String,
    },
    /// What it says cannot be done.
    #[error("line {line}, {place}: {reason}")]
    Invalid {
        /// The line, from 1, on which the thing begins.
        line: u64,
        /// The job, and what of it.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl ScrapeConfig {
    /// Reads a configuration. File names in it are relative to `folder`; credentials and TLS of jobs
    /// are put into `client`, whose `tls` brings the crypto provider without which no job can
    /// use `https`.
    ///
    /// # Errors
    ///
    /// [`ScrapeConfigError`] with the place of the first thing that is wrong.
    pub fn parse(
        text: &str,
        folder: &Path,
        client: &ClientOptions,
    ) -> Result<Self, ScrapeConfigError> {
        let file: Option<keys::File> =
            yaml::read(text).map_err(|error| ScrapeConfigError::Yaml {
                line: error.line,
                column: error.column,
                reason: error.message,
            })?;
        let file = file.unwrap_or_default();
        job::read(file, folder, client)
    }
}
