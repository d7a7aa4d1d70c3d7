//! YAML with the place of a mistake, in the words of those who write it (feature `yaml`).

use serde::de::DeserializeOwned;
use serde_saphyr::Error;

/// Why a text could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.line, .column))]
#[non_exhaustive]
pub struct YamlError {
    /// The line, from 1; 0 when no single place is to blame.
    pub line: u64,
    /// The column in characters, from 1; 0 when no single place is to blame.
    pub column: u64,
    /// What is wrong, without the place.
    pub message: String,
}

fn place(line: &u64, column: &u64) -> String {
    match line {
        0 => String::new(),
        line => format!("line {line}, column {column}: "),
    }
}

impl From<&Error> for YamlError {
    /// What the library found: its place in fields of its own, and without advice to programmers.
    fn from(error: &Error) -> Self {
        let error = error.without_snippet();
        let (line, column) = error
            .location()
            .map_or((0, 0), |at| (at.line(), at.column()));
        Self {
            line,
            column,
            message: message(error),
        }
    }
}

fn message(error: &Error) -> String {
    match error {
        Error::AliasError { error, .. } => message(error.without_snippet()),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key `{key}` is there twice")
        }
        Error::DuplicateMappingKey { .. } => "a key is there twice".to_owned(),
        Error::MultipleDocuments { .. } => {
            "a second document begins here, and only one is read".to_owned()
        }
        other => without_place(&other.to_string()).to_owned(),
    }
}

/// The first line of an error's text without the place in it, which `serde_json` and `serde_saphyr`
/// write behind ` at line `.
#[must_use]
pub fn without_place(text: &str) -> &str {
    let first = text.lines().next().unwrap_or_default();
    let message = first.split(" at line ").next().unwrap_or(first);
    message.trim_end_matches(':')
}

/// Reads one document. Unknown keys are up to `T`, repeated ones are refused.
///
/// # Errors
///
/// [`YamlError`] with line and column.
///
/// ```
/// let error = concertina_model::yaml::read::<Vec<u8>>("- 1\n- x\n").unwrap_err();
/// assert_eq!((error.line, error.column), (2, 3));
/// ```
pub fn read<T: DeserializeOwned>(yaml: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(yaml, options).map_err(|error| YamlError::from(&error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::read;

    #[test]
    fn mistakes_are_told_in_the_words_of_the_file() {
        let told = [
            "a: 1\na: 2\n",
            "x: &x {b: 1, b: 2}\na: *x\n",
            "a: 1\n---\na: 2\n",
            "a: [1\n",
            "a: one\n",
            "a:\n\t- 1\n",
            "",
        ]
        .map(|text| match read::<BTreeMap<String, u32>>(text) {
            Ok(read) => format!("{read:?}"),
            Err(error) => error.to_string(),
        });
        insta::assert_snapshot!(told.join("\n"));
    }
}
