//! Regular expressions in Go's dialect (RE2), for the `regex` crate.

mod class;
mod compiled;
mod escape;
mod translate;

pub use compiled::GoRegex;

use translate::translate;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{pattern}` cannot be used: {reason}{}", at_column(*.column))]
#[non_exhaustive]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// The character at which it goes wrong, from 1; None for the pattern as a whole.
    pub column: Option<usize>,
    /// What is wrong with it.
    pub reason: String,
}

fn at_column(column: Option<usize>) -> String {
    column.map_or_else(String::new, |column| format!(" (column {column})"))
}

/// What is wrong, and the byte at which.
#[derive(Debug)]
struct Problem {
    at: usize,
    reason: String,
}

impl Problem {
    fn new(at: usize, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { at, reason }
    }

    /// As an error of `pattern`, which begins `before` bytes into the text that was read.
    fn of(self, pattern: &str, before: usize) -> PatternError {
        let at = self.at.saturating_sub(before);
        let column = pattern
            .char_indices()
            .take_while(|(byte, _)| *byte < at)
            .count();
        PatternError {
            pattern: pattern.to_owned(),
            column: Some(column.saturating_add(1)),
            reason: self.reason,
        }
    }
}

/// A pattern in the dialect of Go's `regexp` (RE2 with Perl's extensions, Go 1.25 and later), which
/// is that of PromQL and of rule files, with what it means to Rust's `regex` crate.
///
/// The two differ in many places: `\d`, `\w`, `\s` and `\b` are ASCII in Go, `[a&&b]` is a plain
/// class, `a{,3}` is a text, `\Q…\E` quotes, groups may share a name, `a**` is an error. Everything
/// is read as Go reads it. What is refused in spite of Go: a pattern that nests more than about
/// sixty levels deep or becomes too large. Unicode's tables are those of `regex-syntax`.
///
/// ```
/// use concertina_promql::GoPattern;
///
/// assert_eq!(GoPattern::parse(r"gpu\d+").unwrap().as_rust(), "gpu[0-9]+");
/// let error = GoPattern::parse("util|**").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the pattern `util|**` cannot be used: there is nothing that `*` could repeat (column 6)",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoPattern {
    rust: String,
    groups: Vec<Option<Box<str>>>,
    matches_empty: bool,
}

/// What stands around a pattern that must match a whole text. It is put around it as a text, as
/// Prometheus does, so that a `\Q` without an end quotes it too.
const ANCHORS: (&str, &str) = ("^(?:", ")$");

impl GoPattern {
    /// Reads a pattern that is searched for.
    ///
    /// # Errors
    ///
    /// [`PatternError`] with the place, for what Go refuses and what is too large.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        translate(pattern).map_err(|problem| problem.of(pattern, 0))
    }

    /// Reads a pattern that must match a whole text, as matchers and `label_replace` do.
    ///
    /// # Errors
    ///
    /// As of [`parse`](Self::parse).
    pub fn anchored(pattern: &str) -> Result<Self, PatternError> {
        let (before, behind) = ANCHORS;
        let whole = [before, pattern, behind].concat();
        translate(&whole).map_err(|problem| match Self::parse(pattern) {
            // A parenthesis too many is better shown where it stands than at the anchor's.
            Err(error) => error,
            Ok(_) => problem.of(pattern, before.len()),
        })
    }

    /// The same pattern in the syntax of the `regex` crate. Its groups have numbers and no names.
    #[must_use]
    pub fn as_rust(&self) -> &str {
        &self.rust
    }

    /// The names of its groups, the first group first; None for one without a name.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        self.groups.iter().map(Option::as_deref)
    }

    /// Whether it matches the empty text.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.matches_empty
    }
}
