//! How evaluations are asked for.

use std::fmt;
use std::time::Duration;

use concertina_model::{InstantSample, Labels, QueryValue, Sample, Series, Timestamp};
use concertina_promql::ast::{Expr, ExprKind, ValueType};

use super::series::Name;
use super::{Element, Evaluator, Set, Value, millis, unwrapped};
use crate::{EvalError, Snapshot};

/// How expressions are evaluated, and how much one evaluation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvalOptions {
    /// How far back an instant selector looks for the newest sample.
    pub lookback: Duration,
    /// The step of a subquery that names none, `[5m:]`.
    pub interval: Duration,
    /// How many samples one query may look at.
    pub max_samples: usize,
    /// How deep an expression may be nested, chains of operators not counted. What [`concertina_promql::parse`] accepts is never
    /// deeper than the default.
    pub max_depth: usize,
    /// Whether ranges, lookback and subqueries leave out what is exactly as old as they reach
    /// back, as Prometheus 3 does. Prometheus 2 counts it in, so that `x[1m]` of a series scraped
    /// every 15 s has five samples now and then.
    pub left_open: bool,
}

impl Default for EvalOptions {
    /// Those of Prometheus 2.42: 5 minutes, 1 minute, 50 million samples, closed ranges.
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            interval: Duration::from_secs(60),
            max_samples: 50_000_000,
            max_depth: 300,
            left_open: false,
        }
    }
}

/// Whether an evaluation is to stop.
pub(super) type Stop<'a> = &'a (dyn Fn() -> bool + 'a);

/// Expressions over a snapshot, with limits. For those without a deadline there are [`evaluate`]
/// and [`evaluate_range`].
///
/// ```
/// use std::cell::Cell;
/// use concertina_model::{Labels, Sample, Timestamp};
/// use concertina_tsdb::{EvalError, EvalOptions, Evaluation, Store, StoreOptions};
///
/// let mut store = Store::new(StoreOptions::default());
/// let at = Timestamp::from_millis(0);
/// store.append(&Labels::from_pairs([("__name__", "up")]), Sample { timestamp: at, value: 1.0 }).unwrap();
///
/// // Whoever evaluates knows the time, or who has gone away meanwhile.
/// let patience = Cell::new(3);
/// let stop = || patience.replace(patience.get() - 1) == 0;
/// let snapshot = store.snapshot();
/// let evaluation = Evaluation::new(&snapshot, EvalOptions::default()).until(&stop);
/// let endless = concertina_promql::parse("sum_over_time(up[1y:1ms])").unwrap();
/// assert_eq!(evaluation.at(&endless, at), Err(EvalError::Stopped));
/// ```
#[derive(Clone, Copy)]
pub struct Evaluation<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) options: EvalOptions,
    pub(super) stop: Option<Stop<'a>>,
}

impl fmt::Debug for Evaluation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluation")
            .field("snapshot", self.snapshot)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The steps that a range may have, as in Prometheus.
const MAX_STEPS: u64 = 11_000;

