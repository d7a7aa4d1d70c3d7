//! Numbers as Prometheus prints them.

/// A sample's value as Prometheus 2.42 prints it: the shortest text that reads back, with an
/// exponent below 1e-6 and from 1e21 on.
///
/// ```
/// use concertina_tsdb::format_value;
///
/// assert_eq!(format_value(23.0), "23");
/// assert_eq!(format_value(1e-7), "1e-07");
/// assert_eq!(format_value(f64::INFINITY), "+Inf");
/// ```
#[must_use]
pub fn format_value(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || (1e-6..1e21).contains(&size) {
        return format_scalar(value);
    }
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// A number without an exponent, as Prometheus 2.42 prints the result of a scalar expression and
/// the labels of `count_values`.
///
/// ```
/// use concertina_tsdb::format_scalar;
///
/// assert_eq!(format_scalar(1e21), "1000000000000000000000");
/// assert_eq!(format_scalar(1e-7), "0.0000001");
/// ```
#[must_use]
pub fn format_scalar(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}
