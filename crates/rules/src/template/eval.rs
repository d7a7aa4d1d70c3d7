//! Filling a template.

use std::borrow::Cow;

use super::parse::{Command, Function, Node, Operand, Pipeline, Term};
use super::value::{Value, fail, text};
use super::{QueryData, RenderError, printf};

/// The longest output, in bytes.
const LONGEST: usize = 1 << 20;

pub(super) fn render(
    nodes: &[Node],
    data: &QueryData,
    ungrouped: bool,
) -> Result<String, RenderError> {
    let mut state = State {
        out: String::with_capacity(length(nodes, data).min(LONGEST)),
        root: Value::Data(data),
        variables: Vec::new(),
        ungrouped,
        after_group_by: false,
    };
    state.walk(nodes, &Value::Data(data))?;
    Ok(state.out)
}

/// What a list of nodes asks of the range around it.
#[derive(PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct State<'a> {
    out: String,
    /// What `$` is.
    root: Value<'a>,
    /// Names and values, the innermost last.
    variables: Vec<(&'a str, Value<'a>)>,
    /// There is nothing to group by, and a list must not begin with the comma behind it.
    ungrouped: bool,
    /// What was written last is an empty `.GroupBy`.
    after_group_by: bool,
}

type Evaluated<T> = Result<T, RenderError>;

impl<'a> State<'a> {
    fn emit(&mut self, text: &str) -> Evaluated<()> {
        if self.out.len() + text.len() > LONGEST {
            return fail(format!("the output is longer than {LONGEST} bytes"));
        }
        self.out.push_str(text);
        Ok(())
    }

