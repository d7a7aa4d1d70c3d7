//! Aggregations.

use concertina_model::{METRIC_NAME, Timestamp};
use concertina_promql::ast::{AggregateOp, Expr, ExprKind, Grouping};

use super::heap::Best;
use super::sets::{BySet, Projection};
use super::stats::{Mean, quantile};
use super::{Element, Evaluator, Set, Value, unwrapped};
use crate::EvalError;
use crate::number::format_scalar;

impl Evaluator<'_> {
    pub(super) fn aggregation(
        &self,
        op: AggregateOp,
        param: Option<&Expr>,
        expr: &Expr,
        grouping: Option<&Grouping>,
        now: Timestamp,
    ) -> Result<Value, EvalError> {
        let best = matches!(op, AggregateOp::Topk | AggregateOp::Bottomk);
        let by_name = grouping.is_some_and(|grouping| {
            !grouping.without && grouping.labels.iter().any(|label| label == METRIC_NAME)
        });
        if let ExprKind::Call { args, .. } = &unwrapped(expr).kind
            && !best
            && !by_name
        {
            self.ignored.set(args.last().map(std::ptr::from_ref));
        }
        let vector = self.vector(expr, now)?;
        let param = param.map(|param| {
            let first = self.unfixed.is_of_first_step(param);
            self.eval(param, if first { self.first_step.get() } else { now })
        });
        let param = param.transpose()?;
        let done = self.aggregate(op, param, vector, grouping)?;
        Ok(Value::Vector(done))
    }

    /// Aggregates `vector`, whose order decides ties.
    fn aggregate(
        &self,
        op: AggregateOp,
        param: Option<Value>,
        mut vector: Vec<Element>,
        grouping: Option<&Grouping>,
    ) -> Result<Vec<Element>, EvalError> {
        let mut names = grouping.map_or_else(Vec::new, |g| self.sets.symbols(&g.labels));
        let without = grouping.is_some_and(|grouping| grouping.without);
        let mut number = 0.0;
        match (op, param) {
            (AggregateOp::CountValues, Some(Value::String(label))) => {
                super::labels::check_name(&label)?;
                let label = self.sets.symbol(&label);
                for element in &mut vector {
                    element.set =
                        self.sets
                            .with(&element.set, label, &format_scalar(element.value));
                }
                if !without {
                    names.push(label);
                }
            }
            (_, Some(Value::Scalar(value))) => number = value,
            (_, None) => {}
            _ => return Err(EvalError::WrongType(op.name())),
        }
        let best = matches!(op, AggregateOp::Topk | AggregateOp::Bottomk);
        if best && !fits_i64(number) {
            let what = "the number of elements of topk and bottomk";
            return Err(EvalError::BadParameter {
                what,
                value: number,
            });
        }
        let projection = match without {
            true => Projection::without(&self.sets, names),
            false => Projection::onto(&self.sets, names),
        };
        let mut groups: BySet<Group> = BySet::new(&self.sets);
        let mut key = Vec::new();
        for element in vector {
            projection.of(&element.set, &mut key);
            match groups.get_mut(&key) {
                Some(group) => group.add(element),
                None => {
                    let group = Group::of(op, number, element);
                    groups.insert(Set::from(key.as_slice()), group);
                }
            }
        }
        let mut result = Vec::new();
        for (set, group) in groups.into_entries() {
            match group {
                Group::Best(heap) => result.extend(heap.into_sorted()),
                other => result.push(Element {
                    set,
                    value: other.value(number),
                }),
            }
        }
        Ok(result)
    }
}

/// Whether the whole part of `value` is an `i64`.
pub(super) fn fits_i64(value: f64) -> bool {
    // -2^63 is a value of i64, 2^63 is not.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value)
}

/// What became of the elements of a group so far.
enum Group {
    Sum(f64),
    Mean(Mean),
    Min(f64),
    Max(f64),
    Count(f64),
    One,
    Variance { spread: Spread, root: bool },
    Quantile(Vec<f64>),
    Best(Best),
}

impl Group {
    fn of(op: AggregateOp, param: f64, first: Element) -> Self {
        let value = first.value;
        let spread = Spread {
            count: 1.0,
            mean: value,
            squares: 0.0,
        };
        match op {
            AggregateOp::Sum => Self::Sum(value),
            AggregateOp::Avg => {
                let mut mean = Mean::default();
                mean.add(value);
                Self::Mean(mean)
            }
            AggregateOp::Min => Self::Min(value),
            AggregateOp::Max => Self::Max(value),
            AggregateOp::Count | AggregateOp::CountValues => Self::Count(1.0),
            AggregateOp::Group => Self::One,
            AggregateOp::Stddev => Self::Variance { spread, root: true },
            AggregateOp::Stdvar => Self::Variance {
                spread,
                root: false,
            },
            AggregateOp::Quantile => Self::Quantile(vec![value]),
            AggregateOp::Topk | AggregateOp::Bottomk => {
                let mut heap = Best::new(param as i64, op == AggregateOp::Topk);
                heap.offer(first);
                Self::Best(heap)
            }
        }
    }

    fn add(&mut self, element: Element) {
        let value = element.value;
        match self {
            Self::Sum(sum) => *sum += value,
            Self::Mean(mean) => mean.add(value),
            // NaN gives way to any number.
            Self::Min(min) if *min > value || min.is_nan() => *min = value,
            Self::Max(max) if *max < value || max.is_nan() => *max = value,
            Self::Count(count) => *count += 1.0,
            Self::Min(_) | Self::Max(_) | Self::One => {}
            Self::Variance { spread, .. } => spread.add(value),
            Self::Quantile(values) => values.push(value),
            Self::Best(heap) => heap.offer(element),
        }
    }

    fn value(self, param: f64) -> f64 {
        match self {
            Self::Sum(value) | Self::Min(value) | Self::Max(value) | Self::Count(value) => value,
            Self::Mean(mean) => mean.value(),
            Self::One | Self::Best(_) => 1.0,
            Self::Variance { spread, root } => {
                let variance = spread.squares / spread.count;
                if root { variance.sqrt() } else { variance }
            }
            Self::Quantile(values) => quantile(param, values),
        }
    }
}

/// Welford's sums. The variance of a single value is 0, whatever the value is.
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }
}
