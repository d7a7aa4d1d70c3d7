//! From tokens to nodes, with the checks that Go makes before it executes anything.

use super::TemplateError;
use super::lex::{Token, Tokens, error_at, tokens, unsupported_at};
use super::printf;

/// How deep actions and parentheses may be nested.
const MAX_DEPTH: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Text(String),
    Print(Pipeline),
    If {
        pipe: Pipeline,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    With {
        pipe: Pipeline,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range {
        pipe: Pipeline,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Break,
    Continue,
}

impl Node {
    /// Whether it is text, or prints one field other than `.LabelValuesByName`.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Print(pipe) => pipe
                .bare_fields()
                .is_some_and(|fields| !fields.starts_with(&["LabelValuesByName".to_owned()])),
            _ => false,
        }
    }
}

impl Pipeline {
    /// The fields `.a.b`, when it is nothing but these.
    pub(super) fn bare_fields(&self) -> Option<&[String]> {
        let [command] = self.commands.as_slice() else {
            return None;
        };
        match command.operands.as_slice() {
            [operand] if operand.term == Term::Field && self.variables.is_empty() => {
                Some(&operand.fields)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pipeline {
    /// Variables that are declared or assigned.
    pub(super) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// An operand and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operand {
    pub(super) term: Term,
    /// Fields behind it: `.a.b`.
    pub(super) fields: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Dot,
    /// Fields of the dot.
    Field,
    Variable(String),
    Function(Function),
    Str(String),
    Int(i64),
    Bool(bool),
    Pipe(Pipeline),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Or,
    Not,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Index,
    Len,
    Print,
    Printf,
}

const FUNCTIONS: [(&str, Function); 13] = [
    ("and", Function::And),
    ("or", Function::Or),
    ("not", Function::Not),
    ("eq", Function::Eq),
    ("ne", Function::Ne),
    ("lt", Function::Lt),
    ("le", Function::Le),
    ("gt", Function::Gt),
    ("ge", Function::Ge),
    ("index", Function::Index),
    ("len", Function::Len),
    ("print", Function::Print),
    ("printf", Function::Printf),
];

/// What Go has beside them.
const UNSUPPORTED: [&str; 10] = [
    "slice", "html", "js", "urlquery", "call", "println", "nil", "define", "template", "block",
];

pub(super) fn parse(text: &str) -> Result<Vec<Node>, TemplateError> {
    let variables = vec!["$".to_owned()];
    let tokens = tokens(text)?;
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
        ranges: 0,
        variables,
    };
    let (nodes, end) = parser.list()?;
    match end {
        ListEnd::Text => Ok(nodes),
        ListEnd::End => parser.error_before("`end` without an action that it ends"),
        ListEnd::Else => parser.error_before("`else` without an `if`, `with` or `range`"),
    }
}

/// What a list of nodes ended with.
#[derive(Clone, Copy, PartialEq)]
enum ListEnd {
    Text,
    End,
    Else,
}

#[derive(Clone, Copy, PartialEq)]
enum Control {
    If,
    With,
    Range,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Tokens,
    at: usize,
    depth: usize,
    ranges: usize,
    variables: Vec<String>,
}

type Parsed<T> = Result<T, TemplateError>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |(_, token)| token)
    }

    fn place(&self, at: usize) -> usize {
        self.tokens
            .get(at)
            .map_or(self.text.len(), |(start, _)| *start)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn skip_space(&mut self) {
        while *self.peek() == Token::Space {
            self.at += 1;
        }
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(error_at(self.text, self.place(self.at), message))
    }

    /// An error at the token that was just taken.
    fn error_before<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(error_at(
            self.text,
            self.place(self.at.saturating_sub(1)),
            message,
        ))
    }

