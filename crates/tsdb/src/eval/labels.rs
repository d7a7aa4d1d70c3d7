//! `label_replace` and `label_join`.

use concertina_promql::{Expansion, GoRegex};

use super::sets::value_of;
use super::{Element, Evaluator};
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

impl Evaluator<'_> {
    pub(super) fn label_replace(
        &self,
        mut vector: Vec<Element>,
        [to, replacement, from, pattern]: [&str; 4],
    ) -> Result<Vec<Element>, EvalError> {
        let pattern = GoRegex::anchored(pattern)?;
        check_name(to)?;
        let replacement = Expansion::parse(replacement);
        let (to, from) = (self.sets.symbol(to), self.sets.symbol(from));
        for element in &mut vector {
            let value = value_of(&element.set, from).map(|value| self.sets.text(value));
            let value = value.as_deref().unwrap_or_default();
            if let Some(text) = pattern.expand(value, &replacement) {
                element.set = self.sets.with(&element.set, to, &text);
            }
        }
        self.distinct(vector)
    }

    pub(super) fn label_join(
        &self,
        mut vector: Vec<Element>,
        to: &str,
        separator: &str,
        from: &[String],
    ) -> Result<Vec<Element>, EvalError> {
        for name in from {
            check_name(name)?;
        }
        check_name(to)?;
        let (to, from) = (self.sets.symbol(to), self.sets.symbols(from));
        for element in &mut vector {
            let values = from.iter().map(|name| value_of(&element.set, *name));
            let texts: Vec<_> = values
                .map(|value| value.map(|v| self.sets.text(v)))
                .collect();
            let texts: Vec<&str> = texts
                .iter()
                .map(|text| text.as_deref().unwrap_or_default())
                .collect();
            element.set = self.sets.with(&element.set, to, &texts.join(separator));
        }
        self.distinct(vector)
    }
}
