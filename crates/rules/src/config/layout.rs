//! Why the layout of a YAML text is wrong: traps that documentation on the web is full of.

use super::entry::{Entry, rule_above};
use super::suggest::FILE_KEYS;
use super::{shapes, texts};

pub(super) const NO_TABS: &str = "YAML is indented with spaces, not with tabs";

/// What is wrong, in the words of those who write rules.
pub(super) struct Cause {
    /// What it is, where it is better told in other words than the YAML reader's.
    pub(super) message: Option<String>,
    /// A way out.
    pub(super) hint: String,
    /// Line and column (from 1) when it stands elsewhere than where the reader stopped.
    pub(super) place: Option<(usize, usize)>,
}

impl Cause {
    pub(super) fn of(message: String, hint: impl Into<String>) -> Self {
        Self {
            message: Some(message),
            hint: hint.into(),
            place: None,
        }
    }

    pub(super) fn at(mut self, line: usize, column: usize) -> Self {
        self.place = Some((line, column));
        self
    }
}

/// The cause of the finding at `line` and `column` (from 1) that the YAML reader calls `message`.
pub(super) fn cause(yaml: &str, line: usize, column: usize, message: &str) -> Option<Cause> {
    let lines: Vec<&str> = yaml.lines().collect();
    let at = line.checked_sub(1)?;
    let text = lines.get(at)?;
    if let Some(cause) = tab(&lines, at, message) {
        return Some(cause);
    }
    if text.contains("{{") {
        let hint = "render the template first, as `helm template` does";
        return Some(Cause::of("`{{` is Helm's, not YAML".to_owned(), hint));
    }
    let entry = Entry::of(text);
    texts::cause(&lines, at, &entry, message)
        .or_else(|| shapes::cause(&lines, at, column, &entry, message))
        .or_else(|| misplaced(&lines, at, &entry))
}

/// A tab in the margin of the line, or of one below at which the reader ended a text.
fn tab(lines: &[&str], at: usize, message: &str) -> Option<Cause> {
    let margin = |line: &str| {
        let end = line.find(|c: char| !c.is_whitespace());
        line.get(..end.unwrap_or(line.len()))
            .and_then(|margin| margin.chars().position(|c| c == '\t'))
    };
    let found = |number: usize| Some((number, margin(lines.get(number)?)?));
    let far = if message.contains("a tab") { 8 } else { 0 };
    let (line, column) = (at..=at + far).find_map(found)?;
    Some(Cause {
        message: (line > at).then(|| "a tab is part of the indentation".to_owned()),
        hint: NO_TABS.to_owned(),
        place: (line > at).then_some((line + 1, column + 1)),
    })
}

/// A key or an item that is not in line with its neighbours.
fn misplaced(lines: &[&str], at: usize, entry: &Entry<'_>) -> Option<Cause> {
    // Told without line numbers: the text may stand inside of a manifest.
    let (above, rule) = rule_above(lines, at)?;
    if entry.item && entry.is_rule_key() && entry.begin != rule.begin {
        let cause = format!(
            "this rule begins {} the rule before it, `{above}`",
            beside(entry.begin, rule.begin)
        );
        let hint = "all rules of a list begin in the same column";
        return Some(Cause::of(cause, hint));
    }
    if !entry.item && entry.is_rule_key() && entry.key_column != rule.key_column {
        let cause = format!(
            "`{}` begins {} the other keys of its rule, `{above}`",
            entry.key,
            beside(entry.key_column, rule.key_column)
        );
        let hint = "all keys of a rule begin in the same column";
        return Some(Cause::of(cause, hint));
    }
    if FILE_KEYS.contains(&entry.key) && !entry.item {
        let cause = format!("`{}` stands within the rule `{above}`", entry.key);
        let hint = "it stands at the top of the file, in the same column as `rules`";
        return Some(Cause::of(cause, hint));
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
