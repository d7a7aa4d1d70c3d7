//! Binary operators.

use std::collections::{HashMap, HashSet};

use concertina_model::{Labels, METRIC_NAME};
use concertina_promql::ast::{BinaryOp, Side, VectorMatching};

use super::{Element, Value, distinct, without_name};
use crate::EvalError;

pub(super) fn binary(
    op: BinaryOp,
    return_bool: bool,
    matching: Option<&VectorMatching>,
    sides: (Value, Value),
) -> Result<Value, EvalError> {
    let plain = VectorMatching {
        on: false,
        labels: Vec::new(),
        group: None,
    };
    let matching = matching.unwrap_or(&plain);
    let vector = match sides {
        (Value::Scalar(left), Value::Scalar(right)) => {
            return Ok(Value::Scalar(match apply(op, left, right) {
                (_, kept) if op.is_comparison() => f64::from(u8::from(kept)),
                (value, _) => value,
            }));
        }
        (Value::Vector(left), Value::Scalar(right)) => {
            with_scalar(op, return_bool, left, |v| apply(op, v, right))
        }
        (Value::Scalar(left), Value::Vector(right)) => {
            // A comparison that keeps an element keeps the element's value.
            with_scalar(op, return_bool, right, |v| match apply(op, left, v) {
                (_, kept) if op.is_comparison() => (v, kept),
                applied => applied,
            })
        }
        (Value::Vector(left), Value::Vector(right)) if op.is_set() => {
            set(op, matching, left, right)
        }
        (Value::Vector(left), Value::Vector(right)) => {
            matched(op, return_bool, matching, left, right)?
        }
        _ => return Err(EvalError::WrongType(op.text())),
    };
    Ok(Value::Vector(distinct(vector)?))
}

/// The value, and whether a comparison keeps the element.
fn apply(op: BinaryOp, left: f64, right: f64) -> (f64, bool) {
    match op {
        BinaryOp::Add => (left + right, true),
        BinaryOp::Sub => (left - right, true),
        BinaryOp::Mul => (left * right, true),
        BinaryOp::Div => (left / right, true),
        BinaryOp::Mod => (left % right, true),
        BinaryOp::Pow => (super::math::pow(left, right), true),
        BinaryOp::Atan2 => (left.atan2(right), true),
        BinaryOp::Eql => (left, left == right),
        BinaryOp::Neq => (left, left != right),
        BinaryOp::Lss => (left, left < right),
        BinaryOp::Lte => (left, left <= right),
        BinaryOp::Gtr => (left, left > right),
        BinaryOp::Gte => (left, left >= right),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => (left, false),
    }
}

/// `atan2` keeps the name in Prometheus 2.42, unlike the other operators of arithmetic.
fn drops_name(op: BinaryOp, return_bool: bool) -> bool {
    return_bool || !(op.is_comparison() || op == BinaryOp::Atan2)
}

fn with_scalar(
    op: BinaryOp,
    return_bool: bool,
    vector: Vec<Element>,
    apply: impl Fn(f64) -> (f64, bool),
) -> Vec<Element> {
    let applied = vector.into_iter().filter_map(|element| {
        let value = match (apply(element.value), return_bool) {
            ((_, kept), true) => f64::from(u8::from(kept)),
            ((value, true), false) => value,
            ((_, false), false) => return None,
        };
        let labels = if drops_name(op, return_bool) {
            without_name(&element.labels)
        } else {
            element.labels
        };
        Some(Element { labels, value })
    });
    applied.collect()
}

/// The labels that elements are matched by.
fn signature(matching: &VectorMatching, labels: &Labels) -> Labels {
    labels.filter(|name| {
        let listed = matching.labels.iter().any(|label| label == name);
        if matching.on {
            listed
        } else {
            !listed && name != METRIC_NAME
        }
    })
}

fn set(
    op: BinaryOp,
    matching: &VectorMatching,
    left: Vec<Element>,
    right: Vec<Element>,
) -> Vec<Element> {
    let signatures = |side: &[Element]| -> HashSet<Labels> {
        side.iter()
            .map(|element| signature(matching, &element.labels))
            .collect()
    };
    let in_right = signatures(&right);
    let found = |element: &Element| in_right.contains(&signature(matching, &element.labels));
    match op {
        BinaryOp::And => left.into_iter().filter(found).collect(),
        BinaryOp::Unless => left.into_iter().filter(|element| !found(element)).collect(),
        _ => {
            let in_left = signatures(&left);
            let new = |e: &Element| !in_left.contains(&signature(matching, &e.labels));
            left.into_iter()
                .chain(right.into_iter().filter(new))
                .collect()
        }
    }
}

fn matched(
    op: BinaryOp,
    return_bool: bool,
    matching: &VectorMatching,
    left: Vec<Element>,
    right: Vec<Element>,
) -> Result<Vec<Element>, EvalError> {
    if left.is_empty() || right.is_empty() {
        return Ok(Vec::new());
    }
    let many = matching.group.as_ref().map(|group| group.many);
    // The side that may have many elements is walked, the other is looked up.
    let swapped = many == Some(Side::Right);
    let (many_side, one_side) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    let mut ones: HashMap<Labels, Element> = HashMap::new();
    for element in one_side {
        let key = signature(matching, &element.labels);
        if ones.contains_key(&key) {
            return Err(EvalError::ManyToMany {
                labels: key,
                side: if swapped { "left" } else { "right" },
                op: op.text(),
            });
        }
        ones.insert(key, element);
    }
    let mut result = Vec::new();
    let mut used: HashSet<(Labels, Labels)> = HashSet::new();
    for element in many_side {
        let key = signature(matching, &element.labels);
        let Some(one) = ones.get(&key) else {
            continue;
        };
        let (lv, rv) = if swapped {
            (one.value, element.value)
        } else {
            (element.value, one.value)
        };
        let value = match (apply(op, lv, rv), return_bool) {
            ((_, kept), true) => f64::from(u8::from(kept)),
            ((value, true), false) => value,
            ((_, false), false) => continue,
        };
        let mut labels = result_labels(op, matching, &element.labels, &one.labels);
        if return_bool {
            labels = without_name(&labels);
        }
        let mark = if many.is_some() {
            labels.clone()
        } else {
            Labels::new()
        };
        if !used.insert((key.clone(), mark)) {
            return Err(EvalError::ManyToOne {
                labels: key,
                op: op.text(),
            });
        }
        result.push(Element { labels, value });
    }
    Ok(result)
}

fn result_labels(op: BinaryOp, matching: &VectorMatching, many: &Labels, one: &Labels) -> Labels {
    let mut labels = if drops_name(op, false) {
        without_name(many)
    } else {
        many.clone()
    };
    let listed = |name: &str| matching.labels.iter().any(|label| label == name);
    match &matching.group {
        None => labels = labels.filter(|name| listed(name) == matching.on),
        Some(group) => {
            for name in &group.include {
                labels = labels.with(name, one.get(name).unwrap_or_default());
            }
        }
    }
    labels
}
