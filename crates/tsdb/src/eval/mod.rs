//! The evaluator.

mod absent;
mod aggregate;
mod binary;
mod calendar;
mod call;
mod heap;
mod histogram;
mod labels;
mod math;
mod over_time;
mod rate;
mod stats;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use concertina_model::{InstantSample, Labels, METRIC_NAME, QueryValue, Sample, Series, Timestamp};
use concertina_promql::ast::{At, Expr, ExprKind, Selector, TimeModifier, ValueType};

use crate::select::Matchers;
use crate::store::Slot;
use crate::{EvalError, Snapshot, is_stale};

/// How expressions are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvalOptions {
    /// How far back an instant selector looks for the newest sample.
    pub lookback: Duration,
    /// The step of a subquery that names none, `[5m:]`.
    pub interval: Duration,
    /// How many samples one query may look at.
    pub max_samples: usize,
}

impl Default for EvalOptions {
    /// Prometheus' defaults: 5 minutes, 1 minute, 50 million samples.
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            interval: Duration::from_secs(60),
            max_samples: 50_000_000,
        }
    }
}

/// The steps that a range may have, as in Prometheus.
const MAX_STEPS: u64 = 11_000;

/// Evaluates `expr` at one moment, as Prometheus 2.42's `/api/v1/query` does.
///
/// # Errors
///
/// [`EvalError`] where Prometheus answers with an execution error.
pub fn evaluate(
    snapshot: &Snapshot,
    expr: &Expr,
    at: Timestamp,
    options: &EvalOptions,
) -> Result<QueryValue, EvalError> {
    let evaluator = Evaluator::new(snapshot, at, at, options);
    let value = match &unwrapped(expr).kind {
        ExprKind::Range { .. } | ExprKind::Subquery { .. } => {
            let series = evaluator.matrix(expr, at)?;
            return Ok(QueryValue::Matrix(
                series.into_iter().map(Window::into_series).collect(),
            ));
        }
        _ => evaluator.eval(expr, at)?,
    };
    Ok(match value {
        Value::Scalar(value) => QueryValue::Scalar(value),
        Value::String(text) => QueryValue::String(text),
        Value::Vector(vector) => QueryValue::Vector(
            vector
                .into_iter()
                .map(|element| InstantSample {
                    labels: element.labels,
                    timestamp: at,
                    value: element.value,
                })
                .collect(),
        ),
    })
}

/// Evaluates `expr` at every `step` from `start` to `end`, both included, as Prometheus 2.42's
/// `/api/v1/query_range` does.
///
/// # Errors
///
/// [`EvalError`] where Prometheus answers with an error; also for an expression that is neither a
/// number nor an instant vector, for a range that ends before it starts, and for more than 11,000 steps.
pub fn evaluate_range(
    snapshot: &Snapshot,
    expr: &Expr,
    start: Timestamp,
    end: Timestamp,
    step: Duration,
    options: &EvalOptions,
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
    let evaluator = Evaluator::new(snapshot, start, end, options);
    let mut series: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
    let mut now = start.as_millis();
    while now <= end.as_millis() {
        let timestamp = Timestamp::from_millis(now);
        let vector = match evaluator.eval(expr, timestamp)? {
            Value::Vector(vector) => vector,
            Value::Scalar(value) => vec![Element {
                labels: Labels::new(),
                value,
            }],
            Value::String(_) => Vec::new(),
        };
        for Element { labels, value } in vector {
            series
                .entry(labels)
                .or_default()
                .push(Sample { timestamp, value });
        }
        let Some(next) = now.checked_add(step) else {
            break;
        };
        now = next;
    }
    let series = series.into_iter();
    Ok(series
        .map(|(labels, samples)| Series { labels, samples })
        .collect())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// An element of an instant vector.
#[derive(Clone, Debug)]
struct Element {
    labels: Labels,
    value: f64,
}

#[derive(Debug)]
enum Value {
    Scalar(f64),
    String(String),
    Vector(Vec<Element>),
}

/// A series' samples in a window of time, and the window.
#[derive(Debug)]
struct Window {
    labels: Labels,
    samples: Vec<Sample>,
    start: i64,
    end: i64,
}

impl Window {
    fn into_series(self) -> Series {
        Series {
            labels: self.labels,
            samples: self.samples,
        }
    }
}

type Selected = Rc<Vec<(Labels, Slot)>>;

struct Evaluator<'s> {
    snapshot: &'s Snapshot,
    start: Timestamp,
    end: Timestamp,
    options: &'s EvalOptions,
    left: Cell<usize>,
    // The same selector is evaluated at every step: its series are looked up once, by the
    // address that the selector keeps as long as the evaluator lives.
    selected: RefCell<HashMap<*const Selector, Selected>>,
}

