//! `name`: under which name a series is exposed.

use concertina_promql::{Expansion, GoRegex};

use super::RuleProblem;

/// `matches` and `as`, compiled.
#[derive(Clone, Debug)]
pub struct NamePattern {
    matches: GoRegex,
    expansion: Expansion,
}

impl NamePattern {
    /// Compiles `matches` and `as`. An empty `matches` is `.*`; an empty `as` is `$0` when the
    /// pattern has no group and `$1` when it has one (prometheus-adapter 0.12).
    ///
    /// # Errors
    ///
    /// [`RuleProblem`] for a bad pattern, or an empty `as` with several groups.
    pub fn new(matches: &str, as_: &str) -> Result<Self, RuleProblem> {
        let text = if matches.is_empty() { ".*" } else { matches };
        let matches = GoRegex::new(text).map_err(RuleProblem::NameMatches)?;
        let as_ = match (as_, matches.group_count()) {
            ("", 0) => "$0",
            ("", 1) => "$1",
            ("", groups) => return Err(RuleProblem::NameAsRequired { groups }),
            (as_, _) => as_,
        };
        Ok(Self {
            expansion: Expansion::parse(as_),
            matches,
        })
    }

    pub(super) fn pattern(&self) -> &GoRegex {
        &self.matches
    }

    /// The exposed name: what matched, put into `as`; text of the series' name around the match is
    /// dropped. None when nothing matches.
    #[must_use]
    pub fn expose(&self, series: &str) -> Option<String> {
        self.matches.expand(series, &self.expansion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expose(matches: &str, as_: &str, series: &str) -> Option<String> {
        NamePattern::new(matches, as_).unwrap().expose(series)
    }

    #[test]
    fn the_default_name_depends_on_the_groups() {
        assert_eq!(expose("", "", "up"), Some("up".to_owned()));
        assert_eq!(
            expose("re.+s", "", "http_requests_x"),
            Some("requests".to_owned())
        );
        assert_eq!(expose("^(.*)_total$", "", "a_total"), Some("a".to_owned()));
        assert_eq!(expose("^(.*)_total$", "", "a"), None);
        assert_eq!(
            NamePattern::new("(a)(b)", "").unwrap_err(),
            RuleProblem::NameAsRequired { groups: 2 }
        );
    }
}
