//! Explanations as text.

use std::fmt;

use super::{Explanation, Found, Overview, RuleOverview, Taken, Trace, UsageQuery};

/// How many values are written out.
const SHOWN: usize = 20;

impl fmt::Display for Explanation {
    /// The whole story: the sentence, the way through each rule, and what came back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary)?;
        for trace in &self.traces {
            writeln!(f, "\n{trace}")?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "\n  help: {help}")?;
        }
        if self.values.len() > 1 {
            writeln!(f, "\nvalues")?;
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
        }
        Ok(())
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
        writeln!(
            f,
            "{} (line {}): {}{found}",
            self.rule, self.line, self.series_query
        )?;
        for offered in &self.offered {
            write!(f, "  {}", offered.metric)?;
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
