//! One pass over a pattern in Go's dialect, which writes the same pattern for the `regex` crate.
//!
//! What is written has no flags and no names: flags are resolved where they count, so that each
//! part stands for itself and can be repeated.

use regex_syntax::is_meta_character;

use super::class::{Set, bracketed, ranges, write};
use super::escape::{character, perl_class, unicode_class};
use super::{GoPattern, Problem};

/// The highest count that Go repeats to, nested counts multiplied.
const MAX_REPEAT: u32 = 1000;

/// How deep the translation may nest; regex-syntax refuses more than 250.
const MAX_DEPTH: u32 = 240;

/// How long the translation may be, in bytes: more does not compile to what compiled patterns may
/// take.
const MAX_LENGTH: usize = 1 << 20;

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// `i`
    fold: bool,
    /// `m`
    multi_line: bool,
    /// `s`
    dot_newline: bool,
    /// `U`
    lazy: bool,
}

/// What an operator behind it would repeat.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Where it begins in the translation.
    start: usize,
    /// It must be put into parentheses before it is repeated.
    loose: bool,
    facts: Facts,
}

#[derive(Clone, Copy, Debug)]
struct Facts {
    /// It matches the empty text.
    empty: bool,
    /// The product of the counts nested in it.
    repeats: u32,
    /// How deep its translation nests.
    depth: u32,
}

impl Facts {
    /// Of a part that takes one character.
    const CHARACTER: Self = Self {
        empty: false,
        repeats: 1,
        depth: 1,
    };
}

/// A group that is not closed yet, or the whole pattern.
#[derive(Debug)]
struct Level {
    /// Where its parenthesis stands in the pattern, and where its translation begins.
    opened: usize,
    start: usize,
    /// The flags around it.
    flags: Flags,
    last: Option<Item>,
    /// What stands before the last item of this branch matches the empty text.
    before: bool,
    /// A branch before this one matches the empty text.
    branches: bool,
    repeats: u32,
    depth: u32,
}

impl Level {
    fn new(opened: usize, start: usize, flags: Flags) -> Self {
        Self {
            opened,
            start,
            flags,
            last: None,
            before: true,
            branches: false,
            repeats: 1,
            depth: 0,
        }
    }

    /// Ends a branch.
    fn end_branch(&mut self) {
        let last = self.last.take();
        self.settle(last);
        self.branches |= self.before;
        self.before = true;
    }

    fn push(&mut self, item: Item) {
        let last = self.last.replace(item);
        self.settle(last);
    }

    /// Takes note of an item that nothing can repeat any more.
    fn settle(&mut self, item: Option<Item>) {
        if let Some(Item { facts, .. }) = item {
            self.before &= facts.empty;
            self.repeats = self.repeats.max(facts.repeats);
            self.depth = self.depth.max(facts.depth);
        }
    }
}

struct Translator<'p> {
    text: &'p str,
    at: usize,
    out: String,
    flags: Flags,
    level: Level,
    /// The levels around it, the innermost last.
    outer: Vec<Level>,
    groups: Vec<Option<Box<str>>>,
}

pub(super) fn translate(text: &str) -> Result<GoPattern, Problem> {
    let flags = Flags::default();
    let mut translator = Translator {
        text,
        at: 0,
        out: String::with_capacity(text.len() + 8),
        flags,
        level: Level::new(0, 0, flags),
        outer: Vec::new(),
        groups: Vec::new(),
    };
    // Whether the item before is a repetition, with nothing in between.
    let mut repeated = false;
    while let Some(c) = translator.rest().chars().next() {
        repeated = translator.step(c, repeated)?;
        if translator.out.len() > MAX_LENGTH {
            let reason = "up to here it is already too large";
            return Err(Problem::new(translator.at, reason));
        }
    }
    if !translator.outer.is_empty() {
        let reason = "the group has no closing `)`";
        return Err(Problem::new(translator.level.opened, reason));
    }
    translator.level.end_branch();
    Ok(GoPattern {
        rust: translator.out,
        groups: translator.groups,
        matches_empty: translator.level.branches,
    })
}

