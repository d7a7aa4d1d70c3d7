//! Binary operators.

use concertina_promql::ast::{BinaryOp, Side, VectorMatching};

use super::sets::{BySet, Projection, value_of};
use super::{Element, Evaluator, Set, Value};
use crate::EvalError;
use crate::store::{Pair, Symbol};

impl Evaluator<'_> {
    pub(super) fn binary(
        &self,
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
        let matching = Matching::new(self, op, return_bool, matching.unwrap_or(&plain));
        let vector = match sides {
            (Value::Scalar(left), Value::Scalar(right)) => {
                return Ok(Value::Scalar(match apply(op, left, right) {
                    (_, kept) if op.is_comparison() => f64::from(u8::from(kept)),
                    (value, _) => value,
                }));
            }
            (Value::Vector(left), Value::Scalar(right)) => {
                matching.with_scalar(left, |v| apply(op, v, right))?
            }
            (Value::Scalar(left), Value::Vector(right)) => {
                // A comparison that keeps an element keeps the element's value.
                matching.with_scalar(right, |v| match apply(op, left, v) {
                    (_, kept) if op.is_comparison() => (v, kept),
                    applied => applied,
                })?
            }
            (Value::Vector(left), Value::Vector(right)) if op.is_set() => matching.set(left, right),
            (Value::Vector(left), Value::Vector(right)) => matching.matched(left, right)?,
            _ => return Err(EvalError::WrongType(op.text())),
        };
        Ok(Value::Vector(vector))
    }
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

/// No label: what stands between two sets.
const BETWEEN: Pair = (Symbol::MAX, Symbol::MAX);

/// An operator between vectors, and how they are matched.
struct Matching<'m> {
    evaluator: &'m Evaluator<'m>,
    op: BinaryOp,
    return_bool: bool,
    matching: &'m VectorMatching,
    by: Projection,
}

impl<'m> Matching<'m> {
    fn new(
        evaluator: &'m Evaluator<'m>,
        op: BinaryOp,
        return_bool: bool,
        matching: &'m VectorMatching,
    ) -> Self {
        let sets = &evaluator.sets;
        let names = sets.symbols(&matching.labels);
        Self {
            evaluator,
            op,
            return_bool,
            matching,
            by: match matching.on {
                true => Projection::onto(sets, names),
                false => Projection::without(sets, names),
            },
        }
    }

    /// The result's value; none when a comparison drops the element.
    fn kept(&self, applied: (f64, bool)) -> Option<f64> {
        match (applied, self.return_bool) {
            ((_, kept), true) => Some(f64::from(u8::from(kept))),
            ((value, true), false) => Some(value),
            ((_, false), false) => None,
        }
    }

    fn with_scalar(
        &self,
        mut vector: Vec<Element>,
        apply: impl Fn(f64) -> (f64, bool),
    ) -> Result<Vec<Element>, EvalError> {
        vector.retain_mut(|element| {
            let value = self.kept(apply(element.value));
            element.value = value.unwrap_or_default();
            value.is_some()
        });
        if drops_name(self.op, self.return_bool) {
            return self.evaluator.without_names(vector);
        }
        Ok(vector)
    }

    fn set(&self, mut left: Vec<Element>, mut right: Vec<Element>) -> Vec<Element> {
        let mut key = Vec::new();
        let mut among = |side: &[Element]| {
            let mut found = BySet::new(&self.evaluator.sets);
            for element in side {
                self.by.of(&element.set, &mut key);
                found.insert(Set::from(key.as_slice()), ());
            }
            found
        };
        if self.op == BinaryOp::Or {
            let known = among(&left);
            right.retain(|element| {
                self.by.of(&element.set, &mut key);
                known.get(&key).is_none()
            });
            left.append(&mut right);
            return left;
        }
        let known = among(&right);
        left.retain(|element| {
            self.by.of(&element.set, &mut key);
            known.get(&key).is_some() == (self.op == BinaryOp::And)
        });
        left
    }

    fn matched(&self, left: Vec<Element>, right: Vec<Element>) -> Result<Vec<Element>, EvalError> {
        if left.is_empty() || right.is_empty() {
            return Ok(Vec::new());
        }
        let sets = &self.evaluator.sets;
        let many = self.matching.group.as_ref().map(|group| group.many);
        // The side that may have many elements is walked, the other is looked up.
        let swapped = many == Some(Side::Right);
        let (many_side, one_side) = if swapped {
            (right, left)
        } else {
            (left, right)
        };
        let mut key = Vec::new();
        let mut ones: BySet<One> = BySet::new(sets);
        for element in one_side {
            self.by.of(&element.set, &mut key);
            let one = One {
                element,
                taken: false,
            };
            if !ones.insert(Set::from(key.as_slice()), one) {
                return Err(EvalError::ManyToMany {
                    labels: sets.labels(&key),
                    side: if swapped { "left" } else { "right" },
                    op: self.op.text(),
                });
            }
        }
        let include = self.matching.group.as_ref();
        let include = include.map(|group| sets.symbols(&group.include));
        let mut result = Vec::new();
        let mut used: BySet<()> = BySet::new(sets);
        for element in many_side {
            self.by.of(&element.set, &mut key);
            let Some(one) = ones.get_mut(&key) else {
                continue;
            };
            let (lv, rv) = if swapped {
                (one.element.value, element.value)
            } else {
                (element.value, one.element.value)
            };
            let Some(value) = self.kept(apply(self.op, lv, rv)) else {
                continue;
            };
            let set = self.result(&element.set, &one.element.set, include.as_deref());
            // One element of the one side has one partner, or several with different results.
            let repeated = match include {
                None => std::mem::replace(&mut one.taken, true),
                Some(_) => {
                    let pairs = key.iter().chain([&BETWEEN]).chain(set.iter()).copied();
                    !used.insert(pairs.collect(), ())
                }
            };
            if repeated {
                return Err(EvalError::ManyToOne {
                    labels: sets.labels(&key),
                    op: self.op.text(),
                });
            }
            result.push(Element { set, value });
        }
        // Different pairs differ in what they are matched by, which is in the result, unless it is
        // the name.
        if include.is_none() && !(self.matching.on && self.by.lists(sets.name())) {
            return Ok(result);
        }
        self.evaluator.distinct(result)
    }

    /// The labels of the result.
    fn result(&self, many: &Set, one: &Set, include: Option<&[Symbol]>) -> Set {
        let sets = &self.evaluator.sets;
        let nameless = drops_name(self.op, self.return_bool);
        let Some(include) = include else {
            let counts = |(own, _): &&Pair| {
                self.by.lists(*own) == self.matching.on && !(nameless && *own == sets.name())
            };
            return many.iter().filter(counts).copied().collect();
        };
        let mut set = match nameless {
            true => sets.without_name(many),
            false => Set::clone(many),
        };
        for name in include {
            let value = value_of(one, *name).map(|value| sets.text(value));
            set = sets.with(&set, *name, value.as_deref().unwrap_or_default());
        }
        // With `bool` also a name from the other side goes.
        if self.return_bool {
            set = sets.without_name(&set);
        }
        set
    }
}

/// An element of the side that has one for each set that is matched by.
struct One {
    element: Element,
    taken: bool,
}
