//! What `@` fixes, and what it fails to fix in Prometheus 2.42.
//!
//! There, `@` is an offset that is right at the first step of a query or subquery. Whatever does not
//! depend on the step is evaluated at the first step alone, which makes it so for all others.
//! Three things go by their own:
//!
//! - The range of a call that depends on the step otherwise, as `predict_linear` always does, moves on
//!   with the steps: `predict_linear(x[5m] @ 0, 60)` ends when its window has left the samples
//!   behind, since none after the fixed time are read. (Prometheus mended that later.)
//! - The parameter of an aggregation does not count as a part of it: where the rest is fixed, it is that
//!   of the first step.
//! - In such a parameter `@` with a time moves on as well, and `@ start()` and `@ end()` do nothing.

use concertina_promql::ast::{At, Expr, ExprKind, Function, TimeModifier};

use super::unwrapped;

/// The places of an expression at which `@` fails, by their addresses, which stay as long as it is
/// evaluated.
#[derive(Debug, Default)]
pub(super) struct Unfixed {
    moving: Vec<*const TimeModifier>,
    in_parameters: Vec<*const TimeModifier>,
    first_step: Vec<*const Expr>,
}

impl Unfixed {
    pub(super) fn of(expr: &Expr) -> Self {
        let mut unfixed = Self::default();
        unfixed.look(expr);
        unfixed
    }

    /// Whether the time of `at` moves on with the steps.
    pub(super) fn moves(&self, at: &TimeModifier) -> bool {
        self.moving.contains(&std::ptr::from_ref(at)) || self.is_in_parameter(at)
    }

    pub(super) fn is_in_parameter(&self, at: &TimeModifier) -> bool {
        self.in_parameters.contains(&std::ptr::from_ref(at))
    }

    /// Whether the parameter is that of the first step.
    pub(super) fn is_of_first_step(&self, param: &Expr) -> bool {
        self.first_step.contains(&std::ptr::from_ref(param))
    }

    /// Whether `expr` does not depend on the step, by Prometheus' account.
    fn look(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::String(_) => true,
            ExprKind::Selector(selector) | ExprKind::Range { selector, .. } => {
                selector.at.at.is_some()
            }
            ExprKind::Subquery { expr, at, .. } => {
                self.look(expr);
                at.at.is_some()
            }
            ExprKind::Paren(inner) | ExprKind::Unary { expr: inner, .. } => self.look(inner),
            ExprKind::Binary { lhs, rhs, .. } => {
                let sides = [self.look(lhs), self.look(rhs)];
                sides == [true, true]
            }
            ExprKind::Aggregate { param, expr, .. } => {
                let fixed = self.look(expr);
                if let Some(param) = param {
                    self.look_at_parameter(param);
                    if fixed {
                        self.first_step.push(&raw const **param);
                    }
                }
                fixed
            }
            ExprKind::Call { function, args } => {
                let mut fixed = !follows_the_clock(*function);
                for arg in args {
                    fixed &= self.look(arg);
                }
                if !fixed {
                    self.moving.extend(args.iter().filter_map(range_of));
                }
                fixed
            }
        }
    }

    fn look_at_parameter(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Selector(selector) | ExprKind::Range { selector, .. } => {
                self.in_parameters.extend(at_of(&selector.at));
            }
            ExprKind::Subquery { expr, at, .. } => {
                self.in_parameters.extend(at_of(at));
                self.look_at_parameter(expr);
            }
            ExprKind::Paren(inner) | ExprKind::Unary { expr: inner, .. } => {
                self.look_at_parameter(inner);
            }
            ExprKind::Binary { lhs, rhs, .. } => {
                self.look_at_parameter(lhs);
                self.look_at_parameter(rhs);
            }
            ExprKind::Aggregate { param, expr, .. } => {
                param
                    .iter()
                    .chain([expr])
                    .for_each(|part| self.look_at_parameter(part));
            }
            // It works out the time of its selector by itself.
            ExprKind::Call {
                function: Function::Timestamp,
                args,
            } if args.iter().any(has_time) => {}
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.look_at_parameter(arg)),
        }
    }
}

fn at_of(at: &TimeModifier) -> Option<*const TimeModifier> {
    at.at.is_some().then_some(std::ptr::from_ref(at))
}

fn has_time(arg: &Expr) -> bool {
    let ExprKind::Selector(selector) = &unwrapped(arg).kind else {
        return false;
    };
    matches!(selector.at.at, Some(At::Time(_)))
}

/// The time of a range or subquery that is an argument.
fn range_of(arg: &Expr) -> Option<*const TimeModifier> {
    match &unwrapped(arg).kind {
        ExprKind::Range { selector, .. } => at_of(&selector.at),
        ExprKind::Subquery { at, .. } => at_of(at),
        _ => None,
    }
}

/// Functions whose result depends on the time of the step, whatever their arguments are.
fn follows_the_clock(function: Function) -> bool {
    matches!(
        function,
        Function::Time | Function::Timestamp | Function::PredictLinear
    ) || super::calendar::part(function, 0.0).is_some()
}
