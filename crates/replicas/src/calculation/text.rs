//! How a calculation reads.

use std::fmt::{self, Display, Formatter};

use super::{Calculation, Names, Outcome, PodsCalculation, SecondPass, TotalCalculation, Unit};
use crate::explain::number::{Beside, Bound, Milli, Product, Ratio};
use crate::options::Tolerance;

/// A value in its unit.
struct Value(Unit, i64);

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unit::Milli => Milli(self.1).fmt(f),
            Unit::Percent => write!(f, "{} %", self.1),
        }
    }
}

impl Display for Names {
    /// `a, b and 3 more`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.count - self.first.len().min(self.count) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// `> 1.10`, `< 0.90` or `is within 0.90 to 1.10`.
struct Compared(f64, Tolerance);

impl Display for Compared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (low, high) = (1.0 - self.1.scale_down, 1.0 + self.1.scale_up);
        if self.0 > high {
            write!(f, "> {}", Bound(high))
        } else if self.0 < low {
            write!(f, "< {}", Bound(low))
        } else {
            write!(f, "is within {} to {}", Bound(low), Bound(high))
        }
    }
}

impl Display for Calculation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(pods) => pods.fmt(f),
            Self::Total(total) => total.fmt(f),
        }
    }
}

impl Display for PodsCalculation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (value, target) = (Value(self.unit, self.value), Value(self.unit, self.target));
        write!(
            f,
            "{value} ÷ {target} = {} {}",
            Beside(self.ratio, self.tolerance),
            Compared(self.ratio, self.tolerance)
        )?;
        let product = Product {
            ratio: self.ratio,
            count: self.ready,
            what: "",
            replicas: self.replicas,
        };
        let Some(second) = &self.second else {
            return match self.outcome {
                Outcome::Scaled => write!(f, " → ceil({product}) = {}", self.replicas),
                Outcome::Backward => write!(
                    f,
                    " → ceil({product}) would move against the ratio, stays {}",
                    self.replicas
                ),
                _ => write!(f, " → stays {}", self.replicas),
            };
        };
        write!(f, ", of {} with a sample; ", self.counted)?;
        self.second(f, second)
    }
}

impl PodsCalculation {
    fn second(&self, f: &mut Formatter<'_>, second: &SecondPass) -> fmt::Result {
        if self.missing.count > 0 {
            write!(f, "{} without a sample ", self.missing)?;
            match second.assumed {
                Some(assumed) => write!(f, "counted as {}", Value(self.unit, assumed))?,
                None => f.write_str("left out")?,
            }
        }
        if second.with_unready {
            let and = if self.missing.count > 0 { ", " } else { "" };
            write!(f, "{and}{} not ready counted as 0", self.unready)?;
        }
        let ratio = Beside(second.ratio, self.tolerance);
        write!(f, ": ratio {ratio} over {} → ", second.counted)?;
        let stays = self.replicas;
        let product = Product {
            ratio: second.ratio,
            count: second.counted,
            what: "",
            replicas: self.replicas,
        };
        match self.outcome {
            Outcome::Scaled => write!(f, "ceil({product}) = {}", self.replicas),
            Outcome::Within => write!(
                f,
                "{}, stays {stays}",
                Compared(second.ratio, self.tolerance)
            ),
            Outcome::Turned => write!(f, "the other side of 1, stays {stays}"),
            Outcome::Backward => write!(
                f,
                "ceil({product}) would move against the ratio, stays {stays}"
            ),
        }
    }
}

impl Display for TotalCalculation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (value, target) = (Milli(self.value), Milli(self.target));
        let ratio = Ratio(self.ratio);
        write!(f, "{value} ÷ ")?;
        match self.status_replicas {
            Some(replicas) if replicas != 0 => write!(f, "({target} × {replicas})")?,
            _ => target.fmt(f)?,
        }
        match self.tolerance {
            Some(tolerance) => {
                let (beside, compared) = (
                    Beside(self.ratio, tolerance),
                    Compared(self.ratio, tolerance),
                );
                write!(f, " = {beside} {compared}")?;
            }
            None => write!(f, " = {ratio}")?,
        }
        let replicas = self.replicas;
        match (self.outcome, self.status_replicas, self.ready) {
            (Outcome::Scaled, Some(_), _) => {
                write!(f, " → ceil({value} ÷ {target}) = {replicas}")
            }
            (Outcome::Scaled, None, Some(ready)) => {
                let product = Product {
                    ratio: self.ratio,
                    count: ready,
                    what: " ready",
                    replicas,
                };
                write!(f, " → ceil({product}) = {replicas}")
            }
            (Outcome::Scaled, None, None) => write!(f, " → ceil({ratio}) = {replicas}"),
            _ => write!(f, " → stays {replicas}"),
        }
    }
}
