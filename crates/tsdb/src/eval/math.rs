//! Functions of numbers, with Go's results where Rust's differ.

use std::cmp::Ordering;
use std::f64::consts::{LN_2, LOG2_E, LOG10_E, PI};

use concertina_promql::ast::Function;

/// The function that is applied to each value, when `function` is such a one.
pub(super) fn of_value(function: Function) -> Option<fn(f64) -> f64> {
    Some(match function {
        Function::Abs => f64::abs,
        Function::Acos => f64::acos,
        Function::Acosh => |v| without_overflow(v, v.acosh()),
        Function::Asin => f64::asin,
        Function::Asinh => |v| without_overflow(v, v.asinh()),
        Function::Atan => f64::atan,
        Function::Atanh => f64::atanh,
        Function::Ceil => f64::ceil,
        Function::Cos => f64::cos,
        Function::Cosh => f64::cosh,
        Function::Deg => |v| v * 180.0 / PI,
        Function::Exp => exp,
        Function::Floor => f64::floor,
        Function::Ln => ln,
        Function::Log10 => |v| ln(v) * LOG10_E,
        Function::Log2 => log2,
        Function::Rad => |v| v * PI / 180.0,
        Function::Sgn => |v| {
            if v < 0.0 {
                -1.0
            } else if v > 0.0 {
                1.0
            } else {
                v
            }
        },
        Function::Sin => f64::sin,
        Function::Sinh => f64::sinh,
        Function::Sqrt => f64::sqrt,
        Function::Tan => f64::tan,
        Function::Tanh => f64::tanh,
        _ => return None,
    })
}

/// Exponent and fraction, from a half to one, of a positive number as its bits say.
fn parts(v: f64) -> (f64, f64) {
    let bits = v.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022;
    let fraction = f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52));
    (f64::from(exponent), fraction)
}

/// Go's `math.Log` on amd64: the algorithm of FreeBSD's `e_log.c`, on the parts of the number as
/// they lie in memory, also for denormal ones. `count_values` prints the last digit of it.
fn ln(v: f64) -> f64 {
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const L: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    if v.is_nan() || v <= 0.0 || v.is_infinite() {
        return v.ln();
    }
    let (mut exponent, mut fraction) = parts(v);
    if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1.0;
    }
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let [l1, l2, l3, l4, l5, l6, l7] = L;
    let odd = s2 * (l1 + s4 * (l3 + s4 * (l5 + s4 * l7)));
    let even = s4 * (l2 + s4 * (l4 + s4 * l6));
    let half = 0.5 * f * f;
    exponent * LN_2_HIGH - ((half - (s * (half + (odd + even)) + exponent * LN_2_LOW)) - f)
}

/// Go's `math.Log2`: exact for powers of two.
fn log2(v: f64) -> f64 {
    if !v.is_normal() || v < 0.0 {
        return v.log2();
    }
    match parts(v) {
        (exponent, 0.5) => exponent - 1.0,
        (exponent, fraction) => ln(fraction) * LOG2_E + exponent,
    }
}

/// The hyperbolic inverses of large numbers are logarithms of twice the number.
fn without_overflow(v: f64, result: f64) -> f64 {
    if result.is_infinite() && v.is_finite() {
        (v.abs().ln() + LN_2).copysign(v)
    } else {
        result
    }
}

/// Go's `math.Exp` on amd64: a Taylor series of a sixteenth of the rest, squared up again.
/// Prometheus prints the last digit of it in `count_values`.
fn exp(v: f64) -> f64 {
    const LN_2_HIGH: f64 = 6.931_471_805_596_63e-1;
    const LN_2_LOW: f64 = 2.823_529_056_303_157_7e-13;
    if v.is_nan() || v.abs() >= 700.0 {
        return v.exp();
    }
    let exponent = (v * LOG2_E).round_ties_even();
    let mut x = (-LN_2_HIGH).mul_add(exponent, v);
    x = (-LN_2_LOW).mul_add(exponent, x);
    x *= 0.0625;
    // 1/8!, 1/7!, … 1/2!, 1/1!
    let factorials = [5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0];
    let series = factorials
        .into_iter()
        .fold(1.0 / 40_320.0, |sum: f64, factorial| {
            sum.mul_add(x, 1.0 / factorial)
        });
    x *= series;
    for _ in 0..3 {
        x *= x + 2.0;
    }
    x.mul_add(x + 2.0, 1.0) * exponent.exp2()
}

