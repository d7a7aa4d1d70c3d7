//! Why a metric is there or not: the way from the rule file to a value, step by step.
//!
//! [`metric`] follows one metric through every rule: whether the rule compiles, which series it
//! finds, under which names it exposes them, which resources their labels name, how a request is
//! asked as PromQL, and, when the answer is handed in, what came back. For a metric that is not
//! there it tells the first step at which it fell out. [`overview`] lists what each rule gives.
//!
//! Without a Prometheus each rule is taken to find a series that has every label it maps.
//!
//! ```
//! use concertina_mapping::ResourceTable;
//! use concertina_mapping::explain::{Question, Step, metric};
//! use concertina_rules::RuleFile;
//!
//! let file = RuleFile::parse(
//!     "- seriesQuery: DCGM_FI_DEV_GPU_UTIL
//!   resources: {overrides: {NodeName: {resource: node}}}
//!   metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
//! ).unwrap();
//! let question = Question::parse("pods/DCGM_FI_DEV_GPU_UTIL").unwrap();
//! let told = metric(&file, None, &ResourceTable::builtin(), &question);
//! assert!(!told.is_there());
//! assert_eq!(told.lost_at(), Some(Step::Labels));
//! assert_eq!(
//!     told.summary,
//!     "pods/DCGM_FI_DEV_GPU_UTIL is not there: it falls out of rule 1 (line 1) at the step `labels`",
//! );
//! ```

mod answer;
mod missing;
mod overview;
mod question;
mod series;
mod text;
mod trace;
mod usage;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use concertina_model::Timestamp;
use concertina_rules::{DiscoveryRule, RuleFile, compile};
use serde::Serialize;

pub use overview::{Offered, Overview, RuleOverview, overview};
pub use question::{Question, QuestionError};
pub use usage::{UsageExplanation, UsageQuery, UsageQuestion, usage_of};

use crate::lint::{RuleList, RulePlace, SeriesByQuery, keeps_label};
use crate::names::name_exposed_as;
use crate::{
    Catalogue, ExternalCatalogue, ExternalPlan, ExternalRequest, ListedSeries, Listing,
    MetricRequest, Plan, Resources,
};
use series::{Series, by_name};
use trace::Rules;

/// A step on the way of a metric, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The rule compiles; told only when it does not.
    Rule,
    /// The name: the rule exposes a series under it.
    Name,
    /// Prometheus has such series.
    Series,
    /// A label of the series names the resource.
    Labels,
    /// A label names the namespace, for what lives in one.
    Namespace,
    /// No later rule replaces it.
    Place,
    /// The request becomes PromQL.
    Query,
    /// Prometheus answers it.
    Answer,
    /// The answer has a value for the object.
    Value,
}

impl Step {
    /// Its name in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Name => "name",
            Self::Series => "series",
            Self::Labels => "labels",
            Self::Namespace => "namespace",
            Self::Place => "place",
            Self::Query => "query",
            Self::Answer => "answer",
            Self::Value => "value",
        }
    }
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Which step.
    pub step: Step,
    /// Whether the metric came through.
    pub passed: bool,
    /// What was found.
    pub found: String,
    /// What to do, where the metric fell out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The way through one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Which rule.
    pub rule: RulePlace,
    /// The line on which it begins.
    pub line: u32,
    /// The steps, up to the one at which the metric fell out.
    pub steps: Vec<Taken>,
}

impl Trace {
    /// The step at which the metric fell out.
    #[must_use]
    pub fn lost_at(&self) -> Option<Step> {
        let last = self.steps.last()?;
        (!last.passed).then_some(last.step)
    }

    fn title(&self) -> String {
        title(self.rule, self.line)
    }
}

/// A rule and its place; the default rules of the Helm chart stand in no file.
fn title(rule: RulePlace, line: u32) -> String {
    match line {
        0 => format!("{rule} of the chart"),
        line => format!("{rule} (line {line})"),
    }
}

