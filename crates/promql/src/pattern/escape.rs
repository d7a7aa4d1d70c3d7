//! What stands behind a backslash.

use regex_syntax::hir::{Class, ClassUnicodeRange, HirKind};

use super::Problem;

/// The code of a character and how many bytes it was written in. It may be a surrogate: Go takes
/// it, and no text has it.
pub(super) type Escaped = (u32, usize);

/// The character that the escape at the beginning of `text` is. `at` is its place.
pub(super) fn character(text: &str, at: usize) -> Result<Escaped, Problem> {
    let mut chars = text.chars();
    chars.next();
    let Some(c) = chars.next() else {
        return Err(Problem::new(at, "nothing stands behind the last `\\`"));
    };
    let behind = chars.as_str();
    let simple = match c {
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '0'..='7' => return octal(c, behind, at),
        'x' => return hexadecimal(behind, at),
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => {
            let reason = match c {
                'Z' => "`\\Z` is none of Go's escapes: the end of the text is `\\z`".to_owned(),
                'b' => "`\\b` is no character in Go: write `\\x08`".to_owned(),
                c if !c.is_ascii() => format!("`{c}` needs no `\\`"),
                c => format!("`\\{c}` is none of Go's escapes"),
            };
            return Err(Problem::new(at, reason));
        }
    };
    Ok((u32::from(simple), 2))
}

/// `\0`, `\12`, `\123`. A single digit from 1 to 7 would refer to a group, which RE2 has not.
fn octal(first: char, behind: &str, at: usize) -> Result<Escaped, Problem> {
    let more = behind.bytes().take(2);
    let more = more.take_while(|b| matches!(b, b'0'..=b'7')).count();
    if first != '0' && more == 0 {
        let reason = format!("`\\{first}` refers to a group, which these patterns cannot");
        return Err(Problem::new(at, reason));
    }
    let digits = first.to_string() + behind.get(..more).unwrap_or_default();
    let code = digits
        .bytes()
        .fold(0, |code, b| code * 8 + u32::from(b - b'0'));
    Ok((code, 2 + more))
}

/// `\x41` and `\x{1F600}`.
fn hexadecimal(behind: &str, at: usize) -> Result<Escaped, Problem> {
    let wrong = || {
        let reason = "`\\x` takes two hexadecimal digits, or any code up to 10FFFF in braces";
        Problem::new(at, reason)
    };
    let (digits, length) = match behind.strip_prefix('{') {
        Some(braced) => {
            let end = braced.find('}').ok_or_else(wrong)?;
            (braced.get(..end), end + 4)
        }
        None => (behind.get(..2), 4),
    };
    let digits = digits.ok_or_else(wrong)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let significant = digits.trim_start_matches('0');
    let code = u32::from_str_radix(&format!("0{significant}"), 16).map_err(|_| wrong())?;
    if code > u32::from(char::MAX) {
        return Err(wrong());
    }
    Ok((code, length))
}

/// The ranges of `\d`, `\s` or `\w`, and whether it is negated. They are ASCII.
pub(super) fn perl_class(c: char) -> Option<(&'static [(char, char)], bool)> {
    let ranges: &[_] = match c.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    Some((ranges, c.is_ascii_uppercase()))
}

/// A class of Unicode, whether it is negated, and in how many bytes it was written: `\pL`,
/// `\P{Greek}`, `\p{^Lu}` at the beginning of `text`.
pub(super) fn unicode_class(
    text: &str,
    at: usize,
) -> Result<(Vec<ClassUnicodeRange>, bool, usize), Problem> {
    let behind = text.get(2..).unwrap_or_default();
    let (name, length) = match behind.strip_prefix('{') {
        Some(braced) => {
            let end = braced
                .find('}')
                .ok_or_else(|| Problem::new(at, "the name of the class has no closing `}`"))?;
            (braced.get(..end).unwrap_or_default(), end + 4)
        }
        None => {
            let length = behind.chars().next().map_or(0, char::len_utf8);
            (behind.get(..length).unwrap_or_default(), length + 2)
        }
    };
    let plain = name.strip_prefix('^').unwrap_or(name);
    let negated = text.starts_with("\\P") != (plain.len() != name.len());
    let ranges = named(plain).ok_or_else(|| {
        let reason = format!("`{name}` is no category or script of Unicode that Go knows");
        Problem::new(at, reason)
    })?;
    Ok((ranges, negated, length))
}

/// Scripts whose names have four letters. Other names of four letters are abbreviations, which Go
/// does not know.
const SHORT_SCRIPTS: [&str; 8] = [
    "ahom", "cham", "lisu", "miao", "modi", "newa", "thai", "toto",
];

/// A category or a script, by its name in any case, without regard to blanks, `_` and `-`.
fn named(name: &str) -> Option<Vec<ClassUnicodeRange>> {
    let mut plain = String::new();
    for c in name.chars() {
        match c {
            ' ' | '_' | '-' => {}
            c if c.is_ascii_alphabetic() => plain.push(c.to_ascii_lowercase()),
            _ => return None,
        }
    }
    // Unicode's own rules would drop it.
    if plain.is_empty() || plain.starts_with("is") {
        return None;
    }
    let script = plain.len() != 4 || SHORT_SCRIPTS.contains(&plain.as_str());
    let class = |property: &str| {
        let hir = regex_syntax::parse(&format!(r"\p{{{property}={plain}}}")).ok()?;
        match hir.into_kind() {
            HirKind::Class(Class::Unicode(class)) => Some(class.ranges().to_vec()),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                Some(text.chars().map(|c| ClassUnicodeRange::new(c, c)).collect())
            }
            _ => None,
        }
    };
    class("gc").or_else(|| script.then(|| class("sc")).flatten())
}
