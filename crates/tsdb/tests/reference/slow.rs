//! The slow evaluator: plain maps, every sample looked at, every moment from scratch.

use std::collections::BTreeMap;

use concertina_model::Labels;

use crate::expression::{Aggregate, Many, Matching, Operator, Over, Selector, Vector};
use crate::judge::Samples;

/// The elements of a vector; none when the evaluation fails.
pub(crate) type Answer = Option<BTreeMap<Labels, f64>>;

/// A window's samples, by time in seconds.
type Window = Vec<(i64, f64)>;

pub(crate) struct Slow<'d> {
    pub(crate) data: &'d BTreeMap<Labels, Samples>,
    pub(crate) lookback: i64,
    pub(crate) left_open: bool,
}

fn nameless(labels: &Labels) -> Labels {
    labels.filter(|name| name != "__name__")
}

/// Fails where two elements have the same labels.
fn collect(elements: impl IntoIterator<Item = (Labels, f64)>) -> Answer {
    let mut answer = BTreeMap::new();
    for (labels, value) in elements {
        if answer.insert(labels, value).is_some() {
            return None;
        }
    }
    Some(answer)
}

impl Slow<'_> {
    pub(crate) fn answer(&self, vector: &Vector, at: i64) -> Answer {
        match vector {
            Vector::Selector(selector) => {
                let from = |samples: &Samples| {
                    let now = at - selector.offset;
                    let last = samples.iter().rfind(|(time, _)| *time <= now)?;
                    if self.inside(last.0, now - self.lookback, now) {
                        last.1
                    } else {
                        None
                    }
                };
                let found = self.series(selector);
                collect(found.filter_map(|(labels, s)| Some((labels.clone(), from(s)?))))
            }
            Vector::Over(over, selector, range) => {
                let (start, end) = (at - selector.offset - range, at - selector.offset);
                let windows = self.series(selector).map(|(labels, samples)| {
                    let inside = samples.iter().filter(|(t, _)| self.inside(*t, start, end));
                    let real = inside.filter_map(|(time, value)| Some((*time, (*value)?)));
                    (labels.clone(), real.collect())
                });
                over_windows(*over, windows, start, end)
            }
            Vector::OverSubquery(over, inner, range, step) => {
                let (start, end) = (at - range, at);
                let mut windows: BTreeMap<Labels, Window> = BTreeMap::new();
                for time in start..=end {
                    if time % step == 0 && self.inside(time, start, end) {
                        for (labels, value) in self.answer(inner, time)? {
                            windows.entry(labels).or_default().push((time, value));
                        }
                    }
                }
                over_windows(*over, windows, start, end)
            }
            Vector::Negated(inner) => map(self.answer(inner, at)?, |v| -v),
            Vector::Abs(inner) => map(self.answer(inner, at)?, f64::abs),
            Vector::Aggregate(aggregate, grouping, inner) => {
                let mut groups: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
                for (labels, value) in self.answer(inner, at)? {
                    let key = labels.filter(|name| match grouping {
                        None => false,
                        Some((true, listed)) => name != "__name__" && !listed.contains(&name),
                        Some((false, listed)) => listed.contains(&name),
                    });
                    groups.entry(key).or_default().push(value);
                }
                let groups = groups.into_iter();
                collect(groups.map(|(key, values)| (key, aggregated(*aggregate, &values))))
            }
            Vector::WithNumber(op, as_bool, inner, number, number_left) => {
                let inner = self.answer(inner, at)?.into_iter();
                collect(inner.filter_map(|(labels, value)| {
                    let (left, right) = match number_left {
                        true => (*number, value),
                        false => (value, *number),
                    };
                    let result = applied(*op, *as_bool, left, right, value)?;
                    Some((named(*op, *as_bool, &labels), result))
                }))
            }
            Vector::Binary(op, as_bool, matching, left, right) => {
                let (left, right) = (self.answer(left, at)?, self.answer(right, at)?);
                binary(*op, *as_bool, matching, &left, &right)
            }
            Vector::Set(op, matching, left, right) => {
                let (left, right) = (self.answer(left, at)?, self.answer(right, at)?);
                let among = |side: &BTreeMap<Labels, f64>, labels: &Labels| {
                    let key = key(matching, labels);
                    side.keys().any(|other| self::key(matching, other) == key)
                };
                let kept = left.clone().into_iter();
                match *op {
                    "and" => collect(kept.filter(|(labels, _)| among(&right, labels))),
                    "unless" => collect(kept.filter(|(labels, _)| !among(&right, labels))),
                    _ => {
                        let new = right.into_iter();
                        collect(kept.chain(new.filter(|(labels, _)| !among(&left, labels))))
                    }
                }
            }
        }
    }

    fn inside(&self, time: i64, start: i64, end: i64) -> bool {
        time <= end && (time > start || (time == start && !self.left_open))
    }

    fn series(&self, selector: &Selector) -> impl Iterator<Item = (&Labels, &Samples)> {
        self.data.iter().filter(|(labels, _)| {
            let fits = selector.matcher.is_none_or(|(label, equal, value)| {
                (labels.get(label).unwrap_or_default() == value) == equal
            });
            fits && labels.metric_name() == Some(selector.name)
        })
    }
}

fn map(vector: BTreeMap<Labels, f64>, apply: impl Fn(f64) -> f64) -> Answer {
    let vector = vector.into_iter();
    collect(vector.map(|(labels, value)| (nameless(&labels), apply(value))))
}

