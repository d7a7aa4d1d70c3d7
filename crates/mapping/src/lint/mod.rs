//! The lint of rule files: numbered findings, each with an explanation and a fix.
//!
//! [`check`] judges a file by itself: each rule is filled with an example request, and the query
//! that comes out is read as PromQL. [`check_with_series`] also looks at the series that a
//! Prometheus has. What is said is meant to be true: a rule without a finding works as far as can
//! be told, and a finding is not a matter of taste.
//!
//! ```
//! use concertina_mapping::{ResourceTable, lint};
//!
//! let report = lint::check(
//!     "- seriesQuery: DCGM_FI_DEV_GPU_UTIL
//!   resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
//!   metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>})",
//!     &ResourceTable::builtin(),
//! );
//! let finding = &report.findings[0];
//! assert_eq!((finding.kind.code(), finding.line), ("C020", 3));
//! assert_eq!(finding.kind.title(), "the query loses the label that names the objects");
//! assert_eq!(finding.help, "Aggregate with `by (<<.GroupBy>>)`.");
//! ```

mod finding;
mod kind;
mod live;
mod mapping;
mod overlap;
mod place;
mod query;
mod resource;
mod rule;
mod shape;
mod units;

use std::collections::{BTreeMap, BTreeSet};

use concertina_model::Labels;
use concertina_rules::{DiscoveryRule, RuleFile, RuleProblem, compile};
use serde::Serialize;

pub use finding::{Finding, Level, RuleList, RulePlace};
pub use kind::FindingKind;

use crate::Resources;
use place::Text;
use rule::Subject;

/// What a Prometheus answered to each series query: the series, or why it refused.
pub type SeriesByQuery = BTreeMap<String, Result<Vec<Labels>, String>>;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// In which form the file is written; None when it cannot be read.
    pub form: Option<String>,
    /// How many `rules` the file has.
    pub rules: usize,
    /// How many `externalRules`.
    pub external_rules: usize,
    /// Whether it has `resourceRules`.
    pub resource_rules: bool,
    /// What is wrong, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Of a file that cannot be opened, or is no text.
    #[must_use]
    pub fn unreadable(why: impl Into<String>) -> Self {
        let finding = Finding::new(FindingKind::Unreadable, why.into());
        Self {
            findings: vec![finding.help("Name a rule file that can be read.")],
            ..Self::default()
        }
    }

    /// How many findings there are of a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let of = |finding: &&Finding| finding.level == level;
        self.findings.iter().filter(of).count()
    }
}

/// Checks a rule file by itself.
#[must_use]
pub fn check(text: &str, known: &dyn Resources) -> Report {
    run(text, known, None)
}

/// Checks a rule file, and against what a Prometheus holds: `series` answers the queries that
/// [`series_queries`] names.
#[must_use]
pub fn check_with_series(text: &str, known: &dyn Resources, series: &SeriesByQuery) -> Report {
    run(text, known, Some(series))
}

/// The series queries of a file's rules; none when the file cannot be read.
#[must_use]
pub fn series_queries(text: &str) -> BTreeSet<String> {
    let file = RuleFile::parse(text).unwrap_or_default();
    let rules = file.rules.iter().chain(&file.external_rules);
    rules.map(|rule| rule.series_query.clone()).collect()
}

/// Whether samples of a query's result can have a label; true of what is no PromQL.
pub(crate) fn keeps_label(query: &str, label: &str) -> bool {
    concertina_promql::parse(query).map_or(true, |expr| shape::labels(&expr).has(label))
}

