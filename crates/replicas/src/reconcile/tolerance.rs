//! The tolerance of a policy.

use concertina_model::{Format, Quantity};

use crate::api::HpaScalingRules;
use crate::options::{Arithmetic, Options, Tolerance};
use crate::policy::Policy;

/// The tolerance of a policy: `behavior` may have its own for each direction.
pub(super) fn tolerance(policy: &Policy, options: &Options) -> Tolerance {
    let mut tolerance = options.tolerance;
    if let Some(behavior) = policy
        .spec
        .behavior
        .as_ref()
        .filter(|_| options.configurable_tolerance)
    {
        let number = match options.arithmetic {
            Arithmetic::Kubernetes => approximate,
            // The float that is written as the quantity is.
            Arithmetic::Exact => |quantity: Quantity| quantity.approximate_f64(),
        };
        let own = |rules: &Option<HpaScalingRules>| rules.as_ref()?.tolerance.map(number);
        tolerance.scale_up = own(&behavior.scale_up).unwrap_or(tolerance.scale_up);
        tolerance.scale_down = own(&behavior.scale_down).unwrap_or(tolerance.scale_down);
    }
    tolerance
}

/// `AsApproximateFloat64` of the quantity as the API server keeps it: the digits of its canonical
/// form times the power of ten of its suffix, so that `700m` is 0.7000000000000001.
fn approximate(quantity: Quantity) -> f64 {
    let text = quantity.with_format(Format::DecimalSI).to_string();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match text.strip_prefix(digits) {
        Some("n") => 1e-9,
        Some("u") => 1e-6,
        Some("m") => 1e-3,
        Some("") => 1.0,
        _ => return quantity.approximate_f64(),
    };
    digits
        .parse()
        .map_or(f64::NAN, |digits: f64| digits * power)
}
