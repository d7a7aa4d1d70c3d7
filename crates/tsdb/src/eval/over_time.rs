//! Aggregations of one series over a window.

use concertina_model::Sample;
use concertina_promql::ast::Function;

use super::stats::{Compensated, compensated_mean};

/// The value of `function` over `samples`, which are not empty; None when it has none.
pub(super) fn over_time(function: Function, samples: &[Sample]) -> Option<f64> {
    let values = || samples.iter().map(|sample| sample.value);
    let first = values().next()?;
    let pairs = |count: fn(f64, f64) -> bool| {
        let pairs = values().zip(values().skip(1));
        pairs.filter(|(a, b)| count(*a, *b)).count() as f64
    };
    Some(match function {
        Function::AvgOverTime => compensated_mean(values()),
        Function::SumOverTime => {
            let mut sum = Compensated::default();
            values().for_each(|value| sum.add(value));
            sum.total()
        }
        Function::CountOverTime => samples.len() as f64,
        Function::PresentOverTime => 1.0,
        Function::MaxOverTime => {
            values().fold(
                first,
                |max, v| if v > max || max.is_nan() { v } else { max },
            )
        }
        Function::MinOverTime => {
            values().fold(
                first,
                |min, v| if v < min || min.is_nan() { v } else { min },
            )
        }
        Function::StdvarOverTime => variance(values()),
        Function::StddevOverTime => variance(values()).sqrt(),
        Function::Changes => pairs(|a, b| a != b && !(a.is_nan() && b.is_nan())),
        Function::Resets => pairs(|a, b| b < a),
        _ => return None,
    })
}

fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let mut count = 0.0;
    let (mut mean, mut squares) = (Compensated::default(), Compensated::default());
    for value in values {
        count += 1.0;
        let delta = value - (mean.sum + mean.rest);
        mean.add(delta / count);
        squares.add(delta * (value - (mean.sum + mean.rest)));
    }
    (squares.sum + squares.rest) / count
}
