//! The syntax tree of PromQL 2.42.
//!
//! Every node knows the [`Span`] of source text it came from. Equality of nodes compares spans
//! too; [`crate::same`] compares meaning only.

use std::time::Duration;

use concertina_model::Timestamp;

/// A range of bytes in the source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// An expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number literal.
    Number(f64),
    /// A string literal, escapes resolved.
    String(String),
    /// An instant vector selector, `up{job="a"} offset 5m`.
    Selector(Selector),
    /// A range vector selector, `up[5m]`. Offset and `@` stand in the selector.
    Range {
        /// The series.
        selector: Selector,
        /// How far back the window reaches.
        range: Duration,
    },
    /// A subquery, `expr[10m:1m]`.
    Subquery {
        /// What is evaluated at each step.
        expr: Box<Expr>,
        /// How far back it reaches.
        range: Duration,
        /// The distance of the steps; `None` = the default evaluation interval.
        step: Option<Duration>,
        /// Offset and `@`.
        at: TimeModifier,
    },
    /// A function call.
    Call {
        /// Which function.
        function: Function,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// An aggregation, `sum by (node) (x)`.
    Aggregate {
        /// Which operator.
        op: AggregateOp,
        /// The parameter of `topk`, `bottomk`, `quantile` and `count_values`.
        param: Option<Box<Expr>>,
        /// What is aggregated.
        expr: Box<Expr>,
        /// By which labels; `None` = everything into one.
        grouping: Option<Grouping>,
    },
    /// `-x` or `+x`.
    Unary {
        /// True for `-`.
        negate: bool,
        /// The operand.
        expr: Box<Expr>,
    },
    /// A binary operation.
    Binary {
        /// Which operator.
        op: BinaryOp,
        /// `bool` behind a comparison.
        return_bool: bool,
        /// How vectors are matched; `None` when nothing is written.
        matching: Option<VectorMatching>,
        /// The left side.
        lhs: Box<Expr>,
        /// The right side.
        rhs: Box<Expr>,
    },
    /// An expression in parentheses.
    Paren(Box<Expr>),
}

/// Which series, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// The metric name written before the braces.
    pub name: Option<String>,
    /// The matchers written in the braces, in order. Does not repeat `name`.
    pub matchers: Vec<Matcher>,
    /// Offset and `@`.
    pub at: TimeModifier,
}

/// `offset` and `@` behind a selector or subquery. Effective time = `@` time (or the evaluation
/// time) − offset.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimeModifier {
    /// Milliseconds of `offset`; may be negative; 0 when not written.
    pub offset_ms: i64,
    /// `@`.
    pub at: Option<At>,
}

/// What follows `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// `@ 1700000000.5`
    Time(Timestamp),
    /// `@ start()`
    Start,
    /// `@ end()`
    End,
}

/// One label matcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// The label's name.
    pub label: String,
    /// How it is compared.
    pub op: MatchOp,
    /// With what; a regular expression is anchored at both ends.
    pub value: String,
}

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// `by (..)` or `without (..)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// True for `without`.
    pub without: bool,
    /// The labels as written.
    pub labels: Vec<String>,
}

/// `on (..)` / `ignoring (..)` and `group_left` / `group_right`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorMatching {
    /// True for `on`, false for `ignoring`. Plain matching is `ignoring ()`.
    pub on: bool,
    /// The labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// Which side may have several elements for one of the other.
    pub group: Option<Group>,
}

/// `group_left (..)` or `group_right (..)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The side with many elements.
    pub many: Side,
    /// Labels copied from the one side.
    pub include: Vec<String>,
}

/// A side of a binary operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Left: `group_left`.
    Left,
    /// Right: `group_right`.
    Right,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Eql,
    Neq,
    Lss,
    Lte,
    Gtr,
    Gte,
    And,
    Or,
    Unless,
}

/// Aggregation operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum AggregateOp {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    Quantile,
    CountValues,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A number.
    Scalar,
    /// A text.
    String,
    /// One sample per label set.
    InstantVector,
    /// Several samples per label set.
    RangeVector,
}

pub use crate::functions::Function;

impl BinaryOp {
    const TEXTS: [(Self, &'static str); 16] = [
        (Self::Add, "+"),
        (Self::Sub, "-"),
        (Self::Mul, "*"),
        (Self::Div, "/"),
        (Self::Mod, "%"),
        (Self::Pow, "^"),
        (Self::Atan2, "atan2"),
        (Self::Eql, "=="),
        (Self::Neq, "!="),
        (Self::Lss, "<"),
        (Self::Lte, "<="),
        (Self::Gtr, ">"),
        (Self::Gte, ">="),
        (Self::And, "and"),
        (Self::Or, "or"),
        (Self::Unless, "unless"),
    ];

    /// The operator as it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        Self::TEXTS
            .iter()
            .find(|(op, _)| *op == self)
            .map_or("", |(_, text)| text)
    }

    /// The operator that is written so, in lower case.
    #[must_use]
    pub fn by_text(text: &str) -> Option<Self> {
        Self::TEXTS
            .iter()
            .find(|(_, t)| *t == text)
            .map(|(op, _)| *op)
    }

    /// True for `==`, `!=`, `<`, `<=`, `>` and `>=`.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Eql | Self::Neq | Self::Lss | Self::Lte | Self::Gtr | Self::Gte
        )
    }

    /// True for `and`, `or` and `unless`.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// How tightly it binds: 0 (`or`) to 5 (`^`, the only one that binds to the right).
    #[must_use]
    pub fn binding(self) -> u8 {
        match self {
            Self::Or => 0,
            Self::And | Self::Unless => 1,
            Self::Eql | Self::Neq | Self::Lss | Self::Lte | Self::Gtr | Self::Gte => 2,
            Self::Add | Self::Sub => 3,
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => 4,
            Self::Pow => 5,
        }
    }
}

impl AggregateOp {
    const NAMES: [(Self, &'static str); 12] = [
        (Self::Sum, "sum"),
        (Self::Avg, "avg"),
        (Self::Min, "min"),
        (Self::Max, "max"),
        (Self::Count, "count"),
        (Self::Group, "group"),
        (Self::Stddev, "stddev"),
        (Self::Stdvar, "stdvar"),
        (Self::Topk, "topk"),
        (Self::Bottomk, "bottomk"),
        (Self::Quantile, "quantile"),
        (Self::CountValues, "count_values"),
    ];

    /// The operator as it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(op, _)| *op == self)
            .map_or("", |(_, name)| name)
    }

    /// The operator called `name`, in lower case.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(op, _)| *op)
    }

    /// True for those that take a parameter before the vector.
    #[must_use]
    pub fn takes_param(self) -> bool {
        matches!(
            self,
            Self::Topk | Self::Bottomk | Self::Quantile | Self::CountValues
        )
    }
}

impl Selector {
    /// All matchers, the name before the braces as one on `__name__` in front.
    pub fn all_matchers(&self) -> impl Iterator<Item = Matcher> + '_ {
        let name = self.name.as_ref().map(|name| Matcher {
            label: concertina_model::METRIC_NAME.to_owned(),
            op: MatchOp::Equal,
            value: name.clone(),
        });
        name.into_iter().chain(self.matchers.iter().cloned())
    }
}
