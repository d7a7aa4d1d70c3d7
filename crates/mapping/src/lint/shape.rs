//! What a query does with labels, from its syntax tree.

use std::collections::BTreeSet;

use concertina_promql::ast::{
    AggregateOp, BinaryOp, Expr, ExprKind, Function, Grouping, Selector, Side, ValueType,
    VectorMatching,
};

/// The labels that the samples of a result can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// All of the series but these.
    AllBut(BTreeSet<String>),
    /// These at most.
    Only(BTreeSet<String>),
}

impl Labels {
    fn all() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    fn only(labels: impl IntoIterator<Item = String>) -> Self {
        Self::Only(labels.into_iter().collect())
    }

    pub(super) fn has(&self, label: &str) -> bool {
        match self {
            Self::AllBut(without) => !without.contains(label),
            Self::Only(labels) => labels.contains(label),
        }
    }

    fn with(mut self, label: &str) -> Self {
        match &mut self {
            Self::AllBut(without) => {
                without.remove(label);
            }
            Self::Only(labels) => {
                labels.insert(label.to_owned());
            }
        }
        self
    }

    fn without<'a>(mut self, gone: impl IntoIterator<Item = &'a str>) -> Self {
        for label in gone {
            match &mut self {
                Self::AllBut(without) => {
                    without.insert(label.to_owned());
                }
                Self::Only(labels) => {
                    labels.remove(label);
                }
            }
        }
        self
    }

    fn kept(&self, labels: &[String]) -> Self {
        Self::only(labels.iter().filter(|label| self.has(label)).cloned())
    }
}

/// Whether a `histogram_quantile` in `expr` has lost the label of its buckets.
pub(super) fn quantile_without_buckets(expr: &Expr) -> bool {
    let lost = match &expr.kind {
        ExprKind::Call {
            function: Function::HistogramQuantile,
            args,
        } => args
            .get(1)
            .is_some_and(|buckets| !labels(buckets).has("le")),
        _ => false,
    };
    lost || children(expr).into_iter().any(quantile_without_buckets)
}

/// The labels of what `expr` gives.
pub(super) fn labels(expr: &Expr) -> Labels {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => Labels::only([]),
        ExprKind::Selector(_) | ExprKind::Range { .. } => Labels::all(),
        ExprKind::Subquery { expr, .. } | ExprKind::Unary { expr, .. } | ExprKind::Paren(expr) => {
            labels(expr)
        }
        ExprKind::Call { function, args } => of_call(*function, args),
        ExprKind::Aggregate {
            op,
            param,
            expr,
            grouping,
        } => {
            let inner = labels(expr);
            if matches!(op, AggregateOp::Topk | AggregateOp::Bottomk) {
                return inner;
            }
            let grouped = match grouping {
                None => Labels::only([]),
                Some(Grouping {
                    without: false,
                    labels,
                }) => inner.kept(labels),
                Some(Grouping { labels, .. }) => inner.without(labels.iter().map(String::as_str)),
            };
            match param.as_deref().map(|param| &param.kind) {
                Some(ExprKind::String(label)) => grouped.with(label),
                _ => grouped,
            }
        }
        ExprKind::Binary {
            op,
            matching,
            lhs,
            rhs,
            ..
        } => of_binary(*op, matching.as_ref(), lhs, rhs),
    }
}

