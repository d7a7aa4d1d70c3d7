//! From Prometheus' answer to one value for each object.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use concertina_model::{Quantity, QueryValue};

/// The values of an answer, by object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer(BTreeMap<String, Result<f64, NoValue>>);

/// Why an object has no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoValue {
    /// There is no sample for it.
    #[error("the query gave no sample for it")]
    NoSample,
    /// The sample is not a number.
    #[error("its sample is NaN")]
    NotANumber,
    /// The sample is infinite.
    #[error("its sample is {}", if *.0 < 0.0 { "-Inf" } else { "+Inf" })]
    Infinite(f64),
    /// The sample is larger than a quantity can be.
    #[error("its sample {0:e} is beyond what a Kubernetes quantity holds")]
    TooLarge(f64),
    /// The sample is below zero, and use cannot be.
    #[error("its sample {0} is negative")]
    Negative(f64),
    /// Several samples that are not equal.
    #[error("it has samples that disagree, {0} and {1}: aggregate them in the rule's metricsQuery")]
    Ambiguous(f64, f64),
}

/// Why an answer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query gave a {0}, and an instant vector is needed: check the rule's metricsQuery")]
#[non_exhaustive]
pub struct ReadError(pub &'static str);

impl Answer {
    pub(crate) fn read(label: &str, answer: &QueryValue) -> Result<Self, ReadError> {
        let QueryValue::Vector(samples) = answer else {
            return Err(ReadError(answer.type_name()));
        };
        let mut values: BTreeMap<String, Result<f64, NoValue>> = BTreeMap::new();
        for sample in samples {
            let name = sample.labels.get(label).unwrap_or_default();
            match values.entry(name.to_owned()) {
                Entry::Vacant(entry) => {
                    entry.insert(Ok(sample.value));
                }
                Entry::Occupied(mut entry) => disagree(entry.get_mut(), sample.value),
            }
        }
        Ok(Self(values))
    }

    /// The names of the objects that samples were found for. Samples without the label stand under
    /// the empty name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of an object, exact to a billionth.
    ///
    /// # Errors
    ///
    /// [`NoValue`] says why there is none. No data never becomes a number.
    pub fn value(&self, name: &str) -> Result<Quantity, NoValue> {
        match self.0.get(name) {
            None => Err(NoValue::NoSample),
            Some(found) => quantity(found.clone()?),
        }
    }

    /// The sample as it came.
    #[must_use]
    pub fn sample(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.clone().ok()
    }
}

/// Takes one more sample of what `known` is the value of.
pub(crate) fn disagree(known: &mut Result<f64, NoValue>, next: f64) {
    // Equal bits: two NaN agree.
    if let Ok(first) = *known
        && first.to_bits() != next.to_bits()
        && first != next
    {
        *known = Err(NoValue::Ambiguous(first, next));
    }
}

/// A sample as an exact quantity.
pub(crate) fn quantity(sample: f64) -> Result<Quantity, NoValue> {
    if sample.is_nan() {
        return Err(NoValue::NotANumber);
    }
    if sample.is_infinite() {
        return Err(NoValue::Infinite(sample));
    }
    Quantity::from_float(sample).ok_or(NoValue::TooLarge(sample))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told() {
        let reasons = [
            NoValue::NoSample,
            NoValue::NotANumber,
            NoValue::Infinite(f64::INFINITY),
            NoValue::Infinite(f64::NEG_INFINITY),
            NoValue::TooLarge(1e300),
            NoValue::Negative(-0.5),
            NoValue::Ambiguous(1.0, 2.5),
        ];
        let mut told = reasons.map(|reason| reason.to_string()).to_vec();
        told.push(ReadError("matrix").to_string());
        insta::assert_snapshot!(told.join("\n"));
    }
}
