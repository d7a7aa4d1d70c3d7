//! What is wrong in a rule file, where, and what to do.

use serde_saphyr::Error as Yaml;

use super::{layout, suggest};

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
    pub(super) fn new(line: u32, column: u32, message: String) -> Self {
        Self {
            line,
            column,
            message,
            source_line: String::new(),
            hint: None,
        }
    }

    pub(super) fn from_yaml(error: &Yaml, yaml: &str) -> Self {
        let error = error.without_snippet();
        let (line, column) = error
            .location()
            .map_or((0, 0), |at| (at.line(), at.column()));
        let (message, hint) = suggest::explain(error, yaml, usize::try_from(line).unwrap_or(0));
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let source_line = line_of(yaml, line);
        Self {
            line,
            column: u32::try_from(column).unwrap_or(u32::MAX),
            message,
            source_line,
            hint,
        }
    }

    pub(super) fn at_tab(line: usize, yaml: &str) -> Self {
        let source_line = yaml.lines().nth(line).unwrap_or_default().to_owned();
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1),
            column: 1,
            message: "a tab cannot begin the file".to_owned(),
            source_line,
            hint: Some(layout::NO_TABS.to_owned()),
        }
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
            let indent = usize::try_from(self.column).unwrap_or(0).saturating_sub(1);
            text.push_str(&format!(
                "\n  {margin} | {}\n  {} | {}^",
                self.source_line,
                " ".repeat(margin.len()),
                " ".repeat(indent.min(self.source_line.chars().count())),
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
