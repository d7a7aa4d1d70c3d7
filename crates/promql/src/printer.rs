//! From the syntax tree to text that reads back as the same tree.

use std::fmt;
use std::time::Duration;

use crate::ast::{
    At, Expr, ExprKind, Grouping, MatchOp, Matcher, Selector, Side, TimeModifier, VectorMatching,
};
use crate::format_duration;

/// A text as a double-quoted PromQL string, as Go's `strconv.Quote` writes it: printable
/// characters as they are, control characters escaped.
///
/// ```
/// assert_eq!(concertina_promql::quote("a\"b\\c\n"), r#""a\"b\\c\n""#);
/// ```
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quote_into(&mut quoted, text);
    quoted
}

/// As [`quote`], at the end of `out`.
pub fn quote_into(out: &mut String, text: &str) {
    out.push('"');
    let plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    match text.bytes().all(plain) {
        true => out.push_str(text),
        false => escape_into(out, text),
    }
    out.push('"');
}

fn escape_into(out: &mut String, text: &str) {
    use fmt::Write;
    for c in text.chars() {
        let simple = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{b}' => "\\v",
            _ => "",
        };
        // Writing to a String cannot fail.
        let _ = match c {
            _ if !simple.is_empty() => out.write_str(simple),
            '\0'..=' ' | '\u{7f}' if c != ' ' => write!(out, "\\x{:02x}", u32::from(c)),
            '\u{80}'..='\u{9f}' | '\u{ad}' => write!(out, "\\u{:04x}", u32::from(c)),
            _ => out.write_char(c),
        };
    }
}

/// True when two expressions mean the same: equal but for where they stand in their texts.
#[must_use]
pub fn same(a: &Expr, b: &Expr) -> bool {
    // The text holds everything but the spans. NaN literals print alike, too.
    a.to_string() == b.to_string()
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        };
        write!(f, "{}{op}{}", self.label, quote(&self.value))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.series(f)?;
        self.at.fmt(f)
    }
}

impl Selector {
    fn series(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or_default())?;
        if self.matchers.is_empty() && self.name.is_some() {
            return Ok(());
        }
        f.write_str("{")?;
        for (i, matcher) in self.matchers.iter().enumerate() {
            write!(f, "{}{matcher}", if i == 0 { "" } else { "," })?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for TimeModifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            None => {}
            Some(At::Start) => f.write_str(" @ start()")?,
            Some(At::End) => f.write_str(" @ end()")?,
            Some(At::Time(time)) => write!(f, " @ {:.3}", time.as_secs_f64())?,
        }
        if self.offset_ms != 0 {
            let size = format_duration(Duration::from_millis(self.offset_ms.unsigned_abs()));
            write!(
                f,
                " offset {}{size}",
                if self.offset_ms < 0 { "-" } else { "" }
            )?;
        }
        Ok(())
    }
}

fn labels(f: &mut fmt::Formatter<'_>, word: &str, labels: &[String]) -> fmt::Result {
    write!(f, "{word} ({})", labels.join(", "))
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        labels(f, if self.without { "without" } else { "by" }, &self.labels)
    }
}

impl fmt::Display for VectorMatching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        labels(f, if self.on { "on" } else { "ignoring" }, &self.labels)?;
        if let Some(group) = &self.group {
            let word = match group.many {
                Side::Left => " group_left",
                Side::Right => " group_right",
            };
            labels(f, word, &group.include)?;
        }
        Ok(())
    }
}

impl fmt::Display for Expr {
    /// PromQL that parses back to the same tree.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(value) if value.is_nan() => f.write_str("NaN"),
            ExprKind::Number(value) if value.is_infinite() => f.write_str("Inf"),
            ExprKind::Number(value) => write!(f, "{value}"),
            ExprKind::String(text) => f.write_str(&quote(text)),
            ExprKind::Selector(selector) => selector.fmt(f),
            ExprKind::Range { selector, range } => {
                selector.series(f)?;
                write!(f, "[{}]{}", format_duration(*range), selector.at)
            }
            ExprKind::Subquery {
                expr,
                range,
                step,
                at,
            } => {
                let step = step.map(format_duration).unwrap_or_default();
                write!(f, "{expr}[{}:{step}]{at}", format_duration(*range))
            }
            ExprKind::Call { function, args } => {
                write!(f, "{}(", function.name())?;
                for (i, arg) in args.iter().enumerate() {
                    write!(f, "{}{arg}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            ExprKind::Aggregate {
                op,
                param,
                expr,
                grouping,
            } => {
                f.write_str(op.name())?;
                if let Some(grouping) = grouping {
                    write!(f, " {grouping} ")?;
                }
                match param {
                    Some(param) => write!(f, "({param}, {expr})"),
                    None => write!(f, "({expr})"),
                }
            }
            ExprKind::Unary { negate, expr } => {
                write!(f, "{}{expr}", if *negate { "-" } else { "+" })
            }
            ExprKind::Binary {
                op,
                return_bool,
                matching,
                lhs,
                rhs,
            } => {
                write!(f, "{lhs} {}", op.text())?;
                if *return_bool {
                    f.write_str(" bool")?;
                }
                if let Some(matching) = matching {
                    write!(f, " {matching}")?;
                }
                write!(f, " {rhs}")
            }
            ExprKind::Paren(expr) => write!(f, "({expr})"),
        }
    }
}
