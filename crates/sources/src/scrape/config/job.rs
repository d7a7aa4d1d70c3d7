//! From jobs to targets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use concertina_http::{ClientOptions, check_url, form_encode};
use concertina_model::Labels;
use concertina_promql::{format_duration, parse_duration};
use serde_saphyr::Spanned;

use super::keys::{File, Job, Relabel, Static};
use super::{ScrapeConfigError, access};
use crate::relabel::{Relabeling, is_label_name};
use crate::scrape::{LabelLimits, ScrapeOptions, Target};

/// Prometheus' own defaults.
const INTERVAL: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is wrong with a job.
struct Problem {
    /// Where it is, if not at the job's beginning.
    line: Option<u64>,
    /// What of the job.
    part: String,
    reason: String,
}

impl From<String> for Problem {
    fn from(reason: String) -> Self {
        Self {
            line: None,
            part: String::new(),
            reason,
        }
    }
}

/// What all jobs share.
struct Common<'a> {
    folder: &'a Path,
    client: &'a ClientOptions,
    interval: Duration,
    timeout: Duration,
}

pub(super) fn targets(
    file: File,
    folder: &Path,
    client: &ClientOptions,
) -> Result<Vec<(Target, ScrapeOptions)>, ScrapeConfigError> {
    let interval = file.global.scrape_interval.map_or(INTERVAL, |span| span.0);
    let timeout = file.global.scrape_timeout.map(|span| span.0);
    let common = Common {
        folder,
        client,
        interval,
        timeout: timeout.unwrap_or(TIMEOUT.min(interval)),
    };
    let mut all = Vec::new();
    let mut names = BTreeSet::new();
    for job in file.scrape_configs {
        let line = job.referenced.line();
        let name = job.value.job_name.clone();
        let read = match names.insert(name.clone()) {
            true => job_targets(job.value, &common),
            false => Err("there is another job of this name: give it one of its own"
                .to_owned()
                .into()),
        };
        let read = read.map_err(|problem| ScrapeConfigError::Invalid {
            line: problem.line.unwrap_or(line),
            place: format!("job `{name}`{}", problem.part),
            reason: problem.reason,
        });
        all.append(&mut read?);
    }
    Ok(all)
}

fn job_targets(mut job: Job, common: &Common<'_>) -> Result<Vec<(Target, ScrapeOptions)>, Problem> {
    if job.job_name.is_empty() {
        return Err("it needs a job_name".to_owned().into());
    }
    if job.follow_redirects == Some(true) {
        let reason = "redirects are never followed: leave follow_redirects out, or say false";
        return Err(reason.to_owned().into());
    }
    let relabeling = rules(std::mem::take(&mut job.relabel_configs), "relabel_configs")?;
    let options = options(&mut job, common)?;
    let mut all: Vec<(Target, ScrapeOptions)> = Vec::new();
    for group in &job.static_configs {
        for address in &group.targets {
            let found = target(&job, (group, address), &relabeling, &options);
            let found = found.map_err(|reason| Problem {
                line: None,
                part: format!(", target `{address}`"),
                reason,
            })?;
            // The same target twice is one.
            all.extend(found.filter(|(target, _)| all.iter().all(|(known, _)| known != target)));
        }
    }
    match limit(job.target_limit) {
        Some(most) if all.len() > most => {
            let got = all.len();
            Err(format!("{got} targets, and target_limit is {most}").into())
        }
        _ => Ok(all),
    }
}

fn rules(rules: Vec<Spanned<Relabel>>, part: &str) -> Result<Relabeling, Problem> {
    let mut configs = Vec::new();
    for (number, rule) in (1..).zip(rules) {
        let line = rule.referenced.line();
        let config = rule.value.config().and_then(|config| {
            Relabeling::new([config.clone()])?;
            Ok(config)
        });
        configs.push(config.map_err(|error| Problem {
            line: Some(line),
            part: format!(", rule {number} of {part}"),
            reason: error.to_string(),
        })?);
    }
    Relabeling::new(configs).map_err(|error| error.to_string().into())
}

fn options(job: &mut Job, common: &Common<'_>) -> Result<ScrapeOptions, Problem> {
    let default = ScrapeOptions::default();
    let interval = job.scrape_interval.map_or(common.interval, |span| span.0);
    let timeout = match job.scrape_timeout {
        Some(span) => span.0,
        None => common.timeout.min(interval),
    };
    let metric_rules = std::mem::take(&mut job.metric_relabel_configs);
    Ok(ScrapeOptions {
        interval,
        timeout,
        max_body_bytes: match &job.body_size_limit {
            Some(size) if size.0 > 0 => size.0,
            _ => default.max_body_bytes,
        },
        max_samples: limit(job.sample_limit).unwrap_or(default.max_samples),
        label_limits: LabelLimits {
            labels: limit(job.label_limit),
            name_bytes: limit(job.label_name_length_limit),
            value_bytes: limit(job.label_value_length_limit),
        },
        honor_labels: job.honor_labels,
        honor_timestamps: job.honor_timestamps.unwrap_or(true),
        metric_relabeling: rules(metric_rules, "metric_relabel_configs")?,
        client: access::client(job, common.folder, common.client)?,
        ..default
    })
}

/// 0 is no limit.
fn limit(number: usize) -> Option<usize> {
    Some(number).filter(|number| *number > 0)
}

/// A target as its labels describe it before and after relabelling; none when it is dropped.
fn target(
    job: &Job,
    (group, address): (&Static, &str),
    relabeling: &Relabeling,
    options: &ScrapeOptions,
) -> Result<Option<(Target, ScrapeOptions)>, String> {
    if let Some(name) = group.labels.keys().find(|name| !is_label_name(name)) {
        return Err(format!("`{name}` is no name of a label"));
    }
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let defaults = [
        ("job", job.job_name.clone()),
        ("__scrape_interval__", format_duration(options.interval)),
        ("__scrape_timeout__", format_duration(options.timeout)),
        (
            "__metrics_path__",
            job.metrics_path
                .clone()
                .unwrap_or_else(|| "/metrics".to_owned()),
        ),
        (
            "__scheme__",
            job.scheme.clone().unwrap_or_else(|| "http".to_owned()),
        ),
    ];
    labels.extend(defaults.map(|(name, value)| (name.to_owned(), value)));
    for (name, values) in &job.params {
        if let Some(first) = values.first() {
            labels.insert(format!("__param_{name}"), first.clone());
        }
    }
    let own = group.labels.iter().filter(|(_, value)| !value.is_empty());
    labels.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    labels.insert("__address__".to_owned(), address.to_owned());
    let Some(labels) = relabeling.apply(Labels::from_pairs(labels)) else {
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
        &job.params,
        &params,
    );
    check_url(&url).map_err(|error| error.to_string())?;
    access::check_scheme(scheme, &options.client)?;
    let span = |name: &str| parse_duration(get(name)).map_err(|error| format!("`{name}`: {error}"));
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
