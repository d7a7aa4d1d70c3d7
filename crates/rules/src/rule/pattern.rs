//! Regular expressions of rules, in Go's dialect and bounded in size.

use concertina_promql::{PatternError, go_pattern};
use regex::{Regex, RegexBuilder};

/// The memory that a compiled pattern may take, in bytes.
const MAX_COMPILED: usize = 1 << 20;

pub(super) fn compile(pattern: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(&go_pattern(pattern)?)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|_| PatternError::new(pattern, "it is too large"))
}
