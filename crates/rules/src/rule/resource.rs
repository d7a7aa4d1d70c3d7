//! `resourceRules`, compiled.

use std::time::Duration;

use super::{LabelTemplateError, ResourceLabels};
use crate::config::{ResourceRule, ResourceRules};
use crate::{Template, TemplateError};

/// A compiled `resourceRules`: how the CPU and memory use of pods and nodes is asked for.
#[derive(Clone, Debug)]
pub struct ResourceQueries {
    /// CPU, in cores.
    pub cpu: ResourceQuery,
    /// Memory, in bytes.
    pub memory: ResourceQuery,
    /// The window that the answers name.
    pub window: Duration,
}

/// The compiled queries for one of `cpu` and `memory`.
#[derive(Clone, Debug)]
pub struct ResourceQuery {
    container: Template,
    node: Template,
    labels: ResourceLabels,
    container_label: String,
}

/// Why `resourceRules` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("resourceRules.{resource}, {problem}")]
#[non_exhaustive]
pub struct ResourceRuleError {
    /// `cpu` or `memory`.
    pub resource: &'static str,
    /// What is wrong.
    #[source]
    pub problem: ResourceRuleProblem,
}

/// What is wrong with one of `resourceRules`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceRuleProblem {
    /// The template for containers is none.
    #[error("containerQuery: {0}")]
    ContainerQuery(TemplateError),
    /// The template for nodes is none.
    #[error("nodeQuery: {0}")]
    NodeQuery(TemplateError),
    /// The label template is none.
    #[error("resources.template: {0}")]
    LabelTemplate(#[from] LabelTemplateError),
}

impl ResourceQueries {
    /// Compiles `resourceRules`. An empty query compiles; asking it is what fails, as with
    /// prometheus-adapter 0.12.
    ///
    /// # Errors
    ///
    /// [`ResourceRuleError`] for the first template that is none, `cpu` before `memory`.
    ///
    /// ```
    /// use concertina_rules::{ResourceQueries, RuleFile};
    ///
    /// let file = RuleFile::parse(r#"
    /// resourceRules:
    ///   cpu:
    ///     containerQuery: sum(rate(container_cpu_usage_seconds_total{<<.LabelMatchers>>}[3m])) by (<<.GroupBy>>)
    ///     nodeQuery: sum(rate(container_cpu_usage_seconds_total{<<.LabelMatchers
    ///     containerLabel: container
    /// "#).unwrap();
    /// let error = ResourceQueries::compile(&file.resource_rules.unwrap()).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "resourceRules.cpu, nodeQuery: line 1, column 44: the action has no closing `>>`",
    /// );
    /// ```
    pub fn compile(rules: &ResourceRules) -> Result<Self, ResourceRuleError> {
        let compile = |resource, rule| {
            ResourceQuery::compile(rule).map_err(|problem| ResourceRuleError { resource, problem })
        };
        Ok(Self {
            cpu: compile("cpu", &rules.cpu)?,
            memory: compile("memory", &rules.memory)?,
            window: rules.window,
        })
    }
}

impl ResourceQuery {
    fn compile(rule: &ResourceRule) -> Result<Self, ResourceRuleProblem> {
        Ok(Self {
            container: Template::parse(&rule.container_query)
                .map_err(ResourceRuleProblem::ContainerQuery)?,
            node: Template::parse(&rule.node_query).map_err(ResourceRuleProblem::NodeQuery)?,
            labels: ResourceLabels::new(&rule.resources)?,
            container_label: rule.container_label.clone(),
        })
    }

    /// `containerQuery`.
    #[must_use]
    pub fn container(&self) -> &Template {
        &self.container
    }

    /// `nodeQuery`.
    #[must_use]
    pub fn node(&self) -> &Template {
        &self.node
    }

    /// `resources`.
    #[must_use]
    pub fn labels(&self) -> &ResourceLabels {
        &self.labels
    }

    /// `containerLabel`: the label that names the container; may be empty.
    #[must_use]
    pub fn container_label(&self) -> &str {
        &self.container_label
    }
}
