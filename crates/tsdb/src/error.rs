//! Why an expression could not be evaluated.

use concertina_model::Labels;
use concertina_promql::PatternError;

/// Why an expression could not be evaluated: what Prometheus calls an execution error.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// Two elements of a result have the same labels.
    #[error("the result has several elements with the labels {0}; aggregate them first")]
    DuplicateLabels(Labels),
    /// Several elements of the side that must have one.
    #[error(
        "several series with the labels {labels} on the {side} side of `{op}`: many-to-many \
         matching is not possible"
    )]
    ManyToMany {
        /// The labels that are matched on.
        labels: Labels,
        /// `left` or `right`.
        side: &'static str,
        /// The operator.
        op: &'static str,
    },
    /// Several elements of the left side for one of the right.
    #[error(
        "several matches for the labels {labels} of `{op}`: many-to-one matching must be explicit \
         (group_left or group_right)"
    )]
    ManyToOne {
        /// The labels that are matched on.
        labels: Labels,
        /// The operator.
        op: &'static str,
    },
    /// The expression looks at more samples than allowed.
    #[error("the query looks at more than {0} samples")]
    TooManySamples(usize),
    /// The expression is nested deeper than allowed.
    #[error("the query is nested deeper than {0} levels")]
    TooDeep(usize),
    /// Whoever asked wanted no answer any more.
    #[error("the query was stopped before it was done, at its deadline or by who asked")]
    Stopped,
    /// The range ends before it starts.
    #[error("the range ends before it starts")]
    EndBeforeStart,
    /// The range has more steps than allowed.
    #[error("the range has more than {0} steps; use a larger step")]
    TooManySteps(u64),
    /// A pattern is none, or is too large.
    #[error(transparent)]
    BadPattern(#[from] PatternError),
    /// A text that should be a label name is none.
    #[error("`{0}` is no label name")]
    BadLabelName(String),
    /// A parameter that the function or aggregation cannot use.
    #[error("{what} cannot be {value}")]
    BadParameter {
        /// Which parameter.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// An expression of this type cannot be evaluated over a range.
    #[error("a {0} cannot be evaluated over a range of time, only a number or an instant vector")]
    NotARangeQuery(&'static str),
    /// The syntax tree is not one that the parser makes.
    #[error("{0} has arguments of the wrong type")]
    WrongType(&'static str),
}
