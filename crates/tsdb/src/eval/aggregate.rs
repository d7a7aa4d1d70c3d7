//! Aggregations.

use std::collections::HashMap;

use concertina_model::{Labels, METRIC_NAME};
use concertina_promql::ast::{AggregateOp, Grouping};

use super::heap::Best;
use super::stats::{quantile, running_mean};
use super::{Element, Value};
use crate::EvalError;
use crate::number::plain;

/// Aggregates `vector`, whose order decides ties.
pub(super) fn aggregate(
    op: AggregateOp,
    param: Option<Value>,
    vector: Vec<Element>,
    grouping: Option<&Grouping>,
) -> Result<Vec<Element>, EvalError> {
    let mut labels: Vec<String> = grouping.map(|g| g.labels.clone()).unwrap_or_default();
    let without = grouping.is_some_and(|grouping| grouping.without);
    let mut vector = vector;
    let mut number = 0.0;
    match (op, param) {
        (AggregateOp::CountValues, Some(Value::String(label))) => {
            super::labels::check_name(&label)?;
            for element in &mut vector {
                element.labels = element.labels.with(&label, &plain(element.value));
            }
            if !without {
                labels.push(label);
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
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut groups: Vec<(Labels, Vec<Element>)> = Vec::new();
    for element in vector {
        let key = element.labels.filter(|name| {
            let listed = labels.iter().any(|label| label == name);
            if without {
                !listed && name != METRIC_NAME
            } else {
                listed
            }
        });
        let place = *places.entry(key.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, members)) => members.push(element),
            None => groups.push((key, vec![element])),
        }
    }
    let mut result = Vec::new();
    for (labels, members) in groups {
        if best {
            let mut heap = Best::new(number as i64, op == AggregateOp::Topk);
            members.into_iter().for_each(|element| heap.offer(element));
            result.extend(heap.into_sorted());
        } else {
            let values: Vec<f64> = members.iter().map(|member| member.value).collect();
            let value = reduce(op, number, &values);
            result.push(Element { labels, value });
        }
    }
    Ok(result)
}

fn fits_i64(value: f64) -> bool {
    // -2^63 is a value of i64, 2^63 is not.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value)
}

/// `values` is never empty. NaN gives way to any number in `min` and `max`.
fn reduce(op: AggregateOp, param: f64, values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or(f64::NAN);
    let rest = values.iter().copied();
    match op {
        AggregateOp::Sum => rest.skip(1).fold(first, |sum, v| sum + v),
        AggregateOp::Avg => running_mean(values),
        AggregateOp::Min => rest.fold(
            first,
            |min, v| if min > v || min.is_nan() { v } else { min },
        ),
        AggregateOp::Max => rest.fold(
            first,
            |max, v| if max < v || max.is_nan() { v } else { max },
        ),
        AggregateOp::Count | AggregateOp::CountValues => values.len() as f64,
        AggregateOp::Stddev => variance(values).sqrt(),
        AggregateOp::Stdvar => variance(values),
        AggregateOp::Quantile => quantile(param, values.to_vec()),
        AggregateOp::Group | AggregateOp::Topk | AggregateOp::Bottomk => 1.0,
    }
}

/// Welford's population variance. That of a single value is 0, whatever the value is.
fn variance(values: &[f64]) -> f64 {
    let (mut count, mut mean, mut sum) = (1.0, values.first().copied().unwrap_or(f64::NAN), 0.0);
    for value in values.iter().skip(1) {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        sum += delta * (value - mean);
    }
    sum / count
}
