//! From JSON, as upstream reads it.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::{char, digit0, digit1, one_of, satisfy};
use nom::combinator::{all_consuming, opt, recognize};
use nom::sequence::{delimited, pair, preceded};
use nom::{IResult, Parser};

use super::{ParseQuantityError, Quantity};

/// The white space of JSON.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// How much of another value is shown.
const SHOWN: usize = 60;

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
fn number(input: &str) -> IResult<&str, &str> {
    let nonzero = recognize(pair(satisfy(|c| matches!(c, '1'..='9')), digit0));
    let exponent = (one_of("eE"), opt(one_of("+-")), digit1);
    recognize((
        opt(char('-')),
        alt((tag("0"), nonzero)),
        opt(preceded(char('.'), digit1)),
        opt(exponent),
    ))
    .parse(input)
}

/// A string without its quotes. No quantity has a character that must be escaped, and upstream
/// does not resolve escapes of others.
fn string(input: &str) -> IResult<&str, &str> {
    let plain = |c: char| !c.is_ascii_control() && c != '"' && c != '\\';
    delimited(char('"'), take_while(plain), char('"')).parse(input)
}

impl Quantity {
    /// From the text of a JSON value, as `Quantity.UnmarshalJSON` of apimachinery 0.36 reads it: a
    /// number keeps the notation that it is written in, blanks around a text are ignored, escapes
    /// in it are not resolved, and `null` is zero.
    ///
    /// # Errors
    ///
    /// What is wrong with a number or text; [`ParseQuantityError::NotJson`] for anything else.
    ///
    /// ```
    /// use concertina_model::Quantity;
    ///
    /// assert_eq!(Quantity::from_json("1e3").unwrap().to_string(), "1e3");
    /// assert_eq!(Quantity::from_json("\" 1.5Gi\"").unwrap().to_string(), "1536Mi");
    /// assert!(Quantity::from_json("16Gi").is_err());
    /// ```
    pub fn from_json(json: &str) -> Result<Self, ParseQuantityError> {
        let json = json.trim_matches(BLANKS);
        if json == "null" {
            return Ok(Self::ZERO);
        }
        let text = all_consuming(alt((number, string))).parse(json);
        let Ok((_, text)) = text else {
            let text = json.chars().take(SHOWN).collect();
            return Err(ParseQuantityError::NotJson { text });
        };
        text.trim().parse()
    }
}

#[cfg(test)]
mod tests {
    use crate::Quantity;

    #[test]
    fn numbers_and_texts_of_json_are_read_as_written() {
        let read = |json: &str| match Quantity::from_json(json) {
            Ok(quantity) => quantity.to_string(),
            Err(error) => error.to_string(),
        };
        let told = [
            "1E3",
            "1e-3",
            " -0.50\n",
            "\"\u{a0}500m \"",
            "null",
            "01",
            "+1",
            ".5",
            "1.",
            "1k",
            "\"\"",
            "\"\\u0031\"",
            "\"1\t\"",
            "\"1",
            "true",
            "[1]",
            "",
        ]
        .map(|json| format!("{json:?}: {}", read(json)));
        insta::assert_snapshot!(told.join("\n"));
    }
}
