//! What is wrong in a rule file, where, and what to do.

use serde_saphyr::Error as Yaml;

use super::{entry, excerpt, layout, suggest};

/// Why a rule file was refused: position, reason, the line itself and, where one is known, a way
/// out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub struct ConfigError {
    line: u32,
    column: u32,
    message: String,
    source_line: String,
    hint: Option<String>,
}

impl ConfigError {
    /// A finding about no single place.
    pub(super) fn new(message: String, hint: impl Into<String>) -> Self {
        Self {
            line: 0,
            column: 0,
            message,
            source_line: String::new(),
            hint: Some(hint.into()),
        }
    }

    /// The same finding, at the first `key` of `yaml` if there is one.
    pub(super) fn at_key(self, key: &str, yaml: &str) -> Self {
        match entry::place_of(yaml, key, 1) {
            Some(place) => self.at(place, yaml),
            None => self,
        }
    }

    /// The same finding, at a line and column (from 1) of `yaml`.
    pub(super) fn at(mut self, (line, column): (usize, usize), yaml: &str) -> Self {
        self.line = u32::try_from(line).unwrap_or(u32::MAX);
        self.column = u32::try_from(column).unwrap_or(u32::MAX);
        self.source_line = line_of(yaml, self.line);
        self
    }

    /// The same finding with something to do, if it has nothing yet.
    pub(super) fn or_hint(mut self, hint: &str) -> Self {
        self.hint.get_or_insert_with(|| hint.to_owned());
        self
    }

    pub(super) fn from_yaml(error: &Yaml, yaml: &str) -> Self {
        let error = error.without_snippet();
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let place = error
            .location()
            .map_or((0, 0), |at| (number(at.line()), number(at.column())));
        let (message, cause) = suggest::explain(error, yaml, place);
        let (better, hint, elsewhere) = match cause {
            Some(cause) => (cause.message, Some(cause.hint), cause.place),
            None => (None, None, None),
        };
        let told = Self {
            line: 0,
            column: 0,
            message: better.unwrap_or(message),
            source_line: String::new(),
            hint,
        };
        match place {
            (0, _) => told,
            place => told.at(elsewhere.unwrap_or(place), yaml),
        }
    }

    pub(super) fn at_tab(line: usize, yaml: &str) -> Self {
        let told = Self::new("a tab cannot begin the file".to_owned(), layout::NO_TABS);
        told.at((line.saturating_add(1), 1), yaml)
    }

    /// The same finding, for a text that stands line by line in another one: below `above` lines
    /// and indented.
    pub(super) fn moved(mut self, above: u32, indent: u32) -> Self {
        if self.line != 0 {
            self.line = self.line.saturating_add(above);
            self.column = self.column.saturating_add(indent);
            if !self.source_line.is_empty() {
                let margin = usize::try_from(indent).unwrap_or(0);
                self.source_line.insert_str(0, &" ".repeat(margin));
            }
        }
        self
    }

    /// The same finding, for a text that is the value of `key` at `whole` of `yaml` in some
    /// quotation.
    pub(super) fn inside(mut self, key: &str, whole: (u32, u32), yaml: &str) -> Self {
        let place = match self.line {
            0 => String::new(),
            line => format!(", its line {line}, column {}", self.column),
        };
        self.message = format!("in the text of `{key}`{place}: {}", self.message);
        (self.line, self.column) = whole;
        self.source_line = line_of(yaml, self.line);
        self
    }

    /// The line, counted from 1; 0 when the finding is about no single place.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column in characters, counted from 1; 0 when the finding is about no single place.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }

    /// What is wrong, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The offending line as it stands in the file.
    #[must_use]
    pub fn source_line(&self) -> &str {
        &self.source_line
    }

    /// What would put it right.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    fn text(&self) -> String {
        let mut text = match self.line {
            0 => self.message.clone(),
            line => format!("line {line}, column {}: {}", self.column, self.message),
        };
        if !self.source_line.trim().is_empty() {
            let margin = self.line.to_string();
            let (line, indent) = excerpt(&self.source_line, self.column);
            text.push_str(&format!(
                "\n  {margin} | {line}\n  {} | {}^",
                " ".repeat(margin.len()),
                " ".repeat(indent),
            ));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("\n  help: {hint}"));
        }
        text
    }
}

/// The line of `yaml` with that number, from 1.
fn line_of(yaml: &str, line: u32) -> String {
    let at = usize::try_from(line)
        .ok()
        .and_then(|line| line.checked_sub(1));
    let line = at.and_then(|at| yaml.lines().nth(at));
    line.unwrap_or_default().to_owned()
}
