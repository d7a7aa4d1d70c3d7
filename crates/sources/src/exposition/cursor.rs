//! Words of the formats.

use std::borrow::Cow;

/// Where a text cannot be read, as an offset in bytes, and what should stand there.
pub(super) type Problem = (usize, &'static str);

/// A place in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// What was read since `start`.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn eat(&mut self, word: &[u8]) -> bool {
        let fits = self.rest().starts_with(word);
        if fits {
            self.at += word.len();
        }
        fits
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let end = rest.iter().position(|byte| !keep(*byte));
        let (taken, _) = rest
            .split_at_checked(end.unwrap_or(rest.len()))
            .unwrap_or_default();
        self.at += taken.len();
        taken
    }

    pub(super) fn blanks(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// The rest of the line, and its end if there is one.
    pub(super) fn line(&mut self) -> (&'a [u8], bool) {
        let line = self.take_while(|byte| byte != b'\n');
        (line, self.eat(b"\n"))
    }

    /// A metric name, which may have colons, or a label name, which may not; none stands here when
    /// it is empty.
    pub(super) fn name(&mut self, colons: bool) -> &'a str {
        let inner = move |byte: u8| {
            byte.is_ascii_alphanumeric() || byte == b'_' || (colons && byte == b':')
        };
        match self.peek() {
            Some(first) if inner(first) && !first.is_ascii_digit() => {
                let name = self.take_while(inner);
                // Only ASCII was taken.
                std::str::from_utf8(name).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// What stands between quotes, still with its escapes.
    pub(super) fn quoted(&mut self, newlines: bool) -> Result<&'a str, Problem> {
        let open = self.at;
        if !self.eat(b"\"") {
            return Err((open, "a value in double quotes"));
        }
        let start = self.at;
        loop {
            self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\n'));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') if self.at + 1 < self.text.len() => self.at += 2,
                Some(b'\n') if newlines => self.at += 1,
                _ => return Err((open, "a closing double quote")),
            }
        }
        let inside = std::str::from_utf8(self.since(start));
        let inside = inside.map_err(|error| (start + error.valid_up_to(), "UTF-8"))?;
        self.at += 1;
        Ok(inside)
    }

    /// A number as Go's `ParseFloat` reads it, without hexadecimal and underscores, where none of
    /// `ends` stands.
    pub(super) fn number(&mut self, ends: &[u8]) -> Result<f64, Problem> {
        let start = self.at;
        let word = self.take_while(|byte| !ends.contains(&byte));
        number(word).ok_or((start, "a number"))
    }
}

fn number(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?;
    // The usual case first: what begins with a digit is no word such as `nan`.
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let value: f64 = text.parse().ok()?;
    let word = unsigned.starts_with(|c: char| c.is_ascii_alphabetic());
    match word {
        // Go knows no sign of NaN.
        true if value.is_nan() => (unsigned == text).then_some(f64::NAN),
        true => Some(value),
        // Out of range.
        false if value.is_infinite() => None,
        false => Some(value),
    }
}

/// `raw` with `\\`, `\"` and `\n` resolved; any other backslash stands for itself.
pub(super) fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek().copied().filter(|_| c == '\\') {
            Some(escape @ ('\\' | '"' | 'n')) => {
                chars.next();
                value.push(if escape == 'n' { '\n' } else { escape });
            }
            _ => value.push(c),
        }
    }
    Cow::Owned(value)
}
