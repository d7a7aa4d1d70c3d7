//! The rule file.

use std::path::Path;
use std::sync::Arc;

use concertina_mapping::{Resources, UsageRules};
use concertina_rules::{DiscoveryRule, ResourceQueries, Rule, RuleFile, compile};

use super::ServeError;

/// A rule file that can be used.
#[derive(Debug)]
pub(super) struct Compiled {
    /// The rules of custom metrics that compile.
    pub(super) custom: Vec<Arc<Rule>>,
    /// Those of external metrics.
    pub(super) external: Vec<Arc<Rule>>,
    /// Those of CPU and memory.
    pub(super) usage: Option<UsageRules>,
    /// Why others do not compile.
    pub(super) refused: Vec<String>,
    /// The text that they were read from.
    pub(super) text: Arc<str>,
}

impl Compiled {
    /// Compiles the text of the rule file at `path`. One bad rule harms no other; a text that
    /// cannot be read as rules, or of which no rule is left, is an error.
    pub(super) fn new(path: &Path, text: &str, known: &dyn Resources) -> Result<Self, ServeError> {
        let bad = |message: String| ServeError::BadFile {
            path: path.to_owned(),
            message,
        };
        let file = RuleFile::parse(text).map_err(|error| bad(error.to_string()))?;
        let mut refused = Vec::new();
        let custom = usable("", &file.rules, &mut refused);
        let external = usable("externalRules: ", &file.external_rules, &mut refused);
        let usage = file.resource_rules.and_then(|rules| {
            let queries = ResourceQueries::compile(&rules);
            let queries = queries.map_err(|error| refused.push(error.to_string()));
            let usage = UsageRules::new(&queries.ok()?, known);
            let usage = usage.map_err(|error| refused.push(format!("resourceRules: {error}")));
            usage.ok()
        });
        let compiled = Self {
            custom,
            external,
            usage,
            refused,
            text: text.into(),
        };
        if !compiled.is_empty() {
            return Ok(compiled);
        }
        Err(bad(match compiled.refused.is_empty() {
            true => "there is no rule in it: it needs `rules:`, `externalRules:` or \
                     `resourceRules:`"
                .to_owned(),
            false => format!("no rule can be used: {}", compiled.refused.join("; ")),
        }))
    }

    fn is_empty(&self) -> bool {
        self.custom.is_empty() && self.external.is_empty() && self.usage.is_none()
    }
}

/// The rules of a list that compile; `refused` is told why others do not.
fn usable(list: &str, rules: &[DiscoveryRule], refused: &mut Vec<String>) -> Vec<Arc<Rule>> {
    let compiled = compile(rules).into_iter().filter_map(|rule| {
        let rule = rule.map_err(|error| refused.push(format!("{list}{error}")));
        rule.ok().map(Arc::new)
    });
    compiled.collect()
}
