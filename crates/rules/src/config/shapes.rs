//! Where a text stands and keys or a list belong, and the other way round.

use super::entry::{Entry, Flow, parent};
use super::layout::Cause;
use super::suggest::{FILE_KEYS, KEYS_OF_TEXTS, RULE_KEYS};

const LABELS: &str = "{overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}";

/// Keys with keys below them.
const MAPPINGS: [&str; 6] = [
    "resources",
    "overrides",
    "name",
    "resourceRules",
    "cpu",
    "memory",
];

/// `column` is where the reader stopped, from 1.
pub(super) fn cause(
    lines: &[&str],
    at: usize,
    column: usize,
    entry: &Entry<'_>,
    message: &str,
) -> Option<Cause> {
    // The key is right, what stands behind it is not.
    let value = column > entry.key_column + 1 && !entry.key.is_empty();
    let below = parent(lines, at).map_or("", |parent| parent.key);
    if message.contains("a list") {
        return list(entry, value, below);
    }
    if message.contains("keys and values") {
        let flow = lines
            .get(at)
            .and_then(|line| Flow::at(line, column.checked_sub(1)?));
        if let Some(flow) = flow {
            return (flow.below == "overrides").then(|| label(flow.key, flow.value));
        }
        return keys(entry, value, below);
    }
    if message.contains("a text is expected") && !value && KEYS_OF_TEXTS.contains(&below) {
        let what = format!("`{below}` is a text, and something else stands below it");
        let hint = format!("write `{below}: '…'` on one line, or `{below}: |-` and the text below");
        return Some(Cause::of(what, hint));
    }
    None
}

fn list(entry: &Entry<'_>, value: bool, below: &str) -> Option<Cause> {
    let key = entry.key;
    if value && key == "seriesFilters" {
        let what = "`seriesFilters` is a list".to_owned();
        let hint = "write each filter as `- is: '…'` or `- isNot: '…'` on a line below it";
        return Some(Cause::of(what, hint));
    }
    if value && ["rules", "externalRules", "custom", "external"].contains(&key) {
        let what = format!("`{key}` is a list of rules");
        return Some(Cause::of(
            what,
            "each rule begins with `- ` on a line below it",
        ));
    }
    if below == "seriesFilters" {
        let what = "`seriesFilters` is a list, and no item has begun".to_owned();
        return Some(Cause::of(
            what,
            format!("begin each filter with `- `: `- {key}: …`"),
        ));
    }
    if FILE_KEYS.contains(&key) {
        let what = format!("`{key}` is not a rule");
        let hint = format!(
            "it stands at the top of the file, without indentation, and not below another key: \
             move `{key}` to the first column"
        );
        return Some(Cause::of(what, hint));
    }
    if RULE_KEYS.contains(&key) {
        let what = format!("`{key}` belongs to a rule, and no rule has begun");
        return Some(Cause::of(what, "each rule begins with `- `"));
    }
    None
}

fn keys(entry: &Entry<'_>, value: bool, below: &str) -> Option<Cause> {
    let key = entry.key;
    let text = entry.plain_value();
    if value && below == "overrides" {
        return Some(label(key, text));
    }
    if value {
        let hint = match key {
            "name" if text.starts_with(['{', '[']) => return None,
            "name" => format!("write `name: {{as: {text}}}`"),
            "resources" => format!("write `resources: {LABELS}`"),
            "overrides" => {
                "write `overrides: {namespace: {resource: namespace}, pod: {resource: pod}}`"
                    .to_owned()
            }
            "cpu" | "memory" => {
                "it has the keys `containerQuery`, `nodeQuery`, `resources` and `containerLabel`"
                    .to_owned()
            }
            "resourceRules" => "it has the keys `cpu`, `memory` and `window`".to_owned(),
            _ => return None,
        };
        return Some(Cause::of(format!("`{key}` has keys of its own"), hint));
    }
    if entry.item && ["rules", "externalRules"].contains(&below) && key.is_empty() {
        let what = "a rule has keys, and this is a text".to_owned();
        return Some(Cause::of(what, format!("write `- seriesQuery: {text}`")));
    }
    if entry.item && MAPPINGS.contains(&below) {
        let what = format!("what stands below `{below}` is no list");
        return Some(Cause::of(what, "leave out the `- `"));
    }
    if below.is_empty() && !entry.item && entry.begin == 0 {
        let hint = "a rule file has the keys `rules`, `externalRules` and `resourceRules`, or is a \
                    list of rules that begin with `- `";
        return Some(Cause {
            message: None,
            hint: hint.to_owned(),
            place: None,
        });
    }
    None
}

/// `key` of `overrides` has the value `text` and not the keys of a resource.
fn label(key: &str, text: &str) -> Cause {
    let resource = text.trim_matches(['"', '\'']);
    let hint = match resource.starts_with(['{', '[']) {
        true => format!("write `{key}: {{resource: …}}`"),
        false => format!("write `{key}: {{resource: {resource}}}`"),
    };
    Cause::of(format!("the label `{key}` is mapped to a text"), hint)
}
