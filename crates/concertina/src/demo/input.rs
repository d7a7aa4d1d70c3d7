//! What the user gives: rules, autoscaler, load. Everything is read and checked before anything
//! starts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_autoscaler::{manifest, yaml};
use concertina_mapping::explain::{self, Question};
use concertina_mapping::lint::{Finding, FindingKind, RuleList};
use concertina_mapping::{ResourceTable, lint};
use concertina_model::GroupResource;
use concertina_replicas::Policy;
use concertina_replicas::api::MetricSpec;
use concertina_rules::{Rule, RuleFile, compile};

use super::sim::LoadFile;
use super::{DemoArgs, DemoError};
use crate::files;

/// What the walkthrough's autoscaler reads.
const UTILIZATION: &str = "DCGM_CUSTOM_PROCESS_SM_UTIL";

const RULES: &str = include_str!("../../../../examples/bert-intent-detection/rules.yaml");
const HPA: &str = include_str!("../../../../examples/bert-intent-detection/hpa.yaml");
const LOAD: &str = include_str!("../../../../examples/bert-intent-detection/load.yaml");

/// The user's files, or the walkthrough's.
#[derive(Debug)]
pub(super) struct Input {
    /// The rules that compile.
    pub(super) rules: Vec<Arc<Rule>>,
    /// Why others do not.
    pub(super) refused: Vec<String>,
    /// The autoscaler to follow.
    pub(super) hpa: Policy,
    /// What the load generator does.
    pub(super) load: LoadFile,
    /// All of it is the walkthrough's own.
    pub(super) built_in: bool,
    /// The values that the autoscaler reads are the hardware's own, in percent: its rules and its
    /// metric are the walkthrough's.
    pub(super) reads_the_hardware: bool,
}

impl Input {
    pub(super) fn read(args: &DemoArgs) -> Result<Self, DemoError> {
        if !(args.speed >= 0.1 && args.speed <= 100.0) {
            return Err(DemoError::BadOption {
                option: "speed",
                value: args.speed.to_string(),
                reason: "give a number from 0.1 to 100".to_owned(),
            });
        }
        let (hpa_path, hpa) = hpa(args.hpa.as_deref())?;
        let (rules, refused) = rules(args.rules.as_deref(), &hpa_path, &hpa)?;
        let own_metric = |metric: &MetricSpec| metric.name() == UTILIZATION;
        Ok(Self {
            rules,
            refused,
            load: load(args.load.as_deref())?,
            built_in: args.rules.is_none() && args.hpa.is_none() && args.load.is_none(),
            reads_the_hardware: args.rules.is_none() && hpa.spec.metrics.iter().all(own_metric),
            hpa,
        })
    }
}

/// A file's text and name, or the built-in ones.
fn text(path: Option<&Path>, built_in: &str) -> Result<(PathBuf, String), DemoError> {
    let Some(path) = path else {
        return Ok((PathBuf::from("built-in"), built_in.to_owned()));
    };
    Ok((path.to_owned(), files::read_text(path)?))
}

fn bad(path: &Path, message: impl ToString) -> DemoError {
    DemoError::BadFile {
        path: path.to_owned(),
        message: message.to_string(),
    }
}

/// The rules that can be used, and why others cannot. A rule that is no PromQL is found here, and
/// not by whoever asks for its metric; so is a metric of the autoscaler that no rule gives.
fn rules(
    path: Option<&Path>,
    hpa_path: &Path,
    hpa: &Policy,
) -> Result<(Vec<Arc<Rule>>, Vec<String>), DemoError> {
    let (path, text) = text(path, RULES)?;
    let mut file = RuleFile::parse(&text).map_err(|error| bad(&path, error))?;
    if file.rules.is_empty() {
        return Err(bad(
            &path,
            "there is no rule in it; custom metrics come from `rules:`",
        ));
    }
    let known = ResourceTable::builtin();
    let report = lint::check(&text, &known);
    let mut refused = Vec::new();
    let mut bad_rules = BTreeSet::new();
    for finding in report.findings.iter().filter(|finding| unusable(finding)) {
        if let Some(place) = finding.rule {
            bad_rules.insert(place.number);
            refused.push(format!(
                "{}:{}:{}: {place}: {}",
                path.display(),
                finding.line,
                finding.column,
                finding.message
            ));
        }
    }
    let mut good = Vec::new();
    for (number, rule) in (1..).zip(compile(&file.rules)) {
        match rule {
            Ok(rule) if !bad_rules.contains(&number) => good.push(Arc::new(rule)),
            Ok(_) => {}
            Err(_) if bad_rules.contains(&number) => {}
            Err(error) => refused.push(error.to_string()),
        }
    }
    if good.is_empty() {
        return Err(DemoError::BadRules(refused.join("\n")));
    }
    let mut number = 0;
    file.rules.retain(|_| {
        number += 1;
        !bad_rules.contains(&number)
    });
    for wanted in &hpa.spec.metrics {
        let question = Question {
            metric: wanted.name().to_owned(),
            resource: Some(GroupResource::core("pods")),
            ..Question::default()
        };
        let told = explain::metric(&file, None, &known, &question);
        if told.is_there() {
            continue;
        }
        if !refused.is_empty() {
            return Err(DemoError::BadRules(refused.join("\n")));
        }
        let help = told.help.unwrap_or_default();
        let why = format!(
            "{}, of the rules in {}. {help}",
            told.summary,
            path.display()
        );
        return Err(bad(hpa_path, why));
    }
    Ok((good, refused))
}

/// What makes a rule one that no request can be answered by.
fn unusable(finding: &Finding) -> bool {
    matches!(
        finding.kind,
        FindingKind::QueryTemplate
            | FindingKind::Pattern
            | FindingKind::LabelTemplate
            | FindingKind::RenderFails
            | FindingKind::InvalidPromql
            | FindingKind::SeriesQuery
            | FindingKind::NotAVector
    ) && finding
        .rule
        .is_some_and(|place| place.list == RuleList::Rules)
}

fn hpa(path: Option<&Path>) -> Result<(PathBuf, Policy), DemoError> {
    let (path, text) = text(path, HPA)?;
    let policy = manifest::parse(&text).map_err(|error| bad(&path, error))?;
    Ok((path, policy))
}

fn load(path: Option<&Path>) -> Result<LoadFile, DemoError> {
    let (path, text) = text(path, LOAD)?;
    let file: LoadFile = yaml::read(&text).map_err(|error| bad(&path, error))?;
    if file.phases.is_empty() {
        return Err(bad(&path, "phases: at least one is needed"));
    }
    let cost = file.gpu_millis_per_request;
    if !(1..=60_000).contains(&cost) {
        let message = format!("gpuMillisPerRequest: must be from 1 to 60000, and is {cost}");
        return Err(bad(&path, message));
    }
    for phase in &file.phases {
        let rate = phase.requests_per_second;
        let known = (0.0..=1000.0).contains(&rate) && phase.duration > Duration::ZERO;
        if !known || phase.duration > Duration::from_secs(86_400) {
            let message = format!(
                "phase `{}`: requestsPerSecond goes from 0 to 1000, duration up to 1d",
                phase.name
            );
            return Err(bad(&path, message));
        }
    }
    Ok(file)
}
