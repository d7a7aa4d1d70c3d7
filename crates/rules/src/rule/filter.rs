//! `seriesFilters`.

use concertina_promql::GoRegex;

use super::RuleProblem;
use crate::config::SeriesFilter;

/// Patterns that the name of a series must all satisfy. They are searched for, not anchored.
#[derive(Clone, Debug, Default)]
pub struct SeriesFilters {
    required: Vec<GoRegex>,
    forbidden: Vec<GoRegex>,
}

impl SeriesFilters {
    /// Compiles filters.
    ///
    /// # Errors
    ///
    /// [`RuleProblem`] when one has a bad pattern, or not exactly one of `is` and `isNot`.
    pub fn new(filters: &[SeriesFilter]) -> Result<Self, RuleProblem> {
        let mut all = Self::default();
        for (index, filter) in filters.iter().enumerate() {
            let (text, into) = match (filter.is.as_str(), filter.is_not.as_str()) {
                (is, "") if !is.is_empty() => (is, &mut all.required),
                ("", is_not) if !is_not.is_empty() => (is_not, &mut all.forbidden),
                (is, _) => {
                    let both = !is.is_empty();
                    return Err(RuleProblem::FilterFields { index, both });
                }
            };
            let pattern =
                GoRegex::new(text).map_err(|error| RuleProblem::FilterPattern { index, error })?;
            into.push(pattern);
        }
        Ok(all)
    }

    /// Demands one more pattern.
    pub(super) fn require(&mut self, pattern: GoRegex) {
        self.required.push(pattern);
    }

    /// Whether a series of this name is kept.
    #[must_use]
    pub fn accept(&self, name: &str) -> bool {
        self.required.iter().all(|pattern| pattern.is_match(name))
            && !self.forbidden.iter().any(|pattern| pattern.is_match(name))
    }
}
