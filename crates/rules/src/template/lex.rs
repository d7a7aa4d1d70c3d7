//! From text to tokens: what stands between actions, and what is in them.

use nom::Parser;
use nom::bytes::complete::take_while1;
use nom::character::complete::{anychar, char};
use nom::combinator::{recognize, value};
use nom::multi::fold_many0;
use nom::{IResult, branch::alt, bytes::complete::is_not, sequence::preceded};

use super::TemplateError;
use super::number;

const OPEN: &str = "<<";
const CLOSE: &str = ">>";

/// A token. Blanks count, because `.a.b` and `.a .b` differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    Open,
    Close,
    Space,
    /// `.name`
    Field(String),
    Dot,
    /// `$` or `$name`, with the dollar.
    Variable(String),
    Word(String),
    Str(String),
    Int(i64),
    Assign,
    Declare,
    Pipe,
    Comma,
    LeftParen,
    RightParen,
    End,
}

/// Tokens with the bytes they start at.
pub(super) type Tokens = Vec<(usize, Token)>;

pub(super) fn error_at(text: &str, at: usize, message: impl Into<String>) -> TemplateError {
    let (line, column) = concertina_model::line_and_column(text, at);
    TemplateError {
        line,
        column,
        message: message.into(),
        unsupported: false,
    }
}

