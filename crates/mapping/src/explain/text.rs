//! Explanations as text.

use std::fmt;

use super::{Explanation, Found, Overview, RuleOverview, Step, Taken, Trace, UsageQuery, title};

/// How many values are written out.
const SHOWN: usize = 20;

/// How many other rules are told of.
const OTHERS: usize = 5;

impl fmt::Display for Explanation {
    /// The way through the rule that serves it or nearly does, the others in a line each, what came
    /// back, and the verdict.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((first, others)) = self.traces.split_first() {
            writeln!(f, "{first}\n")?;
            for other in others.iter().take(OTHERS) {
                other.in_short(f)?;
            }
            if let Some(more) = others.len().checked_sub(OTHERS).filter(|more| *more > 0) {
                writeln!(f, "and {more} more rules could give it")?;
            }
            if !others.is_empty() {
                writeln!(f)?;
            }
        }
        if self.values.len() > 1 {
            writeln!(f, "values")?;
            let width = self.values.iter().take(SHOWN).map(|found| found.of.len());
            let width = width.max().unwrap_or_default();
            for Found { of, value, reason } in self.values.iter().take(SHOWN) {
                match (value, reason) {
                    (Some(value), _) => writeln!(f, "  {of:width$}  {value}")?,
                    (None, Some(reason)) => writeln!(f, "  {of:width$}  none: {reason}")?,
                    (None, None) => {}
                }
            }
            if let Some(more) = self
                .values
                .len()
                .checked_sub(SHOWN)
                .filter(|more| *more > 0)
            {
                writeln!(f, "  and {more} more")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{}", self.summary)?;
        match &self.help {
            Some(help) => writeln!(f, "  help: {help}"),
            None => Ok(()),
        }
    }
}

impl Trace {
    /// The rule and its last step, with the series' name where that is another.
    fn in_short(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.title())?;
        let renamed =
            |taken: &&Taken| taken.step == Step::Name && taken.found.contains(" becomes ");
        if let [name, .., _] = self.steps.as_slice()
            && renamed(&name)
        {
            write!(f, "{}; ", name.found)?;
        }
        match self.steps.last() {
            Some(last) => writeln!(f, "{}: {}", last.step.name(), last.found),
            None => writeln!(f),
        }
    }
}

impl fmt::Display for Trace {
    /// The rule, and a line for each step; no line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title())?;
        for Taken {
            step,
            passed,
            found,
            help,
        } in &self.steps
        {
            let mark = if *passed { "ok" } else { "NO" };
            write!(f, "\n  {mark}  {:9}  {found}", step.name())?;
            if let Some(help) = help {
                write!(f, "\n      {:9}  help: {help}", "")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Overview {
    /// A block for each rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.rules.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{rule}")?;
        }
        for (index, usage) in self.usage.iter().enumerate() {
            if index == 0 {
                let gap = if self.rules.is_empty() { "" } else { "\n" };
                writeln!(f, "{gap}resourceRules")?;
            }
            write!(f, "{usage}")?;
        }
        Ok(())
    }
}

impl fmt::Display for UsageQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.query, &self.problem) {
            (Some(query), _) => writeln!(f, "  {}: {query}", self.of),
            (None, problem) => {
                let problem = problem.as_deref().unwrap_or_default();
                writeln!(f, "  {}: nothing: {problem}", self.of)
            }
        }
    }
}

impl fmt::Display for RuleOverview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match self.series {
            None => String::new(),
            Some(1) => ": 1 series".to_owned(),
            Some(count) => format!(": {count} series"),
        };
        let title = title(self.rule, self.line);
        writeln!(f, "{title}: {}{found}", self.series_query)?;
        for offered in &self.offered {
            let example = if offered.example { "for example " } else { "" };
            write!(f, "  {example}{}", offered.metric)?;
            if offered.series != offered.metric {
                write!(f, " from {}", offered.series)?;
            }
            for (index, (resource, label)) in offered.resources.iter().enumerate() {
                let before = if index == 0 { ": " } else { ", " };
                write!(f, "{before}{resource} by {label}")?;
            }
            writeln!(f)?;
        }
        match &self.problem {
            Some(problem) => writeln!(f, "  nothing is served: {problem}"),
            None => Ok(()),
        }
    }
}