fn unwrapped(mut expr: &Expr) -> &Expr {
    while let ExprKind::Paren(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

fn without_name(labels: &Labels) -> Labels {
    labels.filter(|name| name != METRIC_NAME)
}

/// Refuses vectors in which labels are repeated.
fn distinct(vector: Vec<Element>) -> Result<Vec<Element>, EvalError> {
    let mut seen = HashSet::with_capacity(vector.len());
    match vector.iter().find(|element| !seen.insert(&element.labels)) {
        Some(repeated) => Err(EvalError::DuplicateLabels(repeated.labels.clone())),
        None => Ok(vector),
    }
}

impl<'s> Evaluator<'s> {
    fn new(
        snapshot: &'s Snapshot,
        start: Timestamp,
        end: Timestamp,
        options: &'s EvalOptions,
    ) -> Self {
        Self {
            snapshot,
            start,
            end,
            options,
            left: Cell::new(options.max_samples),
            selected: RefCell::default(),
        }
    }

    fn eval(&self, expr: &Expr, now: Timestamp) -> Result<Value, EvalError> {
        match &expr.kind {
            ExprKind::Number(value) => Ok(Value::Scalar(*value)),
            ExprKind::String(text) => Ok(Value::String(text.clone())),
            ExprKind::Paren(inner) => self.eval(inner, now),
            ExprKind::Selector(selector) => {
                let found = self.instant(selector, now)?.into_iter();
                let elements = found.map(|(labels, sample)| Element {
                    labels: labels.clone(),
                    value: sample.value,
                });
                Ok(Value::Vector(elements.collect()))
            }
            ExprKind::Range { .. } | ExprKind::Subquery { .. } => {
                Err(EvalError::WrongType("the expression"))
            }
            ExprKind::Call { function, args } => self.call(*function, args, now),
            ExprKind::Aggregate {
                op,
                param,
                expr,
                grouping,
            } => {
                let vector = self.vector(expr, now)?;
                let param = match param {
                    Some(param) => Some(self.eval(param, now)?),
                    None => None,
                };
                let done = aggregate::aggregate(*op, param, vector, grouping.as_ref())?;
                Ok(Value::Vector(done))
            }
            ExprKind::Unary { negate, expr } => {
                let value = self.eval(expr, now)?;
                if !negate {
                    return Ok(value);
                }
                match value {
                    Value::Scalar(value) => Ok(Value::Scalar(-value)),
                    Value::Vector(vector) => {
                        let negated = vector.into_iter().map(|element| Element {
                            labels: without_name(&element.labels),
                            value: -element.value,
                        });
                        Ok(Value::Vector(distinct(negated.collect())?))
                    }
                    Value::String(_) => Err(EvalError::WrongType("`-`")),
                }
            }
            ExprKind::Binary {
                op,
                return_bool,
                matching,
                lhs,
                rhs,
            } => {
                let sides = (self.eval(lhs, now)?, self.eval(rhs, now)?);
                binary::binary(*op, *return_bool, matching.as_ref(), sides)
            }
        }
    }

    fn vector(&self, expr: &Expr, now: Timestamp) -> Result<Vec<Element>, EvalError> {
        match self.eval(expr, now)? {
            Value::Vector(vector) => Ok(vector),
            _ => Err(EvalError::WrongType("an aggregation or function")),
        }
    }

    fn scalar(&self, expr: &Expr, now: Timestamp) -> Result<f64, EvalError> {
        match self.eval(expr, now)? {
            Value::Scalar(value) => Ok(value),
            _ => Err(EvalError::WrongType("a function")),
        }
    }

    fn moment(&self, at: &TimeModifier, now: Timestamp) -> i64 {
        let base = match at.at {
            None => now,
            Some(At::Time(time)) => time,
            Some(At::Start) => self.start,
            Some(At::End) => self.end,
        };
        base.as_millis().saturating_sub(at.offset_ms)
    }

    fn look_at(&self, samples: usize) -> Result<(), EvalError> {
        let left = self.left.get().checked_sub(samples);
        self.left
            .set(left.ok_or(EvalError::TooManySamples(self.options.max_samples))?);
        Ok(())
    }

    fn select(&self, selector: &Selector) -> Result<Selected, EvalError> {
        let key: *const Selector = selector;
        if let Some(selected) = self.selected.borrow().get(&key) {
            return Ok(Rc::clone(selected));
        }
        let slots = Matchers::new(selector)?.select(self.snapshot.index());
        let found = slots
            .into_iter()
            .map(|slot| (self.snapshot.index().labels(slot), slot));
        let found = Rc::new(found.collect());
        self.selected.borrow_mut().insert(key, Rc::clone(&found));
        Ok(found)
    }

    /// The newest sample of each series within the lookback, unless it says that the series ended.
    fn instant(
        &self,
        selector: &Selector,
        now: Timestamp,
    ) -> Result<Vec<(Labels, Sample)>, EvalError> {
        let end = self.moment(&selector.at, now);
        let start = end.saturating_sub(millis(self.options.lookback));
        let mut found = Vec::new();
        for (labels, slot) in self.select(selector)?.iter() {
            let series = self.snapshot.samples(*slot);
            let newest = series.and_then(|series| series.newest(end));
            if let Some(sample) = newest
                && sample.timestamp.as_millis() >= start
                && !is_stale(sample.value)
            {
                found.push((labels.clone(), sample));
            }
        }
        self.look_at(found.len())?;
        Ok(found)
    }

    /// The samples of each series in a range, closed at both ends; series without any left out.
    fn matrix(&self, expr: &Expr, now: Timestamp) -> Result<Vec<Window>, EvalError> {
        match &unwrapped(expr).kind {
            ExprKind::Range { selector, range } => {
                let end = self.moment(&selector.at, now);
                let start = end.saturating_sub(millis(*range));
                let mut windows = Vec::new();
                for (labels, slot) in self.select(selector)?.iter() {
                    let mut samples = Vec::new();
                    if let Some(series) = self.snapshot.samples(*slot) {
                        series.window(start, end, &mut samples);
                    }
                    samples.retain(|sample| !is_stale(sample.value));
                    self.look_at(samples.len())?;
                    if !samples.is_empty() {
                        windows.push(Window {
                            labels: labels.clone(),
                            samples,
                            start,
                            end,
                        });
                    }
                }
                Ok(windows)
            }
            ExprKind::Subquery {
                expr,
                range,
                step,
                at,
            } => {
                let end = self.moment(at, now);
                let start = end.saturating_sub(millis(*range));
                let step = millis(step.unwrap_or(self.options.interval)).max(1);
                self.subquery(expr, start, end, step)
            }
            _ => Err(EvalError::WrongType("a function over a range")),
        }
    }

    fn subquery(
        &self,
        expr: &Expr,
        start: i64,
        end: i64,
        step: i64,
    ) -> Result<Vec<Window>, EvalError> {
        let mut series: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
        // Steps lie at multiples of the step in absolute time; the division cuts toward zero.
        let mut now = step.saturating_mul(start / step);
        if now < start {
            now = now.saturating_add(step);
        }
        while now <= end {
            let timestamp = Timestamp::from_millis(now);
            let vector = self.vector(expr, timestamp)?;
            // Steps count against the limit, so that an empty subquery is bounded, too.
            self.look_at(vector.len().max(1))?;
            for Element { labels, value } in vector {
                series
                    .entry(labels)
                    .or_default()
                    .push(Sample { timestamp, value });
            }
            let Some(next) = now.checked_add(step) else {
                break;
            };
            now = next;
        }
        let windows = series.into_iter().map(|(labels, samples)| Window {
            labels,
            samples,
            start,
            end,
        });
        Ok(windows.collect())
    }
}
