//! Function calls.

use std::cell::Cell;

use concertina_model::{Labels, Timestamp};
use concertina_promql::ast::{Expr, ExprKind, Function};

use super::series::{Name, Window};
use super::stats::quantile;
use super::{Element, Evaluator, Set, Value, absent, calendar, math, over_time, rate, unwrapped};
use crate::EvalError;

impl Evaluator<'_> {
    pub(super) fn call(
        &self,
        function: Function,
        args: &[Expr],
        now: Timestamp,
    ) -> Result<Value, EvalError> {
        let wrong = || EvalError::WrongType(function.name());
        let vector = match (function, args) {
            (Function::Time, _) => return Ok(Value::Scalar(now.as_secs_f64())),
            (Function::Pi, _) => return Ok(Value::Scalar(std::f64::consts::PI)),
            (Function::Scalar, [arg]) => {
                return Ok(Value::Scalar(match self.vector(arg, now)?.as_slice() {
                    [one] => one.value,
                    _ => f64::NAN,
                }));
            }
            (Function::Vector, [arg]) => self.one(&Labels::new(), self.scalar(arg, now)?),
            (Function::Absent, [arg]) => {
                let present = !self.vector(arg, now)?.is_empty();
                self.absent(arg, present)
            }
            (Function::AbsentOverTime, [arg]) => {
                let mut present = false;
                self.ranges(arg, now, Name::Kept, |_, _| present = true)?;
                self.absent(arg, present)
            }
            (Function::Timestamp, [arg]) => self.timestamps(arg, now)?,
            (Function::Sort | Function::SortDesc, [arg]) => {
                let mut vector = self.vector(arg, now)?;
                let descending = function == Function::SortDesc;
                vector.sort_by(|a, b| math::order(a.value, b.value, descending));
                vector
            }
            (Function::Round, [arg, rest @ ..]) => {
                let to = match rest {
                    [to, ..] => self.scalar(to, now)?,
                    [] => 1.0,
                };
                self.map(self.vector(arg, now)?, |v| math::round(v, to))?
            }
            (Function::Clamp, [arg, low, high]) => {
                let vector = self.vector(arg, now)?;
                let (low, high) = (self.scalar(low, now)?, self.scalar(high, now)?);
                if high < low {
                    Vec::new()
                } else {
                    self.map(vector, |v| math::max(low, math::min(high, v)))?
                }
            }
            (Function::ClampMax, [arg, high]) => {
                let high = self.scalar(high, now)?;
                self.map(self.vector(arg, now)?, |v| math::min(high, v))?
            }
            (Function::ClampMin, [arg, low]) => {
                let low = self.scalar(low, now)?;
                self.map(self.vector(arg, now)?, |v| math::max(low, v))?
            }
            (Function::LabelReplace, [arg, texts @ ..]) => {
                let vector = self.vector(arg, now)?;
                match self.texts(texts, now)?.as_slice() {
                    [to, replacement, from, pattern] => {
                        self.label_replace(vector, [to, replacement, from, pattern])?
                    }
                    _ => return Err(wrong()),
                }
            }
            (Function::LabelJoin, [arg, texts @ ..]) => {
                let vector = self.vector(arg, now)?;
                match self.texts(texts, now)?.as_slice() {
                    [to, separator, from @ ..] => self.label_join(vector, to, separator, from)?,
                    _ => return Err(wrong()),
                }
            }
            (Function::HistogramQuantile, [q, arg]) => {
                self.quantiles(self.scalar(q, now)?, &self.vector(arg, now)?)
            }
            // Native histograms are not stored: float samples have none of these.
            (Function::HistogramCount | Function::HistogramSum, [arg])
            | (Function::HistogramFraction, [_, _, arg]) => {
                self.vector(arg, now)?;
                Vec::new()
            }
            (Function::QuantileOverTime, [q, arg]) => {
                let q = self.scalar(q, now)?;
                self.windows(arg, now, |window| {
                    let values = window.samples.iter().map(|sample| sample.value);
                    Some(quantile(q, values.collect()))
                })?
            }
            (Function::PredictLinear, [arg, ahead]) => {
                let ahead = self.scalar(ahead, now)?;
                self.windows(arg, now, |window| {
                    let (slope, value) = rate::line(window.samples, now.as_millis())?;
                    Some(slope * ahead + value)
                })?
            }
            (Function::HoltWinters, [arg, smoothing, trend]) => {
                self.holt_winters(arg, smoothing, trend, now)?
            }
            (Function::Rate | Function::Increase | Function::Delta, [arg]) => {
                self.windows(arg, now, |window| rate::extrapolated(function, window))?
            }
            (Function::Irate | Function::Idelta, [arg]) => {
                self.windows(arg, now, |window| rate::instant(function, window))?
            }
            (Function::Deriv, [arg]) => self.windows(arg, now, |window| {
                let start = window.samples.first()?.timestamp.as_millis();
                Some(rate::line(window.samples, start)?.0)
            })?,
            (Function::LastOverTime, [arg]) => {
                let mut last = Vec::new();
                self.ranges(arg, now, Name::Kept, |set, window| {
                    last.extend(window.samples.last().map(|sample| Element {
                        set: Set::clone(set),
                        value: sample.value,
                    }));
                })?;
                last
            }
            (_, args) => self.plain_call(function, args, now)?,
        };
        Ok(Value::Vector(vector))
    }

    /// Functions of one value, of a window, and of the calendar.
    fn plain_call(
        &self,
        function: Function,
        args: &[Expr],
        now: Timestamp,
    ) -> Result<Vec<Element>, EvalError> {
        if let ([arg], Some(apply)) = (args, math::of_value(function)) {
            return self.map(self.vector(arg, now)?, apply);
        }
        if calendar::part(function, 0.0).is_some() {
            let times = match args {
                [arg] => self.vector(arg, now)?,
                _ => self.one(&Labels::new(), now.as_secs_f64()),
            };
            return self.map(times, |v| calendar::part(function, v).unwrap_or(f64::NAN));
        }
        match args {
            [arg] => self.windows(arg, now, |w| over_time::over_time(function, w.samples)),
            _ => Err(EvalError::WrongType(function.name())),
        }
    }

    fn windows(
        &self,
        arg: &Expr,
        now: Timestamp,
        value: impl Fn(Window<'_>) -> Option<f64>,
    ) -> Result<Vec<Element>, EvalError> {
        let mut elements = Vec::new();
        let name = match self.ignored.get() == Some(std::ptr::from_ref(arg)) {
            true => Name::Ignored,
            false => Name::Dropped,
        };
        let different = self.ranges(arg, now, name, |set, window| {
            elements.extend(value(window).map(|value| Element {
                set: Set::clone(set),
                value,
            }));
        })?;
        if different {
            return Ok(elements);
        }
        self.distinct(elements)
    }

    fn texts(&self, args: &[Expr], now: Timestamp) -> Result<Vec<String>, EvalError> {
        let texts = args.iter().map(|arg| match self.eval(arg, now)? {
            Value::String(text) => Ok(text),
            _ => Err(EvalError::WrongType("a function of labels")),
        });
        texts.collect()
    }

    /// Factors are strictly between 0 and 1. Upstream looks at them where there is a sample.
    fn holt_winters(
        &self,
        arg: &Expr,
        smoothing: &Expr,
        trend: &Expr,
        now: Timestamp,
    ) -> Result<Vec<Element>, EvalError> {
        let factors = (self.scalar(smoothing, now)?, self.scalar(trend, now)?);
        let called = Cell::new(false);
        let smoothed = self.windows(arg, now, |window| {
            called.set(true);
            rate::smoothed(window.samples, factors.0, factors.1)
        })?;
        let factors = [
            ("the smoothing factor of holt_winters", factors.0),
            ("the trend factor of holt_winters", factors.1),
        ];
        let refused = factors.into_iter().find(|(_, v)| *v <= 0.0 || *v >= 1.0);
        match refused.filter(|_| called.get()) {
            Some((what, value)) => Err(EvalError::BadParameter { what, value }),
            None => Ok(smoothed),
        }
    }

    /// The times of a selector's own samples; of anything else, the evaluation's.
    fn timestamps(&self, arg: &Expr, now: Timestamp) -> Result<Vec<Element>, EvalError> {
        if let ExprKind::Selector(selector) = &unwrapped(arg).kind {
            return self.times(selector, now);
        }
        let at = now.as_secs_f64();
        self.map(self.vector(arg, now)?, |_| at)
    }

    fn absent(&self, arg: &Expr, present: bool) -> Vec<Element> {
        match present {
            true => Vec::new(),
            false => self.one(&absent::labels(arg), 1.0),
        }
    }

    fn one(&self, labels: &Labels, value: f64) -> Vec<Element> {
        let set = self.sets.set(labels);
        vec![Element { set, value }]
    }
}
