//! A text of YAML line by line, as far as it can be told from a text that is broken.

use super::suggest::RULE_KEYS;

/// A line of YAML taken apart, whatever it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// It begins with `- `.
    pub(super) item: bool,
    /// The column of the first character, and that of the key, from 0.
    pub(super) begin: usize,
    pub(super) key_column: usize,
    /// Empty when the line has no colon.
    pub(super) key: &'a str,
    /// What stands behind the colon, or all of the line when it has none.
    pub(super) value: &'a str,
    /// No blank stands between the colon and the value.
    pub(super) glued: bool,
}

impl<'a> Entry<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        let text = line.trim_start();
        let begin = line.chars().count() - text.chars().count();
        let inner = text.strip_prefix('-').map(str::trim_start);
        let rest = inner.unwrap_or(text);
        let (key, behind) = rest.split_once(':').unwrap_or(("", rest));
        let skipped = inner.map_or(0, |inner| text.chars().count() - inner.chars().count());
        Self {
            item: inner.is_some(),
            begin,
            key_column: begin + skipped,
            key: key.trim_end(),
            value: behind.trim(),
            glued: !key.is_empty() && !behind.is_empty() && !behind.starts_with([' ', '\t']),
        }
    }

    pub(super) fn is_rule_key(&self) -> bool {
        RULE_KEYS.contains(&self.key)
    }

    /// The value as far as a text without quotes goes: a comment begins at ` #`.
    pub(super) fn plain_value(&self) -> &'a str {
        match self.value.split_once(" #") {
            Some((text, _)) => text.trim_end(),
            None => self.value,
        }
    }
}

/// A value within braces on one line, as `pod` in `overrides: {pod: pod}`.
pub(super) struct Flow<'a> {
    pub(super) key: &'a str,
    /// Up to the brace or comma behind it.
    pub(super) value: &'a str,
    /// The key that the braces are the value of.
    pub(super) below: &'a str,
}

impl<'a> Flow<'a> {
    /// The value that begins at `column` (from 0) of `line`, if braces are open there.
    pub(super) fn at(line: &'a str, column: usize) -> Option<Self> {
        let offset = line.char_indices().nth(column)?.0;
        let (before, behind) = line.split_at_checked(offset)?;
        let key_of = |text: &'a str| {
            let (key, rest) = text.rsplit_once(':')?;
            let key = key.rsplit(['{', ',']).next()?.trim();
            rest.trim().is_empty().then_some(key)
        };
        let mut open = Vec::new();
        for (at, c) in before.char_indices() {
            match c {
                '{' => open.push(at),
                '}' => drop(open.pop()),
                _ => {}
            }
        }
        let around = before.get(..*open.last()?)?;
        Some(Self {
            key: key_of(before)?,
            value: behind.split(['}', ',']).next()?.trim(),
            below: key_of(around)?.trim_start_matches("- "),
        })
    }
}

fn says_nothing(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The first line of the rule before line `at` (from 0).
pub(super) fn rule_above<'a>(lines: &[&'a str], at: usize) -> Option<(&'a str, Entry<'a>)> {
    let before = lines.get(..at)?.iter().rev();
    let mut entries = before.map(|line| (line.trim(), Entry::of(line)));
    entries.find(|(_, entry)| entry.item && entry.is_rule_key())
}

/// The line that what stands on line `at` (from 0) belongs to: the nearest one above whose key
/// begins further left, or in the same column above an item of a list.
pub(super) fn parent<'a>(lines: &[&'a str], at: usize) -> Option<Entry<'a>> {
    let own = Entry::of(lines.get(at)?);
    let before = lines.get(..at)?.iter().rev();
    let mut entries = before
        .filter(|line| !says_nothing(line))
        .map(|line| Entry::of(line));
    entries.find(|entry| match own.item {
        true => {
            let opens = !entry.key.is_empty() && entry.value.is_empty();
            entry.key_column < own.begin || (entry.key_column == own.begin && opens)
        }
        false => entry.key_column < own.begin,
    })
}

/// Line and column (from 1) of the first `key` at or below line `from` (from 1).
pub(super) fn place_of(yaml: &str, key: &str, from: usize) -> Option<(usize, usize)> {
    let mut lines = (1..).zip(yaml.lines());
    lines.find_map(|(number, line)| {
        let entry = Entry::of(line);
        (number >= from && entry.key == key).then_some((number, entry.key_column + 1))
    })
}
