//! The parser beside `promql-parser` 0.11, an independent one with the syntax of Prometheus 3: over
//! the recorded expressions both read the same tree, and where they differ is listed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use concertina_promql::ast::{self, At, Expr, ExprKind, MatchOp, Side, TimeModifier};
use concertina_promql::parse;
use concertina_testkit::{files, read};
use promql_parser::label;
use promql_parser::parser::{self as other, AtModifier, Offset, VectorMatchCardinality as Card};

/// A node and what hangs below it, as text.
fn node(name: &str, parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    format!("({name} {})", parts.join(" "))
}

fn millis(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// A function that Prometheus 3 calls otherwise.
const OLD_NAME: &str = "holt_winters";
const NEW_NAME: &str = "double_exponential_smoothing";

mod ours {
    use super::*;

    fn at(at: &TimeModifier) -> String {
        let time = match at.at {
            None => String::new(),
            Some(At::Start) => " @start".to_owned(),
            Some(At::End) => " @end".to_owned(),
            Some(At::Time(time)) => format!(" @{}", time.as_millis()),
        };
        format!("offset {}{time}", at.offset_ms)
    }

    fn selector(selector: &ast::Selector) -> String {
        let matchers = selector.all_matchers().map(|matcher| {
            let op = match matcher.op {
                MatchOp::Equal => "=",
                MatchOp::NotEqual => "!=",
                MatchOp::Regex => "=~",
                MatchOp::NotRegex => "!~",
            };
            format!("{}{op}{:?}", matcher.label, matcher.value)
        });
        let mut matchers: Vec<String> = matchers.collect();
        matchers.sort();
        node("select", matchers.into_iter().chain([at(&selector.at)]))
    }

    pub(crate) fn tree(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Number(value) => format!("{value:?}"),
            ExprKind::String(text) => format!("{text:?}"),
            ExprKind::Paren(inner) => node("paren", [tree(inner)]),
            ExprKind::Selector(of) => selector(of),
            ExprKind::Range {
                selector: of,
                range,
            } => node("range", [selector(of), millis(*range)]),
            ExprKind::Subquery {
                expr,
                range,
                step,
                at: of,
            } => {
                let step = step.map(millis).unwrap_or_default();
                node("subquery", [tree(expr), millis(*range), step, at(of)])
            }
            ExprKind::Call { function, args } => node(function.name(), args.iter().map(tree)),
            ExprKind::Aggregate {
                op,
                param,
                expr,
                grouping,
            } => {
                // Nothing written is `by ()`.
                let grouping = grouping
                    .as_ref()
                    .filter(|g| g.without || !g.labels.is_empty());
                let grouping = grouping.map(|g| {
                    let word = if g.without { "without" } else { "by" };
                    format!("{word} {:?}", g.labels)
                });
                let param = param.as_deref().map(tree);
                let parts = [grouping, param].into_iter().flatten();
                node(op.name(), parts.chain([tree(expr)]))
            }
            // The other parser gives a number its sign, and has no node for `+`.
            ExprKind::Unary { negate, expr } => match (negate, &expr.kind) {
                (false, _) => tree(expr),
                (true, ExprKind::Number(value)) => format!("{:?}", -value),
                (true, _) => node("-", [tree(expr)]),
            },
            ExprKind::Binary {
                op,
                return_bool,
                matching,
                lhs,
                rhs,
            } => {
                let flag = if *return_bool { "bool" } else { "" };
                let matching = matching
                    .as_ref()
                    .filter(|m| m.on || m.group.is_some() || !m.labels.is_empty());
                let matching = matching.map_or_else(String::new, |m| {
                    let word = if m.on { "on" } else { "ignoring" };
                    let group = m.group.as_ref().map_or_else(String::new, |group| {
                        let side = match group.many {
                            Side::Left => "left",
                            Side::Right => "right",
                        };
                        format!(" {side} {:?}", group.include)
                    });
                    format!("{word} {:?}{group}", m.labels)
                });
                node(op.text(), [flag.to_owned(), matching, tree(lhs), tree(rhs)])
            }
        }
    }
}

mod theirs {
    use super::*;

