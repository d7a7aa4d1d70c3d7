//! What a query counts in, where names tell.

use concertina_promql::ast::{
    AggregateOp, BinaryOp, Expr, ExprKind, Function, MatchOp, Selector, ValueType,
};

use super::shape;
use crate::known::{Reading, Unit, is_counter, known};

/// The name that a selector asks for, when it is one.
fn name(selector: &Selector) -> Option<String> {
    let mut matchers = selector.all_matchers();
    let name = matchers.find(|matcher| {
        matcher.label == concertina_model::METRIC_NAME && matcher.op == MatchOp::Equal
    });
    name.map(|matcher| matcher.value)
}

/// What the name itself says: `ratio` or `percent` among its words.
pub(super) fn promised(name: &str) -> Option<Unit> {
    let lower = name.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words.find_map(|word| match word {
        "ratio" | "fraction" => Some(Unit::Ratio),
        "percent" | "percentage" | "pct" | "perc" => Some(Unit::Percent),
        _ => None,
    })
}

/// The unit of a series: as it is known, else as its name promises.
fn of_series(name: &str) -> Option<Unit> {
    match known(name) {
        Some(metric) if metric.reading == Reading::Counter => None,
        Some(metric) if metric.unit == Unit::Other => None,
        Some(metric) => Some(metric.unit),
        None => promised(name),
    }
}

/// The unit of what `expr` gives, where it can be told.
pub(super) fn unit(expr: &Expr) -> Option<Unit> {
    match &expr.kind {
        ExprKind::Selector(selector) | ExprKind::Range { selector, .. } => {
            of_series(&name(selector)?)
        }
        ExprKind::Number(_) | ExprKind::String(_) => None,
        ExprKind::Subquery { expr, .. } | ExprKind::Paren(expr) | ExprKind::Unary { expr, .. } => {
            unit(expr)
        }
        ExprKind::Call { function, args } => match function {
            Function::AvgOverTime
            | Function::MaxOverTime
            | Function::MinOverTime
            | Function::LastOverTime
            | Function::QuantileOverTime
            | Function::Round
            | Function::Ceil
            | Function::Floor
            | Function::Clamp
            | Function::ClampMax
            | Function::ClampMin
            | Function::LabelReplace
            | Function::LabelJoin
            | Function::Scalar
            | Function::Vector => args.iter().find_map(unit),
            _ => None,
        },
        ExprKind::Aggregate { op, expr, .. } => match op {
            AggregateOp::Sum
            | AggregateOp::Avg
            | AggregateOp::Min
            | AggregateOp::Max
            | AggregateOp::Topk
            | AggregateOp::Bottomk
            | AggregateOp::Quantile => unit(expr),
            _ => None,
        },
        ExprKind::Binary { op, lhs, rhs, .. } => of_binary(*op, lhs, rhs),
    }
}

fn of_binary(op: BinaryOp, lhs: &Expr, rhs: &Expr) -> Option<Unit> {
    let hundred = |expr: &Expr| number(expr) == Some(100.0);
    match op {
        BinaryOp::Mul => match (unit(lhs), unit(rhs)) {
            (Some(Unit::Ratio), None) if hundred(rhs) => Some(Unit::Percent),
            (None, Some(Unit::Ratio)) if hundred(lhs) => Some(Unit::Percent),
            _ => None,
        },
        BinaryOp::Div => match (unit(lhs), unit(rhs)) {
            (Some(Unit::Percent), None) if hundred(rhs) => Some(Unit::Ratio),
            (Some(a), Some(b)) if a == b => Some(Unit::Ratio),
            _ => None,
        },
        BinaryOp::Add | BinaryOp::Sub => match (unit(lhs), unit(rhs)) {
            (Some(a), Some(b)) => (a == b).then_some(a),
            (Some(one), None) if number(rhs).is_some() => Some(one),
            (None, Some(one)) if number(lhs).is_some() => Some(one),
            _ => None,
        },
        BinaryOp::And | BinaryOp::Unless => unit(lhs),
        BinaryOp::Or => unit(lhs).or_else(|| unit(rhs)),
        _ if op.is_comparison() => unit(lhs),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number(value) => Some(*value),
        ExprKind::Paren(inner) => number(inner),
        _ => None,
    }
}

/// A sum or comparison of a ratio with percent below `expr`.
pub(super) fn mixed(expr: &Expr) -> Option<String> {
    if let ExprKind::Binary { op, lhs, rhs, .. } = &expr.kind {
        let both = (unit(lhs), unit(rhs));
        let joins =
            op.is_comparison() || matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Or);
        let clash = matches!(
            both,
            (Some(Unit::Ratio), Some(Unit::Percent)) | (Some(Unit::Percent), Some(Unit::Ratio))
        );
        if joins && clash {
            return Some(format!(
                "one side of `{}` goes from 0 to 1, the other from 0 to 100",
                op.text()
            ));
        }
    }
    shape::children(expr).into_iter().find_map(mixed)
}

