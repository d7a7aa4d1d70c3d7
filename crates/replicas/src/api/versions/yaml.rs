//! YAML, and JSON as the part of it that it is, with the place and the path of a mistake.

use concertina_model::yaml::{YamlError, without_place};
use serde::de::DeserializeOwned;

use super::ManifestError;

/// Reads one document; unknown fields are up to `T`.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, ManifestError> {
    // Not every JSON is YAML: it may hold characters that YAML has to escape.
    if text.trim_start().starts_with('{') {
        match read_json(text) {
            // Whatever else is no JSON may be YAML.
            Err((_, error)) if !error.is_data() => {}
            read => return read.map_err(|(path, error)| json_error(&path, &error)),
        }
    }
    let mut path = String::new();
    let options = serde_saphyr::options! { with_snippet: false };
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
        serde_path_to_error::deserialize(yaml).map_err(|error| {
            path = error.path().to_string();
            error.into_inner()
        })
    });
    read.map_err(|error| {
        let error = YamlError::from(&error);
        malformed(error.line, error.column, &path, error.message)
    })
}

/// The value, or the path of the field that is refused and why.
fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, (String, serde_json::Error)> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| (error.path().to_string(), error.into_inner()))?;
    json.end().map_err(|error| (String::new(), error))?;
    Ok(read)
}

fn json_error(path: &str, error: &serde_json::Error) -> ManifestError {
    let place = |n: usize| u64::try_from(n).unwrap_or(0);
    let (line, column) = (place(error.line()), place(error.column()));
    malformed(
        line,
        column,
        path,
        without_place(&error.to_string()).to_owned(),
    )
}

fn malformed(line: u64, column: u64, path: &str, message: String) -> ManifestError {
    ManifestError::Malformed {
        line,
        column,
        path: match path {
            "." => String::new(),
            path if path.contains('?') => String::new(),
            path => path.to_owned(),
        },
        message,
    }
}

/// The documents of a text. Empty lines stand for what is before each of them, so that places are
/// those in the whole text.
pub(super) fn documents(text: &str) -> Vec<String> {
    let mut documents = Vec::new();
    let mut document = String::new();
    let mut above = String::new();
    for line in text.split_inclusive('\n') {
        // A marker in the first column ends a document wherever it stands.
        let rest = line.strip_prefix("---").map(str::trim_end);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
            documents.push(std::mem::replace(&mut document, above.clone()));
        }
        above.push('\n');
        // Without the marker, which is YAML, what follows may be JSON.
        document.push_str(if rest == Some("") { "\n" } else { line });
    }
    documents.push(document);
    documents.retain(|document| {
        let content = |line: &str| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#') && line != "---" && line != "..."
        };
        document.lines().any(content)
    });
    documents
}