    fn at(offset: Option<&Offset>, time: Option<&AtModifier>) -> String {
        let offset = match offset {
            None => 0,
            Some(Offset::Pos(by)) => by.as_millis() as i64,
            Some(Offset::Neg(by)) => -(by.as_millis() as i64),
        };
        let since = |time: &SystemTime| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_millis() as i64,
            Err(before) => -(before.duration().as_millis() as i64),
        };
        let time = match time {
            None => String::new(),
            Some(AtModifier::Start) => " @start".to_owned(),
            Some(AtModifier::End) => " @end".to_owned(),
            Some(AtModifier::At(time)) => format!(" @{}", since(time)),
        };
        format!("offset {offset}{time}")
    }

    fn selector(selector: &other::VectorSelector) -> String {
        let name = selector.name.iter();
        let name = name.map(|name| format!("__name__={name:?}"));
        let matchers = selector.matchers.matchers.iter().map(|matcher| {
            let op = match matcher.op {
                label::MatchOp::Equal => "=",
                label::MatchOp::NotEqual => "!=",
                label::MatchOp::Re(_) => "=~",
                label::MatchOp::NotRe(_) => "!~",
            };
            format!("{}{op}{:?}", matcher.name, matcher.value)
        });
        let mut matchers: Vec<String> = name.chain(matchers).collect();
        matchers.sort();
        let at = at(selector.offset.as_ref(), selector.at.as_ref());
        node("select", matchers.into_iter().chain([at]))
    }

    fn listed(modifier: &other::LabelModifier, words: [&str; 2]) -> String {
        let word = if modifier.is_include() {
            words[0]
        } else {
            words[1]
        };
        format!("{word} {:?}", modifier.labels().labels)
    }

    fn matching(modifier: &other::BinModifier) -> String {
        let labels = modifier.matching.as_ref();
        let labels = labels.map_or_else(
            || "ignoring []".to_owned(),
            |labels| listed(labels, ["on", "ignoring"]),
        );
        let group = match &modifier.card {
            Card::ManyToOne(include) => format!(" left {:?}", include.labels),
            Card::OneToMany(include) => format!(" right {:?}", include.labels),
            Card::OneToOne | Card::ManyToMany => String::new(),
        };
        match format!("{labels}{group}") {
            plain if plain == "ignoring []" => String::new(),
            written => written,
        }
    }

    pub(crate) fn tree(expr: &other::Expr) -> String {
        match expr {
            other::Expr::NumberLiteral(number) => format!("{:?}", number.val),
            other::Expr::StringLiteral(text) => format!("{:?}", text.val),
            other::Expr::Paren(paren) => node("paren", [tree(&paren.expr)]),
            other::Expr::VectorSelector(of) => selector(of),
            other::Expr::MatrixSelector(of) => node("range", [selector(&of.vs), millis(of.range)]),
            other::Expr::Subquery(of) => {
                let step = of.step.map(millis).unwrap_or_default();
                let at = at(of.offset.as_ref(), of.at.as_ref());
                node("subquery", [tree(&of.expr), millis(of.range), step, at])
            }
            other::Expr::Call(call) => {
                let name = if call.func.name == NEW_NAME {
                    OLD_NAME
                } else {
                    call.func.name
                };
                node(name, call.args.args.iter().map(|arg| tree(arg)))
            }
            other::Expr::Aggregate(of) => {
                let grouping = of.modifier.as_ref().map(|m| listed(m, ["by", "without"]));
                let grouping = grouping.filter(|written| written != "by []");
                let param = of.param.as_deref().map(tree);
                let parts = [grouping, param].into_iter().flatten();
                node(&of.op.to_string(), parts.chain([tree(&of.expr)]))
            }
            other::Expr::Unary(unary) => node("-", [tree(&unary.expr)]),
            other::Expr::Binary(of) => {
                let modifier = of.modifier.as_ref();
                let flag = if of.return_bool() { "bool" } else { "" };
                let matching = modifier.map(matching).unwrap_or_default();
                let sides = [flag.to_owned(), matching, tree(&of.lhs), tree(&of.rhs)];
                node(&of.op.to_string(), sides)
            }
            other::Expr::Extension(_) => panic!("the other parser makes none"),
        }
    }
}

#[test]
fn both_parsers_read_the_same_tree() {
    // Always the crate's own: elsewhere the other parser may differ in ways not listed here.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut texts = BTreeMap::new();
    for family in ["promql", "range"] {
        for file in files(&root, "promql", family, &["promql", "range", "series"]) {
            for case in read(&file) {
                texts.insert(case.json["expr"].as_str().unwrap().to_owned(), ());
            }
        }
    }
    let (mut same, mut differ) = ([0, 0], Vec::new());
    for text in texts.keys() {
        match (parse(text), other::parse(&text.replace(OLD_NAME, NEW_NAME))) {
            (Ok(ours), Ok(theirs)) => {
                let (ours, theirs) = (ours::tree(&ours), theirs::tree(&theirs));
                if ours == theirs {
                    same[0] += 1;
                } else {
                    differ.push(format!("{text}\n  {ours}\n  {theirs}"));
                }
            }
            (Err(_), Err(_)) => same[1] += 1,
            (Ok(_), Err(theirs)) => {
                let theirs = theirs.lines().next().unwrap_or_default().to_owned();
                differ.push(format!("{text}\n  only ours accepts: {theirs}"));
            }
            (Err(ours), Ok(_)) => differ.push(format!("{text}\n  only ours refuses: {ours}")),
        }
    }
    insta::assert_snapshot!(format!(
        "{} of the same tree, {} refused by both, {} differ\n{}",
        same[0],
        same[1],
        differ.len(),
        differ.join("\n")
    ));
}