/// The series of utilizations that a `sum` below `expr` adds up. `sum(x) / count(x)` is an
/// average.
pub(super) fn summed(expr: &Expr) -> Option<Unit> {
    if let ExprKind::Binary {
        op: BinaryOp::Div,
        rhs,
        ..
    } = &expr.kind
        && counts(rhs)
    {
        return None;
    }
    if let ExprKind::Aggregate {
        op: AggregateOp::Sum,
        expr: inner,
        ..
    } = &expr.kind
        && let Some(found @ (Unit::Ratio | Unit::Percent)) = unit(inner)
    {
        return Some(found);
    }
    shape::children(expr).into_iter().find_map(summed)
}

fn counts(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Aggregate { op, .. } => *op == AggregateOp::Count,
        _ => shape::children(expr).into_iter().any(counts),
    }
}

/// The name of a counter below `expr` whose plain value counts; `value` tells whether the value of
/// `expr` itself does.
pub(super) fn plain_counter(expr: &Expr, value: bool) -> Option<String> {
    match &expr.kind {
        ExprKind::Selector(selector) | ExprKind::Range { selector, .. } => {
            name(selector).filter(|name| value && is_counter(name))
        }
        ExprKind::Call { function, args } => {
            let changes = matches!(
                function,
                Function::Rate
                    | Function::Irate
                    | Function::Increase
                    | Function::Delta
                    | Function::Idelta
                    | Function::Deriv
                    | Function::Resets
                    | Function::Changes
                    | Function::CountOverTime
                    | Function::PresentOverTime
                    | Function::Absent
                    | Function::AbsentOverTime
                    | Function::Timestamp
            );
            args.iter()
                .find_map(|arg| plain_counter(arg, value && !changes))
        }
        ExprKind::Aggregate { op, expr, .. } => {
            let value = value && !matches!(op, AggregateOp::Count | AggregateOp::Group);
            plain_counter(expr, value)
        }
        ExprKind::Binary { op, lhs, rhs, .. } => {
            let right = value && !matches!(op, BinaryOp::And | BinaryOp::Unless);
            // A counter over a counter is an average since the start, which hardly moves; it is
            // found on the left.
            plain_counter(lhs, value).or_else(|| {
                let vector = rhs.value_type() == ValueType::InstantVector;
                plain_counter(rhs, right && vector)
            })
        }
        _ => shape::children(expr)
            .into_iter()
            .find_map(|child| plain_counter(child, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Expr {
        concertina_promql::parse(query).unwrap()
    }

    #[test]
    fn units_are_followed_through_a_query() {
        let unit = |query| unit(&parse(query));
        assert_eq!(
            unit("avg(DCGM_FI_DEV_GPU_UTIL) by (pod)"),
            Some(Unit::Percent)
        );
        assert_eq!(unit("DCGM_FI_DEV_GPU_UTIL / 100"), Some(Unit::Ratio));
        assert_eq!(
            unit("avg_over_time(x_ratio[5m]) * 100"),
            Some(Unit::Percent)
        );
        assert_eq!(
            unit("DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)"),
            Some(Unit::Ratio)
        );
        assert_eq!(unit("1 - x_ratio"), Some(Unit::Ratio));
        assert_eq!(unit("count(x_ratio)"), None);
        assert_eq!(unit("a / b"), None);
    }

    #[test]
    fn a_counter_is_plain_where_its_value_counts() {
        let plain = |query| plain_counter(&parse(query), true);
        assert_eq!(plain("sum(x_total)").as_deref(), Some("x_total"));
        assert_eq!(
            plain("avg_over_time(x_total[5m])").as_deref(),
            Some("x_total")
        );
        assert_eq!(
            plain("{__name__=\"x_total\"} > 3").as_deref(),
            Some("x_total")
        );
        assert_eq!(plain("sum(rate(x_total[5m]))"), None);
        assert_eq!(plain("max_over_time(rate(x_total[1m])[5m:])"), None);
        assert_eq!(plain("count(x_total)"), None);
        assert_eq!(plain("up and x_total"), None);
        assert_eq!(
            plain("histogram_quantile(0.9, x_bucket)").as_deref(),
            Some("x_bucket")
        );
    }

    #[test]
    fn sums_of_parts_are_found() {
        assert_eq!(
            summed(&parse("sum(DCGM_FI_DEV_GPU_UTIL) by (pod)")),
            Some(Unit::Percent)
        );
        assert_eq!(summed(&parse("sum(x_ratio) / count(x_ratio)")), None);
        assert_eq!(summed(&parse("sum(DCGM_FI_DEV_FB_USED)")), None);
        assert!(mixed(&parse("x_ratio > y_percent")).is_some());
        assert!(mixed(&parse("x_ratio * 100 > y_percent")).is_none());
    }
}
