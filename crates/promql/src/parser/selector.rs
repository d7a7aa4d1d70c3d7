//! Selectors: what stands in braces.

use concertina_model::METRIC_NAME;

use super::{Parsed, Parser};
use crate::ast::{MatchOp, Matcher, Selector, TimeModifier};
use crate::error::ParseError;
use crate::lexer::Token;
use crate::pattern::GoPattern;

impl Parser<'_> {
    /// The braces behind a metric's name, or alone.
    pub(super) fn selector(&mut self, name: Option<&str>) -> Parsed<Selector> {
        let place = self.span().start;
        let mut matchers = Vec::new();
        if self.take("{") {
            while !self.take("}") {
                matchers.push(self.matcher()?);
                if !self.take(",") && !self.is("}") {
                    return self.unexpected("`,` or `}`");
                }
            }
        }
        let named = matchers.iter().any(|m: &Matcher| m.label == METRIC_NAME);
        if name.is_some() && named && !self.lenient {
            let message = "the metric's name is given twice: before the braces and as __name__";
            return Err(ParseError::at(self.text, place, message));
        }
        if name.is_none() && !matchers.iter().any(selects) {
            let message = "a selector needs at least one matcher that the empty text fails";
            return Err(ParseError::at(self.text, place, message));
        }
        Ok(Selector {
            name: name.map(str::to_owned),
            matchers,
            at: TimeModifier::default(),
        })
    }

    fn matcher(&mut self) -> Parsed<Matcher> {
        let label = match self.peek() {
            Token::Word(word) if !word.contains(':') => (*word).to_owned(),
            _ => return self.unexpected("a label name or `}`"),
        };
        self.at += 1;
        let op = match self.peek() {
            Token::Symbol("=") => MatchOp::Equal,
            Token::Symbol("!=") => MatchOp::NotEqual,
            Token::Symbol("=~") => MatchOp::Regex,
            Token::Symbol("!~") => MatchOp::NotRegex,
            _ => return self.unexpected("one of = != =~ !~"),
        };
        self.at += 1;
        let Token::String(value) = self.peek().clone() else {
            return self.unexpected("a string in quotes");
        };
        let pattern = matches!(op, MatchOp::Regex | MatchOp::NotRegex);
        if let Some(error) = pattern.then(|| GoPattern::anchored(&value).err()).flatten() {
            return self.error(error.to_string());
        }
        self.at += 1;
        Ok(Matcher { label, op, value })
    }
}

/// True when the empty text does not fulfil the matcher.
fn selects(matcher: &Matcher) -> bool {
    match matcher.op {
        MatchOp::Equal => !matcher.value.is_empty(),
        MatchOp::NotEqual => matcher.value.is_empty(),
        MatchOp::Regex => !matches_empty(&matcher.value),
        MatchOp::NotRegex => matches_empty(&matcher.value),
    }
}

/// True when the anchored pattern matches the empty text.
fn matches_empty(pattern: &str) -> bool {
    GoPattern::anchored(pattern).is_ok_and(|pattern| pattern.matches_empty())
}