impl<'p> Translator<'p> {
    fn rest(&self) -> &'p str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn problem<T>(&self, reason: impl Into<String>) -> Result<T, Problem> {
        Err(Problem::new(self.at, reason))
    }

    /// Reads what begins with `c`; whether that is a repetition.
    fn step(&mut self, c: char, repeated: bool) -> Result<bool, Problem> {
        match c {
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => {
                self.level.end_branch();
                self.out.push('|');
                self.at += 1;
            }
            '^' if self.flags.multi_line => self.look("(?m:^)", 1, true),
            '^' => self.look(r"\A", 1, true),
            '$' if self.flags.multi_line => self.look("(?m:$)", 1, true),
            '$' => self.look(r"\z", 1, true),
            '.' => {
                let dot = if self.flags.dot_newline {
                    "(?s:.)"
                } else {
                    "."
                };
                self.character_item(|out| out.push_str(dot));
                self.at += 1;
            }
            '[' => {
                let (class, end) = bracketed(self.text, self.at, self.flags.fold)?;
                self.character_item(|out| write(&class, out));
                self.at = end;
            }
            '*' => return self.repeat(1, 0, None, repeated),
            '+' => return self.repeat(1, 1, None, repeated),
            '?' => return self.repeat(1, 0, Some(1), repeated),
            '{' => match counts(self.rest()) {
                Some((length, least, most)) => {
                    return self.repeat(length, least, most, repeated);
                }
                None => self.literal('{', 1),
            },
            '\\' => self.escape()?,
            c => self.literal(c, c.len_utf8()),
        }
        Ok(false)
    }

    fn item(&mut self, facts: Facts, loose: bool, put: impl FnOnce(&mut String)) {
        let start = self.out.len();
        put(&mut self.out);
        self.level.push(Item {
            start,
            loose,
            facts,
        });
    }

    fn character_item(&mut self, put: impl FnOnce(&mut String)) {
        self.item(Facts::CHARACTER, false, put);
    }

    /// A place rather than a character. `empty`: the empty text has it.
    fn look(&mut self, rust: &str, length: usize, empty: bool) {
        let facts = Facts {
            empty,
            depth: 2,
            ..Facts::CHARACTER
        };
        self.item(facts, true, |out| out.push_str(rust));
        self.at += length;
    }

    fn literal(&mut self, c: char, length: usize) {
        self.at += length;
        // Digits and `_` have no case, and most of what is folded are letters.
        if self.flags.fold && !c.is_ascii_digit() && c != '_' {
            let class = Set::of(ranges(&[(c, c)]), false, true);
            if class.ranges().iter().any(|range| range.start() != c) {
                self.character_item(|out| write(&class, out));
                return;
            }
        }
        self.character_item(|out| {
            if is_meta_character(c) {
                out.push('\\');
            }
            out.push(c);
        });
    }

    fn escape(&mut self) -> Result<(), Problem> {
        let rest = self.rest();
        let fold = self.flags.fold;
        match rest.chars().nth(1) {
            Some('A') => self.look(r"\A", 2, true),
            Some('z') => self.look(r"\z", 2, true),
            Some('b') => self.look(r"(?-u:\b)", 2, false),
            Some('B') => self.look(r"(?-u:\B)", 2, true),
            Some('C') => return self.problem("`\\C` is not supported: texts are characters"),
            Some('Q') => {
                let quoted = rest.get(2..).unwrap_or_default();
                let (literal, end) = match quoted.split_once("\\E") {
                    Some((literal, _)) => (literal, 2),
                    None => (quoted, 0),
                };
                self.at += 2;
                for c in literal.chars() {
                    self.literal(c, c.len_utf8());
                }
                self.at += end;
            }
            Some('p' | 'P') => {
                let (ranges, negated, length) = unicode_class(rest, self.at)?;
                let class = Set::of(ranges, negated, fold);
                self.character_item(|out| write(&class, out));
                self.at += length;
            }
            Some(c) if perl_class(c).is_some() => {
                let (pairs, negated) = perl_class(c).unwrap_or_default();
                let class = Set::of(ranges(pairs), negated, fold);
                self.character_item(|out| write(&class, out));
                self.at += 2;
            }
            _ => {
                let (code, length) = character(rest, self.at)?;
                match char::from_u32(code) {
                    Some(c) => self.literal(c, length),
                    None => {
                        let never = Set::of(Vec::new(), false, false);
                        self.character_item(|out| write(&never, out));
                        self.at += length;
                    }
                }
            }
        }
        Ok(())
    }

    /// An opening parenthesis, or flags that count from here on.
    fn open(&mut self) -> Result<(), Problem> {
        let around = self.flags;
        let opened = self.at;
        let rest = self.rest();
        let named = rest
            .strip_prefix("(?P<")
            .or_else(|| rest.strip_prefix("(?<"));
        let (group, length) = if let Some(named) = named {
            let end = named.find('>').unwrap_or_default();
            let name = named.get(..end).unwrap_or_default();
            let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            if name.is_empty() || !name.bytes().all(word) {
                return self.problem(
                    "the name of a group is letters, digits and `_`, with a `>` behind it",
                );
            }
            (Some(Some(name.into())), rest.len() - named.len() + end + 1)
        } else if let Some(behind) = rest.strip_prefix("(?") {
            let (flags, length) =
                flags(behind, around).ok_or_else(|| Problem::new(opened, unknown_group(behind)))?;
            self.flags = flags;
            let length = length + 2;
            if rest.get(..length).is_some_and(|read| read.ends_with(')')) {
                self.at += length;
                return Ok(());
            }
            (None, length)
        } else {
            (Some(None), 1)
        };
        self.at += length;
        let level = Level::new(opened, self.out.len(), around);
        self.outer.push(std::mem::replace(&mut self.level, level));
        match group {
            Some(name) => {
                self.groups.push(name);
                self.out.push('(');
            }
            None => self.out.push_str("(?:"),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(outer) = self.outer.pop() else {
            return self.problem("there is no group that `)` could close");
        };
        let mut level = std::mem::replace(&mut self.level, outer);
        level.end_branch();
        self.flags = level.flags;
        self.out.push(')');
        let facts = Facts {
            empty: level.branches,
            repeats: level.repeats,
            // The group, its branches, and what follows one another in them.
            depth: level.depth + 3,
        };
        self.check_depth(facts)?;
        self.level.push(Item {
            start: level.start,
            loose: false,
            facts,
        });
        self.at += 1;
        Ok(())
    }

    fn check_depth(&self, facts: Facts) -> Result<(), Problem> {
        match facts.depth > MAX_DEPTH {
            true => self.problem("it nests too deeply up to here"),
            false => Ok(()),
        }
    }

    /// An operator of `length` bytes that repeats the last item.
    fn repeat(
        &mut self,
        length: usize,
        least: u32,
        most: Option<u32>,
        repeated: bool,
    ) -> Result<bool, Problem> {
        let rest = self.rest();
        let operator = rest.get(..length).unwrap_or_default();
        if repeated {
            let reason = format!(
                "`{operator}` repeats a repetition: put that into parentheses, `(?:…){operator}`"
            );
            return self.problem(reason);
        }
        if least.max(most.unwrap_or_default()) > MAX_REPEAT {
            return self.problem("Go repeats at most 1000 times");
        }
        if most.is_some_and(|most| most < least) {
            return self.problem(format!("the counts of `{operator}` go backwards"));
        }
        let Some(mut item) = self.level.last else {
            return self.problem(format!("there is nothing that `{operator}` could repeat"));
        };
        let counted = operator.starts_with('{');
        let question = rest.get(length..).is_some_and(|rest| rest.starts_with('?'));
        let facts = &mut item.facts;
        facts.empty |= least == 0;
        facts.repeats = match (counted, most.unwrap_or(least)) {
            (true, 0) if most.is_some() => 1,
            (true, count) => facts.repeats.saturating_mul(count.max(1)),
            (false, _) => facts.repeats,
        };
        if counted && least.max(most.unwrap_or_default()) >= 2 && facts.repeats > MAX_REPEAT {
            return self
                .problem("with the counts around and inside it, it repeats more than 1000 times");
        }
        facts.depth += 1 + u32::from(item.loose);
        self.check_depth(item.facts)?;
        if item.loose {
            self.out.insert_str(item.start, "(?:");
            self.out.push(')');
        }
        item.loose = true;
        self.out.push_str(operator);
        if question != self.flags.lazy {
            self.out.push('?');
        }
        self.level.last = Some(item);
        self.at += length + usize::from(question);
        Ok(true)
    }
}

