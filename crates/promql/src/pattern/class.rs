//! Classes of characters: what stands in brackets.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::Problem;
use super::escape::{character, perl_class, unicode_class};

/// The characters before and behind the surrogates.
const SURROGATES: (char, char) = ('\u{d7ff}', '\u{e000}');

/// From how many ranges on they are put into order in between: classes of Unicode have hundreds.
const MAX_LOOSE: usize = 1 << 14;

/// Characters, collected and then put into order once.
#[derive(Debug, Default)]
pub(super) struct Set(Vec<ClassUnicodeRange>);

impl Set {
    pub(super) fn of(ranges: Vec<ClassUnicodeRange>, negated: bool, fold: bool) -> ClassUnicode {
        let mut class = ClassUnicode::new(ranges);
        if fold {
            // It fails when regex-syntax is built without its tables, and this crate asks for them.
            let _ = class.try_case_fold_simple();
        }
        if negated {
            class.negate();
        }
        class
    }

    fn add(&mut self, from: char, to: char) {
        self.0.push(ClassUnicodeRange::new(from, to));
    }

    /// Adds a class that is negated by itself.
    fn extend(&mut self, ranges: Vec<ClassUnicodeRange>, negated: bool, fold: bool) {
        match negated {
            true => self.0.extend(Self::of(ranges, true, fold).ranges()),
            false => self.0.extend(ranges),
        }
        if self.0.len() > MAX_LOOSE {
            let class = ClassUnicode::new(std::mem::take(&mut self.0));
            self.0.extend(class.ranges());
        }
    }
}

pub(super) fn ranges(pairs: &[(char, char)]) -> Vec<ClassUnicodeRange> {
    let range = |(from, to): &(char, char)| ClassUnicodeRange::new(*from, *to);
    pairs.iter().map(range).collect()
}

/// The class of POSIX that is called `name`.
fn posix(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

/// The class whose `[` stands at `begin` of `text`, and the place behind it.
pub(super) fn bracketed(
    text: &str,
    begin: usize,
    fold: bool,
) -> Result<(ClassUnicode, usize), Problem> {
    let open = || Problem::new(begin, "the class has no closing `]`");
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    let mut at = begin + 1;
    let negated = rest(at).starts_with('^');
    at += usize::from(negated);
    let mut set = Set::default();
    let first = at;
    while at == first || !rest(at).starts_with(']') {
        let here = rest(at);
        let mut chars = here.chars();
        match (chars.next(), chars.next()) {
            (None, _) => return Err(open()),
            (Some('['), Some(':')) if rest(at + 2).contains(":]") => {
                let end = rest(at + 2).find(":]").unwrap_or_default();
                let name = rest(at + 2).get(..end).unwrap_or_default();
                let plain = name.strip_prefix('^').unwrap_or(name);
                let pairs = posix(plain)
                    .ok_or_else(|| Problem::new(at, format!("there is no class `[:{name}:]`")))?;
                set.extend(ranges(pairs), plain.len() != name.len(), fold);
                at += end + 4;
            }
            (Some('\\'), Some('p' | 'P')) => {
                let (ranges, negated, length) = unicode_class(here, at)?;
                set.extend(ranges, negated, fold);
                at += length;
            }
            (Some('\\'), Some(c)) if perl_class(c).is_some() => {
                let (pairs, negated) = perl_class(c).unwrap_or_default();
                set.extend(ranges(pairs), negated, fold);
                at += 2;
            }
            _ => at = range(text, at, &mut set).ok_or_else(open)??,
        }
    }
    Ok((Set::of(set.0, negated, fold), at + 1))
}

/// Adds one character or a range of them; the place behind. None at the end of the text.
fn range(text: &str, begin: usize, set: &mut Set) -> Option<Result<usize, Problem>> {
    let single = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        match rest.chars().next()? {
            '\\' => Some(character(rest, at)),
            c => Some(Ok((u32::from(c), c.len_utf8()))),
        }
    };
    let (from, length) = match single(begin)? {
        Ok(found) => found,
        Err(problem) => return Some(Err(problem)),
    };
    let mut at = begin + length;
    let mut to = from;
    let behind = text.get(at..).unwrap_or_default();
    if behind.len() > 1 && behind.starts_with('-') && !behind.starts_with("-]") {
        let length;
        (to, length) = match single(at + 1)? {
            Ok(found) => found,
            Err(problem) => return Some(Err(problem)),
        };
        at += 1 + length;
    }
    if to < from {
        let range = text.get(begin..at).unwrap_or_default();
        let reason = format!("the range `{range}` goes backwards");
        return Some(Err(Problem::new(begin, reason)));
    }
    let (below, above) = SURROGATES;
    let from = char::from_u32(from).unwrap_or(above);
    let to = char::from_u32(to).unwrap_or(below);
    if from <= to {
        set.add(from, to);
    }
    Some(Ok(at))
}

/// Writes a class in the syntax of the `regex` crate.
pub(super) fn write(class: &ClassUnicode, out: &mut String) {
    use std::fmt::Write;
    let one = |out: &mut String, c: char| {
        if c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
        }
    };
    if class.ranges().is_empty() {
        out.push_str(r"[^\x{0}-\x{10ffff}]");
        return;
    }
    out.push('[');
    for range in class.ranges() {
        one(out, range.start());
        if range.start() != range.end() {
            out.push('-');
            one(out, range.end());
        }
    }
    out.push(']');
}
