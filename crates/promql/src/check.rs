//! The types of expressions, as Prometheus 2.42 checks them before it evaluates.

use crate::ast::{AggregateOp, Expr, ExprKind, Function, ValueType, VectorMatching};
use crate::error::ParseError;

/// Checks `expr` and everything in it.
pub(crate) fn check(text: &str, expr: &Expr) -> Result<(), ParseError> {
    match &expr.kind {
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Selector(_)
        | ExprKind::Range { .. } => Ok(()),
        ExprKind::Paren(inner) => check(text, inner),
        ExprKind::Subquery { expr: inner, .. } => {
            check(text, inner)?;
            want(
                text,
                inner,
                ValueType::InstantVector,
                "what a subquery evaluates",
            )
        }
        ExprKind::Unary { expr: inner, .. } => {
            check(text, inner)?;
            match inner.value_type() {
                ValueType::Scalar | ValueType::InstantVector => Ok(()),
                other => error(
                    text,
                    inner,
                    format!("a sign cannot stand before {}", name(other)),
                ),
            }
        }
        ExprKind::Call { function, args } => call(text, expr, *function, args),
        ExprKind::Aggregate {
            op, param, expr, ..
        } => aggregate(text, *op, param.as_deref(), expr),
        ExprKind::Binary { .. } => {
            // Chains are as deep as they are long: walked, not descended.
            let mut operations = Vec::new();
            let mut first = expr;
            while let ExprKind::Binary { lhs, .. } = &first.kind {
                operations.push(first);
                first = lhs;
            }
            check(text, first)?;
            operations
                .into_iter()
                .rev()
                .try_for_each(|operation| binary(text, operation))
        }
    }
}

fn error(text: &str, at: &Expr, message: String) -> Result<(), ParseError> {
    Err(ParseError::at(text, at.span.start, message))
}

fn want(text: &str, at: &Expr, wanted: ValueType, what: &str) -> Result<(), ParseError> {
    let found = at.value_type();
    if found == wanted {
        return Ok(());
    }
    let message = format!("{what} must be {}, not {}", name(wanted), name(found));
    error(text, at, message)
}

fn call(text: &str, expr: &Expr, function: Function, args: &[Expr]) -> Result<(), ParseError> {
    let types = function.args();
    let (most, least) = (types.len(), types.len().saturating_sub(function.optional()));
    let too_many = args.len() > most && !function.variadic();
    if args.len() < least || too_many {
        let wanted = match (least == most, function.variadic()) {
            (_, true) => format!("at least {least}"),
            (true, _) => most.to_string(),
            (false, _) => format!("{least} to {most}"),
        };
        let (name, given) = (function.name(), args.len());
        return error(
            text,
            expr,
            format!("`{name}` takes {wanted} argument(s), {given} given"),
        );
    }
    for (i, arg) in args.iter().enumerate() {
        check(text, arg)?;
        if let Some(wanted) = types.get(i).or_else(|| types.last()) {
            want(
                text,
                arg,
                *wanted,
                &format!("argument {} of `{}`", i + 1, function.name()),
            )?;
        }
    }
    Ok(())
}

fn aggregate(
    text: &str,
    op: AggregateOp,
    param: Option<&Expr>,
    inner: &Expr,
) -> Result<(), ParseError> {
    check(text, inner)?;
    want(
        text,
        inner,
        ValueType::InstantVector,
        &format!("what `{}` aggregates", op.name()),
    )?;
    let Some(param) = param else {
        return Ok(());
    };
    check(text, param)?;
    let wanted = match op {
        AggregateOp::CountValues => ValueType::String,
        _ => ValueType::Scalar,
    };
    want(
        text,
        param,
        wanted,
        &format!("the parameter of `{}`", op.name()),
    )
}

/// An operation whose left side is checked.
fn binary(text: &str, expr: &Expr) -> Result<(), ParseError> {
    let ExprKind::Binary {
        op,
        return_bool,
        matching,
        lhs,
        rhs,
    } = &expr.kind
    else {
        return Ok(());
    };
    check(text, rhs)?;
    for side in [lhs, rhs] {
        let found = side.value_type();
        if !matches!(found, ValueType::Scalar | ValueType::InstantVector) {
            let (op, found) = (op.text(), name(found));
            return error(text, side, format!("`{op}` cannot be applied to {found}"));
        }
    }
    let scalars = [lhs, rhs].map(|side| side.value_type() == ValueType::Scalar);
    if scalars == [true, true] && op.is_comparison() && !return_bool {
        let message = "a comparison of two numbers needs `bool` behind the operator";
        return error(text, expr, message.to_owned());
    }
    if scalars.contains(&true) {
        if op.is_set() {
            let message = format!("`{}` needs instant vectors on both sides", op.text());
            return error(text, expr, message);
        }
        if matching.as_ref().is_some_and(|m| !m.labels.is_empty()) {
            let message = "vector matching needs instant vectors on both sides";
            return error(text, expr, message.to_owned());
        }
    }
    match matching.as_ref().and_then(copied_twice) {
        Some(label) => error(
            text,
            expr,
            format!("label `{label}` must not stand in both `on` and the grouping"),
        ),
        None => Ok(()),
    }
}

/// A label that is matched on and copied as well.
fn copied_twice(matching: &VectorMatching) -> Option<&String> {
    let group = matching.group.as_ref().filter(|_| matching.on)?;
    matching
        .labels
        .iter()
        .find(|label| group.include.contains(label))
}

fn name(value: ValueType) -> &'static str {
    match value {
        ValueType::Scalar => "a number",
        ValueType::String => "a text",
        ValueType::InstantVector => "an instant vector",
        ValueType::RangeVector => "a range vector",
    }
}
