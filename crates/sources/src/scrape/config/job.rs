//! From jobs to targets.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use concertina_http::ClientOptions;
use serde_saphyr::Spanned;

use super::keys::{File, Job, Relabel};
use super::template::Template;
use super::{DiscoveringJob, Found, ScrapeConfig, ScrapeConfigError, access, discovery};
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
pub(super) struct Common<'a> {
    pub(super) folder: &'a Path,
    pub(super) client: &'a ClientOptions,
    interval: Duration,
    timeout: Duration,
}

pub(super) fn read(
    file: File,
    folder: &Path,
    client: &ClientOptions,
) -> Result<ScrapeConfig, ScrapeConfigError> {
    let interval = file.global.scrape_interval.map_or(INTERVAL, |span| span.0);
    let timeout = file.global.scrape_timeout.map(|span| span.0);
    let common = Common {
        folder,
        client,
        interval,
        timeout: timeout.unwrap_or(TIMEOUT.min(interval)),
    };
    let mut config = ScrapeConfig {
        targets: Vec::new(),
        ignored: file.ignored(),
        discovering: Vec::new(),
    };
    let mut names = BTreeSet::new();
    for job in file.scrape_configs {
        let line = job.referenced.line();
        let name = job.value.job_name.clone();
        let read = match names.insert(name.clone()) {
            true => read_job(job.value, &common, &mut config),
            false => Err("there is another job of this name: give it one of its own"
                .to_owned()
                .into()),
        };
        read.map_err(|problem| ScrapeConfigError::Invalid {
            line: problem.line.unwrap_or(line),
            place: format!("job `{name}`{}", problem.part),
            reason: problem.reason,
        })?;
    }
    Ok(config)
}

fn read_job(mut job: Job, common: &Common<'_>, config: &mut ScrapeConfig) -> Result<(), Problem> {
    if job.job_name.is_empty() {
        return Err("it needs a job_name".to_owned().into());
    }
    if job.follow_redirects == Some(true) {
        let reason = "redirects are never followed: leave follow_redirects out, or say false";
        return Err(reason.to_owned().into());
    }
    let relabeling = rules(std::mem::take(&mut job.relabel_configs), "relabel_configs")?;
    let options = options(&mut job, common)?;
    let template = Template {
        job_name: job.job_name,
        metrics_path: job.metrics_path,
        scheme: job.scheme,
        params: job.params,
        relabeling,
        options,
        target_limit: limit(job.target_limit),
    };
    let mut all: Vec<(Target, ScrapeOptions)> = Vec::new();
    for group in &job.static_configs {
        for address in &group.targets {
            let mut own: Found = group.labels.clone();
            own.insert("__address__".to_owned(), address.clone());
            let wrong = group.labels.keys().find(|name| !is_label_name(name));
            let found = match wrong {
                Some(name) => Err(format!("`{name}` is no name of a label")),
                None => template.target(&own),
            };
            let found = found.map_err(|reason| Problem {
                line: None,
                part: format!(", target `{address}`"),
                reason,
            })?;
            // The same target twice is one.
            all.extend(found.filter(|(target, _)| all.iter().all(|(known, _)| known != target)));
        }
    }
    template.limited(all.len())?;
    config.targets.append(&mut all);
    let mut discoveries = Vec::new();
    for found in &job.kubernetes_sd_configs {
        let discovery = discovery::kubernetes(&found.value, common);
        discoveries.push(discovery.map_err(|reason| Problem {
            line: Some(found.referenced.line()),
            part: ", kubernetes_sd_configs".to_owned(),
            reason,
        })?);
    }
    if !discoveries.is_empty() {
        config.discovering.push(DiscoveringJob {
            template,
            discoveries,
        });
    }
    Ok(())
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
        client: access::client(&job.access(), common.folder, common.client)?,
        ..default
    })
}

/// 0 is no limit.
fn limit(number: usize) -> Option<usize> {
    Some(number).filter(|number| *number > 0)
}
