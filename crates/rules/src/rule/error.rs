//! Why a rule cannot be used.

use std::fmt;

use concertina_promql::PatternError;

use super::LabelTemplateError;
use crate::TemplateError;

/// Why a rule was refused, and which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct RuleError {
    /// Its place in the list, from 0.
    pub index: usize,
    /// The line of the file on which it begins, from 1; 0 when it came from no file.
    pub line: u32,
    /// What is wrong.
    #[source]
    pub problem: RuleProblem,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}", self.index.saturating_add(1))?;
        if self.line != 0 {
            write!(f, " (line {})", self.line)?;
        }
        write!(f, ", {}", self.problem)
    }
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleProblem {
    /// The query template is none.
    #[error("metricsQuery: {0}")]
    MetricsQuery(#[from] TemplateError),
    /// A filter has both fields or none.
    #[error(
        "seriesFilters[{index}]: a filter has exactly one of `is` and `isNot`, this one has {}",
        if *.both { "both" } else { "none" }
    )]
    FilterFields {
        /// Which filter, from 0.
        index: usize,
        /// True for both, false for none.
        both: bool,
    },
    /// A filter's pattern is none.
    #[error("seriesFilters[{index}]: {error}")]
    FilterPattern {
        /// Which filter, from 0.
        index: usize,
        /// What is wrong.
        error: PatternError,
    },
    /// The name's pattern is none.
    #[error("name.matches: {0}")]
    NameMatches(PatternError),
    /// The name cannot be guessed.
    #[error(
        "name.as is missing: `matches` has {groups} groups, so it is not clear which of them is \
         the name; write for example `as: \"$1\"`"
    )]
    NameAsRequired {
        /// How many groups `matches` has.
        groups: usize,
    },
    /// The label template is none.
    #[error("resources.template: {0}")]
    LabelTemplate(#[from] LabelTemplateError),
}
