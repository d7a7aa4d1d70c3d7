//! prometheus-adapter rule files: strict reading, name patterns, query templates.
//!
//! A [`RuleFile`] is what stands in the YAML; [`compile`] turns its rules into [`Rule`]s that are
//! ready to use, one result for each, so that a bad rule harms no other. A rule's query is a
//! [`Template`] that a request fills.

pub mod config;
mod rule;
mod template;

pub use config::{
    ConfigError, DiscoveryRule, FileForm, NameMapping, ResourceMapping, ResourceRule,
    ResourceRules, RuleFile, SeriesFilter,
};
pub use rule::{
    LabelTemplate, LabelTemplateError, NamePattern, ResourceLabels, ResourceQueries, ResourceQuery,
    ResourceRuleError, ResourceRuleProblem, Rule, RuleError, RuleProblem, SeriesFilters, compile,
    series_queries,
};
pub use template::{QueryData, RenderError, Template, TemplateError};
