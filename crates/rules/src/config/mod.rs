//! The rule file as it is written: types and strict reading.

mod config_map;
mod decode;
mod entry;
mod error;
mod excerpt;
mod form;
mod helm;
mod layout;
mod shapes;
mod suggest;
mod texts;

use std::time::Duration;

use concertina_model::GroupResource;

pub use error::ConfigError;
pub use excerpt::excerpt;
pub use form::FileForm;

/// A rule file: the configuration of prometheus-adapter 0.12.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFile {
    /// `rules`: what is served as custom metrics.
    pub rules: Vec<DiscoveryRule>,
    /// `externalRules`: what is served as external metrics.
    pub external_rules: Vec<DiscoveryRule>,
    /// `resourceRules`: how the CPU and memory use of pods and nodes is queried; absent when the
    /// file has none.
    pub resource_rules: Option<ResourceRules>,
    /// In which of its forms the file was written.
    pub form: FileForm,
}

impl RuleFile {
    /// Reads a rule file.
    ///
    /// Strict as upstream: an unknown, repeated or mistyped key refuses the file. YAML 1.1 as
    /// upstream's library reads it: any scalar goes into a text field as it is written, `yes` and
    /// `on` are booleans, anchors and merge keys work, `null` means the default. An empty text is
    /// an empty file.
    ///
    /// Beyond upstream, which reads only the configuration itself, the [`FileForm`]s in which
    /// people keep it are recognised: a ConfigMap manifest, also among the other documents of a
    /// stream, with positions that stay those of the manifest; the values of the adapter's Helm
    /// chart; and a bare list of rules (as it stands below `custom` in the values of
    /// ack-alibaba-cloud-metrics-adapter). [`RuleFile::form`] tells which it was.
    ///
    /// Only the form is checked here; whether patterns and templates compile is told by
    /// [`compile`](crate::compile), for each rule by itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with line and column of the first thing that is wrong.
    ///
    /// ```
    /// use concertina_rules::RuleFile;
    ///
    /// let error = RuleFile::parse("rules:\n- seriesQuery: up\n  seriesFilter: []\n").unwrap_err();
    /// assert_eq!((error.line(), error.column()), (3, 3));
    /// assert!(error.to_string().contains("did you mean `seriesFilters`?"));
    /// ```
    pub fn parse(yaml: &str) -> Result<Self, ConfigError> {
        form::read(yaml)
    }
}

/// One entry of `rules` or `externalRules`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryRule {
    /// `seriesQuery`: the PromQL series selector that finds the series, used as it is.
    pub series_query: String,
    /// `seriesFilters`: patterns that the name of a series must, or must not, match.
    pub series_filters: Vec<SeriesFilter>,
    /// `resources`: which labels name which Kubernetes resources.
    pub resources: ResourceMapping,
    /// `name`: under which name the metric is exposed.
    pub name: NameMapping,
    /// `metricsQuery`: the template of the PromQL query.
    pub metrics_query: String,
    /// The line on which the rule begins, counted from 1; 0 when the rule came from no file, or is
    /// one that the Helm chart adds.
    pub line: u32,
}

/// One of `seriesFilters`; an empty text counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesFilter {
    /// `is`: the pattern that must be found in the name.
    pub is: String,
    /// `isNot`: the pattern that must not be found in the name.
    pub is_not: String,
}

/// `resources`: which labels name which Kubernetes resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceMapping {
    /// `template`: the label of a resource, such as `kube_<<.Group>>_<<.Resource>>`; may be empty.
    pub template: String,
    /// `overrides`: label to resource (singular or plural), in the order of the file.
    pub overrides: Vec<(String, GroupResource)>,
    /// `namespaced`: whether requests are limited to their namespace; default true, and looked at
    /// only for external rules.
    pub namespaced: Option<bool>,
}

/// `name`: under which name the metric is exposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameMapping {
    /// `matches`: the pattern that takes the name apart; it is a filter, too.
    pub matches: String,
    /// `as`: the exposed name, with `$1` or `${name}` for groups of `matches`.
    pub as_: String,
}

/// `resourceRules`: how metrics.k8s.io is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceRules {
    /// CPU, in cores.
    pub cpu: ResourceRule,
    /// Memory, in bytes.
    pub memory: ResourceRule,
    /// The window that the answers name.
    pub window: Duration,
}

/// The queries for one of `cpu` and `memory`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceRule {
    /// `containerQuery`: the template of the query for the containers of pods.
    pub container_query: String,
    /// `nodeQuery`: the template of the query for nodes.
    pub node_query: String,
    /// `resources`: which labels name pods, namespaces and nodes.
    pub resources: ResourceMapping,
    /// `containerLabel`: the label that names the container.
    pub container_label: String,
}
