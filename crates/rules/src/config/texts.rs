//! Why a text is none for YAML: quotes, escapes, and what cannot stand without quotes.

use super::entry::Entry;
use super::layout::Cause;
use super::suggest::{KEYS_OF_TEXTS, is_known};

/// A longer text is not repeated in a hint.
const SHOWN: usize = 160;

pub(super) fn cause(lines: &[&str], at: usize, entry: &Entry<'_>, message: &str) -> Option<Cause> {
    inner_quotes(entry)
        .or_else(|| unclosed(lines, at, entry, message))
        .or_else(|| escape(lines, at, entry, message))
        .or_else(|| comma_behind(entry, message))
        .or_else(|| unquoted(entry, message))
        .or_else(|| colon(entry))
}

/// `key: 'text'`, as it should be.
fn in_single_quotes(key: &str, text: &str) -> String {
    if text.contains('\'') || text.chars().count() > SHOWN {
        return format!(
            "write `{key}: |-` and the text on the next line, indented further than `{key}`"
        );
    }
    match key {
        "" => format!("put it between single quotes: `'{text}'`"),
        key => format!("put it between single quotes: `{key}: '{text}'`"),
    }
}

/// The text between `quote` and the last one of the line, when one stands within it.
fn quote_within(value: &str, quote: char) -> Option<&str> {
    let (inner, _) = value.strip_prefix(quote)?.rsplit_once(quote)?;
    // `''` in single quotes and `\"` in double ones are a part of the text.
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once(quote) {
        let escaped = match quote {
            '"' => before.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1,
            _ => after.starts_with(quote),
        };
        if !escaped {
            // A comment may hold quotes.
            let comment = after.trim_start().starts_with('#');
            return (!comment).then_some(inner);
        }
        rest = match quote {
            '"' => after,
            _ => after.strip_prefix(quote).unwrap_or(after),
        };
    }
    None
}

/// `key: "a "b" c"`
fn inner_quotes(entry: &Entry<'_>) -> Option<Cause> {
    let told = |quote: &str, hint: String| {
        let (kind, mark) = quote.split_once(' ').unwrap_or((quote, ""));
        Cause::of(
            format!("the text in {kind} quotes ends at the next `{mark}`, which is inside of it"),
            hint,
        )
    };
    if let Some(inner) = quote_within(entry.value, '"') {
        return Some(told("double \"", in_single_quotes(entry.key, inner)));
    }
    let inner = quote_within(entry.value, '\'')?;
    if inner.contains('"') || inner.chars().count() > SHOWN {
        let hint = "write each `'` that is part of the text twice: `''`".to_owned();
        return Some(told("single '", hint));
    }
    let better = inner.replace('\'', "\"");
    let hint = format!(
        "use double quotes inside of it: `{}: '{better}'`",
        entry.key
    );
    Some(told("single '", hint))
}

/// A quote that is never closed, or closed by the next line's.
fn unclosed(lines: &[&str], at: usize, entry: &Entry<'_>, message: &str) -> Option<Cause> {
    let told = |quote: char| {
        let hint = match quote {
            '"' => "close it with `\"`",
            _ => "close it with `'`; within single quotes `''` stands for one of them",
        };
        Cause::of("the quote that begins here is not closed".to_owned(), hint)
    };
    if message.contains("unclosed quote") {
        let quote = entry.value.chars().next()?;
        return Some(told(if quote == '"' { '"' } else { '\'' }));
    }
    if !message.contains("trailing content after") {
        return None;
    }
    let quote = if message.contains("double") {
        '"'
    } else {
        '\''
    };
    let above = lines.get(..at)?.iter().enumerate().rev();
    let mut odd = above.filter(|(_, line)| {
        let value = Entry::of(line).value;
        value.starts_with(quote) && value.matches(quote).count() % 2 == 1
    });
    let (line, text) = odd.next()?;
    let column = text.chars().position(|c| c == quote)?;
    Some(told(quote).at(line + 1, column + 1))
}

/// `"^(.*)\.total"`
fn escape(lines: &[&str], at: usize, entry: &Entry<'_>, message: &str) -> Option<Cause> {
    /// What may stand behind a backslash in double quotes.
    const ESCAPES: &str = "0abtnvfre \"/\\N_LPxuU\t";
    if !message.contains("escape character") {
        return None;
    }
    let line = lines.get(at)?;
    let mut chars = line.chars().enumerate();
    let (column, wrong) = loop {
        let (column, c) = chars.next()?;
        if c == '\\' {
            let (_, escaped) = chars.next()?;
            if !ESCAPES.contains(escaped) {
                break (column, escaped);
            }
        }
    };
    let text = entry.value.strip_prefix('"')?.rsplit_once('"')?.0;
    let what = format!("a backslash in double quotes begins an escape, and `\\{wrong}` is none");
    let hint = in_single_quotes(entry.key, text);
    Some(Cause::of(what, hint).at(at + 1, column + 1))
}

/// `key: {a: b},` in a block.
fn comma_behind(entry: &Entry<'_>, message: &str) -> Option<Cause> {
    let flow = entry.value.starts_with(['{', '[', '"', '\'']);
    let inner = entry.value.strip_suffix(',')?.trim_end();
    let closed = inner.ends_with(['}', ']', '"', '\'']);
    if !flow || !closed || !message.contains("did not find expected") {
        return None;
    }
    let what = "a comma stands behind the value: the lines of a block are not separated by commas";
    let hint = format!("leave the comma out: `{}: {inner}`", entry.key);
    Some(Cause::of(what.to_owned(), hint))
}

/// A text without quotes that YAML does not take for one.
fn unquoted(entry: &Entry<'_>, message: &str) -> Option<Cause> {
    let value = entry.plain_value();
    let first = value.chars().next()?;
    if !KEYS_OF_TEXTS.contains(&entry.key) {
        return None;
    }
    let what = match first {
        '{' | '[' if message.contains("text is expected") => {
            let kind = if first == '{' { "mapping" } else { "list" };
            format!("a value that begins with `{first}` is a {kind} for YAML, not a text")
        }
        '*' | '&' | '%' | '@' | '`' | '!' | '|' | '>' | ',' | ']' | '}' | '?' => {
            format!("a text without quotes cannot begin with `{first}`")
        }
        '"' | '\'' => return None,
        _ if message.contains("mapping values") && value.contains(": ") => {
            "a text without quotes cannot have a colon and a blank in it".to_owned()
        }
        _ => return None,
    };
    Some(Cause::of(what, in_single_quotes(entry.key, value)))
}

/// `seriesQuery up`, `seriesQuery:up`
fn colon(entry: &Entry<'_>) -> Option<Cause> {
    if entry.glued && is_known(entry.key) {
        let what = format!("a blank is missing behind `{}:`", entry.key);
        let hint = format!("write `{}: {}`", entry.key, short(entry.value));
        return Some(Cause::of(what, hint));
    }
    let words = if entry.key.is_empty() {
        entry.value
    } else {
        entry.key
    };
    let (key, value) = words.split_once(' ').unwrap_or((words, ""));
    if !is_known(key) || (value.is_empty() && !entry.key.is_empty()) {
        return None;
    }
    let what = format!("the colon behind `{key}` is missing");
    let hint = format!("write `{key}: {}`", short(value.trim_start()));
    Some(Cause::of(what, hint))
}

fn short(text: &str) -> &str {
    if text.chars().count() > SHOWN {
        "…"
    } else {
        text
    }
}
