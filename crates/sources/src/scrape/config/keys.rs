//! The YAML of a scrape configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use concertina_promql::parse_duration;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny};
use serde_saphyr::Spanned;

use crate::relabel::RelabelConfig;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) global: Global,
    pub(super) scrape_configs: Vec<Spanned<Job>>,
    // Known, and none of our business.
    pub(super) rule_files: Option<IgnoredAny>,
    pub(super) alerting: Option<IgnoredAny>,
    pub(super) remote_write: Option<IgnoredAny>,
    pub(super) remote_read: Option<IgnoredAny>,
    pub(super) storage: Option<IgnoredAny>,
    pub(super) tracing: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Global {
    pub(super) scrape_interval: Option<Span>,
    pub(super) scrape_timeout: Option<Span>,
    // Known, and none of our business.
    pub(super) evaluation_interval: Option<IgnoredAny>,
    pub(super) external_labels: Option<IgnoredAny>,
    pub(super) query_log_file: Option<IgnoredAny>,
}

impl File {
    /// The keys that say nothing about scraping.
    pub(super) fn ignored(&self) -> Vec<&'static str> {
        let all = [
            (
                "global.evaluation_interval",
                &self.global.evaluation_interval,
            ),
            ("global.external_labels", &self.global.external_labels),
            ("global.query_log_file", &self.global.query_log_file),
            ("rule_files", &self.rule_files),
            ("alerting", &self.alerting),
            ("remote_write", &self.remote_write),
            ("remote_read", &self.remote_read),
            ("storage", &self.storage),
            ("tracing", &self.tracing),
        ];
        let given = all.into_iter().filter(|(_, value)| value.is_some());
        given.map(|(key, _)| key).collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Job {
    pub(super) job_name: String,
    pub(super) scrape_interval: Option<Span>,
    pub(super) scrape_timeout: Option<Span>,
    pub(super) metrics_path: Option<String>,
    pub(super) scheme: Option<String>,
    pub(super) params: BTreeMap<String, Vec<String>>,
    pub(super) honor_labels: bool,
    pub(super) honor_timestamps: Option<bool>,
    pub(super) follow_redirects: Option<bool>,
    pub(super) basic_auth: Option<BasicAuth>,
    pub(super) authorization: Option<Authorization>,
    pub(super) bearer_token: Option<String>,
    pub(super) bearer_token_file: Option<String>,
    pub(super) tls_config: Option<Tls>,
    pub(super) static_configs: Vec<Static>,
    pub(super) kubernetes_sd_configs: Vec<Spanned<Kubernetes>>,
    pub(super) relabel_configs: Vec<Spanned<Relabel>>,
    pub(super) metric_relabel_configs: Vec<Spanned<Relabel>>,
    pub(super) body_size_limit: Option<Size>,
    pub(super) sample_limit: usize,
    pub(super) target_limit: usize,
    pub(super) label_limit: usize,
    pub(super) label_name_length_limit: usize,
    pub(super) label_value_length_limit: usize,
}

/// Who asks, and whom it trusts.
pub(super) struct Access<'a> {
    pub(super) basic_auth: &'a Option<BasicAuth>,
    pub(super) authorization: &'a Option<Authorization>,
    pub(super) bearer_token: &'a Option<String>,
    pub(super) bearer_token_file: &'a Option<String>,
    pub(super) tls_config: &'a Option<Tls>,
}

impl Job {
    pub(super) fn access(&self) -> Access<'_> {
        Access {
            basic_auth: &self.basic_auth,
            authorization: &self.authorization,
            bearer_token: &self.bearer_token,
            bearer_token_file: &self.bearer_token_file,
            tls_config: &self.tls_config,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Kubernetes {
    pub(super) role: String,
    pub(super) api_server: Option<String>,
    pub(super) namespaces: Namespaces,
    pub(super) selectors: Vec<Selector>,
    pub(super) basic_auth: Option<BasicAuth>,
    pub(super) authorization: Option<Authorization>,
    pub(super) bearer_token: Option<String>,
    pub(super) bearer_token_file: Option<String>,
    pub(super) tls_config: Option<Tls>,
}

impl Kubernetes {
    pub(super) fn access(&self) -> Access<'_> {
        Access {
            basic_auth: &self.basic_auth,
            authorization: &self.authorization,
            bearer_token: &self.bearer_token,
            bearer_token_file: &self.bearer_token_file,
            tls_config: &self.tls_config,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Namespaces {
    pub(super) own_namespace: bool,
    pub(super) names: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Selector {
    pub(super) role: String,
    pub(super) label: String,
    pub(super) field: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BasicAuth {
    pub(super) username: String,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Authorization {
    #[serde(rename = "type")]
    pub(super) scheme: Option<String>,
    pub(super) credentials: Option<String>,
    pub(super) credentials_file: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) ca_file: Option<String>,
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) server_name: Option<String>,
    pub(super) insecure_skip_verify: bool,
    pub(super) min_version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Static {
    pub(super) targets: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Relabel {
    source_labels: Vec<String>,
    separator: String,
    regex: String,
    modulus: u64,
    target_label: String,
    replacement: String,
    action: String,
}

impl Default for Relabel {
    fn default() -> Self {
        let default = RelabelConfig::default();
        Self {
            source_labels: default.source_labels,
            separator: default.separator,
            regex: default.regex,
            modulus: default.modulus,
            target_label: default.target_label,
            replacement: default.replacement,
            action: default.action.to_string(),
        }
    }
}

impl Relabel {
    pub(super) fn config(self) -> Result<RelabelConfig, crate::relabel::RelabelError> {
        Ok(RelabelConfig {
            source_labels: self.source_labels,
            separator: self.separator,
            regex: self.regex,
            modulus: self.modulus,
            target_label: self.target_label,
            replacement: self.replacement,
            action: self.action.parse()?,
        })
    }
}

/// A duration as Prometheus writes it.
#[derive(Clone, Copy)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map(Self).map_err(D::Error::custom)
    }
}

/// A number of bytes: `16MB`, where a kilobyte has 1024.
pub(super) struct Size(pub(super) usize);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        size(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no size; write 512KB or 16MB")))
    }
}

fn size(text: &str) -> Option<usize> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let number: usize = number.parse().ok()?;
    let shift = match unit {
        "" if number == 0 => 0,
        "B" => 0,
        "KB" | "KiB" => 10,
        "MB" | "MiB" => 20,
        "GB" | "GiB" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}