impl<'a> Evaluation<'a> {
    /// Over `snapshot`, to the end.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, options: EvalOptions) -> Self {
        Self {
            snapshot,
            options,
            stop: None,
        }
    }

    /// Until `stop` says true: the evaluation ends soon after with [`EvalError::Stopped`]. It is
    /// asked once for some thousand samples or steps, so it may look at a clock or a flag.
    #[must_use]
    pub fn until(self, stop: &'a dyn Fn() -> bool) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    /// What is evaluated over.
    #[must_use]
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The value of `expr` at one moment, as Prometheus 2.42's `/api/v1/query` answers.
    ///
    /// # Errors
    ///
    /// [`EvalError`] where Prometheus answers with an execution error, at a limit, or when stopped.
    pub fn at(&self, expr: &Expr, at: Timestamp) -> Result<QueryValue, EvalError> {
        let evaluator = Evaluator::new(self, expr, at, at);
        let value = match &unwrapped(expr).kind {
            ExprKind::Range { .. } | ExprKind::Subquery { .. } => {
                let mut matrix = Vec::new();
                evaluator.ranges(expr, at, Name::Kept, |set, window| {
                    matrix.push(Series {
                        labels: evaluator.sets.labels(set),
                        samples: window.samples.to_vec(),
                    });
                })?;
                return Ok(QueryValue::Matrix(matrix));
            }
            _ => evaluator.eval(expr, at)?,
        };
        Ok(match value {
            Value::Scalar(value) => QueryValue::Scalar(value),
            Value::String(text) => QueryValue::String(text),
            Value::Vector(vector) => {
                let elements = vector.into_iter().map(|element| InstantSample {
                    labels: evaluator.sets.labels(&element.set),
                    timestamp: at,
                    value: element.value,
                });
                QueryValue::Vector(elements.collect())
            }
        })
    }

    /// The value of `expr` at every `step` from `start` to `end`, both included, as Prometheus
    /// 2.42's `/api/v1/query_range` answers. Sorted by labels.
    ///
    /// # Errors
    ///
    /// As [`Self::at`]; also for an expression that is neither a number nor an instant vector, for
    /// a range that ends before it starts, and for more than 11,000 steps.
    pub fn range(
        &self,
        expr: &Expr,
        start: Timestamp,
        end: Timestamp,
        step: Duration,
    ) -> Result<Vec<Series>, EvalError> {
        match expr.value_type() {
            ValueType::Scalar | ValueType::InstantVector => {}
            ValueType::String => return Err(EvalError::NotARangeQuery("string")),
            ValueType::RangeVector => return Err(EvalError::NotARangeQuery("range vector")),
        }
        if end < start {
            return Err(EvalError::EndBeforeStart);
        }
        let step = millis(step).max(1);
        let length = end.as_millis().saturating_sub(start.as_millis());
        if length / step > MAX_STEPS as i64 {
            return Err(EvalError::TooManySteps(MAX_STEPS));
        }
        let evaluator = Evaluator::new(self, expr, start, end);
        let empty = evaluator.sets.set(&Labels::new());
        let vector = |now| {
            Ok(match evaluator.eval(expr, now)? {
                Value::Vector(vector) => vector,
                Value::Scalar(value) => {
                    let set = Set::clone(&empty);
                    vec![Element { set, value }]
                }
                Value::String(_) => Vec::new(),
            })
        };
        let series = evaluator.over_steps(start.as_millis(), end.as_millis(), step, vector)?;
        let series = series.into_iter();
        let named = series.map(|(set, samples): (Set, Vec<Sample>)| Series {
            labels: evaluator.sets.labels(&set),
            samples,
        });
        Ok(named.collect())
    }
}

/// Evaluates `expr` at one moment, as Prometheus 2.42's `/api/v1/query` does. Native histograms do
/// not exist here: the store holds floats, and the functions of histograms give of those nothing,
/// as upstream.
///
/// # Errors
///
/// [`EvalError`] as of [`Evaluation::at`].
pub fn evaluate(
    snapshot: &Snapshot,
    expr: &Expr,
    at: Timestamp,
    options: &EvalOptions,
) -> Result<QueryValue, EvalError> {
    Evaluation::new(snapshot, *options).at(expr, at)
}

/// Evaluates `expr` at every `step` from `start` to `end`, both included, as Prometheus 2.42's
/// `/api/v1/query_range` does.
///
/// # Errors
///
/// [`EvalError`] as of [`Evaluation::range`].
pub fn evaluate_range(
    snapshot: &Snapshot,
    expr: &Expr,
    start: Timestamp,
    end: Timestamp,
    step: Duration,
    options: &EvalOptions,
) -> Result<Vec<Series>, EvalError> {
    Evaluation::new(snapshot, *options).range(expr, start, end, step)
}