    /// `text` behind an empty first element of a list, without the comma that would part them.
    fn without_comma(&self, text: &'a str) -> &'a str {
        let first = self.out.trim_end().ends_with(['(', ',']);
        match text.trim_start().strip_prefix(',') {
            Some(rest) if first => rest.trim_start(),
            _ => text,
        }
    }

    fn walk(&mut self, nodes: &'a [Node], dot: &Value<'a>) -> Evaluated<Flow> {
        for node in nodes {
            let known = self.variables.len();
            let flow = match node {
                Node::Text(text) => {
                    let text = match std::mem::take(&mut self.after_group_by) {
                        true => self.without_comma(text),
                        false => text,
                    };
                    self.emit(text)?;
                    continue;
                }
                Node::Print(pipe) => {
                    // Its variables live on in the rest of the list.
                    let value = self.pipeline(pipe, dot)?;
                    self.after_group_by = self.ungrouped && is_group_by(pipe);
                    if pipe.variables.is_empty() {
                        self.emit(&value.printed())?;
                    }
                    continue;
                }
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
                Node::If {
                    pipe,
                    then,
                    otherwise,
                } => {
                    let holds = self.pipeline(pipe, dot)?.truth();
                    self.walk_list(if holds { then } else { otherwise }, dot)?
                }
                Node::With {
                    pipe,
                    then,
                    otherwise,
                } => {
                    let value = self.pipeline(pipe, dot)?;
                    match value.truth() {
                        true => self.walk_list(then, &value)?,
                        false => self.walk_list(otherwise, dot)?,
                    }
                }
                Node::Range {
                    pipe,
                    body,
                    otherwise,
                } => self.range(pipe, body, otherwise, dot)?,
            };
            self.variables.truncate(known);
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn walk_list(&mut self, nodes: &'a [Node], dot: &Value<'a>) -> Evaluated<Flow> {
        self.walk(nodes, dot)
    }

    fn range(
        &mut self,
        pipe: &'a Pipeline,
        body: &'a [Node],
        otherwise: &'a [Node],
        dot: &Value<'a>,
    ) -> Evaluated<Flow> {
        let items: Vec<(Value<'a>, Value<'a>)> = match self.pipeline(pipe, dot)? {
            Value::List(list) => (0..)
                .map(Value::Int)
                .zip(list.iter().map(|item| text(item)))
                .collect(),
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| (text(key), text(value)))
                .collect(),
            Value::Missing => Vec::new(),
            other => return fail(format!("cannot range over a {}", other.type_name())),
        };
        if items.is_empty() {
            return self.walk(otherwise, dot);
        }
        let known = self.variables.len();
        for (key, item) in items {
            match pipe.variables.as_slice() {
                [] => {}
                [only] => self.set(pipe, 1, only, item.clone()),
                [first, second, ..] => {
                    self.set(pipe, 2, first, key);
                    self.set(pipe, 1, second, item.clone());
                }
            }
            let flow = self.walk(body, &item)?;
            self.variables.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    /// Sets a range's variable: the `depth`-th from the top that it declared, or the one of that
    /// name which it assigns.
    fn set(&mut self, pipe: &Pipeline, depth: usize, name: &str, value: Value<'a>) {
        let slot = match pipe.assigns {
            true => self
                .variables
                .iter_mut()
                .rev()
                .find(|(known, _)| *known == name),
            false => self
                .variables
                .len()
                .checked_sub(depth)
                .and_then(|at| self.variables.get_mut(at)),
        };
        match slot {
            Some((_, old)) => *old = value,
            None if name == "$" => self.root = value,
            None => {}
        }
    }

    fn pipeline(&mut self, pipe: &'a Pipeline, dot: &Value<'a>) -> Evaluated<Value<'a>> {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(command, dot, value)?);
        }
        let value = value.unwrap_or(Value::Missing);
        for name in &pipe.variables {
            if pipe.assigns {
                self.set(pipe, 1, name, value.clone());
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    /// `last` is what the stage before gave.
    fn command(
        &mut self,
        command: &'a Command,
        dot: &Value<'a>,
        last: Option<Value<'a>>,
    ) -> Evaluated<Value<'a>> {
        let Some((first, rest)) = command.operands.split_first() else {
            return Ok(Value::Missing);
        };
        if let Term::Function(function) = first.term {
            let value = self.call(function, rest, dot, last)?;
            return fields(value, &first.fields);
        }
        if !rest.is_empty() || last.is_some() {
            return fail("an argument is given to something that is no function");
        }
        self.operand(first, dot)
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Value<'a>) -> Evaluated<Value<'a>> {
        let value = match &operand.term {
            Term::Dot | Term::Field => dot.clone(),
            Term::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                match known {
                    Some((_, value)) => value.clone(),
                    None if name == "$" => self.root.clone(),
                    None => Value::Missing,
                }
            }
            Term::Str(literal) => text(literal),
            Term::Int(value) => Value::Int(*value),
            Term::Bool(value) => Value::Bool(*value),
            Term::Pipe(pipe) => self.pipeline(pipe, dot)?,
            // As an argument a function is called without any.
            Term::Function(function) => self.call(*function, &[], dot, None)?,
        };
        fields(value, &operand.fields)
    }

    fn call(
        &mut self,
        function: Function,
        operands: &'a [Operand],
        dot: &Value<'a>,
        last: Option<Value<'a>>,
    ) -> Evaluated<Value<'a>> {
        let count = operands.len() + usize::from(last.is_some());
        let (least, most) = match function {
            Function::And | Function::Or | Function::Index | Function::Printf => (1, usize::MAX),
            Function::Eq => (2, usize::MAX),
            Function::Not | Function::Len => (1, 1),
            Function::Ne | Function::Lt | Function::Le | Function::Gt | Function::Ge => (2, 2),
            Function::Print => (0, usize::MAX),
        };
        if count < least || count > most {
            return fail(format!(
                "wrong number of arguments for {function:?}: {count}"
            ));
        }
        if matches!(function, Function::And | Function::Or) {
            return self.and_or(function == Function::Or, operands, dot, last);
        }
        let mut args = Vec::with_capacity(count);
        for operand in operands {
            args.push(self.operand(operand, dot)?);
        }
        args.extend(last);
        apply(function, &args)
    }

    /// The first argument that decides, or the last one. What follows it is not evaluated.
    fn and_or(
        &mut self,
        stop: bool,
        operands: &'a [Operand],
        dot: &Value<'a>,
        last: Option<Value<'a>>,
    ) -> Evaluated<Value<'a>> {
        let mut value = Value::Missing;
        for operand in operands {
            value = self.operand(operand, dot)?;
            if value.truth() == stop {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }
}

/// Whether a pipeline is the bare field `.GroupBy`.
fn is_group_by(pipe: &Pipeline) -> bool {
    pipe.bare_fields()
        .is_some_and(|fields| fields == ["GroupBy"])
}

/// The length of what text and bare fields print, which is all that most templates are made of.
fn length(nodes: &[Node], data: &QueryData) -> usize {
    let lengths = nodes.iter().map(|node| match node {
        Node::Text(text) => text.len(),
        Node::Print(pipe) => match pipe.bare_fields() {
            Some([field]) => match Value::Data(data).field(field) {
                Ok(Value::Str(text)) => text.len(),
                _ => 0,
            },
            _ => 0,
        },
        _ => 0,
    });
    lengths.sum()
}

fn fields<'a>(mut value: Value<'a>, names: &[String]) -> Evaluated<Value<'a>> {
    for name in names {
        value = value.field(name)?;
    }
    Ok(value)
}

fn apply<'a>(function: Function, args: &[Value<'a>]) -> Evaluated<Value<'a>> {
    if function == Function::Print {
        return Ok(Value::Str(Cow::Owned(print(args))));
    }
    if function == Function::Printf {
        return Ok(Value::Str(Cow::Owned(printf::printf(args)?)));
    }
    let Some((first, rest)) = args.split_first() else {
        return Ok(Value::Missing);
    };
    let second = rest.first().unwrap_or(&Value::Missing);
    Ok(match function {
        Function::Not => Value::Bool(!first.truth()),
        Function::Eq => {
            let mut any = false;
            for other in rest {
                if first.equals(other)? {
                    any = true;
                    break;
                }
            }
            Value::Bool(any)
        }
        Function::Ne => Value::Bool(!first.equals(second)?),
        Function::Lt => Value::Bool(first.less(second)?),
        Function::Le => Value::Bool(first.less(second)? || first.equals(second)?),
        Function::Gt => Value::Bool(!(first.less(second)? || first.equals(second)?)),
        Function::Ge => Value::Bool(!first.less(second)?),
        Function::Index => {
            let mut value = first.clone();
            if matches!(value, Value::Missing) {
                return fail("cannot index a missing value");
            }
            for by in rest {
                value = value.index(by)?;
            }
            value
        }
        Function::Len => {
            let len = match first {
                Value::Str(text) => text.len(),
                Value::List(list) => list.len(),
                Value::Map(map) => map.len(),
                other => return fail(format!("a {} has no length", other.type_name())),
            };
            Value::Int(i64::try_from(len).unwrap_or(i64::MAX))
        }
        Function::And | Function::Or | Function::Print | Function::Printf => Value::Missing,
    })
}

/// Go's Sprint: a blank between operands when neither is a string.
fn print(args: &[Value<'_>]) -> String {
    let mut out = String::new();
    let mut text_before = true;
    for (i, value) in args.iter().enumerate() {
        let is_text = matches!(value, Value::Str(_));
        if i > 0 && !is_text && !text_before {
            out.push(' ');
        }
        out.push_str(&value.to_string());
        text_before = is_text;
    }
    out
}
