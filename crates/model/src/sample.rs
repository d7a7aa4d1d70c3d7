//! Samples, series, and what a query answers.

use crate::{Labels, Timestamp};

/// One measured value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was measured.
    pub timestamp: Timestamp,
    /// The value, in the metric's own unit. May be NaN or infinite: Prometheus stores both.
    pub value: f64,
}

/// A series with its samples in ascending time: one element of a range vector or matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What names the series.
    pub labels: Labels,
    /// Samples in ascending time.
    pub samples: Vec<Sample>,
}

/// One element of an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct InstantSample {
    /// What names the element.
    pub labels: Labels,
    /// The time of the evaluation.
    pub timestamp: Timestamp,
    /// The value. May be NaN or infinite.
    pub value: f64,
}

/// A set of elements, all of one evaluation time.
pub type InstantVector = Vec<InstantSample>;

/// The value of a PromQL expression.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum QueryValue {
    /// One sample for each label set.
    Vector(InstantVector),
    /// A number without labels.
    Scalar(f64),
    /// A text.
    String(String),
    /// Several samples for each label set.
    Matrix(Vec<Series>),
}

impl QueryValue {
    /// The type's name as Prometheus' API writes it: `vector`, `scalar`, `string` or `matrix`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Vector(_) => "vector",
            Self::Scalar(_) => "scalar",
            Self::String(_) => "string",
            Self::Matrix(_) => "matrix",
        }
    }
}

/// What a metric source answered to an instant query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryAnswer {
    /// The time the expression was evaluated at, by the source's clock.
    pub at: Timestamp,
    /// The value.
    pub value: QueryValue,
}