pub(super) fn unsupported_at(text: &str, at: usize, what: &str) -> TemplateError {
    let message = format!("{what} is not supported in query templates");
    TemplateError {
        unsupported: true,
        ..error_at(text, at, message)
    }
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Where an action or comment ends: the length of the closing delimiter, and whether it trims.
fn closing(rest: &str) -> Option<(usize, bool)> {
    let trimming = rest
        .strip_prefix(is_blank)
        .and_then(|rest| rest.strip_prefix('-'));
    if trimming.is_some_and(|rest| rest.starts_with(CLOSE)) {
        return Some((2 + CLOSE.len(), true));
    }
    rest.starts_with(CLOSE).then_some((CLOSE.len(), false))
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Tokens,
    /// The text that follows starts behind `->>`.
    trim: bool,
}

pub(super) fn tokens(text: &str) -> Result<Tokens, TemplateError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        trim: false,
    };
    while lexer.at < text.len() {
        lexer.text_and_delimiter()?;
    }
    lexer.tokens.push((text.len(), Token::End));
    Ok(lexer.tokens)
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error<T>(&self, at: usize, message: &str) -> Result<T, TemplateError> {
        Err(error_at(self.text, at, message))
    }

    fn push(&mut self, len: usize, token: Token) {
        self.tokens.push((self.at, token));
        self.at += len;
    }

    /// Text up to the next action, and the action.
    fn text_and_delimiter(&mut self) -> Result<(), TemplateError> {
        let rest = self.rest();
        let (text, action) = match rest.split_once(OPEN) {
            Some((text, action)) => (text, Some(action)),
            None => (rest, None),
        };
        let trims = action
            .and_then(|a| a.strip_prefix('-'))
            .is_some_and(|a| a.starts_with(is_blank));
        let mut shown = text;
        if trims {
            shown = shown.trim_end_matches(is_blank);
        }
        if std::mem::take(&mut self.trim) {
            shown = shown.trim_start_matches(is_blank);
        }
        if !shown.is_empty() {
            self.tokens.push((self.at, Token::Text(shown.to_owned())));
        }
        self.at += text.len();
        let Some(action) = action else {
            return Ok(());
        };
        let open = self.at;
        // The trim marker is the minus and the blank behind it.
        let marker = if trims { 2 } else { 0 };
        if action.get(marker..).is_some_and(|a| a.starts_with("/*")) {
            return self.comment(open, OPEN.len() + marker);
        }
        self.push(OPEN.len() + usize::from(trims), Token::Open);
        self.action(open)
    }

    fn comment(&mut self, open: usize, skip: usize) -> Result<(), TemplateError> {
        self.at += skip + 2;
        let Some((comment, after)) = self.rest().split_once("*/") else {
            return self.error(open, "the comment has no closing `*/`");
        };
        self.at += comment.len() + 2;
        let Some((len, trim)) = closing(after) else {
            return self.error(self.at, "a comment must end right before `>>` or ` ->>`");
        };
        self.at += len;
        self.trim = trim;
        Ok(())
    }

    fn action(&mut self, open: usize) -> Result<(), TemplateError> {
        loop {
            let rest = self.rest();
            if let Some((len, trim)) = closing(rest) {
                self.push(len, Token::Close);
                self.trim = trim;
                return Ok(());
            }
            if rest.is_empty() {
                return self.error(open, "the action has no closing `>>`");
            }
            self.token(rest)?;
        }
    }

    fn token(&mut self, rest: &'a str) -> Result<(), TemplateError> {
        let start = self.at;
        let Some(first) = rest.chars().next() else {
            return Ok(());
        };
        let second = rest.chars().nth(1).unwrap_or_default();
        match first {
            c if is_blank(c) => {
                // The blank before `->>` belongs to the delimiter.
                let blanks = rest.len() - rest.trim_start_matches(is_blank).len();
                let trims = rest
                    .get(blanks - 1..)
                    .and_then(closing)
                    .is_some_and(|(_, t)| t);
                self.push(blanks - usize::from(trims), Token::Space);
            }
            '=' => self.push(1, Token::Assign),
            ':' if second == '=' => self.push(2, Token::Declare),
            ':' => return self.error(start, "found `:`, expected `:=`"),
            '|' => self.push(1, Token::Pipe),
            ',' => self.push(1, Token::Comma),
            '(' => self.push(1, Token::LeftParen),
            ')' => self.push(1, Token::RightParen),
            '"' => {
                let Ok((after, raw)) = quoted(rest) else {
                    return self.error(start, "the string has no closing quote on its line");
                };
                let Some(value) = concertina_promql::unquote(raw) else {
                    return self.error(start, "the string has an escape that Go does not know");
                };
                self.push(rest.len() - after.len(), Token::Str(value));
            }
            '`' => {
                let Some((raw, _)) = rest.split_at(1).1.split_once('`') else {
                    return self.error(start, "the raw string has no closing backquote");
                };
                // Go drops carriage returns from raw strings.
                self.push(raw.len() + 2, Token::Str(raw.replace('\r', "")));
            }
            '\'' => return Err(unsupported_at(self.text, start, "a character constant")),
            '$' | '.' if !(first == '.' && second.is_ascii_digit()) => {
                let name = word(rest.split_at(1).1);
                self.terminated(start, rest.split_at(1 + name.len()).1)?;
                let token = match (first, name) {
                    ('.', "") => Token::Dot,
                    ('.', name) => Token::Field(name.to_owned()),
                    (_, name) => Token::Variable(format!("${name}")),
                };
                self.push(1 + name.len(), token);
            }
            '.' | '+' | '-' | '0'..='9' => match number::number(rest) {
                Ok((len, value)) => self.push(len, Token::Int(value)),
                Err(Some(what)) => return Err(unsupported_at(self.text, start, what)),
                Err(None) => return self.error(start, "this is no whole number"),
            },
            c if is_word(c) => {
                let name = word(rest);
                self.terminated(start, rest.split_at(name.len()).1)?;
                self.push(name.len(), Token::Word(name.to_owned()));
            }
            c => return self.error(start, &format!("`{c}` has no meaning in an action")),
        }
        Ok(())
    }

    /// Names end where something else can start.
    fn terminated(&self, start: usize, after: &str) -> Result<(), TemplateError> {
        let ends = |c: char| is_blank(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(');
        if after.is_empty() || after.starts_with(ends) || after.starts_with(CLOSE) {
            return Ok(());
        }
        let found = after.chars().next().unwrap_or_default();
        self.error(start, &format!("`{found}` cannot follow a name"))
    }
}

fn word(rest: &str) -> &str {
    let parsed: IResult<&str, &str> = take_while1(is_word).parse(rest);
    parsed.map_or("", |(_, word)| word)
}

/// A string in double quotes, quotes included, escapes not yet resolved.
fn quoted(rest: &str) -> IResult<&str, &str> {
    let escape = preceded(char('\\'), anychar);
    let escape = nom::combinator::verify(escape, |c| *c != '\n');
    let part = alt((value((), is_not("\\\"\n")), value((), escape)));
    recognize((char('"'), fold_many0(part, || (), |(), ()| ()), char('"'))).parse(rest)
}
