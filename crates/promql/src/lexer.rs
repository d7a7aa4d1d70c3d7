//! From text to tokens, on nom.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_till, take_while, take_while1};
use nom::character::complete::{char, digit1, one_of};
use nom::combinator::{opt, recognize};
use nom::{IResult, Parser};

use crate::ast::Span;
use crate::error::ParseError;

/// A token of PromQL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    /// A name, keyword or function; may hold colons.
    Word(&'a str),
    Number(f64),
    /// `5m`; whether it is a valid duration is checked where it is used.
    Duration(&'a str),
    String(String),
    /// An operator or bracket.
    Symbol(&'static str),
    End,
}

const SYMBOLS: [&str; 23] = [
    "==", "!=", "<=", ">=", "=~", "!~", "(", ")", "{", "}", "[", "]", ",", "+", "-", "*", "/", "%",
    "^", "=", "<", ">", "@",
];

fn blank(input: &str) -> IResult<&str, &str> {
    let comment = recognize((char('#'), take_till(|c| c == '\n')));
    let blanks = take_while1(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
    alt((blanks, comment)).parse(input)
}

fn word(input: &str) -> IResult<&str, &str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    recognize((take_while1(first), take_while(rest))).parse(input)
}

fn duration(input: &str) -> IResult<&str, &str> {
    let unit = alt((
        tag("ms"),
        tag("s"),
        tag("m"),
        tag("h"),
        tag("d"),
        tag("w"),
        tag("y"),
    ));
    recognize(nom::multi::many1((digit1, unit))).parse(input)
}

/// A number's text: decimal with fraction and exponent, or hexadecimal.
fn number(input: &str) -> IResult<&str, &str> {
    let hex = recognize((
        tag_no_case("0x"),
        take_while1(|c: char| c.is_ascii_hexdigit()),
    ));
    let exponent = || opt((one_of("eE"), opt(one_of("+-")), digit1));
    let whole = recognize((digit1, opt((char('.'), opt(digit1))), exponent()));
    let fraction = recognize((char('.'), digit1, exponent()));
    alt((hex, whole, fraction)).parse(input)
}

/// A number as Go's `ParseInt(s, 0, 64)`, then `ParseFloat` read it: a leading 0 means octal.
fn number_value(text: &str) -> Option<f64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok().map(|v| v as f64);
    }
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let octal = digits && text.len() > 1 && text.starts_with('0');
    if let Some(octal) = octal.then(|| i64::from_str_radix(text, 8).ok()).flatten() {
        return Some(octal as f64);
    }
    text.parse().ok()
}

/// All tokens with their places, [`Token::End`] last.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Span)>, ParseError> {
    let mut all = Vec::new();
    let mut rest = text;
    // Between brackets a colon parts range and step; elsewhere it belongs to names.
    let mut brackets = false;
    loop {
        while let Ok((after, _)) = blank(rest) {
            rest = after;
        }
        let start = text.len() - rest.len();
        if rest.is_empty() {
            all.push((Token::End, Span { start, end: start }));
            return Ok(all);
        }
        let (after, token) = match rest.strip_prefix(':').filter(|_| brackets) {
            Some(after) => (after, Token::Symbol(":")),
            None => next(text, rest, start)?,
        };
        match token {
            Token::Symbol("[") => brackets = true,
            Token::Symbol("]") => brackets = false,
            _ => {}
        }
        let end = text.len() - after.len();
        all.push((token, Span { start, end }));
        rest = after;
    }
}

