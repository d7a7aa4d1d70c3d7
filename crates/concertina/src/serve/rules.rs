//! The rule file.

use std::path::Path;
use std::sync::Arc;

use concertina_rules::{Rule, RuleFile, compile};

use super::ServeError;
use crate::files;

/// A rule file that can be used.
#[derive(Debug)]
pub(super) struct Compiled {
    /// The rules that compile.
    pub(super) rules: Vec<Arc<Rule>>,
    /// Why others do not.
    pub(super) refused: Vec<String>,
}

/// Reads and compiles a rule file. One bad rule harms no other; a file that cannot be read as
/// rules, or of which no rule is left, is an error.
pub(super) fn read(path: &Path) -> Result<Compiled, ServeError> {
    let bad = |message: String| ServeError::BadFile {
        path: path.to_owned(),
        message,
    };
    let text = files::read_text(path)?;
    let file = RuleFile::parse(&text).map_err(|error| bad(error.to_string()))?;
    if file.rules.is_empty() {
        let message = "there is no rule in it; custom metrics come from `rules:`";
        return Err(bad(message.to_owned()));
    }
    let mut compiled = Compiled {
        rules: Vec::new(),
        refused: Vec::new(),
    };
    for rule in compile(&file.rules) {
        match rule {
            Ok(rule) => compiled.rules.push(Arc::new(rule)),
            Err(error) => compiled.refused.push(error.to_string()),
        }
    }
    if compiled.rules.is_empty() {
        let reasons = compiled.refused.join("; ");
        return Err(bad(format!("no rule can be used: {reasons}")));
    }
    Ok(compiled)
}
