//! Random expressions: the core of PromQL that the slow evaluator knows.

use std::fmt;

use proptest::prelude::*;
use proptest::strategy::Union;

/// An expression whose value is an instant vector.
#[derive(Clone, Debug)]
pub(crate) enum Vector {
    Selector(Selector),
    /// A function over the last so many seconds.
    Over(Over, Selector, i64),
    /// A function over a subquery: how long, and its step.
    OverSubquery(Over, Box<Vector>, i64, i64),
    Negated(Box<Vector>),
    Abs(Box<Vector>),
    Aggregate(Aggregate, Option<(bool, Vec<&'static str>)>, Box<Vector>),
    /// With a number, which stands on the left when the flag says so.
    WithNumber(Operator, bool, Box<Vector>, f64, bool),
    Binary(Operator, bool, Matching, Box<Vector>, Box<Vector>),
    Set(&'static str, Matching, Box<Vector>, Box<Vector>),
}

#[derive(Clone, Debug)]
pub(crate) struct Selector {
    pub(crate) name: &'static str,
    pub(crate) matcher: Option<(&'static str, bool, &'static str)>,
    pub(crate) offset: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Matching {
    pub(crate) on: bool,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) group: Option<(Many, Vec<&'static str>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Many {
    Left,
    Right,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($variant:ident = $text:literal),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text),+ })
            }
        }
    };
}

words!(Over:
    Sum = "sum_over_time", Count = "count_over_time", Avg = "avg_over_time",
    Min = "min_over_time", Max = "max_over_time", Last = "last_over_time",
    Present = "present_over_time", Changes = "changes", Resets = "resets",
    Rate = "rate", Increase = "increase", Delta = "delta", Idelta = "idelta");
words!(Aggregate:
    Sum = "sum", Avg = "avg", Min = "min", Max = "max", Count = "count", Group = "group");
words!(Operator:
    Add = "+", Sub = "-", Mul = "*", Div = "/",
    Equal = "==", NotEqual = "!=", Less = "<", LessEqual = "<=", Greater = ">", GreaterEqual = ">=");

impl Operator {
    pub(crate) fn compares(self) -> bool {
        !matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div)
    }

    /// Itself, or what does no harm between such sides.
    fn between(self, left_exact: bool, right_exact: bool) -> Self {
        let harmless = match self {
            Self::Add | Self::Sub | Self::Mul => true,
            Self::Div => right_exact,
            _ => left_exact && right_exact,
        };
        if harmless { self } else { Self::Add }
    }
}

impl Vector {
    /// Whether values are small whole numbers, in whatever order they are computed: only such are
    /// compared with each other or divided by, since the last bit of others would decide.
    fn exact(&self) -> bool {
        match self {
            Self::Selector(_) => true,
            Self::Over(over, ..) => over.exact(),
            Self::OverSubquery(over, inner, ..) => over.exact() && inner.exact(),
            Self::Negated(inner) | Self::Abs(inner) => inner.exact(),
            Self::Aggregate(aggregate, _, inner) => *aggregate != Aggregate::Avg && inner.exact(),
            Self::WithNumber(op, _, inner, ..) => *op != Operator::Div && inner.exact(),
            Self::Binary(op, _, _, left, right) => {
                !matches!(op, Operator::Div | Operator::Mul) && left.exact() && right.exact()
            }
            Self::Set(_, _, left, right) => left.exact() && right.exact(),
        }
    }
}

impl Over {
    fn exact(self) -> bool {
        !matches!(self, Self::Avg | Self::Rate | Self::Increase | Self::Delta)
    }

    /// Whether samples are compared with each other.
    fn compares(self) -> bool {
        matches!(
            self,
            Self::Changes | Self::Resets | Self::Rate | Self::Increase
        )
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some((label, equal, value)) = self.matcher {
            let op = if equal { "=" } else { "!=" };
            write!(f, "{{{label}{op}\"{value}\"}}")?;
        }
        Ok(())
    }
}

fn offset(selector: &Selector) -> String {
    match selector.offset {
        0 => String::new(),
        seconds => format!(" offset {seconds}s"),
    }
}

