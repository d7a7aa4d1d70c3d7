//! From text to selector.

use std::str::FromStr;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::combinator::value;
use nom::{IResult, Parser};

use super::{LabelSelector, Operator, Requirement};

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseSelectorError {
    /// Something else was expected.
    #[error("column {column}: found {found}, expected {expected}")]
    Unexpected {
        /// Where, in characters from 1.
        column: usize,
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A label key that Kubernetes does not allow.
    #[error("label key `{key}`: {reason}")]
    BadKey {
        /// The key.
        key: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A label value that Kubernetes does not allow.
    #[error("value `{value}` of label `{key}`: {reason}")]
    BadValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// An operator of a LabelSelector object that does not exist.
    #[error("operator `{operator}` is none of In, NotIn, Exists, DoesNotExist")]
    BadOperator {
        /// What was written.
        operator: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Operator(Operator),
    Not,
    Open,
    Close,
    Comma,
    End,
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn token(input: &str) -> IResult<&str, Token<'_>> {
    let symbol = alt((
        value(Token::Operator(Operator::NotEquals), tag("!=")),
        value(Token::Not, tag("!")),
        value(Token::Operator(Operator::DoubleEquals), tag("==")),
        value(Token::Operator(Operator::Equals), tag("=")),
        value(Token::Operator(Operator::GreaterThan), tag(">")),
        value(Token::Operator(Operator::LessThan), tag("<")),
        value(Token::Open, tag("(")),
        value(Token::Close, tag(")")),
        value(Token::Comma, tag(",")),
    ));
    let word = take_while1(|c| !is_blank(c) && !"=!(),><".contains(c)).map(Token::Word);
    alt((symbol, word)).parse(input)
}

/// A reader of tokens that can look one ahead.
struct Tokens<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn split(&self) -> (&'a str, Token<'a>) {
        let skip = take_while::<_, _, nom::error::Error<&str>>(is_blank);
        let rest = (skip, token)
            .parse(self.rest)
            .map(|(rest, (_, token))| (rest, token));
        // Every character but a blank starts a token, so only the end gives an error.
        rest.unwrap_or(("", Token::End))
    }

    fn peek(&self) -> Token<'a> {
        self.split().1
    }

    fn next(&mut self) -> Token<'a> {
        let (rest, token) = self.split();
        self.rest = rest;
        token
    }

    /// An error at the token that comes next.
    fn unexpected<T>(&self, expected: &'static str) -> Result<T, ParseSelectorError> {
        let left = self.rest.trim_start_matches(is_blank);
        let before = self.text.len() - left.len();
        let column = self
            .text
            .char_indices()
            .take_while(|(at, _)| *at < before)
            .count()
            + 1;
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            _ => {
                let (rest, _) = self.split();
                format!("`{}`", left.strip_suffix(rest).unwrap_or(left))
            }
        };
        Err(ParseSelectorError::Unexpected {
            column,
            found,
            expected,
        })
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, ParseSelectorError> {
        match self.peek() {
            Token::Word(word) => {
                self.next();
                Ok(word)
            }
            _ => self.unexpected(expected),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, ParseSelectorError> {
        let not = self.peek() == Token::Not;
        if not {
            self.next();
        }
        let key = self.word("a label key")?;
        if let Some(reason) = key_problem(key) {
            return Err(ParseSelectorError::BadKey {
                key: key.to_owned(),
                reason,
            });
        }
        let key = key.to_owned();
        if not {
            return requirement(key, Operator::DoesNotExist, Vec::new());
        }
        let operator = match self.peek() {
            Token::End | Token::Comma => return requirement(key, Operator::Exists, Vec::new()),
            Token::Operator(operator) => operator,
            Token::Word("in") => Operator::In,
            Token::Word("notin") => Operator::NotIn,
            _ => return self.unexpected("one of = == != in notin > < , or the end"),
        };
        self.next();
        let values = match operator {
            Operator::In | Operator::NotIn => self.list()?,
            _ => vec![self.single()?],
        };
        requirement(key, operator, values)
    }

    fn single(&mut self) -> Result<String, ParseSelectorError> {
        match self.peek() {
            Token::End | Token::Comma => Ok(String::new()),
            _ => Ok(self.word("a value, `,` or the end")?.to_owned()),
        }
    }

    /// `(a,b)`. As upstream: an empty list is one empty value, and so is a place without one
    /// between or beside commas, but for three commas in a row.
    fn list(&mut self) -> Result<Vec<String>, ParseSelectorError> {
        if self.peek() != Token::Open {
            return self.unexpected("`(`");
        }
        self.next();
        let mut values = Vec::new();
        if self.peek() == Token::Close {
            self.next();
            return Ok(vec![String::new()]);
        }
        loop {
            match self.peek() {
                Token::Word(word) => {
                    self.next();
                    values.push(word.to_owned());
                    match self.peek() {
                        Token::Comma => {}
                        Token::Close => break,
                        _ => return self.unexpected("`,` or `)`"),
                    }
                }
                Token::Comma => {
                    self.next();
                    if values.is_empty() {
                        values.push(String::new());
                    }
                    match self.peek() {
                        Token::Close => {
                            values.push(String::new());
                            break;
                        }
                        Token::Comma => {
                            self.next();
                            values.push(String::new());
                        }
                        _ => {}
                    }
                }
                _ => return self.unexpected("a value, `,` or `)`"),
            }
        }
        self.next();
        Ok(values)
    }
}

impl FromStr for LabelSelector {
    type Err = ParseSelectorError;

    /// Reads what upstream's `labels.Parse` reads.
    fn from_str(text: &str) -> Result<Self, ParseSelectorError> {
        let mut tokens = Tokens { text, rest: text };
        let mut requirements = Vec::new();
        while tokens.peek() != Token::End {
            requirements.push(tokens.requirement()?);
            match tokens.peek() {
                Token::End => break,
                Token::Comma => {
                    tokens.next();
                    if !matches!(tokens.peek(), Token::Word(_) | Token::Not) {
                        return tokens.unexpected("a label key or `!` behind `,`");
                    }
                }
                _ => return tokens.unexpected("`,` or the end"),
            }
        }
        Ok(Self::from_requirements(requirements))
    }
}

/// A checked requirement.
pub(super) fn requirement(
    key: String,
    operator: Operator,
    mut values: Vec<String>,
) -> Result<Requirement, ParseSelectorError> {
    if let Some(reason) = key_problem(&key) {
        return Err(ParseSelectorError::BadKey { key, reason });
    }
    let wrong = match operator {
        Operator::In | Operator::NotIn if values.is_empty() => Some("at least one is needed"),
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => Some("none is allowed"),
        _ => None,
    };
    if let Some(reason) = wrong {
        return Err(ParseSelectorError::BadValue {
            key,
            value: values.join(","),
            reason,
        });
    }
    let whole = matches!(operator, Operator::GreaterThan | Operator::LessThan);
    for value in &values {
        let not_whole = whole && super::parse_int(value).is_none();
        let reason = value_problem(value).or(not_whole.then_some("> and < need a whole number"));
        if let Some(reason) = reason {
            return Err(ParseSelectorError::BadValue {
                key,
                value: value.clone(),
                reason,
            });
        }
    }
    values.sort();
    values.dedup();
    Ok(Requirement {
        key,
        operator,
        values,
    })
}

/// Which rule of label keys `key` breaks: `[prefix/]name`.
fn key_problem(key: &str) -> Option<&'static str> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_some_and(|prefix| !is_subdomain(prefix)) {
        return Some("the part before `/` must be a DNS subdomain in lower case");
    }
    if name.is_empty() || name.len() > 63 || !is_name(name) {
        return Some(
            "a name has 1 to 63 letters, digits, `-`, `_` or `.`, \
             with a letter or digit at both ends",
        );
    }
    None
}

/// Which rule of label values `value` breaks.
fn value_problem(value: &str) -> Option<&'static str> {
    let bad = !value.is_empty() && (value.len() > 63 || !is_name(value));
    bad.then_some(
        "a value is empty or has up to 63 letters, digits, `-`, `_` or `.`, \
         with a letter or digit at both ends",
    )
}

fn is_name(text: &str) -> bool {
    let end = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    end(text.bytes().next()) && end(text.bytes().next_back()) && text.bytes().all(inner)
}

fn is_subdomain(text: &str) -> bool {
    let label = |label: &str| {
        let end = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        end(label.bytes().next()) && end(label.bytes().next_back()) && label.bytes().all(inner)
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(label)
}
