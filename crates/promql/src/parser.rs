//! From tokens to the syntax tree: precedence climbing over what the lexer found.

use std::time::Duration;

use concertina_model::Timestamp;

use crate::ast::{
    AggregateOp, At, BinaryOp, Expr, ExprKind, Function, Group, Grouping, Selector, Side, Span,
    TimeModifier, ValueType, VectorMatching,
};
use crate::error::ParseError;
use crate::lexer::{Token, tokens};
use crate::{check, parse_duration};

/// How deep expressions may be nested; deeper ones are refused.
pub const MAX_DEPTH: usize = 128;

/// How many operators and subqueries an expression may have; longer ones are refused.
const MAX_OPERATORS: usize = 512;

/// Reads an expression.
///
/// # Errors
///
/// [`ParseError`] with the place, what was found and what was expected, or which rule of PromQL's
/// types is broken. Prometheus 2.42 answers `bad_data` to the same expressions.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text)?;
    let expr = parser.expr(0)?;
    parser.end()?;
    check::check(text, &expr)?;
    Ok(expr)
}

/// Reads a plain series selector without `offset` and `@`, as `match[]` and `seriesQuery` take it.
///
/// # Errors
///
/// [`ParseError`] when it is anything else.
pub fn parse_selector(text: &str) -> Result<Selector, ParseError> {
    let mut parser = Parser::new(text)?;
    // Prometheus' parser of series selectors lets a name stand twice: nothing matches both.
    parser.lenient = true;
    let expr = parser.expr(0)?;
    parser.end()?;
    match expr.kind {
        ExprKind::Selector(selector) if selector.at == TimeModifier::default() => Ok(selector),
        _ => Err(ParseError::at(
            text,
            expr.span.start,
            "a plain series selector is expected",
        )),
    }
}

mod selector;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token<'a>, Span)>,
    at: usize,
    depth: usize,
    operators: usize,
    lenient: bool,
}