fn run(text: &str, known: &dyn Resources, series: Option<&SeriesByQuery>) -> Report {
    let file = match RuleFile::parse(text) {
        Ok(file) => file,
        Err(error) => {
            // The words of `ConfigError` for every key that does not belong where it is.
            let key = error.message().contains("key \"");
            let kind = if key {
                FindingKind::UnknownKey
            } else {
                FindingKind::Unreadable
            };
            let mut finding = Finding::new(kind, error.message());
            if let Some(hint) = error.hint() {
                finding = finding.help(hint);
            }
            finding.line = error.line();
            finding.column = error.column();
            return Report {
                findings: vec![finding],
                ..Report::default()
            };
        }
    };
    let mut report = Report {
        form: Some(file.form.to_string()),
        rules: file.rules.len(),
        external_rules: file.external_rules.len(),
        resource_rules: file.resource_rules.is_some(),
        findings: Vec::new(),
    };
    if report.rules + report.external_rules == 0 && !report.resource_rules {
        let finding = Finding::new(FindingKind::NoRules, "the file has no rule");
        report.findings.push(finding);
        return report;
    }
    let text = Text(text);
    let mut lines: Vec<u32> = file
        .rules
        .iter()
        .chain(&file.external_rules)
        .map(|rule| rule.line)
        .collect();
    lines.sort_unstable();
    let end = |from: u32| lines.iter().find(|line| **line > from).copied();
    let mut lists = Lists {
        known,
        series,
        place: &|rule: &DiscoveryRule, key: &str| match rule.line {
            0 => text.asks_for_defaults(),
            line => text.key(key, line, end(line).unwrap_or(u32::MAX)),
        },
        findings: Vec::new(),
    };
    lists.check(&file.rules, RuleList::Rules);
    lists.check(&file.external_rules, RuleList::ExternalRules);
    report.findings = lists.findings;
    if let Some(rules) = &file.resource_rules {
        let from = text.key("resourceRules", 1, u32::MAX).0;
        for (key, mut finding) in resource::findings(rules, known) {
            (finding.line, finding.column) = resource::place(text, from, &key);
            report.findings.push(finding);
        }
    }
    report
        .findings
        .sort_by_key(|finding| (finding.line, finding.column, finding.kind));
    report
}

struct Lists<'a> {
    known: &'a dyn Resources,
    series: Option<&'a SeriesByQuery>,
    place: &'a dyn Fn(&DiscoveryRule, &str) -> (u32, u32),
    findings: Vec<Finding>,
}

impl Lists<'_> {
    fn check(&mut self, rules: &[DiscoveryRule], list: RuleList) {
        let mut subjects = Vec::new();
        for (index, (written, compiled)) in rules.iter().zip(compile(rules)).enumerate() {
            let place = RulePlace {
                list,
                number: index + 1,
            };
            match compiled {
                Ok(rule) => subjects.push(Subject::new(place, written, rule, self.known)),
                Err(error) => {
                    let (kind, key) = problem(&error.problem);
                    let finding = Finding::new(kind, error.problem.to_string());
                    self.add(place, written, key, finding);
                }
            }
        }
        for subject in &subjects {
            for (key, finding) in subject.findings(self.known) {
                self.add(subject.place, subject.written, key, finding);
            }
            let Some(series) = self.series else { continue };
            for (key, finding) in live::findings(subject, series, self.known) {
                self.add(subject.place, subject.written, key, finding);
            }
        }
        for (subject, finding) in overlap::findings(&subjects, self.series) {
            self.add(subject.place, subject.written, "name", finding);
        }
    }

    fn add(&mut self, place: RulePlace, rule: &DiscoveryRule, key: &str, mut finding: Finding) {
        finding.rule = Some(place);
        (finding.line, finding.column) = (self.place)(rule, key);
        if rule.line == 0 {
            finding.help =
                "`default: false` below `rules` leaves the chart's rules out.".to_owned();
        }
        // With and without series some things are found twice, and of the chart's own rules once
        // is enough.
        let same = |other: &Finding| {
            *other == finding
                || rule.line == 0 && other.line == finding.line && other.message == finding.message
        };
        if !self.findings.iter().any(same) {
            self.findings.push(finding);
        }
    }
}

fn problem(problem: &RuleProblem) -> (FindingKind, &'static str) {
    match problem {
        RuleProblem::MetricsQuery(_) => (FindingKind::QueryTemplate, "metricsQuery"),
        RuleProblem::FilterFields { .. } | RuleProblem::FilterPattern { .. } => {
            (FindingKind::Pattern, "seriesFilters")
        }
        RuleProblem::LabelTemplate(_) => (FindingKind::LabelTemplate, "resources"),
        _ => (FindingKind::Pattern, "name"),
    }
}
