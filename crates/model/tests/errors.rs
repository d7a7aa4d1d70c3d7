//! The texts that users read.
#![allow(clippy::unwrap_used, reason = "tests")]

use concertina_model::{LabelSelector, Quantity};

fn quantity(text: &str) -> String {
    text.parse::<Quantity>().unwrap_err().to_string()
}

fn selector(text: &str) -> String {
    text.parse::<LabelSelector>().unwrap_err().to_string()
}

#[test]
fn quantities() {
    insta::assert_snapshot!(quantity(""), @"a quantity is empty; write a number such as 20, 500m or 16Gi");
    insta::assert_snapshot!(quantity("lots"), @"`lots` is no quantity: a number is expected at the start, such as 20, 500m or 16Gi");
    insta::assert_snapshot!(quantity("16GB"), @"`16GB` is no quantity: `GB` (column 3) is no suffix; known are n u m k M G T P E, Ki Mi Gi Ti Pi Ei, and exponents such as e3");
    insta::assert_snapshot!(quantity("1e999999999999999999999"), @"`1e999999999999999999999` is too large for a quantity");
}

#[test]
fn selectors() {
    insta::assert_snapshot!(selector("==bad!!"), @"column 1: found `==`, expected a label key");
    insta::assert_snapshot!(selector("a=b,"), @"column 5: found the end, expected a label key or `!` behind `,`");
    insta::assert_snapshot!(selector("a in b"), @"column 6: found `b`, expected `(`");
    insta::assert_snapshot!(selector("-a"), @"label key `-a`: a name has 1 to 63 letters, digits, `-`, `_` or `.`, with a letter or digit at both ends");
    insta::assert_snapshot!(selector("a>b"), @"value `b` of label `a`: > and < need a whole number");
}
