//! Replacement texts: Go's `Regexp.Expand`, as `label_replace` and rule names use it.

/// A text with references to groups, `$1`, `$name`, `${1}`, `${name}` and `$$`, as Go's
/// `Regexp.Expand` reads it: the longest name counts (`$1_rate` is the group `1_rate`), numbers
/// with a leading zero are names, and a malformed `$` is a dollar.
///
/// ```
/// use concertina_promql::{Expansion, GroupRef};
///
/// let expansion = Expansion::parse("${1}_ratio, $$");
/// let text = expansion.expand(|group| (group == GroupRef::Number(1)).then_some("gpu"));
/// assert_eq!(text, "gpu_ratio, $");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion(Vec<Part>);

/// The group of a pattern that a replacement text refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRef<'a> {
    /// By number; 0 is the whole match.
    Number(usize),
    /// By name.
    Name(&'a str),
}

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

    /// The text, with what `group` gives in the places of the references. None, for a group that
    /// does not exist or took no part, is empty.
    #[must_use]
    pub fn expand<'t>(&self, mut group: impl FnMut(GroupRef<'_>) -> Option<&'t str>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Number(number) => {
                    text.push_str(group(GroupRef::Number(*number)).unwrap_or_default());
                }
                Part::Name(name) => text.push_str(group(GroupRef::Name(name)).unwrap_or_default()),
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
        let group = |group: GroupRef<'_>| match group {
            GroupRef::Number(0 | 1) | GroupRef::Name("first") => Some("a"),
            _ => None,
        };
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
            assert_eq!(Expansion::parse(text).expand(group), expected, "{text}");
        }
    }
}
