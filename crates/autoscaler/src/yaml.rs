//! YAML with the place of a mistake.

use serde::de::DeserializeOwned;

/// Why a text could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.line, .column))]
#[non_exhaustive]
pub struct YamlError {
    /// The line, from 1; 0 when no single place is to blame.
    pub line: u64,
    /// The column, from 1; 0 when no single place is to blame.
    pub column: u64,
    /// What is wrong.
    pub message: String,
}

fn place(line: &u64, column: &u64) -> String {
    match line {
        0 => String::new(),
        line => format!("line {line}, column {column}: "),
    }
}

/// Reads one document; unknown and repeated keys are up to `T`.
///
/// # Errors
///
/// [`YamlError`] with line and column.
///
/// ```
/// let error = concertina_autoscaler::yaml::read::<Vec<u8>>("- 1\n- x\n").unwrap_err();
/// assert_eq!((error.line, error.column), (2, 3));
/// ```
pub fn read<T: DeserializeOwned>(yaml: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
        let error = error.without_snippet();
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        // The library's own words for the place.
        let message = first.split(" at line ").next().unwrap_or(first).to_owned();
        let (line, column) = error
            .location()
            .map_or((0, 0), |at| (at.line(), at.column()));
        YamlError {
            line,
            column,
            message,
        }
    })
}