impl fmt::Display for Matching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.on { "on" } else { "ignoring" };
        write!(f, "{word}({})", self.labels.join(","))?;
        match &self.group {
            Some((Many::Left, labels)) => write!(f, " group_left({})", labels.join(",")),
            Some((Many::Right, labels)) => write!(f, " group_right({})", labels.join(",")),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |yes: bool| if yes { "bool" } else { "" };
        match self {
            Self::Selector(selector) => write!(f, "{selector}{}", offset(selector)),
            Self::Over(over, selector, range) => {
                write!(f, "{over}({selector}[{range}s]{})", offset(selector))
            }
            Self::OverSubquery(over, inner, range, step) => {
                write!(f, "{over}(({inner})[{range}s:{step}s])")
            }
            Self::Negated(inner) => write!(f, "-({inner})"),
            Self::Abs(inner) => write!(f, "abs({inner})"),
            Self::Aggregate(aggregate, None, inner) => write!(f, "{aggregate}({inner})"),
            Self::Aggregate(aggregate, Some((without, labels)), inner) => {
                let by = if *without { "without" } else { "by" };
                write!(f, "{aggregate} {by} ({}) ({inner})", labels.join(","))
            }
            Self::WithNumber(op, as_bool, inner, number, true) => {
                write!(f, "{number} {op} {} ({inner})", word(*as_bool))
            }
            Self::WithNumber(op, as_bool, inner, number, false) => {
                write!(f, "({inner}) {op} {} {number}", word(*as_bool))
            }
            Self::Binary(op, as_bool, matching, left, right) => {
                write!(f, "({left}) {op} {} {matching} ({right})", word(*as_bool))
            }
            Self::Set(op, matching, left, right) => write!(f, "({left}) {op} {matching} ({right})"),
        }
    }
}

fn labels() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::select(vec![vec![], vec!["x"], vec!["y"], vec!["x", "y"]])
}

fn selector() -> impl Strategy<Value = Selector> {
    let matcher = (
        prop::sample::select(vec!["x", "y"]),
        any::<bool>(),
        prop::sample::select(vec!["", "1", "2", "p"]),
    );
    let offset = prop_oneof![3 => Just(0_i64), 1 => -60_i64..120];
    let name = prop::sample::select(vec!["a", "b"]);
    (name, prop::option::of(matcher), offset).prop_map(|(name, matcher, offset)| Selector {
        name,
        matcher,
        offset,
    })
}

fn over() -> impl Strategy<Value = Over> {
    prop::sample::select(Over::ALL)
}

fn operator() -> impl Strategy<Value = (Operator, bool)> {
    let pair = (prop::sample::select(Operator::ALL), any::<bool>());
    pair.prop_map(|(op, as_bool)| (op, as_bool && op.compares()))
}

fn matching(group: bool) -> impl Strategy<Value = Matching> {
    let many = prop::sample::select(vec![Many::Left, Many::Right]);
    let group = match group {
        true => prop::option::of((many, labels())).boxed(),
        false => Just(None).boxed(),
    };
    (any::<bool>(), labels(), group).prop_map(|(on, labels, mut group)| {
        if let Some((_, include)) = &mut group {
            // A label is not matched on and copied.
            include.retain(|label| !on || !labels.contains(label));
        }
        Matching { on, labels, group }
    })
}

/// Any expression, some levels deep.
pub(crate) fn vector() -> impl Strategy<Value = Vector> {
    let leaf = prop_oneof![
        3 => selector().prop_map(Vector::Selector),
        2 => (over(), selector(), 1_i64..200).prop_map(|(o, s, r)| Vector::Over(o, s, r)),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let grouping = prop::option::of((any::<bool>(), labels()));
        let number = (-3_i32..12).prop_map(f64::from);
        Union::new([
            (over(), boxed(), 1_i64..120, 5_i64..40)
                .prop_map(|(over, inner, range, step)| {
                    let harmless = inner.exact() || !over.compares();
                    let over = if harmless { over } else { Over::Sum };
                    Vector::OverSubquery(over, inner, range, step)
                })
                .boxed(),
            boxed().prop_map(Vector::Negated).boxed(),
            boxed().prop_map(Vector::Abs).boxed(),
            (prop::sample::select(Aggregate::ALL), grouping, boxed())
                .prop_map(|(op, by, inner)| Vector::Aggregate(op, by, inner))
                .boxed(),
            (operator(), boxed(), number, any::<bool>())
                .prop_map(move |((op, as_bool), inner, number, left)| {
                    let op = op.between(inner.exact(), inner.exact());
                    Vector::WithNumber(op, as_bool && op.compares(), inner, number, left)
                })
                .boxed(),
            (operator(), matching(true), boxed(), boxed())
                .prop_map(move |((op, as_bool), matching, left, right)| {
                    let op = op.between(left.exact(), right.exact());
                    Vector::Binary(op, as_bool && op.compares(), matching, left, right)
                })
                .boxed(),
            (
                prop::sample::select(vec!["and", "or", "unless"]),
                matching(false),
                boxed(),
                boxed(),
            )
                .prop_map(|(op, matching, left, right)| Vector::Set(op, matching, left, right))
                .boxed(),
        ])
    })
}