fn of_call(function: Function, args: &[Expr]) -> Labels {
    let text = |index: usize| match args.get(index).map(|arg| &arg.kind) {
        Some(ExprKind::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let input = args.iter().find(|arg| is_vector(arg) || is_range(arg));
    let inner = input.map_or_else(|| Labels::only([]), labels);
    match function {
        Function::Scalar | Function::Vector => Labels::only([]),
        Function::HistogramQuantile => inner.without(["le"]),
        Function::LabelReplace | Function::LabelJoin => match text(1) {
            Some(label) => inner.with(label),
            None => inner,
        },
        _ => inner,
    }
}

fn is_vector(expr: &Expr) -> bool {
    expr.value_type() == ValueType::InstantVector
}

fn is_range(expr: &Expr) -> bool {
    expr.value_type() == ValueType::RangeVector
}

fn of_binary(op: BinaryOp, matching: Option<&VectorMatching>, lhs: &Expr, rhs: &Expr) -> Labels {
    match (is_vector(lhs), is_vector(rhs)) {
        (true, false) => return labels(lhs),
        (false, true) => return labels(rhs),
        (false, false) => return Labels::only([]),
        (true, true) => {}
    }
    if op == BinaryOp::Or {
        return union(labels(lhs), labels(rhs));
    }
    if op.is_set() {
        return labels(lhs);
    }
    let Some(matching) = matching else {
        return intersection(labels(lhs), &labels(rhs));
    };
    if let Some(group) = &matching.group {
        let many = match group.many {
            Side::Left => labels(lhs),
            Side::Right => labels(rhs),
        };
        let included = group.include.iter();
        return included.fold(many, |many, label| many.with(label));
    }
    if matching.on {
        labels(lhs).kept(&matching.labels)
    } else {
        labels(lhs).without(matching.labels.iter().map(String::as_str))
    }
}

/// The samples are those of both sides.
fn union(a: Labels, b: Labels) -> Labels {
    match (a, b) {
        (Labels::Only(a), Labels::Only(b)) => Labels::only(a.into_iter().chain(b)),
        (Labels::AllBut(a), Labels::AllBut(b)) => {
            Labels::AllBut(a.intersection(&b).cloned().collect())
        }
        (Labels::AllBut(gone), Labels::Only(there))
        | (Labels::Only(there), Labels::AllBut(gone)) => {
            Labels::AllBut(gone.difference(&there).cloned().collect())
        }
    }
}

/// The labels of which `expr` has one sample for each set: by which a `topk(1, …)` groups.
pub(super) fn one_for_each(expr: &Expr) -> Option<&[String]> {
    match &expr.kind {
        ExprKind::Paren(expr) => one_for_each(expr),
        ExprKind::Aggregate {
            op: AggregateOp::Topk | AggregateOp::Bottomk,
            param: Some(param),
            grouping:
                Some(Grouping {
                    without: false,
                    labels,
                }),
            ..
        } if matches!(&param.kind, ExprKind::Number(count) if (1.0..2.0).contains(count)) => {
            Some(labels)
        }
        _ => None,
    }
}

/// Without `on` and `ignoring` both sides have the same labels.
fn intersection(a: Labels, b: &Labels) -> Labels {
    match (a, b) {
        (Labels::Only(labels), b) => Labels::only(labels.into_iter().filter(|label| b.has(label))),
        (Labels::AllBut(a), Labels::AllBut(b)) => Labels::AllBut(a.union(b).cloned().collect()),
        (a, Labels::Only(labels)) => {
            Labels::only(labels.iter().filter(|label| a.has(label)).cloned())
        }
    }
}

/// The operators below `expr` whose sides are grouped by labels that cannot be equal, as
/// `left op right`. `or` and `unless` give what they have on the left all the same.
pub(super) fn sides_that_never_match(expr: &Expr) -> Option<String> {
    if let ExprKind::Binary {
        op,
        matching,
        lhs,
        rhs,
        ..
    } = &expr.kind
        && is_vector(lhs)
        && is_vector(rhs)
        && !matches!(op, BinaryOp::Or | BinaryOp::Unless)
        && let (Labels::Only(a), Labels::Only(b)) = (labels(lhs), labels(rhs))
    {
        let compared = |labels: BTreeSet<String>| -> BTreeSet<String> {
            let keep = |label: &String| match matching {
                None => true,
                Some(matching) => matching.labels.contains(label) == matching.on,
            };
            labels.into_iter().filter(keep).collect()
        };
        let (a, b) = (compared(a), compared(b));
        if a != b {
            let list = |labels: &BTreeSet<String>| match labels.len() {
                0 => "no label".to_owned(),
                _ => labels.iter().cloned().collect::<Vec<_>>().join(", "),
            };
            return Some(format!(
                "left of `{}` samples are told apart by {}, right of it by {}",
                op.text(),
                list(&a),
                list(&b)
            ));
        }
    }
    children(expr).into_iter().find_map(sides_that_never_match)
}

/// The parts of `expr`.
pub(super) fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Selector(_)
        | ExprKind::Range { .. } => Vec::new(),
        ExprKind::Subquery { expr, .. } | ExprKind::Unary { expr, .. } | ExprKind::Paren(expr) => {
            vec![expr]
        }
        ExprKind::Call { args, .. } => args.iter().collect(),
        ExprKind::Aggregate { param, expr, .. } => {
            param.as_deref().into_iter().chain([&**expr]).collect()
        }
        ExprKind::Binary { lhs, rhs, .. } => vec![lhs, rhs],
    }
}

