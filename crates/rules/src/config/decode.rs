//! From YAML to the types of the rule file, by serde over serde-saphyr.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use concertina_model::GroupResource;
use concertina_promql::parse_duration;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_saphyr::Spanned;

use super::{
    ConfigError, DiscoveryRule, FileForm, NameMapping, ResourceMapping, ResourceRule,
    ResourceRules, RuleFile, SeriesFilter,
};

/// A value from `yaml`, or what is wrong with it.
pub(super) fn read<T: for<'de> Deserialize<'de>>(yaml: &str) -> Result<T, ConfigError> {
    let mut text = Cow::Borrowed(yaml);
    for _ in 0..MAX_GLUED_COMMENTS {
        let options = serde_saphyr::options! { with_snippet: false };
        match serde_saphyr::from_str_with_options(&text, options) {
            Err(error) => match with_comment_parted(&error, &text) {
                Some(parted) => text = Cow::Owned(parted),
                None => return Err(ConfigError::from_yaml(&error, yaml)),
            },
            Ok(value) => return Ok(value),
        }
    }
    let what = format!("more than {MAX_GLUED_COMMENTS} comments begin right behind a value");
    Err(ConfigError::new(what, "write a blank before each `#`"))
}

/// How many comments that begin right behind a value a file may have.
const MAX_GLUED_COMMENTS: usize = 64;

/// Upstream's YAML reader takes `[]# text` for a comment, YAML 1.2 wants a blank before it: the
/// text with that blank, if `error` complains of it.
fn with_comment_parted(error: &serde_saphyr::Error, text: &str) -> Option<String> {
    let error = error.without_snippet();
    if !error.to_string().contains("comments must be separated") {
        return None;
    }
    let at = error.location()?;
    let line = usize::try_from(at.line()).ok()?.checked_sub(1)?;
    let column = usize::try_from(at.column()).ok()?.checked_sub(1)?;
    let line_start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let (before, rest) = text.split_at_checked(line_start)?;
    let offset = rest.char_indices().nth(column)?.0;
    let (same_line, comment) = rest.split_at_checked(offset)?;
    comment
        .starts_with('#')
        .then(|| format!("{before}{same_line} {comment}"))
}

/// What stands in the adapter's own configuration.
pub(super) fn adapter(yaml: &str) -> Result<RuleFile, ConfigError> {
    let keys: Option<FileKeys> = read(yaml)?;
    let Some(keys) = keys else {
        return Ok(RuleFile::default());
    };
    Ok(RuleFile {
        rules: keys.rules.0,
        external_rules: keys.external_rules.0,
        resource_rules: keys.resource_rules.map(ResourceRules::from),
        form: FileForm::Adapter,
    })
}

