//! Literals as Go writes them.

/// Reads a whole number at the start of `rest`: its length and value. `Err(Some(what))` is a
/// literal that Go knows and queries do not need; `Err(None)` is none at all.
pub(super) fn number(rest: &str) -> Result<(usize, i64), Option<&'static str>> {
    let sign = rest.starts_with(['+', '-']);
    let body = if sign { rest.split_at(1).1 } else { rest };
    let hex = body.starts_with("0x") || body.starts_with("0X");
    let exponent = if hex { ['p', 'P'] } else { ['e', 'E'] };
    let mut len = 0;
    let mut last = ' ';
    for c in body.chars() {
        let signed = matches!(c, '+' | '-') && exponent.contains(&last);
        if !(c.is_alphanumeric() || c == '_' || c == '.' || signed) {
            break;
        }
        len += c.len_utf8();
        last = c;
    }
    let (literal, after) = body.split_at(len);
    let len = len + usize::from(sign);
    if literal
        .strip_suffix('i')
        .is_some_and(|digits| is_number(digits, hex))
    {
        return Err(Some("a complex number"));
    }
    let float = literal.contains('.') || (literal.contains(exponent) && !is_based(literal));
    if float && is_number(literal, hex) {
        return match after.starts_with(['+', '-']) {
            true => Err(Some("a complex number")),
            false => Err(Some("a floating-point number")),
        };
    }
    let value = whole(literal).ok_or(None)?;
    let value = if rest.starts_with('-') { -value } else { value };
    Ok((len, i64::try_from(value).map_err(|_| None)?))
}

fn is_based(literal: &str) -> bool {
    ["0x", "0X", "0b", "0B", "0o", "0O"]
        .iter()
        .any(|prefix| literal.starts_with(prefix))
        && !literal.contains(['p', 'P'])
}

fn is_number(literal: &str, hex: bool) -> bool {
    let digits = literal.replace('_', "");
    if hex {
        return digits.contains(['p', 'P']) || whole(literal).is_some();
    }
    digits.parse::<f64>().is_ok() && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// A whole number as Go's `ParseInt(s, 0, 64)` reads it: base prefixes, a leading 0 for octal, and
/// underscores between digits.
fn whole(literal: &str) -> Option<i128> {
    let lower = literal.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0b", 2), ("0o", 8)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((lower.strip_prefix(prefix)?, radix)));
    let (digits, radix) = match prefixed {
        // An underscore may follow the prefix.
        Some((digits, radix)) => (digits.strip_prefix('_').unwrap_or(digits), radix),
        None => match lower.strip_prefix('0').filter(|rest| !rest.is_empty()) {
            Some(rest) => (rest.strip_prefix('_').unwrap_or(rest), 8),
            None => (lower.as_str(), 10),
        },
    };
    let good = !digits.is_empty()
        && !digits.starts_with(['_', '+', '-'])
        && !digits.ends_with('_')
        && !digits.contains("__");
    let value = i128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    (good && value <= i128::from(u64::MAX)).then_some(value)
}
