//! Rules in the values of the Helm chart prometheus-adapter.

use concertina_model::GroupResource;
use serde::Deserialize;

use super::decode::{self, ResourceRulesKeys, Rules, boolean, or_default};
use super::{
    ConfigError, DiscoveryRule, FileForm, NameMapping, ResourceMapping, ResourceRules, RuleFile,
    SeriesFilter,
};

const KEYS: [&str; 5] = ["default", "custom", "external", "resource", "existing"];

/// Whether the keys below `rules` are those of the chart.
pub(super) fn is_values(below_rules: &[String]) -> bool {
    below_rules.iter().any(|key| KEYS.contains(&key.as_str()))
}

/// The values have much else, which is not looked at.
#[derive(Deserialize)]
struct Values {
    rules: RuleValues,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RuleValues {
    #[serde(deserialize_with = "boolean")]
    default: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    custom: Rules,
    #[serde(deserialize_with = "or_default")]
    external: Rules,
    resource: Option<ResourceRulesKeys>,
    #[serde(deserialize_with = "or_default")]
    existing: String,
}

pub(super) fn read(yaml: &str) -> Result<RuleFile, ConfigError> {
    let values = decode::read::<Values>(yaml)?.rules;
    if !values.existing.is_empty() {
        let existing = values.existing;
        let what = format!(
            "the chart takes all its rules from the ConfigMap `{existing}`, and none from here"
        );
        let hint =
            format!("give that one, as `kubectl get configmap {existing} -o yaml` prints it");
        return Err(ConfigError::new(what, hint)
            .at_key("rules", yaml)
            .at_key("existing", yaml));
    }
    let default_rules = values.default.unwrap_or(true);
    let mut rules = match default_rules {
        true => chart_rules(),
        false => Vec::new(),
    };
    rules.extend(values.custom.0);
    // The chart leaves an empty `resource: {}` out.
    let resource_rules = values.resource.map(ResourceRules::from);
    Ok(RuleFile {
        rules,
        external_rules: values.external.0,
        resource_rules: resource_rules.filter(|rules| *rules != ResourceRules::default()),
        form: FileForm::HelmValues { default_rules },
    })
}

/// The rules that the chart (4.x) puts first unless `rules.default` is false: cAdvisor's container
/// metrics by name, then everything that has a namespace.
fn chart_rules() -> Vec<DiscoveryRule> {
    const CONTAINERS: &str =
        r#"{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}"#;
    const OTHERS: &str = r#"{namespace!="",__name__!~"^container_.*"}"#;
    const SUM_OF_CONTAINERS: &str =
        r#"sum(<<.Series>>{<<.LabelMatchers>>,container!="POD"}) by (<<.GroupBy>>)"#;
    const RATE_OF_CONTAINERS: &str =
        r#"sum(rate(<<.Series>>{<<.LabelMatchers>>,container!="POD"}[5m])) by (<<.GroupBy>>)"#;
    const SUM: &str = "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)";
    const RATE: &str = "sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (<<.GroupBy>>)";
    let pods = ResourceMapping {
        overrides: ["namespace", "pod"]
            .map(|label| (label.to_owned(), GroupResource::core(label)))
            .into(),
        ..ResourceMapping::default()
    };
    let any = ResourceMapping {
        template: "<<.Resource>>".to_owned(),
        ..ResourceMapping::default()
    };
    let rule = |series_query: &str, is_not: &str, matches: &str, query: &str| DiscoveryRule {
        series_query: series_query.to_owned(),
        series_filters: match is_not {
            "" => Vec::new(),
            is_not => vec![SeriesFilter {
                is: String::new(),
                is_not: is_not.to_owned(),
            }],
        },
        resources: if series_query == CONTAINERS {
            pods.clone()
        } else {
            any.clone()
        },
        name: NameMapping {
            matches: matches.to_owned(),
            as_: String::new(),
        },
        metrics_query: query.to_owned(),
        line: 0,
    };
    vec![
        rule(
            CONTAINERS,
            "",
            "^container_(.*)_seconds_total$",
            RATE_OF_CONTAINERS,
        ),
        rule(
            CONTAINERS,
            "^container_.*_seconds_total$",
            "^container_(.*)_total$",
            RATE_OF_CONTAINERS,
        ),
        rule(
            CONTAINERS,
            "^container_.*_total$",
            "^container_(.*)$",
            SUM_OF_CONTAINERS,
        ),
        rule(OTHERS, ".*_total$", "", SUM),
        rule(OTHERS, ".*_seconds_total", "^(.*)_total$", RATE),
        rule(OTHERS, "", "^(.*)_seconds_total$", RATE),
    ]
}
