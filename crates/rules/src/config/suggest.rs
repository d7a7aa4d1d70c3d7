//! From what the YAML library reports to what a person can act on.

use concertina_model::yaml::YamlError;
use serde_saphyr::Error as Yaml;

use super::entry::{self, Entry};
use super::layout::{self, Cause};

pub(super) const FILE_KEYS: [&str; 3] = ["rules", "externalRules", "resourceRules"];
pub(super) const RULE_KEYS: [&str; 5] = [
    "seriesQuery",
    "seriesFilters",
    "resources",
    "name",
    "metricsQuery",
];

/// Keys that have one place only, and what they stand below.
const HOMES: [(&[&str], &str); 4] = [
    (&["matches", "as"], "name"),
    (&["template", "overrides", "namespaced"], "resources"),
    (&["is", "isNot"], "seriesFilters"),
    (
        &["containerQuery", "nodeQuery", "containerLabel"],
        "cpu` and `memory",
    ),
];

/// Keys whose values are texts.
pub(super) const KEYS_OF_TEXTS: [&str; 11] = [
    "seriesQuery",
    "metricsQuery",
    "matches",
    "as",
    "is",
    "isNot",
    "template",
    "containerQuery",
    "nodeQuery",
    "containerLabel",
    "window",
];

/// Whether a rule file has such a key anywhere.
pub(super) fn is_known(key: &str) -> bool {
    let others = ["overrides", "namespaced", "cpu", "memory"];
    [&FILE_KEYS[..], &RULE_KEYS, &KEYS_OF_TEXTS, &others]
        .iter()
        .any(|keys| keys.contains(&key))
}

/// What stands below `rules` in the values of the Helm chart.
const CHART_KEYS: [&str; 4] = ["default", "custom", "external", "resource"];

/// What is told of a finding at `line` and `column` (from 1) of `yaml`.
pub(super) fn explain(
    error: &Yaml,
    yaml: &str,
    (line, column): (usize, usize),
) -> (String, Option<Cause>) {
    let hint = |hint: String| {
        Some(Cause {
            message: None,
            hint,
            place: None,
        })
    };
    match error {
        Yaml::SerdeUnknownField {
            field, expected, ..
        } => (
            format!("unknown key \"{field}\""),
            hint(unknown_key(field, expected, yaml)),
        ),
        Yaml::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            (
                format!("the key \"{key}\" is there twice"),
                hint("keep one of them".to_owned()),
            )
        }
        Yaml::AliasError { error, .. } => explain(error.without_snippet(), yaml, (line, column)),
        Yaml::Budget { .. } => (
            "the file is larger than is read, or its aliases make it so".to_owned(),
            hint("etcd holds no ConfigMap beyond 1 MiB; is this a rule file?".to_owned()),
        ),
        other => {
            let message = plain(other);
            let cause = layout::cause(yaml, line, column, &message);
            (message, cause)
        }
    }
}

/// The library's message without its own position, in the words of those who write YAML.
fn plain(error: &Yaml) -> String {
    let message = YamlError::from(error).message;
    match message.as_str() {
        "expected mapping start" => "keys and values (`key: value`) are expected here".to_owned(),
        "expected sequence start" => "a list (`- item`) is expected here".to_owned(),
        "expected string scalar" => "a text is expected here; quote it if it is one".to_owned(),
        "recursion limit exceeded" => "lists and keys are nested too deeply".to_owned(),
        _ => message,
    }
}

fn unknown_key(field: &str, expected: &[&str], yaml: &str) -> String {
    let top = expected.contains(&"rules");
    if top && RULE_KEYS.contains(&field) {
        return format!(
            "`{field}` belongs to a rule: indent it as far as the other keys of the rule, below \
             `- `"
        );
    }
    if let Some(near) = nearest(field, expected) {
        return format!("did you mean `{near}`?");
    }
    let known = expected
        .iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(key) = FILE_KEYS.iter().find(|key| field.eq_ignore_ascii_case(key)) {
        return format!("`{key}` stands at the top of the file, without indentation");
    }
    if let Some(key) = RULE_KEYS.iter().find(|key| field.eq_ignore_ascii_case(key)) {
        return format!("`{key}` belongs to a rule: check the indentation; known here: {known}");
    }
    if let Some((_, home)) = HOMES.iter().find(|(keys, _)| keys.contains(&field)) {
        return format!("`{field}` stands below `{home}`: check the indentation");
    }
    if expected.contains(&"overrides") {
        return format!(
            "if `{field}` is a label, it stands below `overrides`: check the indentation; known \
             here: {known}"
        );
    }
    if top && CHART_KEYS.contains(&field) {
        return format!("`{field}` is a value of the Helm chart and stands below `rules:` there");
    }
    if top && field == "data" {
        return "for a ConfigMap `kind: ConfigMap` is missing".to_owned();
    }
    if top && let Some(parent) = rules_below(yaml) {
        return format!(
            "these are values of a chart that contains the adapter's: give what stands below \
             `{parent}`"
        );
    }
    format!("known here: {known}")
}

/// The key that `rules` stands below, if it does.
fn rules_below(yaml: &str) -> Option<&str> {
    let lines: Vec<&str> = yaml.lines().collect();
    let mut all = lines.iter().enumerate();
    let at = all.find_map(|(at, line)| {
        let entry = Entry::of(line);
        (entry.begin > 0 && !entry.item && entry.key == "rules").then_some(at)
    })?;
    Some(entry::parent(&lines, at)?.key)
}

/// The known key that was most likely meant.
fn nearest<'a>(field: &str, expected: &[&'a str]) -> Option<&'a str> {
    let lower = field.to_ascii_lowercase();
    expected
        .iter()
        .map(|key| (distance(&lower, &key.to_ascii_lowercase()), *key))
        .filter(|(distance, key)| *distance <= key.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

/// Levenshtein's distance; names longer than any key are far from all of them.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    if a.chars().count() > 2 * b.len() + 4 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            left = (left + 1)
                .min(above + 1)
                .min(diagonal + usize::from(x != *y));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
