//! The evaluator.

mod absent;
mod aggregate;
mod binary;
mod calendar;
mod call;
mod fixed;
mod heap;
mod histogram;
mod labels;
mod math;
mod over_time;
mod query;
mod rate;
mod series;
mod sets;
mod stats;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use concertina_model::Timestamp;
use concertina_promql::ast::{Expr, ExprKind, Selector};

use crate::{EvalError, Snapshot};
use fixed::Unfixed;
use query::Stop;
pub use query::{EvalOptions, Evaluation, evaluate, evaluate_range};
use series::{PATIENCE, Selected, Steps};
use sets::{BySet, Set, Sets};

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// An element of an instant vector.
#[derive(Clone, Debug)]
struct Element {
    set: Set,
    value: f64,
}

/// No two elements of a vector have the same labels.
#[derive(Debug)]
enum Value {
    Scalar(f64),
    String(String),
    Vector(Vec<Element>),
}

struct Evaluator<'s> {
    snapshot: &'s Snapshot,
    sets: Sets<'s>,
    start: Timestamp,
    end: Timestamp,
    options: EvalOptions,
    stop: Option<Stop<'s>>,
    left: Cell<usize>,
    patience: Cell<usize>,
    depth: Cell<usize>,
    steps: Cell<Option<Steps>>,
    // The range whose function stands in an aggregation that does not look at names.
    ignored: Cell<Option<*const Expr>>,
    unfixed: Unfixed,
    // The first step of the innermost subquery, or of the query.
    first_step: Cell<Timestamp>,
    // Behind it, in milliseconds, nothing is read.
    horizon: Cell<i64>,
    // The same selector is evaluated at every step: its series are looked up once, by the
    // address that the selector keeps as long as the evaluator lives.
    selected: RefCell<HashMap<*const Selector, Rc<Selected>>>,
}

fn unwrapped(mut expr: &Expr) -> &Expr {
    while let ExprKind::Paren(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

impl<'s> Evaluator<'s> {
    fn new(evaluation: &Evaluation<'s>, expr: &Expr, start: Timestamp, end: Timestamp) -> Self {
        let Evaluation {
            snapshot,
            options,
            stop,
        } = *evaluation;
        Self {
            snapshot,
            sets: Sets::new(snapshot.index().symbols()),
            start,
            end,
            options,
            stop,
            left: Cell::new(options.max_samples),
            patience: Cell::new(PATIENCE),
            depth: Cell::new(0),
            steps: Cell::new(None),
            ignored: Cell::new(None),
            unfixed: Unfixed::of(expr),
            first_step: Cell::new(start),
            horizon: Cell::new(i64::MAX),
            selected: RefCell::default(),
        }
    }

    fn eval(&self, expr: &Expr, now: Timestamp) -> Result<Value, EvalError> {
        let depth = self.depth.get() + 1;
        if depth > self.options.max_depth {
            return Err(EvalError::TooDeep(self.options.max_depth));
        }
        self.depth.set(depth);
        let value = self.eval_kind(expr, now);
        self.depth.set(depth - 1);
        value
    }

    fn eval_kind(&self, expr: &Expr, now: Timestamp) -> Result<Value, EvalError> {
        match &expr.kind {
            ExprKind::Number(value) => Ok(Value::Scalar(*value)),
            ExprKind::String(text) => Ok(Value::String(text.clone())),
            ExprKind::Paren(inner) => self.eval(inner, now),
            ExprKind::Selector(selector) => Ok(Value::Vector(self.instant(selector, now)?)),
            ExprKind::Range { .. } | ExprKind::Subquery { .. } => {
                Err(EvalError::WrongType("the expression"))
            }
            ExprKind::Call { function, args } => self.call(*function, args, now),
            ExprKind::Aggregate {
                op,
                param,
                expr,
                grouping,
            } => self.aggregation(*op, param.as_deref(), expr, grouping.as_ref(), now),
            ExprKind::Unary { negate, expr } => self.signed(*negate, expr, now),
            ExprKind::Binary { .. } => self.chain(expr, now),
        }
    }

    /// An operation, and those on its left side, innermost first: chains like `1 + 2 + 3` are as
    /// deep as they are long, which here costs no stack.
    fn chain(&self, expr: &Expr, now: Timestamp) -> Result<Value, EvalError> {
        let mut operations = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { lhs, .. } = &first.kind {
            operations.push(first);
            first = lhs;
        }
        let mut value = self.eval(first, now)?;
        for operation in operations.into_iter().rev() {
            if let ExprKind::Binary {
                op,
                return_bool,
                matching,
                rhs,
                ..
            } = &operation.kind
            {
                let sides = (value, self.eval(rhs, now)?);
                value = self.binary(*op, *return_bool, matching.as_ref(), sides)?;
            }
        }
        Ok(value)
    }

    fn signed(&self, negate: bool, expr: &Expr, now: Timestamp) -> Result<Value, EvalError> {
        match self.eval(expr, now)? {
            value if !negate => Ok(value),
            Value::Scalar(value) => Ok(Value::Scalar(-value)),
            Value::Vector(vector) => Ok(Value::Vector(self.map(vector, |value| -value)?)),
            Value::String(_) => Err(EvalError::WrongType("`-`")),
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

    /// Every value through `apply`, names dropped.
    fn map(
        &self,
        vector: Vec<Element>,
        apply: impl Fn(f64) -> f64,
    ) -> Result<Vec<Element>, EvalError> {
        let mut mapped = vector;
        for element in &mut mapped {
            element.value = apply(element.value);
        }
        self.without_names(mapped)
    }

    /// The elements of a vector without their names.
    fn without_names(&self, mut vector: Vec<Element>) -> Result<Vec<Element>, EvalError> {
        let name = |element: &Element| sets::value_of(&element.set, self.sets.name());
        let first = vector.first().and_then(name);
        // Elements of one name differ in another label.
        let one = vector.iter().all(|element| name(element) == first);
        for element in &mut vector {
            element.set = self.sets.without_name(&element.set);
        }
        if one {
            return Ok(vector);
        }
        self.distinct(vector)
    }

    /// Refuses vectors in which labels are repeated.
    fn distinct(&self, vector: Vec<Element>) -> Result<Vec<Element>, EvalError> {
        let mut seen = BySet::new(&self.sets);
        let mut new = |element: &&Element| !seen.insert(Set::clone(&element.set), ());
        match vector.iter().find(|element| new(element)) {
            Some(repeated) => Err(EvalError::DuplicateLabels(self.sets.labels(&repeated.set))),
            None => Ok(vector),
        }
    }
}