type Parsed<T> = Result<T, ParseError>;

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parsed<Self> {
        Ok(Self {
            text,
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
            operators: 0,
            lenient: false,
        })
    }

    fn peek(&self) -> &Token<'a> {
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn peek_second(&self) -> &Token<'a> {
        self.tokens
            .get(self.at + 1)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn span(&self) -> Span {
        let end = Span {
            start: self.text.len(),
            end: self.text.len(),
        };
        self.tokens.get(self.at).map_or(end, |(_, span)| *span)
    }

    /// The end of the token before.
    fn last_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .map_or(0, |(_, span)| span.end)
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(ParseError::at(self.text, self.span().start, message))
    }

    fn unexpected<T>(&self, expected: &str) -> Parsed<T> {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            _ => {
                let Span { start, end } = self.span();
                format!("`{}`", self.text.get(start..end).unwrap_or_default())
            }
        };
        self.error(format!("found {found}, expected {expected}"))
    }

    fn end(&self) -> Parsed<()> {
        match self.peek() {
            Token::End => Ok(()),
            _ => self.unexpected("an operator or the end"),
        }
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(s) if *s == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) {
            Ok(())
        } else {
            self.unexpected(&format!("`{symbol}`"))
        }
    }

    /// True when the next token is this keyword, in any case.
    fn keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// An expression whose operators bind at least as tightly as `least`.
    fn expr(&mut self, least: u8) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.error(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let mut lhs = self.unary()?;
        while let Some(op) = self.binary_op() {
            let binding = op.binding();
            if binding < least {
                break;
            }
            self.count_operator()?;
            self.at += 1;
            let (return_bool, matching) = self.modifiers(op)?;
            // `^` is the only operator that binds to the right.
            let rhs = self.expr(if op == BinaryOp::Pow {
                binding
            } else {
                binding + 1
            })?;
            let span = Span {
                start: lhs.span.start,
                end: rhs.span.end,
            };
            let (lhs_box, rhs) = (Box::new(lhs), Box::new(rhs));
            let kind = ExprKind::Binary {
                op,
                return_bool,
                matching,
                lhs: lhs_box,
                rhs,
            };
            lhs = Expr { kind, span };
        }
        self.depth -= 1;
        Ok(lhs)
    }

    /// Chains grow the tree without nesting in the text, so they are bounded on their own.
    fn count_operator(&mut self) -> Parsed<()> {
        self.operators += 1;
        match self.operators > MAX_OPERATORS {
            true => self.error(format!("more than {MAX_OPERATORS} operators")),
            false => Ok(()),
        }
    }

    fn binary_op(&self) -> Option<BinaryOp> {
        match self.peek() {
            Token::Symbol(symbol) => BinaryOp::by_text(symbol),
            Token::Word(word) => BinaryOp::by_text(&word.to_ascii_lowercase()),
            _ => None,
        }
    }

    fn modifiers(&mut self, op: BinaryOp) -> Parsed<(bool, Option<VectorMatching>)> {
        let return_bool = self.keyword("bool");
        if return_bool {
            if !op.is_comparison() {
                return self.error("`bool` is only allowed behind a comparison");
            }
            self.at += 1;
        }
        let on = self.keyword("on");
        if !on && !self.keyword("ignoring") {
            return Ok((return_bool, None));
        }
        self.at += 1;
        let labels = self.label_list()?;
        let many = if self.keyword("group_left") {
            Some(Side::Left)
        } else if self.keyword("group_right") {
            Some(Side::Right)
        } else {
            None
        };
        let mut group = None;
        if let Some(many) = many {
            if op.is_set() {
                return self.error(format!("grouping is not allowed for `{}`", op.text()));
            }
            self.at += 1;
            let include = if self.is("(") {
                self.label_list()?
            } else {
                Vec::new()
            };
            group = Some(Group { many, include });
        }
        Ok((return_bool, Some(VectorMatching { on, labels, group })))
    }

    /// `(a, b,)`
    fn label_list(&mut self) -> Parsed<Vec<String>> {
        self.expect("(")?;
        let mut labels = Vec::new();
        while !self.take(")") {
            match self.peek() {
                Token::Word(word) if !word.contains(':') && number_word(word).is_none() => {
                    labels.push((*word).to_owned());
                }
                _ => return self.unexpected("a label name or `)`"),
            }
            self.at += 1;
            if !self.take(",") && !self.is(")") {
                return self.unexpected("`,` or `)`");
            }
        }
        Ok(labels)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let negate = self.is("-");
        if !negate && !self.is("+") {
            return self.postfix();
        }
        self.at += 1;
        // A sign binds tighter than everything but `^`.
        let expr = self.expr(BinaryOp::Pow.binding())?;
        let span = Span {
            start,
            end: expr.span.end,
        };
        Ok(Expr {
            kind: ExprKind::Unary {
                negate,
                expr: Box::new(expr),
            },
            span,
        })
    }

    /// A primary expression with its `[..]`, `offset` and `@`.
    fn postfix(&mut self) -> Parsed<Expr> {
        let mut expr = self.primary()?;
        loop {
            if self.is("[") {
                expr = self.brackets(expr)?;
            } else if self.keyword("offset") {
                let place = self.span().start;
                self.at += 1;
                let negative = self.take("-");
                if !negative {
                    self.take("+");
                }
                let size = self.duration("a duration such as 5m")?;
                let millis = i64::try_from(size.as_millis()).unwrap_or(i64::MAX);
                let at = self.modifier(&mut expr, place, "offset")?;
                if at.offset_ms != 0 {
                    return Err(ParseError::at(self.text, place, "`offset` is given twice"));
                }
                at.offset_ms = if negative { -millis } else { millis };
            } else if self.is("@") {
                let place = self.span().start;
                self.at += 1;
                let time = self.at_time()?;
                let at = self.modifier(&mut expr, place, "@")?;
                if at.at.is_some() {
                    return Err(ParseError::at(self.text, place, "`@` is given twice"));
                }
                at.at = Some(time);
            } else {
                return Ok(expr);
            }
            expr.span.end = self.last_end();
        }
    }

    fn modifier<'e>(
        &self,
        expr: &'e mut Expr,
        place: usize,
        what: &str,
    ) -> Parsed<&'e mut TimeModifier> {
        match &mut expr.kind {
            ExprKind::Selector(selector) | ExprKind::Range { selector, .. } => Ok(&mut selector.at),
            ExprKind::Subquery { at, .. } => Ok(at),
            _ => {
                let message = format!("`{what}` must follow a selector or a subquery");
                Err(ParseError::at(self.text, place, message))
            }
        }
    }

    fn at_time(&mut self) -> Parsed<At> {
        for (name, at) in [("start", At::Start), ("end", At::End)] {
            if self.keyword(name) {
                self.at += 1;
                self.expect("(")?;
                self.expect(")")?;
                return Ok(at);
            }
        }
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        let seconds = match self.peek() {
            Token::Number(seconds) => *seconds,
            Token::Word(word) if number_word(word).is_some() => f64::NAN,
            _ => return self.unexpected("a time in seconds, start() or end()"),
        };
        match Timestamp::from_secs_f64(if negative { -seconds } else { seconds }) {
            Some(time) => {
                self.at += 1;
                Ok(At::Time(time))
            }
            None => self.error("the time behind `@` is out of range"),
        }
    }

    fn duration(&mut self, expected: &str) -> Parsed<Duration> {
        let Token::Duration(text) = self.peek() else {
            return self.unexpected(expected);
        };
        match parse_duration(text) {
            Ok(duration) => {
                self.at += 1;
                Ok(duration)
            }
            Err(error) => self.error(error.to_string()),
        }
    }

    /// `[5m]`, `[5m:]` or `[5m:1m]` behind `inner`.
    fn brackets(&mut self, inner: Expr) -> Parsed<Expr> {
        let place = self.span().start;
        self.expect("[")?;
        let range_place = self.span().start;
        let range = self.duration("a duration such as 5m")?;
        if range.is_zero() {
            return Err(ParseError::at(
                self.text,
                range_place,
                "a range must be longer than 0",
            ));
        }
        let mut span = inner.span;
        if self.take(":") {
            self.count_operator()?;
            let step = match self.peek() {
                Token::Symbol("]") => None,
                _ => Some(self.duration("a duration or `]`")?),
            };
            if step.is_some_and(|step| step.is_zero()) {
                return self.error("a subquery's step must be longer than 0");
            }
            self.expect("]")?;
            span.end = self.last_end();
            let (expr, at) = (Box::new(inner), TimeModifier::default());
            return Ok(Expr {
                kind: ExprKind::Subquery {
                    expr,
                    range,
                    step,
                    at,
                },
                span,
            });
        }
        if !self.is("]") {
            return self.unexpected("`]` or `:`");
        }
        let ExprKind::Selector(selector) = inner.kind else {
            let message = "a range must follow a selector; write [5m:] for a subquery";
            return Err(ParseError::at(self.text, place, message));
        };
        if selector.at != TimeModifier::default() {
            let message = "`offset` and `@` stand behind the range";
            return Err(ParseError::at(self.text, place, message));
        }
        self.expect("]")?;
        span.end = self.last_end();
        Ok(Expr {
            kind: ExprKind::Range { selector, range },
            span,
        })
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let kind = match self.peek().clone() {
            Token::Number(value) => {
                self.at += 1;
                ExprKind::Number(value)
            }
            Token::String(value) => {
                self.at += 1;
                ExprKind::String(value)
            }
            Token::Symbol("(") => {
                self.at += 1;
                let expr = self.expr(0)?;
                self.expect(")")?;
                ExprKind::Paren(Box::new(expr))
            }
            Token::Symbol("{") => ExprKind::Selector(self.selector(None)?),
            Token::Word(word) => self.word(word)?,
            _ => return self.unexpected("an expression"),
        };
        Ok(Expr {
            kind,
            span: Span {
                start,
                end: self.last_end(),
            },
        })
    }

    /// A number, an aggregation, a call, or a metric.
    fn word(&mut self, word: &'a str) -> Parsed<ExprKind> {
        if let Some(value) = number_word(word) {
            self.at += 1;
            return Ok(ExprKind::Number(value));
        }
        let lower = word.to_ascii_lowercase();
        let opens = matches!(self.peek_second(), Token::Symbol("("));
        let groups = matches!(self.peek_second(), Token::Word(w)
            if w.eq_ignore_ascii_case("by") || w.eq_ignore_ascii_case("without"));
        if let Some(op) = AggregateOp::by_name(&lower).filter(|_| opens || groups) {
            return self.aggregate(op);
        }
        if opens {
            let Some(function) = Function::by_name(word) else {
                return self.error(format!("there is no function `{word}`"));
            };
            self.at += 1;
            return Ok(ExprKind::Call {
                function,
                args: self.args()?,
            });
        }
        // These words are read as what they mean in the grammar, never as a metric.
        let reserved = [
            "bool",
            "on",
            "ignoring",
            "group_left",
            "group_right",
            "atan2",
        ];
        if reserved.contains(&lower.as_str()) {
            return self.unexpected("an expression");
        }
        if word.starts_with(':') && word.len() == 1 {
            return self.unexpected("an expression");
        }
        self.at += 1;
        Ok(ExprKind::Selector(self.selector(Some(word))?))
    }

    fn args(&mut self) -> Parsed<Vec<Expr>> {
        self.expect("(")?;
        let mut args = Vec::new();
        if self.take(")") {
            return Ok(args);
        }
        loop {
            args.push(self.expr(0)?);
            if self.take(")") {
                return Ok(args);
            }
            if !self.take(",") {
                return self.unexpected("`,` or `)`");
            }
        }
    }

    fn aggregate(&mut self, op: AggregateOp) -> Parsed<ExprKind> {
        let place = self.span().start;
        self.at += 1;
        let before = self.grouping()?;
        let mut args = self.args()?;
        let grouping = match before {
            Some(grouping) => Some(grouping),
            None => self.grouping()?,
        };
        let wanted = if op.takes_param() { 2 } else { 1 };
        let count = args.len();
        if count != wanted {
            return Err(ParseError::at(
                self.text,
                place,
                format!("`{}` takes {wanted} argument(s), {count} given", op.name()),
            ));
        }
        let Some(expr) = args.pop().map(Box::new) else {
            return self.unexpected("an argument");
        };
        let param = args.pop().map(Box::new);
        Ok(ExprKind::Aggregate {
            op,
            param,
            expr,
            grouping,
        })
    }

    fn grouping(&mut self) -> Parsed<Option<Grouping>> {
        let without = self.keyword("without");
        if !without && !self.keyword("by") {
            return Ok(None);
        }
        self.at += 1;
        Ok(Some(Grouping {
            without,
            labels: self.label_list()?,
        }))
    }
}

/// The words that are always numbers.
fn number_word(word: &str) -> Option<f64> {
    match word.to_ascii_lowercase().as_str() {
        "inf" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

impl Expr {
    /// The type of its value.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match &self.kind {
            ExprKind::Number(_) => ValueType::Scalar,
            ExprKind::String(_) => ValueType::String,
            ExprKind::Selector(_) | ExprKind::Aggregate { .. } => ValueType::InstantVector,
            ExprKind::Range { .. } | ExprKind::Subquery { .. } => ValueType::RangeVector,
            ExprKind::Call { function, .. } => function.returns(),
            ExprKind::Unary { expr, .. } | ExprKind::Paren(expr) => expr.value_type(),
            ExprKind::Binary { lhs, rhs, .. } => match (lhs.value_type(), rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::InstantVector,
            },
        }
    }
}
