//! `as`: Go's `Regexp.Expand`.

use regex::{Captures, Regex};

/// A text with references to groups, `$1`, `$name`, `${1}`, `${name}` and `$$`, as Go's
/// `Regexp.Expand` reads it: the longest name counts (`$1_rate` is the group `1_rate`), numbers
/// with a leading zero are names, and a malformed `$` is a dollar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Number(usize),
    Name(String),
}

/// From this number on a reference is a name.
const FIRST_NAME: usize = 100_000_000;

impl Expansion {
    /// Reads `text`. There is nothing that it could not read.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                literal.push('$');
                rest = after;
            } else if let Some((part, after)) = reference(after) {
                parts.push(Part::Text(std::mem::take(&mut literal)));
                parts.push(part);
                rest = after;
            } else {
                literal.push('$');
                rest = after;
            }
        }
        literal.push_str(rest);
        parts.push(Part::Text(literal));
        parts.retain(|part| *part != Part::Text(String::new()));
        Self(parts)
    }

    /// The text with the groups of `captures` put in. A group that does not exist, or took no
    /// part, is empty.
    #[must_use]
    pub fn expand(&self, pattern: &Regex, captures: &Captures<'_>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Number(number) => {
                    text.push_str(captures.get(*number).map_or("", |group| group.as_str()));
                }
                Part::Name(name) => {
                    let known = pattern.capture_names().flatten().any(|known| known == name);
                    let group = known.then(|| captures.name(name)).flatten();
                    text.push_str(group.map_or("", |group| group.as_str()));
                }
            }
        }
        text
    }
}

/// The reference behind a dollar, and the text behind it.
fn reference(text: &str) -> Option<(Part, &str)> {
    let braced = text.strip_prefix('{');
    let text = braced.unwrap_or(text);
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let rest = if braced.is_some() {
        rest.strip_prefix('}')?
    } else {
        rest
    };
    let leading_zero = name.len() > 1 && name.starts_with('0');
    let digits = name.bytes().all(|b| b.is_ascii_digit());
    let part = match name.parse() {
        Ok(number) if digits && !leading_zero && number < FIRST_NAME => Part::Number(number),
        _ => Part::Name(name.to_owned()),
    };
    Some((part, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_go_reads_them() {
        let pattern = Regex::new("(?P<first>a)(b)?").unwrap();
        let captures = pattern.captures("a").unwrap();
        for (text, expected) in [
            ("$0", "a"),
            ("${1}_x", "a_x"),
            ("$1_x", ""),
            ("$01-${01}", "-"),
            ("$first", "a"),
            ("$2|$9|$100000000", "||"),
            ("$$1", "$1"),
            ("${", "${"),
            ("${1", "${1"),
            ("${}", "${}"),
            ("$-$", "$-$"),
            ("$1é", ""),
        ] {
            assert_eq!(
                Expansion::parse(text).expand(&pattern, &captures),
                expected,
                "{text}"
            );
        }
    }
}
