//! From what is known of a target to the target.

use std::collections::{BTreeMap, BTreeSet};

use concertina_http::{check_url, form_encode};
use concertina_model::Labels;
use concertina_promql::{format_duration, parse_duration};

use super::{Found, access};
use crate::relabel::Relabeling;
use crate::scrape::{ScrapeOptions, Target};

/// What the targets of a job have in common.
#[derive(Clone, Debug)]
pub(in crate::scrape) struct Template {
    pub(super) job_name: String,
    pub(super) metrics_path: Option<String>,
    pub(super) scheme: Option<String>,
    pub(super) params: BTreeMap<String, Vec<String>>,
    pub(super) relabeling: Relabeling,
    pub(super) options: ScrapeOptions,
    pub(super) target_limit: Option<usize>,
}

impl Template {
    /// The job's name.
    pub(in crate::scrape) fn job(&self) -> &str {
        &self.job_name
    }

    /// More targets than it may have are none.
    pub(in crate::scrape) fn limited(&self, targets: usize) -> Result<(), String> {
        match self.target_limit {
            Some(most) if targets > most => {
                Err(format!("{targets} targets, and target_limit is {most}"))
            }
            _ => Ok(()),
        }
    }

    /// A target as its labels describe it before and after relabelling, `__address__` among them;
    /// none when it is dropped.
    pub(in crate::scrape) fn target(
        &self,
        own: &Found,
    ) -> Result<Option<(Target, ScrapeOptions)>, String> {
        let options = &self.options;
        let path = self.metrics_path.as_deref().unwrap_or("/metrics");
        let scheme = self.scheme.as_deref().unwrap_or("http");
        let defaults = [
            ("job", self.job_name.clone()),
            ("__scrape_interval__", format_duration(options.interval)),
            ("__scrape_timeout__", format_duration(options.timeout)),
            ("__metrics_path__", path.to_owned()),
            ("__scheme__", scheme.to_owned()),
        ];
        let mut labels: BTreeMap<String, String> = defaults
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        for (name, values) in &self.params {
            if let Some(first) = values.first() {
                labels.insert(format!("__param_{name}"), first.clone());
            }
        }
        let own = own.iter().filter(|(_, value)| !value.is_empty());
        labels.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        let Some(labels) = self.relabeling.apply(Labels::from_pairs(labels)) else {
            return Ok(None);
        };
        let get = |name: &str| labels.get(name).unwrap_or_default();
        let scheme = get("__scheme__");
        let address = match get("__address__") {
            "" => return Err("relabelling left it without `__address__`".to_owned()),
            address if address.contains('/') => {
                return Err(format!(
                    "`{address}` is no HOST:PORT; the path stands in metrics_path, the scheme in scheme"
                ));
            }
            address => with_port(address, scheme)?,
        };
        let params: BTreeMap<&str, &str> = labels
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("__param_")?, value)))
            .collect();
        let url = url(
            scheme,
            &address,
            get("__metrics_path__"),
            &self.params,
            &params,
        );
        check_url(&url).map_err(|error| error.to_string())?;
        access::check_scheme(scheme, &options.client)?;
        let span =
            |name: &str| parse_duration(get(name)).map_err(|error| format!("`{name}`: {error}"));
        let (interval, timeout) = (span("__scrape_interval__")?, span("__scrape_timeout__")?);
        if interval.is_zero() || timeout.is_zero() || timeout > interval {
            let (interval, timeout) = (format_duration(interval), format_duration(timeout));
            return Err(format!(
                "it is scraped every {interval} within {timeout}: both must be above 0, and \
                 scrape_timeout at most scrape_interval"
            ));
        }
        let visible = labels.filter(|name| !name.starts_with("__"));
        let labels = match visible.get("instance") {
            Some(_) => visible,
            None => visible.with("instance", &address),
        };
        let options = ScrapeOptions {
            interval,
            timeout,
            ..options.clone()
        };
        Ok(Some((Target { url, labels }, options)))
    }
}

/// The address with the scheme's own port, unless it has one.
fn with_port(address: &str, scheme: &str) -> Result<String, String> {
    let port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(format!("scheme `{scheme}` is neither http nor https")),
    };
    let has_port = match address.rsplit_once(':') {
        // Colons within brackets, or without brackets at all, are those of an IPv6 address.
        Some((host, _)) => host.ends_with(']') || !host.contains(':') && !address.ends_with(']'),
        None => false,
    };
    match has_port {
        true => Ok(address.to_owned()),
        false => Ok(format!("{address}:{port}")),
    }
}

/// The URL with all values of each parameter; the first is what relabelling made of it.
fn url(
    scheme: &str,
    address: &str,
    path: &str,
    configured: &BTreeMap<String, Vec<String>>,
    first: &BTreeMap<&str, &str>,
) -> String {
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let names = configured.keys().map(String::as_str);
    let names: BTreeSet<&str> = names.chain(first.keys().copied()).collect();
    for name in names {
        pairs.extend(first.get(name).map(|value| (name, *value)));
        let more = configured.get(name).into_iter().flatten().skip(1);
        pairs.extend(more.map(|value| (name, value.as_str())));
    }
    let query = match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", form_encode(&pairs)),
    };
    format!("{scheme}://{address}{slash}{path}{query}")
}
