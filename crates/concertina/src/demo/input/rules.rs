//! The rule file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use concertina_mapping::explain::{self, Explanation, Question};
use concertina_mapping::lint::{Finding, FindingKind, RuleList, SeriesByQuery};
use concertina_mapping::{ResourceTable, lint};
use concertina_model::GroupResource;
use concertina_rules::{DiscoveryRule, Rule, RuleFile, compile};

use super::File;
use super::hpa::Hpa;
use crate::demo::DemoError;

/// A rule file of which some rule can be used.
#[derive(Debug)]
pub(in crate::demo) struct Rules {
    file: File,
    /// What it says.
    written: RuleFile,
    /// The rules that can be used.
    good: Vec<Arc<Rule>>,
    /// Why others cannot, by their number.
    refused: BTreeMap<usize, Vec<String>>,
}

impl Rules {
    /// A rule that is no PromQL is found here, and not by whoever asks for its metric.
    pub(super) fn read(file: File) -> Result<Self, DemoError> {
        let written = RuleFile::parse(&file.text).map_err(|error| file.bad(error))?;
        if written.rules.is_empty() {
            return Err(
                file.bad("there is no rule in it; custom metrics come from `rules:`".to_owned())
            );
        }
        let mut refused: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let report = lint::check(&file.text, &ResourceTable::builtin());
        for finding in report.findings.iter().filter(|finding| unusable(finding)) {
            if let Some(place) = finding.rule {
                let told = format!(
                    "{}:{}:{}: {place}: {}",
                    file.name().display(),
                    finding.line,
                    finding.column,
                    finding.message
                );
                refused.entry(place.number).or_default().push(told);
            }
        }
        let mut good = Vec::new();
        for (number, rule) in (1..).zip(compile(&written.rules)) {
            match rule {
                _ if refused.contains_key(&number) => {}
                Ok(rule) => good.push(Arc::new(rule)),
                Err(error) => {
                    let told = file.bad(error).to_string();
                    refused.insert(number, vec![told]);
                }
            }
        }
        Ok(Self {
            file,
            written,
            good,
            refused,
        })
    }

    /// The rules that can be used.
    pub(in crate::demo) fn good(&self) -> impl Iterator<Item = Arc<Rule>> {
        self.good.iter().cloned()
    }

    /// Why others cannot, a text for each mistake.
    pub(in crate::demo) fn refused(&self) -> impl Iterator<Item = &String> {
        self.refused.values().flatten()
    }

    /// Their series queries.
    pub(in crate::demo) fn series_queries(&self) -> BTreeSet<String> {
        let queries = self.good.iter().map(|rule| rule.series_query().to_owned());
        queries.collect()
    }

    /// Whether the rules give what the autoscaler goes by when their series are there. What only a
    /// rule that is refused could give is told of that rule.
    pub(super) fn give(&self, hpa: &Hpa) -> Result<(), DemoError> {
        let usable = self.usable();
        let mut guilty = BTreeSet::new();
        let mut missing = Vec::new();
        for (index, metric) in hpa.policy.spec.metrics.iter().enumerate() {
            let told = follow(&usable, None, metric.name());
            if told.is_there() {
                continue;
            }
            let all = follow(&self.written, None, metric.name());
            let concerned = all.traces.iter().map(|trace| trace.rule.number);
            let could: Vec<usize> = concerned
                .filter(|number| self.refused.contains_key(number))
                .collect();
            if could.is_empty() {
                missing.push(self.lacks(hpa, index, &told).to_string());
            }
            guilty.extend(could);
        }
        if missing.is_empty() && guilty.is_empty() && !self.good.is_empty() {
            return Ok(());
        }
        // What is missing is nobody else's fault: every mistake is told.
        let all = !missing.is_empty() || guilty.is_empty();
        for (number, told) in &self.refused {
            if all || guilty.contains(number) {
                missing.extend(told.iter().cloned());
            }
        }
        Err(DemoError::BadInput(missing.join("\n")))
    }

    /// The rules without those that are refused, under the same numbers.
    fn usable(&self) -> RuleFile {
        let mut usable = self.written.clone();
        for (number, rule) in (1..).zip(&mut usable.rules) {
            if self.refused.contains_key(&number) {
                *rule = DiscoveryRule::default();
            }
        }
        usable
    }

    /// A metric of the autoscaler is not there: told of whichever file is the user's.
    fn lacks(&self, hpa: &Hpa, index: usize, told: &Explanation) -> DemoError {
        let mut message = reason(told);
        match (&self.file.path, &hpa.file.path) {
            (None, _) => {
                message.push_str(" The rules are the built-in ones; --rules names others.")
            }
            (Some(rules), Some(_)) => {
                message.push_str(&format!(" The rules are those of {}.", rules.display()));
            }
            (Some(_), None) => {
                message.push_str(" The built-in autoscaler goes by it; --hpa names another.");
            }
        }
        if let Some(help) = &told.help {
            message.push_str(&format!(" {help}"));
        }
        match &hpa.file.path {
            Some(_) => hpa.bad_metric(index, message),
            None => self.file.bad(message),
        }
    }

    /// Why a metric is not there, given the series that are; with the place in the file when it is
    /// a rule's fault.
    pub(in crate::demo) fn lack_with(&self, metric: &str, series: &SeriesByQuery) -> DemoError {
        let told = follow(&self.usable(), Some(series), metric);
        let message = reason(&told);
        let Some(trace) = told.traces.first() else {
            return self.file.bad(message);
        };
        let known = ResourceTable::builtin();
        let report = lint::check_with_series(&self.file.text, &known, series);
        let of_rule = |finding: &&Finding| {
            finding.rule == Some(trace.rule)
                && matches!(
                    finding.kind,
                    FindingKind::NoSeries | FindingKind::WrongLabels
                )
        };
        match report.findings.iter().find(of_rule) {
            Some(finding) => {
                let at = (u64::from(finding.line), u64::from(finding.column));
                self.file.bad_at(Some(at), message)
            }
            None => self.file.bad(format!("line {}: {message}", trace.line)),
        }
    }
}

/// A metric of pods on its way through the rules.
fn follow(file: &RuleFile, series: Option<&SeriesByQuery>, metric: &str) -> Explanation {
    let question = Question {
        metric: metric.to_owned(),
        resource: Some(GroupResource::core("pods")),
        ..Question::default()
    };
    explain::metric(file, series, &ResourceTable::builtin(), &question)
}

/// Why it is not there, as a sentence; two when something can be done in the rule.
fn reason(told: &Explanation) -> String {
    let last = told.traces.first().and_then(|trace| trace.steps.last());
    let Some(lost) = last.filter(|step| !step.passed) else {
        return format!("{}.", told.summary);
    };
    let help = lost.help.as_deref().map(|help| format!(" {help}"));
    format!(
        "{}: {}.{}",
        told.summary,
        lost.found,
        help.unwrap_or_default()
    )
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
