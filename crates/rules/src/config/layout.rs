//! Why the layout of a YAML text is wrong: traps that documentation on the web is full of.

use super::suggest::{FILE_KEYS, RULE_KEYS};

pub(super) const NO_TABS: &str = "YAML is indented with spaces, not with tabs";

/// The cause of the finding on `line` (from 1) that the YAML reader calls `message`, where it is
/// better told in other words, and a way out.
pub(super) fn cause(yaml: &str, line: usize, message: &str) -> Option<(Option<String>, String)> {
    let lines: Vec<&str> = yaml.lines().collect();
    let at = line.checked_sub(1)?;
    let text = lines.get(at)?;
    let margin = text.split(|c: char| !c.is_whitespace()).next()?;
    if margin.contains('\t') {
        return Some((None, NO_TABS.to_owned()));
    }
    if text.contains("{{") {
        let hint = "render the template first, as `helm template` does";
        return Some((Some("`{{` is Helm's, not YAML".to_owned()), hint.to_owned()));
    }
    let entry = Entry::of(text);
    inner_quotes(&entry)
        .or_else(|| comma_behind(&entry, message))
        .or_else(|| unquoted(&entry, message))
        .or_else(|| misplaced(&lines, at, &entry, message))
}

/// A line of YAML taken apart, whatever it belongs to.
struct Entry<'a> {
    /// It begins with `- `.
    item: bool,
    /// The column of the first character, and that of the key, from 0.
    begin: usize,
    key_column: usize,
    key: &'a str,
    value: &'a str,
}

impl<'a> Entry<'a> {
    fn of(line: &'a str) -> Self {
        let text = line.trim_start();
        let begin = line.chars().count() - text.chars().count();
        let inner = text.strip_prefix('-').map(str::trim_start);
        let (key, value) = match inner.unwrap_or(text).split_once(':') {
            Some((key, value)) => (key, value.trim()),
            None => ("", ""),
        };
        let skipped = inner.map_or(0, |inner| text.chars().count() - inner.chars().count());
        Self {
            item: inner.is_some(),
            begin,
            key_column: begin + skipped,
            key: key.trim_end(),
            value,
        }
    }

    fn is_rule_key(&self) -> bool {
        RULE_KEYS.contains(&self.key)
    }
}

/// `key: "a "b" c"`
fn inner_quotes(entry: &Entry<'_>) -> Option<(Option<String>, String)> {
    let inner = entry.value.strip_prefix('"')?;
    let (inner, _) = inner.rsplit_once('"')?;
    let mut escaped = false;
    let bare = inner.chars().any(|c| {
        let bare = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        bare
    });
    if !bare || inner.contains('\'') {
        return None;
    }
    let cause = "the text in double quotes ends at the next `\"`, which is inside of it".to_owned();
    let hint = format!("put it between single quotes: `{}: '{inner}'`", entry.key);
    Some((Some(cause), hint))
}

/// `key: {a: b},` in a block.
fn comma_behind(entry: &Entry<'_>, message: &str) -> Option<(Option<String>, String)> {
    let flow = entry.value.starts_with(['{', '[', '"', '\'']);
    let inner = entry.value.strip_suffix(',')?.trim_end();
    let closed = inner.ends_with(['}', ']', '"', '\'']);
    if !flow || !closed || !message.contains("did not find expected") {
        return None;
    }
    let cause = "a comma stands behind the value: the lines of a block are not separated by commas";
    let hint = format!("leave the comma out: `{}: {inner}`", entry.key);
    Some((Some(cause.to_owned()), hint))
}

/// A query without quotes that YAML does not take for a text.
fn unquoted(entry: &Entry<'_>, message: &str) -> Option<(Option<String>, String)> {
    let quoted = || {
        format!(
            "put it between single quotes: `{}: '{}'`",
            entry.key, entry.value
        )
    };
    let first = entry.value.chars().next()?;
    if !RULE_KEYS.contains(&entry.key) || entry.value.contains('\'') {
        return None;
    }
    if first == '{' && message.contains("text is expected") {
        let cause = "a value that begins with `{` is a mapping for YAML, not a text".to_owned();
        return Some((Some(cause), quoted()));
    }
    if message.contains("mapping values") && entry.value.contains(": ") && first != '"' {
        let cause = "a text without quotes cannot have a colon and a blank in it".to_owned();
        return Some((Some(cause), quoted()));
    }
    None
}

/// A key or an item that is not in line with its neighbours.
fn misplaced(
    lines: &[&str],
    at: usize,
    entry: &Entry<'_>,
    message: &str,
) -> Option<(Option<String>, String)> {
    if message.contains("a list") {
        if FILE_KEYS.contains(&entry.key) {
            let cause = format!("`{}` is not a rule", entry.key);
            let hint = format!(
                "it stands at the top of the file, without indentation, and not below another key: \
                 move `{}` to the first column",
                entry.key
            );
            return Some((Some(cause), hint));
        }
        if entry.is_rule_key() {
            let cause = format!("`{}` belongs to a rule, and no rule has begun", entry.key);
            return Some((Some(cause), "each rule begins with `- `".to_owned()));
        }
        return None;
    }
    // Told without line numbers: the text may stand inside of a manifest.
    let (above, rule) = rule_above(lines, at)?;
    if entry.item && entry.is_rule_key() && entry.begin != rule.begin {
        let cause = format!(
            "this rule begins {} the rule before it, `{above}`",
            beside(entry.begin, rule.begin)
        );
        let hint = "all rules of a list begin in the same column".to_owned();
        return Some((Some(cause), hint));
    }
    if !entry.item && entry.is_rule_key() && entry.key_column != rule.key_column {
        let cause = format!(
            "`{}` begins {} the other keys of its rule, `{above}`",
            entry.key,
            beside(entry.key_column, rule.key_column)
        );
        let hint = "all keys of a rule begin in the same column".to_owned();
        return Some((Some(cause), hint));
    }
    if FILE_KEYS.contains(&entry.key) && !entry.item {
        let cause = format!("`{}` stands within the rule `{above}`", entry.key);
        let hint = "it stands at the top of the file, in the same column as `rules`".to_owned();
        return Some((Some(cause), hint));
    }
    None
}

/// Where a column is, seen from another one.
fn beside(column: usize, other: usize) -> String {
    let (by, side) = match column > other {
        true => (column - other, "right"),
        false => (other - column, "left"),
    };
    let columns = if by == 1 { "column" } else { "columns" };
    format!("{by} {columns} to the {side} of")
}

/// The first line of the rule before line `at`.
fn rule_above<'a>(lines: &[&'a str], at: usize) -> Option<(&'a str, Entry<'a>)> {
    let before = lines.get(..at)?.iter().rev();
    let mut entries = before.map(|line| (line.trim(), Entry::of(line)));
    entries.find(|(_, entry)| entry.item && entry.is_rule_key())
}