/// Go's `math.Pow`: the whole part of the exponent by squaring, the rest through a logarithm.
/// Operators of `^` show the last digit of it.
pub(super) fn pow(base: f64, exponent: f64) -> f64 {
    let special = base == 0.0 || base == 1.0 || !base.is_finite() || !exponent.is_finite();
    if special || exponent == 0.0 || exponent.abs() == 0.5 {
        // A root is exact to the last digit, and of zero and minus infinity it has no sign.
        return match (exponent, base > 0.0 && base.is_finite()) {
            (0.5, true) => base.sqrt(),
            (-0.5, true) => 1.0 / base.sqrt(),
            _ => base.powf(exponent),
        };
    }
    let (mut whole, mut rest) = (exponent.abs().trunc(), exponent.abs().fract());
    if rest != 0.0 && base < 0.0 {
        return f64::NAN;
    }
    if whole >= 9.223_372_036_854_776e18 {
        return base.powf(exponent);
    }
    let mut result = 1.0;
    if rest != 0.0 {
        if rest > 0.5 {
            rest -= 1.0;
            whole += 1.0;
        }
        result = exp(rest * ln(base));
    }
    let (mut power, mut shift) = parts_of_any(base.abs());
    let mut shifted = 0_i64;
    let mut left = whole as u64;
    while left != 0 {
        // Far beyond what a float can be.
        if shift.abs() > 1 << 12 {
            shifted += shift;
            break;
        }
        if left & 1 == 1 {
            result *= power;
            shifted += shift;
        }
        power *= power;
        shift *= 2;
        if power < 0.5 {
            power += power;
            shift -= 1;
        }
        left >>= 1;
    }
    if exponent < 0.0 {
        result = 1.0 / result;
        shifted = -shifted;
    }
    let odd = whole % 2.0 == 1.0;
    scaled(if base < 0.0 && odd { -result } else { result }, shifted)
}

/// [`parts`] of any positive number, denormal ones included.
fn parts_of_any(v: f64) -> (f64, i64) {
    let (by, times) = match v.is_normal() {
        true => (0, 1.0),
        false => (54, 18_014_398_509_481_984.0),
    };
    let (exponent, fraction) = parts(v * times);
    (fraction, exponent as i64 - by)
}

/// `v` times two to the power of `exponent`, rounded once.
fn scaled(v: f64, exponent: i64) -> f64 {
    match exponent {
        -1020..=1000 => v * (exponent as f64).exp2(),
        ..=-1201 => v * 0.0,
        -1200..=-1021 => v * ((exponent + 200) as f64).exp2() * (-200_f64).exp2(),
        1201.. => v * f64::INFINITY,
        1001..=1200 => v * ((exponent - 200) as f64).exp2() * 200_f64.exp2(),
    }
}

/// Go's `math.Max`: NaN wins, except over +Inf.
pub(super) fn max(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == 0.0 && b == 0.0 {
        if a.is_sign_negative() { b } else { a }
    } else if a > b {
        a
    } else {
        b
    }
}

/// Go's `math.Min`: NaN wins, except over -Inf.
pub(super) fn min(a: f64, b: f64) -> f64 {
    -max(-a, -b)
}

/// `v` to the nearest multiple of `to`, halves up.
pub(super) fn round(v: f64, to: f64) -> f64 {
    let inverse = 1.0 / to;
    (v * inverse + 0.5).floor() / inverse
}

/// The order of a sorted result: NaN last in both directions.
pub(super) fn order(a: f64, b: f64, descending: bool) -> Ordering {
    match a.partial_cmp(&b) {
        Some(order) if descending => order.reverse(),
        Some(order) => order,
        None => a.is_nan().cmp(&b.is_nan()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_digit_is_that_of_prometheus() {
        assert_eq!(pow(2.0, 3.5).to_string(), "11.31370849898476");
        assert_eq!(pow(2.0, 2.5).to_string(), "5.65685424949238");
        assert_eq!(exp(1.0 / 3.0).to_string(), "1.3956124250860895");
    }

    #[test]
    fn powers_at_the_edges_are_those_of_c() {
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            2.0,
            -2.0,
            3.0,
            -3.0,
            1e300,
            -1e300,
            1e-300,
            5e-324,
            1074.0,
            -1074.0,
            9.3e18,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        for base in edges {
            for exponent in edges {
                let (got, want) = (pow(base, exponent), base.powf(exponent));
                let same = got == want
                    || (got.is_nan() && want.is_nan())
                    || (got - want).abs() <= 1e-15 * want.abs();
                let signs = got.is_sign_negative() == want.is_sign_negative() || got.is_nan();
                assert!(
                    same && signs,
                    "{base:e} ^ {exponent:e}: {got:e} != {want:e}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn powers_are_those_of_c_but_for_the_last_digits(base in 1e-20_f64..1e20, exponent in -12.0_f64..12.0) {
            let (got, want) = (pow(base, exponent), base.powf(exponent));
            prop_assert!((got - want).abs() <= 1e-14 * want.abs(), "{got} != {want}");
        }

        #[test]
        fn powers_by_whole_numbers_keep_the_sign(base in -1e5_f64..-1.0, exponent in -50..50_i32) {
            let (got, want) = (pow(base, exponent.into()), base.powf(exponent.into()));
            prop_assert!((got - want).abs() <= 1e-13 * want.abs(), "{got} != {want}");
        }
    }
}
