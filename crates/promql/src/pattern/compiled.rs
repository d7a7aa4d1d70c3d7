//! Patterns, compiled.

use regex::{Regex, RegexBuilder};

use super::{GoPattern, PatternError};
use crate::{Expansion, GroupRef};

/// The memory that a compiled pattern may take, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// A [`GoPattern`], compiled, of bounded size.
///
/// ```
/// use concertina_promql::{Expansion, GoRegex};
///
/// let pattern = GoRegex::new(r"^(?P<what>\w+?)_(seconds_)?total$").unwrap();
/// let name = pattern.expand("wait_seconds_total", &Expansion::parse("${what}_rate"));
/// assert_eq!(name.as_deref(), Some("wait_rate"));
/// ```
#[derive(Clone, Debug)]
pub struct GoRegex {
    regex: Regex,
    groups: Vec<Option<Box<str>>>,
}

impl GoRegex {
    /// Compiles a pattern that is searched for.
    ///
    /// # Errors
    ///
    /// [`PatternError`] as of [`GoPattern::parse`], and when the pattern takes too much memory.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        Self::compile(pattern, GoPattern::parse(pattern)?)
    }

    /// Compiles a pattern that must match a whole text.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new).
    pub fn anchored(pattern: &str) -> Result<Self, PatternError> {
        Self::compile(pattern, GoPattern::anchored(pattern)?)
    }

    fn compile(written: &str, pattern: GoPattern) -> Result<Self, PatternError> {
        let regex = RegexBuilder::new(&pattern.rust)
            .size_limit(MAX_COMPILED)
            .build()
            .map_err(|_| PatternError {
                pattern: written.to_owned(),
                column: None,
                reason: "it takes too much memory".to_owned(),
            })?;
        let groups = pattern.groups;
        Ok(Self { regex, groups })
    }

    /// Whether `text` has a match.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// How many groups the pattern has.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The first match of `text`, put into `expansion`. A name that several groups have is the first
    /// of them that took part. None when there is no match.
    #[must_use]
    pub fn expand(&self, text: &str, expansion: &Expansion) -> Option<String> {
        let captures = self.regex.captures(text)?;
        let number = |number| captures.get(number).map(|group| group.as_str());
        Some(expansion.expand(|group| match group {
            GroupRef::Number(at) => number(at),
            GroupRef::Name(name) => {
                let own = |group: &Option<Box<str>>| group.as_deref() == Some(name);
                let mut named = (1..).zip(&self.groups).filter(|(_, group)| own(group));
                named.find_map(|(at, _)| number(at))
            }
        }))
    }
}