/// `{3}`, `{3,}` or `{3,5}` at the beginning of `text`: its length and counts. Whatever else begins
/// with a brace is a text.
fn counts(text: &str) -> Option<(usize, u32, Option<u32>)> {
    let (inside, _) = text.strip_prefix('{')?.split_once('}')?;
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let leading_zero = digits.len() > 1 && digits.starts_with('0');
        // What does not fit is too large in any case.
        (plain && !leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let (least, most) = match inside.split_once(',') {
        None => (number(inside)?, Some(number(inside)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((inside.len() + 2, least, most))
}

/// The flags in `text`, which stands behind `(?`, up to the `:` or `)` that ends them; their length
/// with that.
fn flags(text: &str, mut flags: Flags) -> Option<(Flags, usize)> {
    let mut on = true;
    let mut pending = false;
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'i' => flags.fold = on,
            b'm' => flags.multi_line = on,
            b's' => flags.dot_newline = on,
            b'U' => flags.lazy = on,
            b'-' if on => {
                on = false;
                pending = true;
                continue;
            }
            b':' | b')' if !pending => return Some((flags, at + 1)),
            _ => return None,
        }
        pending = false;
    }
    None
}

fn unknown_group(behind: &str) -> &'static str {
    match behind.as_bytes() {
        [b'=' | b'!', ..] => "Go's patterns cannot look ahead",
        _ => "Go knows the groups `(…)`, `(?P<name>…)` and `(?:…)`, and the flags i, m, s and U",
    }
}
