//! `printf` with the verbs `%s %q %d %v %%`, as Go's fmt prints them.

use std::fmt::Write;

use super::RenderError;
use super::parse::{Command, Function, Operand, Pipeline, Term};
use super::value::{Value, fail};

/// Checks the formats that are known before execution. The error names what is not supported.
pub(super) fn check(pipe: &Pipeline) -> Result<(), String> {
    let mut before: Option<&Command> = None;
    for command in &pipe.commands {
        if let [
            Operand {
                term: Term::Function(Function::Printf),
                ..
            },
            rest @ ..,
        ] = command.operands.as_slice()
        {
            let piped = before.map(|command| command.operands.as_slice());
            let format = match (rest, piped) {
                ([first, ..], _) => Some(first),
                // The stage before is the only argument, and so the format.
                ([], Some([only])) => Some(only),
                _ => None,
            };
            if let Some(Operand {
                term: Term::Str(format),
                ..
            }) = format
            {
                verbs(format)?;
            }
        }
        before = Some(command);
    }
    Ok(())
}

/// A part of a format.
enum Part<'a> {
    Text(&'a str),
    Verb(char),
}

fn verbs(format: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some((text, after)) = rest.split_once('%') {
        parts.push(Part::Text(text));
        let mut chars = after.chars();
        match chars.next() {
            Some('%') => parts.push(Part::Text("%")),
            Some(verb @ ('s' | 'q' | 'd' | 'v')) => parts.push(Part::Verb(verb)),
            Some(other) => return Err(format!("`%{other}` in printf")),
            None => return Err("a `%` at the end of printf's format".to_owned()),
        }
        rest = chars.as_str();
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

pub(super) fn printf(args: &[Value<'_>]) -> Result<String, RenderError> {
    let Some((Value::Str(format), values)) = args.split_first() else {
        return fail("printf needs a string as its first argument");
    };
    let parts = match verbs(format) {
        Ok(parts) => parts,
        Err(what) => return fail(format!("{what} is not supported")),
    };
    let mut out = String::new();
    let mut values = values.iter();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Verb(verb) => match values.next() {
                Some(value) => write(&mut out, verb, value),
                None => {
                    let _ = write!(out, "%!{verb}(MISSING)");
                }
            },
        }
    }
    let extra: Vec<String> = values
        .map(|value| match value {
            Value::Missing => "<nil>".to_owned(),
            value => format!("{}={value}", value.type_name()),
        })
        .collect();
    if !extra.is_empty() {
        let _ = write!(out, "%!(EXTRA {})", extra.join(", "));
    }
    Ok(out)
}

/// One value with one verb. Writing to a String cannot fail.
fn write(out: &mut String, verb: char, value: &Value<'_>) {
    let _ = match (verb, value) {
        ('v', value) => write!(out, "{value}"),
        (_, Value::Missing) => write!(out, "%!{verb}(<nil>)"),
        ('s', Value::Str(text)) => write!(out, "{text}"),
        ('q', Value::Str(text)) => out.write_str(&concertina_promql::quote(text)),
        ('d', Value::Int(_) | Value::Byte(_)) => write!(out, "{value}"),
        ('q', Value::Int(code)) => out.write_str(&quote_char(*code)),
        ('q', Value::Byte(code)) => out.write_str(&quote_char(i64::from(*code))),
        (_, Value::List(list)) => {
            out.push('[');
            for (i, item) in list.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { " " });
                write(out, verb, &super::value::text(item));
            }
            out.write_char(']')
        }
        (_, Value::Map(map)) => {
            out.push_str("map[");
            for (i, (key, item)) in map.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { " " });
                write(out, verb, &super::value::text(key));
                out.push(':');
                write(out, verb, &super::value::text(item));
            }
            out.write_char(']')
        }
        (_, Value::Data(data)) => {
            out.push('{');
            write(out, verb, &super::value::text(&data.series));
            out.push(' ');
            write(out, verb, &super::value::text(&data.label_matchers));
            out.push(' ');
            write(out, verb, &Value::Map(&data.label_values_by_name));
            out.push(' ');
            write(out, verb, &super::value::text(&data.group_by));
            out.push(' ');
            write(out, verb, &Value::List(&data.group_by_slice));
            out.write_char('}')
        }
        (_, value) => write!(out, "%!{verb}({}={value})", value.type_name()),
    };
}

/// A number as a quoted character, as Go's `%q` of an integer.
fn quote_char(code: i64) -> String {
    let c = u32::try_from(code)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER);
    match c {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        c => {
            let quoted = concertina_promql::quote(&c.to_string());
            let inner = quoted.trim_start_matches('"');
            format!("'{}'", inner.strip_suffix('"').unwrap_or(inner))
        }
    }
}
