//! `resourceRules`.

use concertina_rules::Template;
use concertina_rules::config::{ResourceRule, ResourceRules};

use super::mapping::Mapping;
use super::place::Text;
use super::query::{Query, Request};
use super::{Finding, FindingKind};
use crate::Resources;

/// `cpu` or `memory`, and the key in it.
pub(super) type Key = (&'static str, &'static str);

pub(super) fn findings(rules: &ResourceRules, known: &dyn Resources) -> Vec<(Key, Finding)> {
    let mut found = Vec::new();
    for (name, rule) in [("cpu", &rules.cpu), ("memory", &rules.memory)] {
        if *rule == ResourceRule::default() {
            let message = format!(
                "`{name}` is missing below `resourceRules`: both `cpu` and `memory` are needed"
            );
            let finding = Finding::new(FindingKind::RenderFails, message);
            let help = format!(
                "Add `{name}` with `containerQuery`, `nodeQuery`, `resources` and `containerLabel`."
            );
            found.push(((name, "containerQuery"), finding.help(help)));
            continue;
        }
        let findings = of_rule(rule, known).into_iter().map(|(key, mut finding)| {
            finding.message = format!("{name}: {}", finding.message);
            (key, finding)
        });
        found.extend(
            findings
                .into_iter()
                .map(|(key, finding)| ((name, key), finding)),
        );
    }
    found
}

/// Where `key` of `cpu` or `memory` stands below `resourceRules` on line `from`.
pub(super) fn place(text: Text<'_>, from: u32, (name, key): &Key) -> (u32, u32) {
    let begin = text.key(name, from, u32::MAX).0;
    let other = if *name == "cpu" { "memory" } else { "cpu" };
    let other = text.key(other, from, u32::MAX).0;
    let end = if other > begin { other } else { u32::MAX };
    text.key(key, begin, end)
}

fn of_rule(rule: &ResourceRule, known: &dyn Resources) -> Vec<(&'static str, Finding)> {
    let mapping = Mapping::new(&rule.resources, known);
    let mut found: Vec<(&'static str, Finding)> = mapping
        .findings(known)
        .into_iter()
        .map(|finding| ("resources", finding))
        .collect();
    if rule.container_label.is_empty() {
        let message = "`containerLabel` is missing";
        found.push((
            "containerLabel",
            Finding::new(FindingKind::ContainerLabel, message),
        ));
    }
    let namespace = mapping.namespace();
    let pods = mapping.core_label("pods", "pod");
    let nodes = mapping.core_label("nodes", "node");
    let unmapped = |what: &str| {
        let message = format!("the rule has no label for {what}");
        let help = format!("Add the label that names {what} to `resources.overrides`.");
        (
            "resources",
            Finding::new(FindingKind::NoResource, message).help(help),
        )
    };
    if namespace.is_none() {
        let message = "the rule has no label for the namespace";
        found.push((
            "resources",
            Finding::new(FindingKind::NamespaceUnmapped, message),
        ));
    }
    for (label, what) in [(&pods, "pods"), (&nodes, "nodes")] {
        if label.is_none() {
            found.push(unmapped(what));
        }
    }
    let container = (!rule.container_label.is_empty()).then(|| rule.container_label.clone());
    let requests = [
        (
            "containerQuery",
            &rule.container_query,
            namespace,
            pods,
            container,
        ),
        ("nodeQuery", &rule.node_query, None, nodes, None),
    ];
    for (key, text, namespace, object, also) in requests {
        if object.is_none() {
            continue;
        }
        let request = Request {
            series: String::new(),
            namespace,
            object,
            also,
        };
        found.extend(
            of_query(text, request)
                .into_iter()
                .map(|finding| (key, finding)),
        );
    }
    found
}

fn of_query(text: &str, request: Request) -> Vec<Finding> {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => {
            return vec![Finding::new(FindingKind::QueryTemplate, error.to_string())];
        }
    };
    let query = match Query::new(&|data| template.render(data), request) {
        Ok(query) => query,
        Err(finding) => return vec![finding],
    };
    let mut findings = query.findings();
    if query.loses_object() {
        let message = "the label of the objects is gone from the result";
        findings.push(Finding::new(FindingKind::LabelsLost, message));
    } else if let Some(message) = query.several_series() {
        findings.push(Finding::new(FindingKind::SeveralSeries, message));
    }
    if query.ignores_the_request() {
        let message = "no selector of the query has the request's matchers";
        findings.push(Finding::new(FindingKind::MatchersMissing, message));
    }
    findings
}