/// A list of rules and nothing around it.
pub(super) fn bare_list(yaml: &str) -> Result<RuleFile, ConfigError> {
    let rules = read::<Rules>(yaml)?.0;
    if rules.is_empty() {
        let what = "a list without any rule".to_owned();
        return Err(ConfigError::new(
            what,
            "each rule begins with `- seriesQuery: …`",
        ));
    }
    Ok(RuleFile {
        rules,
        form: FileForm::BareList,
        ..RuleFile::default()
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileKeys {
    #[serde(default, deserialize_with = "or_default")]
    rules: Rules,
    #[serde(default, deserialize_with = "or_default")]
    external_rules: Rules,
    #[serde(default)]
    resource_rules: Option<ResourceRulesKeys>,
}

#[derive(Default)]
pub(super) struct Rules(pub(super) Vec<DiscoveryRule>);

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rules = Vec::<Spanned<Option<RuleKeys>>>::deserialize(deserializer)?;
        let rules = rules.into_iter().map(|rule| {
            let line = u32::try_from(rule.referenced.line()).unwrap_or(0);
            let keys = rule.value.unwrap_or_default();
            DiscoveryRule {
                series_query: keys.series_query,
                series_filters: keys
                    .series_filters
                    .into_iter()
                    .map(SeriesFilter::from)
                    .collect(),
                resources: keys.resources.into(),
                name: NameMapping {
                    matches: keys.name.matches,
                    as_: keys.name.as_,
                },
                metrics_query: keys.metrics_query,
                line,
            }
        });
        Ok(Self(rules.collect()))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct RuleKeys {
    #[serde(deserialize_with = "or_default")]
    series_query: String,
    #[serde(deserialize_with = "list")]
    series_filters: Vec<FilterKeys>,
    #[serde(deserialize_with = "or_default")]
    resources: MappingKeys,
    #[serde(deserialize_with = "or_default")]
    name: NameKeys,
    #[serde(deserialize_with = "or_default")]
    metrics_query: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct FilterKeys {
    #[serde(deserialize_with = "or_default")]
    is: String,
    #[serde(deserialize_with = "or_default")]
    is_not: String,
}

impl From<FilterKeys> for SeriesFilter {
    fn from(keys: FilterKeys) -> Self {
        Self {
            is: keys.is,
            is_not: keys.is_not,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MappingKeys {
    #[serde(deserialize_with = "or_default")]
    template: String,
    #[serde(deserialize_with = "or_default")]
    overrides: Overrides,
    #[serde(deserialize_with = "boolean")]
    namespaced: Option<bool>,
}

impl From<MappingKeys> for ResourceMapping {
    fn from(keys: MappingKeys) -> Self {
        Self {
            template: keys.template,
            overrides: keys.overrides.0,
            namespaced: keys.namespaced,
        }
    }
}

/// Upstream reads a Go map; the order of the file is kept here, so that the first label of a
/// resource wins on every run.
#[derive(Default)]
struct Overrides(Vec<(String, GroupResource)>);

impl<'de> Deserialize<'de> for Overrides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Overrides;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping from label to resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Overrides, A::Error> {
                let mut entries = Vec::new();
                while let Some((label, resource)) =
                    map.next_entry::<String, Option<GroupResourceKeys>>()?
                {
                    let keys = resource.unwrap_or_default();
                    entries.push((label, GroupResource::new(keys.group, keys.resource)));
                }
                Ok(Overrides(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GroupResourceKeys {
    #[serde(deserialize_with = "or_default")]
    group: String,
    #[serde(deserialize_with = "or_default")]
    resource: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NameKeys {
    #[serde(deserialize_with = "or_default")]
    matches: String,
    #[serde(rename = "as", deserialize_with = "or_default")]
    as_: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ResourceRulesKeys {
    #[serde(deserialize_with = "or_default")]
    cpu: ResourceRuleKeys,
    #[serde(deserialize_with = "or_default")]
    memory: ResourceRuleKeys,
    #[serde(deserialize_with = "duration")]
    window: Duration,
}

impl From<ResourceRulesKeys> for ResourceRules {
    fn from(keys: ResourceRulesKeys) -> Self {
        Self {
            cpu: keys.cpu.into(),
            memory: keys.memory.into(),
            window: keys.window,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct ResourceRuleKeys {
    #[serde(deserialize_with = "or_default")]
    container_query: String,
    #[serde(deserialize_with = "or_default")]
    node_query: String,
    #[serde(deserialize_with = "or_default")]
    resources: MappingKeys,
    #[serde(deserialize_with = "or_default")]
    container_label: String,
}

impl From<ResourceRuleKeys> for ResourceRule {
    fn from(keys: ResourceRuleKeys) -> Self {
        Self {
            container_query: keys.container_query,
            node_query: keys.node_query,
            resources: keys.resources.into(),
            container_label: keys.container_label,
        }
    }
}

/// Null is the default, as in Go.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list in which null stands for a default, too.
fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let items = Option::<Vec<Option<T>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(items.into_iter().map(Option::unwrap_or_default).collect())
}

/// A boolean of YAML 1.1. A quoted `"true"` is a text and refused, therefore the type is taken
/// from the YAML and not asked for.
pub(super) fn boolean<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<bool>, D::Error> {
    struct Boolean;
    impl Visitor<'_> for Boolean {
        type Value = Option<bool>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false, without quotes")
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Boolean)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(Duration::ZERO),
        Some(text) => parse_duration(&text).map_err(D::Error::custom),
    }
}