fn next<'a>(
    text: &'a str,
    rest: &'a str,
    start: usize,
) -> Result<(&'a str, Token<'a>), ParseError> {
    let error = |message: String| ParseError::at(text, start, message);
    if rest.starts_with(['"', '\'', '`']) {
        let (after, value) =
            string(rest).map_err(|(at, message)| ParseError::at(text, start + at, message))?;
        return Ok((after, Token::String(value)));
    }
    let (after, token) = if let Ok((after, text)) = duration(rest) {
        (after, Token::Duration(text))
    } else if let Ok((after, digits)) = number(rest) {
        let value =
            number_value(digits).ok_or_else(|| error(format!("`{digits}` is no number")))?;
        if value.is_infinite() {
            let message = format!("`{digits}` is out of range; write Inf if it is meant");
            return Err(error(message));
        }
        (after, Token::Number(value))
    } else if let Ok((after, name)) = word(rest) {
        return Ok((after, Token::Word(name)));
    } else {
        let symbol = SYMBOLS
            .iter()
            .find_map(|s| rest.strip_prefix(s).map(|after| (after, *s)));
        let Some((after, symbol)) = symbol else {
            let found = rest.chars().next().unwrap_or_default();
            return Err(error(format!("`{found}` has no meaning here")));
        };
        return Ok((after, Token::Symbol(symbol)));
    };
    // `5x` and `1_000` are no numbers.
    if after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        let bad: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "_.".contains(*c))
            .collect();
        return Err(error(format!("`{bad}` is neither a number nor a duration")));
    }
    Ok((after, token))
}

/// A string literal with Go's escapes; a raw one between backquotes. Errors are at a byte of it.
fn string(input: &str) -> Result<(&str, String), (usize, String)> {
    let mut chars = input.char_indices();
    let quote = chars.next().map_or('"', |(_, quote)| quote);
    let mut value = Vec::new();
    let mut buffer = [0; 4];
    while let Some((at, c)) = chars.next() {
        if c == quote {
            let after = input.split_at(at + c.len_utf8()).1;
            // Escapes can make bytes that are no UTF-8; no label has such a value, and the
            // replacement character stands for them.
            return Ok((after, String::from_utf8_lossy(&value).into_owned()));
        }
        match c {
            '\n' if quote != '`' => {
                return Err((
                    at,
                    "a string must end on its line; use backquotes".to_owned(),
                ));
            }
            '\\' if quote != '`' => {
                let bytes = escape(&mut chars, quote)
                    .ok_or_else(|| (at, "unknown escape in a string".to_owned()))?;
                value.extend(bytes);
            }
            _ => value.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    Err((0, format!("the string has no closing {quote}")))
}

/// The value of a string literal, quotes included; `None` when it is no single literal.
///
/// ```
/// assert_eq!(concertina_promql::unquote(r#""a\n""#).as_deref(), Some("a\n"));
/// assert_eq!(concertina_promql::unquote("a"), None);
/// ```
#[must_use]
pub fn unquote(literal: &str) -> Option<String> {
    let quoted = literal.starts_with(['"', '\'', '`']);
    let (after, value) = string(literal).ok().filter(|_| quoted)?;
    after.is_empty().then_some(value)
}

/// What follows a backslash, as bytes.
fn escape(chars: &mut std::str::CharIndices<'_>, quote: char) -> Option<Vec<u8>> {
    let (_, c) = chars.next()?;
    let byte = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        _ if c == quote => u8::try_from(c).ok()?,
        'x' => u8::try_from(code(chars, 0, 2, 16)?).ok()?,
        '0'..='7' => u8::try_from(code(chars, c.to_digit(8)?, 2, 8)?).ok()?,
        'u' | 'U' => {
            let count = if c == 'u' { 4 } else { 8 };
            let c = char::from_u32(code(chars, 0, count, 16)?)?;
            return Some(c.to_string().into_bytes());
        }
        _ => return None,
    };
    Some(vec![byte])
}

/// The number that starts with `value` and goes on with `count` digits.
fn code(
    chars: &mut std::str::CharIndices<'_>,
    mut value: u32,
    count: usize,
    radix: u32,
) -> Option<u32> {
    for _ in 0..count {
        let (_, c) = chars.next()?;
        value = value.checked_mul(radix)?.checked_add(c.to_digit(radix)?)?;
    }
    Some(value)
}