fn over_windows(
    over: Over,
    windows: impl IntoIterator<Item = (Labels, Window)>,
    start: i64,
    end: i64,
) -> Answer {
    let full = windows.into_iter().filter(|(_, window)| !window.is_empty());
    collect(full.filter_map(|(labels, window)| {
        let value = over_window(over, &window, start, end)?;
        let labels = match over {
            Over::Last => labels,
            _ => nameless(&labels),
        };
        Some((labels, value))
    }))
}

fn over_window(over: Over, window: &[(i64, f64)], start: i64, end: i64) -> Option<f64> {
    let values = || window.iter().map(|(_, value)| *value);
    let pairs = || values().zip(values().skip(1));
    let drops = || pairs().filter(|(a, b)| b < a);
    let (first, last) = (window[0], window[window.len() - 1]);
    let change = match over {
        Over::Sum => return Some(values().sum()),
        Over::Count => return Some(window.len() as f64),
        Over::Avg => return Some(values().sum::<f64>() / window.len() as f64),
        Over::Min => return values().min_by(f64::total_cmp),
        Over::Max => return values().max_by(f64::total_cmp),
        Over::Last => return Some(last.1),
        Over::Present => return Some(1.0),
        Over::Changes => return Some(pairs().filter(|(a, b)| a != b).count() as f64),
        Over::Resets => return Some(drops().count() as f64),
        _ if window.len() < 2 => return None,
        Over::Idelta => return Some(last.1 - window[window.len() - 2].1),
        Over::Delta => last.1 - first.1,
        Over::Rate | Over::Increase => last.1 - first.1 + drops().map(|(a, _)| a).sum::<f64>(),
    };
    // The change goes on to the window's ends, but not further than half a step beyond the
    // samples when the end is farther than a step, and a counter not below zero.
    let sampled = (last.0 - first.0) as f64;
    let step = sampled / (window.len() - 1) as f64;
    let mut before = (first.0 - start) as f64;
    if over != Over::Delta && change > 0.0 && first.1 >= 0.0 {
        before = before.min(sampled * first.1 / change);
    }
    let beyond = |gap: f64| if gap < step * 1.1 { gap } else { step / 2.0 };
    let length = sampled + beyond(before) + beyond((end - last.0) as f64);
    let increase = change * length / sampled;
    Some(match over {
        Over::Rate => increase / (end - start) as f64,
        _ => increase,
    })
}

fn aggregated(aggregate: Aggregate, values: &[f64]) -> f64 {
    let number = |wanted: fn(f64, f64) -> f64| {
        let numbers = values.iter().copied().filter(|value| !value.is_nan());
        numbers.reduce(wanted).unwrap_or(f64::NAN)
    };
    match aggregate {
        Aggregate::Sum => values.iter().sum(),
        Aggregate::Avg => values.iter().sum::<f64>() / values.len() as f64,
        Aggregate::Min => number(f64::min),
        Aggregate::Max => number(f64::max),
        Aggregate::Count => values.len() as f64,
        Aggregate::Group => 1.0,
    }
}

/// The result of an operation; none when a comparison drops the element, whose value is `own`.
fn applied(op: Operator, as_bool: bool, left: f64, right: f64, own: f64) -> Option<f64> {
    let holds = match op {
        Operator::Add => return Some(left + right),
        Operator::Sub => return Some(left - right),
        Operator::Mul => return Some(left * right),
        Operator::Div => return Some(left / right),
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => left < right,
        Operator::LessEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterEqual => left >= right,
    };
    match as_bool {
        true => Some(f64::from(u8::from(holds))),
        false => holds.then_some(own),
    }
}

/// Comparisons keep the name, unless they answer 0 or 1.
fn named(op: Operator, as_bool: bool, labels: &Labels) -> Labels {
    match op.compares() && !as_bool {
        true => labels.clone(),
        false => nameless(labels),
    }
}

fn key(matching: &Matching, labels: &Labels) -> Labels {
    labels.filter(|name| {
        let listed = matching.labels.contains(&name);
        if matching.on {
            listed
        } else {
            !listed && name != "__name__"
        }
    })
}

fn binary(
    op: Operator,
    as_bool: bool,
    matching: &Matching,
    left: &BTreeMap<Labels, f64>,
    right: &BTreeMap<Labels, f64>,
) -> Answer {
    if left.is_empty() || right.is_empty() {
        return Some(BTreeMap::new());
    }
    let swapped = matches!(matching.group, Some((Many::Right, _)));
    let (many, one) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    // Each set of labels that is matched by stands for at most one element of the one side.
    collect(
        one.iter()
            .map(|(labels, value)| (key(matching, labels), *value)),
    )?;
    let mut matched: Vec<(Labels, Labels, f64)> = Vec::new();
    for (labels, value) in many {
        let wanted = key(matching, labels);
        let found = one.iter().find(|(other, _)| key(matching, other) == wanted);
        let Some((other, other_value)) = found else {
            continue;
        };
        let (l, r) = match swapped {
            true => (*other_value, *value),
            false => (*value, *other_value),
        };
        // A comparison keeps the left side's value, whichever side has many.
        let Some(result) = applied(op, as_bool, l, r, l) else {
            continue;
        };
        let mut labels = named(op, as_bool, labels);
        match &matching.group {
            Some((_, include)) => {
                for name in include {
                    labels = labels.with(name, other.get(name).unwrap_or_default());
                }
            }
            None => labels = labels.filter(|n| matching.labels.contains(&n) == matching.on),
        }
        if matching.group.is_none() && matched.iter().any(|(key, ..)| *key == wanted) {
            return None;
        }
        matched.push((wanted, labels, result));
    }
    collect(
        matched
            .into_iter()
            .map(|(_, labels, value)| (labels, value)),
    )
}
