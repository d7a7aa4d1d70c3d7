//! Matchers, compiled.

use concertina_model::{Labels, METRIC_NAME};
use concertina_promql::ast::{MatchOp, Selector};
use concertina_promql::{PatternError, go_pattern};
use regex::{Regex, RegexBuilder};

use crate::EvalError;

/// The memory that a compiled pattern may take, in bytes.
const MAX_COMPILED: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Matchers(Vec<(String, Test)>);

#[derive(Debug)]
enum Test {
    Equal(String, bool),
    Pattern(Regex, bool),
}

impl Matchers {
    pub(crate) fn new(selector: &Selector) -> Result<Self, EvalError> {
        let tests = selector.all_matchers().map(|matcher| {
            let test = match matcher.op {
                MatchOp::Equal => Test::Equal(matcher.value, true),
                MatchOp::NotEqual => Test::Equal(matcher.value, false),
                MatchOp::Regex => Test::Pattern(anchored(&matcher.value)?, true),
                MatchOp::NotRegex => Test::Pattern(anchored(&matcher.value)?, false),
            };
            Ok((matcher.label, test))
        });
        Ok(Self(tests.collect::<Result<_, EvalError>>()?))
    }

    /// The one metric name that can match, when there is one.
    pub(crate) fn metric_name(&self) -> Option<&str> {
        self.0.iter().find_map(|(label, test)| match test {
            Test::Equal(value, true) if label == METRIC_NAME => Some(value.as_str()),
            _ => None,
        })
    }

    pub(crate) fn match_labels(&self, labels: &Labels) -> bool {
        self.0.iter().all(|(label, test)| {
            // A missing label is an empty one.
            let value = labels.get(label).unwrap_or_default();
            match test {
                Test::Equal(wanted, expected) => (value == wanted) == *expected,
                Test::Pattern(pattern, expected) => pattern.is_match(value) == *expected,
            }
        })
    }
}

/// A pattern that must match the whole text.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, EvalError> {
    let pattern = go_pattern(pattern)?;
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|_| PatternError::new(&pattern, "it is too large").into())
}
