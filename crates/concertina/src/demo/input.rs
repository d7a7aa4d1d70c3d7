//! What the user gives: rules, autoscaler, load. Everything is read and checked before anything
//! starts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_autoscaler::manifest;
use concertina_mapping::explain::{self, Question};
use concertina_mapping::lint::{Finding, FindingKind, RuleList};
use concertina_mapping::{ResourceTable, lint};
use concertina_model::{GroupResource, yaml};
use concertina_replicas::Policy;
use concertina_replicas::api::MetricSpec;
use concertina_rules::{Rule, RuleFile, compile};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

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
        let (hpa_path, hpa_text, hpa) = hpa(args.hpa.as_deref())?;
        let blame = |metric: usize, message: String| {
            bad_at(&hpa_path, HpaPlaces::of(&hpa_text).name(metric), message)
        };
        let (rules, refused) = rules(args.rules.as_deref(), &hpa, &blame)?;
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
/// not by whoever asks for its metric; so is a metric of the autoscaler that no rule gives, which
/// `blame` tells of by its place in the list.
fn rules(
    path: Option<&Path>,
    hpa: &Policy,
    blame: &dyn Fn(usize, String) -> DemoError,
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
    for (index, wanted) in hpa.spec.metrics.iter().enumerate() {
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
        return Err(blame(index, why));
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

fn hpa(path: Option<&Path>) -> Result<(PathBuf, String, Policy), DemoError> {
    let (path, text) = text(path, HPA)?;
    let policy = manifest::parse(&text).map_err(|error| match error {
        manifest::ManifestError::Unreadable { .. } => {
            bad_at(&path, HpaPlaces::of(&text).other_type(), error)
        }
        error => bad(&path, error),
    })?;
    Ok((path, text, policy))
}

fn load(path: Option<&Path>) -> Result<LoadFile, DemoError> {
    let (path, text) = text(path, LOAD)?;
    let file: LoadFile = yaml::read(&text).map_err(|error| bad(&path, error))?;
    let places = LoadPlaces::of(&text);
    if file.phases.is_empty() {
        let message = "phases: at least one is needed";
        return Err(bad_at(&path, place(places.phases.as_ref()), message));
    }
    let cost = file.gpu_millis_per_request;
    if !(1..=60_000).contains(&cost) {
        let message = format!("gpuMillisPerRequest: must be from 1 to 60000, and is {cost}");
        let at = place(places.gpu_millis_per_request.as_ref());
        return Err(bad_at(&path, at, message));
    }
    let all = places.phases.map(|all| all.value).unwrap_or_default();
    for (index, phase) in file.phases.iter().enumerate() {
        let at = all.get(index);
        let rate = phase.requests_per_second;
        if !(0.0..=1000.0).contains(&rate) {
            let message = format!(
                "phase `{}`: requestsPerSecond must be from 0 to 1000, and is {rate}",
                phase.name
            );
            let at = place(at.and_then(|at| at.requests_per_second.as_ref()));
            return Err(bad_at(&path, at, message));
        }
        if phase.duration == Duration::ZERO || phase.duration > Duration::from_secs(86_400) {
            let message = format!(
                "phase `{}`: duration must be longer than 0s and at most 1d",
                phase.name
            );
            let at = place(at.and_then(|at| at.duration.as_ref()));
            return Err(bad_at(&path, at, message));
        }
    }
    Ok(file)
}

/// Line and column of a value, from 1.
type Place = Option<(u64, u64)>;

fn place<T>(value: Option<&Spanned<T>>) -> Place {
    let at = value?.referenced;
    (at.line() > 0).then(|| (at.line(), at.column()))
}

fn bad_at(path: &Path, at: Place, message: impl ToString) -> DemoError {
    match at {
        Some((line, column)) => bad(
            path,
            format!("line {line}, column {column}: {}", message.to_string()),
        ),
        None => bad(path, message),
    }
}

/// Where the values of a load file stand, for one that has been read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoadPlaces {
    gpu_millis_per_request: Option<Spanned<IgnoredAny>>,
    phases: Option<Spanned<Vec<PhasePlaces>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhasePlaces {
    duration: Option<Spanned<IgnoredAny>>,
    requests_per_second: Option<Spanned<f64>>,
}

impl LoadPlaces {
    fn of(text: &str) -> Self {
        yaml::read(text).unwrap_or_default()
    }
}

/// Where the metrics of an autoscaler's manifest stand, in any version of the API.
#[derive(Default, Deserialize)]
struct HpaPlaces {
    #[serde(default)]
    spec: SpecPlaces,
}

#[derive(Default, Deserialize)]
struct SpecPlaces {
    #[serde(default)]
    metrics: Vec<MetricPlaces>,
}

#[derive(Deserialize)]
struct MetricPlaces {
    #[serde(rename = "type")]
    kind: Option<Spanned<String>>,
    pods: Option<PodsPlaces>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodsPlaces {
    metric: Option<NamePlace>,
    /// In v2beta1.
    metric_name: Option<Spanned<IgnoredAny>>,
}

#[derive(Deserialize)]
struct NamePlace {
    name: Option<Spanned<IgnoredAny>>,
}

impl HpaPlaces {
    fn of(text: &str) -> Self {
        yaml::read(text).unwrap_or_default()
    }

    /// The name of a metric of pods.
    fn name(&self, metric: usize) -> Place {
        let pods = self.spec.metrics.get(metric)?.pods.as_ref()?;
        let name = pods.metric.as_ref().and_then(|metric| metric.name.as_ref());
        place(name.or(pods.metric_name.as_ref()))
    }

    /// The first type that is not `Pods`.
    fn other_type(&self) -> Place {
        let mut kinds = self.spec.metrics.iter().map(|metric| metric.kind.as_ref());
        place(kinds.find(|kind| kind.is_some_and(|kind| kind.value != "Pods"))?)
    }
}