/// What is to be told of a metric.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// `pods/METRIC`.
    pub subject: String,
    /// The whole story in a sentence.
    pub summary: String,
    /// The way through the rules that it concerns, the one that serves it or nearly does first.
    pub traces: Vec<Trace>,
    /// The request as PromQL, when the metric is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// What came back for each object, or for each series of an external metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Found>,
    /// What to do when no rule is about such a metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether nobody was asked for the series: this tells what would be.
    pub offline: bool,
    #[serde(skip)]
    asked: Option<Asked>,
}

/// What came back for one object, or for one series of an external metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The object's name, or the series' labels.
    pub of: String,
    /// Its value, as the API gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A request that was made for the explanation.
#[derive(Clone, Debug)]
enum Asked {
    Custom { plan: Plan, about: About },
    External(ExternalPlan),
}

/// The objects that a request is about.
#[derive(Clone, Debug)]
struct About {
    namespace: Option<String>,
    objects: Vec<String>,
    /// Those that the series name.
    there: Vec<String>,
}

impl Explanation {
    /// Whether the metric is served and, as far as an answer was handed in, has a value.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.query.is_some() && self.lost_at().is_none()
    }

    /// The first step at which the metric fell out of the rule that it came furthest in.
    #[must_use]
    pub fn lost_at(&self) -> Option<Step> {
        self.traces.first()?.lost_at()
    }

    fn summarize(&mut self) {
        let subject = &self.subject;
        self.summary = match self.traces.first() {
            None => format!("{subject} is not there: no rule is about a metric of this name"),
            Some(trace) => match trace.lost_at() {
                None if self.offline => format!(
                    "{subject} is served by {} when its series are there",
                    trace.title()
                ),
                None => format!("{subject} is served by {}", trace.title()),
                Some(step @ (Step::Query | Step::Answer | Step::Value)) => format!(
                    "{subject} is served by {}, and has no value: see the step `{}`",
                    trace.title(),
                    step.name()
                ),
                Some(step) => format!(
                    "{subject} is not there: it falls out of {} at the step `{}`",
                    trace.title(),
                    step.name()
                ),
            },
        };
    }
}

/// Follows a metric through the rules of a file. With `series`, what a Prometheus answers to the
/// series queries, it tells what is; without, what would be.
#[must_use]
pub fn metric(
    file: &RuleFile,
    series: Option<&SeriesByQuery>,
    known: &dyn Resources,
    question: &Question,
) -> Explanation {
    let rules = Rules::new(file, question, series, known);
    let mut traces = rules.traces();
    // The one that serves it, else the one it came furthest in; later rules replace earlier ones.
    traces.sort_by_key(|(closeness, trace)| {
        let end = trace.lost_at();
        Reverse((end.is_none(), end, *closeness))
    });
    let traces: Vec<Trace> = traces.into_iter().map(|(_, trace)| trace).collect();
    let help = traces.is_empty().then(|| {
        let unasked = || overview(file, series, known).nothing_concerns(question);
        rules.found_by_name().unwrap_or_else(unasked)
    });
    let mut explanation = Explanation {
        subject: question.subject(),
        summary: String::new(),
        traces,
        query: None,
        values: Vec::new(),
        help,
        offline: series.is_none(),
        asked: None,
    };
    let served = explanation.traces.first();
    if served.is_some_and(|trace| trace.lost_at().is_none()) {
        let taken = match rules.ask() {
            Ok(asked) => {
                let query = asked.query().to_owned();
                explanation.query = Some(query.clone());
                explanation.asked = Some(asked);
                Taken {
                    step: Step::Query,
                    passed: true,
                    found: query,
                    help: None,
                }
            }
            Err(error) => Taken {
                step: Step::Query,
                passed: false,
                found: error,
                help: Some("`concertina check` tells more about the rule.".to_owned()),
            },
        };
        if let Some(trace) = explanation.traces.first_mut() {
            trace.steps.push(taken);
            // With a Prometheus, its answer tells.
            let lost = match &explanation.asked {
                Some(asked) if series.is_none() => asked.lost_label(),
                _ => None,
            };
            trace.steps.extend(lost.map(|label| Taken {
                step: Step::Value,
                passed: false,
                found: format!(
                    "the query drops the label `{label}`: no sample can be told to be an object's"
                ),
                help: Some("Aggregate with `by (<<.GroupBy>>)` in `metricsQuery`.".to_owned()),
            }));
        }
    }
    explanation.summarize();
    explanation
}

