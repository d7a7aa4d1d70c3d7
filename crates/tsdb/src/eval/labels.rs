//! `label_replace` and `label_join`.

use concertina_promql::{Expansion, GoRegex};

use super::Element;
use crate::EvalError;

pub(super) fn check_name(name: &str) -> Result<(), EvalError> {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        Ok(())
    } else {
        Err(EvalError::BadLabelName(name.to_owned()))
    }
}

pub(super) fn replace(
    vector: &mut [Element],
    to: &str,
    replacement: &str,
    from: &str,
    pattern: &str,
) -> Result<(), EvalError> {
    let pattern = GoRegex::anchored(pattern)?;
    check_name(to)?;
    let replacement = Expansion::parse(replacement);
    for element in vector {
        let value = element.labels.get(from).unwrap_or_default().to_owned();
        if let Some(text) = pattern.expand(&value, &replacement) {
            element.labels = element.labels.with(to, &text);
        }
    }
    Ok(())
}

pub(super) fn join(
    vector: &mut [Element],
    to: &str,
    separator: &str,
    from: &[String],
) -> Result<(), EvalError> {
    for name in from {
        check_name(name)?;
    }
    check_name(to)?;
    for element in vector {
        let values: Vec<&str> = from
            .iter()
            .map(|name| element.labels.get(name).unwrap_or_default())
            .collect();
        element.labels = element.labels.with(to, &values.join(separator));
    }
    Ok(())
}