    fn unsupported<T>(&self, what: &str) -> Parsed<T> {
        Err(unsupported_at(self.text, self.place(self.at), what))
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => self.error(format!("nested deeper than {MAX_DEPTH} levels")),
            false => Ok(()),
        }
    }

    fn close(&mut self, what: &str) -> Parsed<()> {
        self.skip_space();
        match self.next() {
            Token::Close => Ok(()),
            _ => self.error_before(format!("`>>` is expected behind `{what}`")),
        }
    }

    fn list(&mut self) -> Parsed<(Vec<Node>, ListEnd)> {
        let mut nodes = Vec::new();
        loop {
            match self.next() {
                Token::Text(text) => nodes.push(Node::Text(text)),
                Token::Open => {
                    self.skip_space();
                    if let Some(end) = self.action(&mut nodes)? {
                        return Ok((nodes, end));
                    }
                }
                _ => return Ok((nodes, ListEnd::Text)),
            }
        }
    }

    /// One action, from behind `<<` to behind `>>`.
    fn action(&mut self, nodes: &mut Vec<Node>) -> Parsed<Option<ListEnd>> {
        let word = match self.peek() {
            Token::Word(word) => word.clone(),
            _ => String::new(),
        };
        let control = match word.as_str() {
            "if" => Some(Control::If),
            "with" => Some(Control::With),
            "range" => Some(Control::Range),
            _ => None,
        };
        match word.as_str() {
            "define" | "template" | "block" => return self.unsupported(&format!("`{word}`")),
            "end" => {
                self.at += 1;
                self.close("end")?;
                return Ok(Some(ListEnd::End));
            }
            "else" => {
                self.at += 1;
                self.skip_space();
                // `else if` and `else with` leave their second word for the control action.
                if !matches!(self.peek(), Token::Word(w) if w == "if" || w == "with") {
                    self.close("else")?;
                }
                return Ok(Some(ListEnd::Else));
            }
            "break" | "continue" => {
                if self.ranges == 0 {
                    return self.error(format!("`{word}` outside of a `range`"));
                }
                self.at += 1;
                self.close(&word)?;
                nodes.push(if word == "break" {
                    Node::Break
                } else {
                    Node::Continue
                });
            }
            _ => match control {
                Some(control) => {
                    self.at += 1;
                    nodes.push(self.control(control)?);
                }
                None => {
                    let pipe = self.pipeline("an action", &Token::Close)?;
                    nodes.push(Node::Print(pipe));
                }
            },
        }
        Ok(None)
    }

    /// An `if`, `with` or `range` with everything up to its `end`.
    fn control(&mut self, control: Control) -> Parsed<Node> {
        self.deeper()?;
        let known = self.variables.len();
        let name = match control {
            Control::If => "`if`",
            Control::With => "`with`",
            Control::Range => "`range`",
        };
        let pipe = match control {
            Control::Range => self.range_pipeline()?,
            _ => self.pipeline(name, &Token::Close)?,
        };
        self.ranges += usize::from(control == Control::Range);
        let (then, end) = self.list()?;
        self.ranges -= usize::from(control == Control::Range);
        let otherwise = match end {
            ListEnd::End => Vec::new(),
            ListEnd::Text => return self.error(format!("{name} has no `end`")),
            ListEnd::Else => self.otherwise(control, name)?,
        };
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(match control {
            Control::If => Node::If {
                pipe,
                then,
                otherwise,
            },
            Control::With => Node::With {
                pipe,
                then,
                otherwise,
            },
            Control::Range => Node::Range {
                pipe,
                body: then,
                otherwise,
            },
        })
    }

    /// What stands between `else` and `end`.
    fn otherwise(&mut self, control: Control, name: &str) -> Parsed<Vec<Node>> {
        match (control, self.peek()) {
            (Control::If, Token::Word(word)) if word == "if" => {
                self.at += 1;
                return Ok(vec![self.control(Control::If)?]);
            }
            (Control::With, Token::Word(word)) if word == "with" => {
                return self.unsupported("`else with`");
            }
            (_, Token::Word(word)) => {
                return self.error(format!("`else {word}` does not belong to {name}"));
            }
            _ => {}
        }
        match self.list()? {
            (nodes, ListEnd::End) => Ok(nodes),
            (_, ListEnd::Else) => self.error_before("a second `else`"),
            (_, ListEnd::Text) => self.error(format!("{name} has no `end`")),
        }
    }

    fn range_pipeline(&mut self) -> Parsed<Pipeline> {
        let place = self.place(self.at);
        let pipe = self.pipeline("`range`", &Token::Close)?;
        if is_whole_number(&pipe) {
            return Err(unsupported_at(
                self.text,
                place,
                "a `range` over a whole number",
            ));
        }
        Ok(pipe)
    }

    /// Up to and including `end`, which is a closing delimiter or parenthesis.
    fn pipeline(&mut self, context: &str, end: &Token) -> Parsed<Pipeline> {
        self.deeper()?;
        let mut pipe = Pipeline {
            variables: Vec::new(),
            assigns: false,
            commands: Vec::new(),
        };
        self.skip_space();
        self.declarations(&mut pipe, context)?;
        loop {
            self.skip_space();
            if self.peek() == end {
                self.at += 1;
                break;
            }
            match self.peek() {
                Token::Close | Token::RightParen | Token::End => {
                    return self.error(format!("{context} is not closed"));
                }
                _ => pipe.commands.push(self.command()?),
            }
        }
        if pipe.commands.is_empty() {
            return self.error_before(format!("{context} has no value"));
        }
        let literal = pipe.commands.iter().skip(1).any(|command| {
            let first = command
                .operands
                .first()
                .map(|operand| (&operand.term, &operand.fields));
            let literal = |term: &Term| {
                matches!(
                    term,
                    Term::Bool(_) | Term::Dot | Term::Int(_) | Term::Str(_)
                )
            };
            first.is_some_and(|(term, fields)| fields.is_empty() && literal(term))
        });
        if literal {
            return self.error_before("a literal cannot take the value of the stage before it");
        }
        printf::check(&pipe).map_err(|what| {
            let place = self.place(self.at.saturating_sub(1));
            unsupported_at(self.text, place, &what)
        })?;
        // A variable has its value, and is known, behind the pipeline that declares it.
        if !pipe.assigns {
            self.variables.extend(pipe.variables.iter().cloned());
        }
        self.depth -= 1;
        Ok(pipe)
    }

    /// `$x :=`, `$x =`, and in a range `$i, $v :=`.
    fn declarations(&mut self, pipe: &mut Pipeline, context: &str) -> Parsed<()> {
        loop {
            let Token::Variable(name) = self.peek().clone() else {
                return Ok(());
            };
            let start = self.at;
            self.at += 1;
            self.skip_space();
            match self.peek() {
                Token::Assign | Token::Declare => {
                    pipe.assigns = *self.peek() == Token::Assign;
                    self.at += 1;
                    pipe.variables.push(name);
                    let unknown = |name: &&String| !self.variables.contains(name);
                    if pipe.assigns
                        && let Some(name) = pipe.variables.iter().find(unknown)
                    {
                        let what = format!("`{name}` is not declared: `:=` declares it");
                        return Err(error_at(self.text, self.place(start), what));
                    }
                    return Ok(());
                }
                Token::Comma => {
                    if context != "`range`" || !pipe.variables.is_empty() {
                        return self.error(format!("too many variables in {context}"));
                    }
                    self.at += 1;
                    pipe.variables.push(name);
                    self.skip_space();
                    if !matches!(self.peek(), Token::Variable(_) | Token::Close) {
                        return self.error("a `range` can only declare variables here");
                    }
                }
                _ => {
                    self.at = start;
                    return Ok(());
                }
            }
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut operands = Vec::new();
        loop {
            self.skip_space();
            let operand = self.operand()?;
            let none = operand.is_none();
            operands.extend(operand);
            match self.peek() {
                Token::Space => self.at += 1,
                Token::Close | Token::RightParen => break,
                Token::Pipe => {
                    self.at += 1;
                    break;
                }
                _ if none => return self.error("a value is expected here"),
                _ => return self.error("a blank, `|` or the end is expected behind a value"),
            }
        }
        if operands.is_empty() {
            return self.error("a value is missing");
        }
        Ok(Command { operands })
    }

    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let start = self.at;
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        let mut fields = Vec::new();
        if term == Term::Field {
            // The term is its first field.
            self.at = start;
        }
        while let Token::Field(name) = self.peek() {
            fields.push(name.clone());
            self.at += 1;
        }
        let bare = matches!(
            term,
            Term::Bool(_) | Term::Str(_) | Term::Int(_) | Term::Dot
        );
        if bare && !fields.is_empty() {
            return self.error_before("a literal has no fields");
        }
        Ok(Some(Operand { term, fields }))
    }

    fn term(&mut self) -> Parsed<Option<Term>> {
        let term = match self.peek().clone() {
            Token::Dot => Term::Dot,
            Token::Field(_) => Term::Field,
            Token::Str(text) => Term::Str(text),
            Token::Int(value) => Term::Int(value),
            Token::Variable(name) if self.variables.contains(&name) => Term::Variable(name),
            Token::Variable(name) => return self.error(format!("`{name}` is not declared")),
            Token::LeftParen => {
                self.at += 1;
                return Ok(Some(Term::Pipe(self.pipeline("`(`", &Token::RightParen)?)));
            }
            Token::Word(word) => match word.as_str() {
                "true" => Term::Bool(true),
                "false" => Term::Bool(false),
                name => {
                    if UNSUPPORTED.contains(&name) {
                        return self.unsupported(&format!("`{name}`"));
                    }
                    let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
                    let Some((_, function)) = known else {
                        let field = super::value::FIELDS.contains(&name);
                        return self.error(match field {
                            true => {
                                format!("there is no function `{name}`; the field is `.{name}`")
                            }
                            false => format!("there is no function `{name}`"),
                        });
                    };
                    Term::Function(*function)
                }
            },
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(term))
    }
}

/// True when what a pipeline gives is surely a whole number.
fn is_whole_number(pipe: &Pipeline) -> bool {
    let Some(operand) = pipe
        .commands
        .last()
        .and_then(|command| command.operands.first())
    else {
        return false;
    };
    match &operand.term {
        Term::Int(_) | Term::Function(Function::Len) => operand.fields.is_empty(),
        Term::Pipe(inner) => operand.fields.is_empty() && is_whole_number(inner),
        _ => false,
    }
}