/// The selector of a node that has one.
pub(super) fn selector(expr: &Expr) -> Option<&Selector> {
    match &expr.kind {
        ExprKind::Selector(selector) | ExprKind::Range { selector, .. } => Some(selector),
        _ => None,
    }
}

/// The selectors below `expr`, left to right.
pub(super) fn selectors(expr: &Expr) -> Vec<&Selector> {
    match selector(expr) {
        Some(selector) => vec![selector],
        None => children(expr).into_iter().flat_map(selectors).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(query: &str) -> Vec<String> {
        match labels(&concertina_promql::parse(query).unwrap()) {
            Labels::Only(labels) => labels.into_iter().collect(),
            Labels::AllBut(_) => vec!["all".to_owned()],
        }
    }

    #[test]
    fn labels_follow_promql() {
        let all = |query| assert_eq!(only(query), ["all"], "{query}");
        all("up");
        all("avg_over_time(up[5m])");
        all("topk(3, up)");
        all("sum(up) by (pod) or up");
        assert_eq!(only("vector(0) or sum(up) by (pod)"), ["pod"]);
        assert_eq!(
            only("sum(up) by (pod) or sum(up) by (node)"),
            ["node", "pod"]
        );
        assert_eq!(only("sum(up) by (pod) unless up"), ["pod"]);
        all("up * on (pod) group_left (node) info");
        assert_eq!(only("sum(up) by (pod)"), ["pod"]);
        assert_eq!(only("sum(up) by (pod) / 100"), ["pod"]);
        assert_eq!(
            only("sum(up) by (pod, ns) / on (pod) sum(x) by (pod)"),
            ["pod"]
        );
        assert_eq!(
            only("sum by (pod) (up) * on () group_left (v) x"),
            ["pod", "v"]
        );
        assert_eq!(
            only("histogram_quantile(0.9, sum(rate(x[1m])) by (pod, le))"),
            ["pod"]
        );
        assert_eq!(only("count_values(\"v\", up)"), ["v"]);
        assert_eq!(
            only("label_replace(sum(up), \"pod\", \"x\", \"\", \"\")"),
            ["pod"]
        );
        assert!(only("sum(up)").is_empty());
        assert!(only("vector(scalar(up))").is_empty());
        let without = labels(&concertina_promql::parse("sum without (pod) (up)").unwrap());
        assert!(!without.has("pod") && without.has("node"));
    }

    #[test]
    fn sides_are_compared() {
        let never = |query| sides_that_never_match(&concertina_promql::parse(query).unwrap());
        assert_eq!(
            never("round(sum(a) by (pod) / sum(b))").unwrap(),
            "left of `/` samples are told apart by pod, right of it by no label"
        );
        assert_eq!(never("sum(a) by (pod) / sum(b) by (pod)"), None);
        assert_eq!(never("sum(a) by (pod) / on () group_left () sum(b)"), None);
        assert_eq!(
            never("sum(a) by (pod) / ignoring (pod) group_left () sum(b)"),
            None
        );
        assert_eq!(never("sum(a) by (pod) / b"), None);
        assert_eq!(never("sum(a) by (pod) or vector(0)"), None);
        assert_eq!(never("sum(a) by (pod) unless sum(b) by (node)"), None);
        assert!(never("sum(a) by (pod) and sum(b) by (node)").is_some());
    }
}
