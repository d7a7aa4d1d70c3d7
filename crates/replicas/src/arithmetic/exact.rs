//! Exact fractions.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};

use super::{Numbers, Sum};
use crate::options::Tolerance;

/// Nothing is cut or rounded before the count. A tolerance means the decimal number that it is
/// written as: 0.1 is a tenth.
pub(crate) struct Exact;

/// A ratio, or what an f64 would hold where there is none.
pub(crate) enum Fraction {
    Is(BigRational),
    IsNone(f64),
}

fn fraction(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> Fraction {
    let (numerator, denominator) = (numerator.into(), denominator.into());
    if denominator.is_zero() {
        let none = match numerator.sign() {
            num_bigint::Sign::Minus => f64::NEG_INFINITY,
            num_bigint::Sign::NoSign => f64::NAN,
            num_bigint::Sign::Plus => f64::INFINITY,
        };
        return Fraction::IsNone(none);
    }
    Fraction::Is(BigRational::new(numerator, denominator))
}

fn hundredths(sum: Sum) -> BigInt {
    BigInt::from(sum.milli) * 100 + sum.percents
}

/// The decimal number that an f64 is written as; None when it is not finite.
fn decimal(value: f64) -> Option<BigRational> {
    if !value.is_finite() {
        return None;
    }
    let text = value.to_string();
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let digits: BigInt = format!("{whole}{rest}").parse().ok()?;
    let scale = BigInt::from(10).pow(u32::try_from(rest.len()).ok()?);
    Some(BigRational::new(digits, scale))
}

/// A whole number held at the ends of i32.
fn held(value: &BigRational) -> i32 {
    let whole = value.to_integer();
    let end = match whole.sign() {
        num_bigint::Sign::Minus => i32::MIN,
        _ => i32::MAX,
    };
    whole.to_i32().unwrap_or(end)
}

fn percent_of(replicas: i32, percent: i64) -> BigRational {
    BigRational::new(BigInt::from(replicas) * percent, BigInt::from(100))
}

impl Numbers for Exact {
    type Ratio = Fraction;

    fn average(sum: Sum, count: usize, target: i64) -> (i64, Fraction) {
        let all = hundredths(sum);
        let pods = BigInt::from(count.max(1)) * 100;
        let average: BigInt = &all / &pods;
        let shown = average.to_i64().unwrap_or(i64::MAX);
        (shown, fraction(all, pods * target))
    }

    fn utilization(usage: Sum, requests: i128, target: i32) -> (i32, Fraction) {
        let percents = hundredths(usage);
        let shown = match requests {
            0 => 0,
            requests => {
                let percent: BigInt = &percents / requests;
                percent.to_i32().unwrap_or(i32::MAX)
            }
        };
        (shown, fraction(percents, BigInt::from(requests) * target))
    }

    fn value(usage: i64, target: i64) -> Fraction {
        fraction(usage, target)
    }

    fn per_replica(usage: i64, target: i64, replicas: i32) -> Fraction {
        fraction(usage, BigInt::from(target) * replicas)
    }

    fn average_up(usage: i64, replicas: i32) -> Option<i64> {
        match fraction(usage, replicas) {
            Fraction::Is(average) => average.ceil().to_integer().to_i64(),
            Fraction::IsNone(_) => None,
        }
    }

    fn share(request: i64, percent: i64) -> Sum {
        Sum {
            milli: 0,
            percents: i128::from(request) * i128::from(percent),
        }
    }

    fn within(ratio: &Fraction, tolerance: Tolerance) -> bool {
        match ratio {
            Fraction::Is(ratio) => {
                let one = BigRational::one();
                let low = decimal(tolerance.scale_down).is_none_or(|down| &one - down <= *ratio);
                let high = decimal(tolerance.scale_up).is_none_or(|up| *ratio <= one + up);
                low && high
            }
            Fraction::IsNone(_) => false,
        }
    }

    fn versus_one(ratio: &Fraction) -> Option<Ordering> {
        match ratio {
            Fraction::Is(ratio) => Some(ratio.cmp(&BigRational::one())),
            Fraction::IsNone(none) => none.partial_cmp(&1.0),
        }
    }

    fn replicas(ratio: &Fraction, count: usize) -> i32 {
        match ratio {
            Fraction::Is(ratio) => held(&(ratio * BigInt::from(count)).ceil()),
            Fraction::IsNone(none) => (none * count as f64) as i32,
        }
    }

    fn shown(ratio: &Fraction) -> f64 {
        match ratio {
            Fraction::Is(ratio) => ratio.to_f64().unwrap_or(f64::NAN),
            Fraction::IsNone(none) => *none,
        }
    }

    fn plus(replicas: i32, pods: i32) -> i32 {
        replicas.saturating_add(pods)
    }

    fn minus(replicas: i32, pods: i32) -> i32 {
        replicas.saturating_sub(pods)
    }

    fn grown(replicas: i32, percent: i32) -> i32 {
        held(&percent_of(replicas, 100 + i64::from(percent)).ceil())
    }

    fn shrunk(replicas: i32, percent: i32) -> i32 {
        held(&percent_of(replicas, 100 - i64::from(percent)).trunc())
    }
}