impl Asked {
    /// The label that tells objects apart, when no sample of the query's result can have it.
    fn lost_label(&self) -> Option<&str> {
        match self {
            Self::Custom { plan, .. } => {
                (!keeps_label(plan.query(), plan.label())).then(|| plan.label())
            }
            Self::External(_) => None,
        }
    }

    fn query(&self) -> &str {
        match self {
            Self::Custom { plan, .. } => plan.query(),
            Self::External(plan) => plan.query(),
        }
    }
}

/// The catalogues that serving would make of `series`.
fn catalogues(
    file: &RuleFile,
    series: &[(RuleList, Vec<Option<Series>>)],
    known: &dyn Resources,
) -> (Catalogue, ExternalCatalogue) {
    let rules = |rules| compile(rules).into_iter().flatten().map(Arc::new);
    let listing = |list: RuleList, index: usize| -> Listing {
        let of_list = series.iter().find(|(of, _)| *of == list);
        let found = of_list.and_then(|(_, all)| all.get(index)?.as_ref());
        match found {
            Some(Series {
                listed: Ok(listed), ..
            }) => Ok(listed.iter().map(ListedSeries::from).collect()),
            Some(Series {
                listed: Err(error), ..
            }) => Err(error.clone()),
            None => Ok(Arc::from([])),
        }
    };
    let now = Timestamp::EPOCH;
    let custom = Catalogue::new(rules(&file.rules)).relist(
        |rule| listing(RuleList::Rules, rule.index()),
        known,
        now,
    );
    let external = ExternalCatalogue::new(rules(&file.external_rules)).relist(
        |rule| listing(RuleList::ExternalRules, rule.index()),
        known,
        now,
    );
    (custom, external)
}

/// What to ask a Prometheus for before [`metric`] can tell what is: the series of every rule, and
/// those that have the name, whatever their labels.
#[must_use]
pub fn series_queries(file: &RuleFile, question: &Question) -> BTreeSet<String> {
    let rules = file.rules.iter().chain(&file.external_rules);
    let mut queries: BTreeSet<String> = rules.map(|rule| rule.series_query.clone()).collect();
    let (_, of_list) = list(file, question);
    let names = of_list.iter().zip(compile(of_list));
    let names = names
        .filter_map(|(written, rule)| name_exposed_as(&rule.ok()?, written, &question.metric))
        .chain([question.metric.clone()]);
    queries.extend(names.filter_map(|name| by_name(&name)));
    queries
}

/// The rules that a question is about.
fn list<'a>(file: &'a RuleFile, question: &Question) -> (RuleList, &'a [DiscoveryRule]) {
    match question.resource {
        Some(_) => (RuleList::Rules, &file.rules),
        None => (RuleList::ExternalRules, &file.external_rules),
    }
}

/// Makes the request of `question` to a catalogue.
fn ask(
    catalogues: &(Catalogue, ExternalCatalogue),
    question: &Question,
    about: About,
    known: &dyn Resources,
) -> Result<Asked, String> {
    let namespace = about.namespace.as_deref();
    let Some(resource) = &question.resource else {
        let request = ExternalRequest {
            namespace,
            metric: &question.metric,
            selector: &question.selector,
        };
        let plan = catalogues.1.plan(&request, known);
        return plan.map(Asked::External).map_err(|error| error.to_string());
    };
    let request = MetricRequest {
        resource,
        namespace,
        names: &about.objects,
        metric: &question.metric,
        selector: &question.selector,
    };
    let plan = catalogues.0.plan(&request, known);
    let plan = plan.map_err(|error| error.to_string())?;
    Ok(Asked::Custom { plan, about })
}
