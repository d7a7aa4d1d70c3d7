//! Regular expressions in Go's dialect, for the `regex` crate.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetBinaryOp, ClassSetItem, Flag,
    FlagsItemKind, RepetitionKind, RepetitionRange, Span, Visitor,
};

/// The highest count that Go's regular expressions repeat to.
const MAX_REPEAT: u32 = 1000;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{pattern}` cannot be used: {reason}")]
#[non_exhaustive]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

impl PatternError {
    /// An error about `pattern`.
    pub fn new(pattern: &str, reason: impl Into<String>) -> Self {
        Self {
            pattern: pattern.to_owned(),
            reason: reason.into(),
        }
    }
}

/// A pattern that means to Rust's `regex` crate what `pattern` means to Go's `regexp` (RE2), the
/// dialect of PromQL and of rule files: `\d`, `\w`, `\s` and `\b` are ASCII there.
///
/// # Errors
///
/// [`PatternError`] for what is no pattern, and for what the two dialects read differently:
/// nothing is ever silently read otherwise than Go would.
///
/// ```
/// assert_eq!(concertina_promql::go_pattern(r"gpu\d+").unwrap(), "gpu[0-9]+");
/// let error = concertina_promql::go_pattern("[a&&b]").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the pattern `[a&&b]` cannot be used: `&&`, `--` and `~~` in a class are ambiguous: escape them",
/// );
/// ```
pub fn go_pattern(pattern: &str) -> Result<String, PatternError> {
    let parsed = Parser::new().parse(pattern);
    let ast = parsed.map_err(|error| PatternError::new(pattern, error.kind().to_string()))?;
    let dialect = Dialect {
        replaced: Vec::new(),
    };
    let replaced = ast::visit(&ast, dialect);
    let replaced = replaced.map_err(|reason| PatternError::new(pattern, reason))?;
    let mut text = String::with_capacity(pattern.len());
    let mut done = 0;
    for (span, replacement) in replaced {
        text.push_str(pattern.get(done..span.start.offset).unwrap_or_default());
        text.push_str(replacement);
        done = span.end.offset;
    }
    text.push_str(pattern.get(done..).unwrap_or_default());
    // What is left for the second stage of parsing: Unicode classes that do not exist, sizes.
    regex_syntax::parse(&text).map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim();
        PatternError::new(pattern, last.strip_prefix("error: ").unwrap_or(last))
    })?;
    Ok(text)
}

struct Dialect {
    replaced: Vec<(Span, &'static str)>,
}

/// An ASCII class, as an item between brackets and standing alone.
fn ascii(class: &ClassPerl) -> (&'static str, &'static str) {
    match (&class.kind, class.negated) {
        (ClassPerlKind::Digit, false) => ("0-9", "[0-9]"),
        (ClassPerlKind::Digit, true) => ("[^0-9]", "[^0-9]"),
        (ClassPerlKind::Space, false) => (r"\t\n\f\r ", r"[\t\n\f\r ]"),
        (ClassPerlKind::Space, true) => (r"[^\t\n\f\r ]", r"[^\t\n\f\r ]"),
        (ClassPerlKind::Word, false) => ("0-9A-Za-z_", "[0-9A-Za-z_]"),
        (ClassPerlKind::Word, true) => ("[^0-9A-Za-z_]", "[^0-9A-Za-z_]"),
    }
}

impl Visitor for Dialect {
    type Output = Vec<(Span, &'static str)>;
    type Err = &'static str;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self.replaced)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::ClassPerl(class) => self.replaced.push((class.span, ascii(class).1)),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundary => {
                    self.replaced.push((assertion.span, r"(?-u:\b)"));
                }
                AssertionKind::NotWordBoundary => return Err(r"`\B` is not supported"),
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText => {}
                _ => return Err("Go has no such word boundary"),
            },
            Ast::Repetition(repetition) => {
                if matches!(*repetition.ast, Ast::Repetition(_)) {
                    return Err("a repetition is repeated: put the inner one into parentheses");
                }
                let most = match &repetition.op.kind {
                    RepetitionKind::Range(
                        RepetitionRange::Exactly(n)
                        | RepetitionRange::AtLeast(n)
                        | RepetitionRange::Bounded(_, n),
                    ) => *n,
                    _ => 0,
                };
                if most > MAX_REPEAT {
                    return Err("Go repeats at most 1000 times");
                }
            }
            Ast::Flags(flags) => check_flags(&flags.flags)?,
            Ast::Group(group) => {
                if let ast::GroupKind::NonCapturing(flags) = &group.kind {
                    check_flags(flags)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        match item {
            ClassSetItem::Perl(class) => self.replaced.push((class.span, ascii(class).0)),
            ClassSetItem::Bracketed(_) => {
                return Err("`[` in a class is ambiguous: escape it");
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ClassSetBinaryOp) -> Result<(), Self::Err> {
        Err("`&&`, `--` and `~~` in a class are ambiguous: escape them")
    }
}

fn check_flags(flags: &ast::Flags) -> Result<(), &'static str> {
    let foreign = flags.items.iter().any(|item| {
        let own = [
            Flag::CaseInsensitive,
            Flag::MultiLine,
            Flag::DotMatchesNewLine,
            Flag::SwapGreed,
        ];
        matches!(&item.kind, FlagsItemKind::Flag(flag) if !own.contains(flag))
    });
    if foreign {
        return Err("Go knows the flags i, m, s and U only");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ascii() {
        assert_eq!(
            go_pattern(r"^(\w+?)[^\d\s.]\b").unwrap(),
            r"^([0-9A-Za-z_]+?)[^0-9\t\n\f\r .](?-u:\b)"
        );
        assert_eq!(go_pattern(r"[\Da]é\\d").unwrap(), r"[[^0-9]a]é\\d");
    }

    #[test]
    fn what_reads_differently_is_refused() {
        for pattern in [
            "a**",
            "[[a]b]",
            "[a--b]",
            r"\B",
            r"\b{start}x",
            "a{1001}",
            "(?x)a",
            "(?u:a)",
            "(",
        ] {
            assert!(go_pattern(pattern).is_err(), "{pattern}");
        }
        for pattern in [
            "(?i)a",
            "(?s:.)",
            "a{2,3}?",
            "[[:alpha:]]",
            r"\pL+",
            "(?P<n>a)",
        ] {
            assert!(go_pattern(pattern).is_ok(), "{pattern}");
        }
    }
}
