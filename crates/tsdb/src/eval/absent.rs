//! The labels of what is absent.

use concertina_model::{Labels, METRIC_NAME};
use concertina_promql::ast::{Expr, ExprKind, MatchOp};

use super::unwrapped;

/// The labels that `absent` gives its element: those that a selector demands with `=`, each once.
pub(super) fn labels(arg: &Expr) -> Labels {
    let (ExprKind::Selector(selector) | ExprKind::Range { selector, .. }) = &unwrapped(arg).kind
    else {
        return Labels::new();
    };
    let mut known: Vec<(&str, &str)> = Vec::new();
    let mut doubtful: Vec<&str> = Vec::new();
    for matcher in selector.matchers.iter().filter(|m| m.label != METRIC_NAME) {
        let label = matcher.label.as_str();
        let seen = known.iter().any(|(name, _)| *name == label);
        if matcher.op == MatchOp::Equal && !seen {
            known.push((label, &matcher.value));
        } else {
            doubtful.push(label);
        }
    }
    known.retain(|(label, _)| !doubtful.contains(label));
    Labels::from_pairs(known)
}
