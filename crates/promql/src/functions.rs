//! The functions of PromQL 2.42: names and signatures.

use crate::ast::ValueType;

macro_rules! functions {
    ($($variant:ident $name:literal ($($arg:ident),*) $optional:literal $variadic:literal -> $ret:ident;)*) => {
        /// A function of PromQL 2.42.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are the functions")]
        pub enum Function { $($variant),* }

        impl Function {
            /// Every function.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name as written in PromQL.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The types of the arguments; see [`Self::optional`] and [`Self::variadic`].
            #[must_use]
            pub fn args(self) -> &'static [ValueType] {
                match self { $(Self::$variant => &[$(ValueType::$arg),*]),* }
            }

            /// How many of the last arguments may be left out.
            #[must_use]
            pub fn optional(self) -> usize {
                match self { $(Self::$variant => $optional),* }
            }

            /// True when the last argument may be repeated.
            #[must_use]
            pub fn variadic(self) -> bool {
                match self { $(Self::$variant => $variadic),* }
            }

            /// The type of the result.
            #[must_use]
            pub fn returns(self) -> ValueType {
                match self { $(Self::$variant => ValueType::$ret),* }
            }
        }
    };
}

functions! {
    Abs "abs" (InstantVector) 0 false -> InstantVector;
    Absent "absent" (InstantVector) 0 false -> InstantVector;
    AbsentOverTime "absent_over_time" (RangeVector) 0 false -> InstantVector;
    Acos "acos" (InstantVector) 0 false -> InstantVector;
    Acosh "acosh" (InstantVector) 0 false -> InstantVector;
    Asin "asin" (InstantVector) 0 false -> InstantVector;
    Asinh "asinh" (InstantVector) 0 false -> InstantVector;
    Atan "atan" (InstantVector) 0 false -> InstantVector;
    Atanh "atanh" (InstantVector) 0 false -> InstantVector;
    AvgOverTime "avg_over_time" (RangeVector) 0 false -> InstantVector;
    Ceil "ceil" (InstantVector) 0 false -> InstantVector;
    Changes "changes" (RangeVector) 0 false -> InstantVector;
    Clamp "clamp" (InstantVector, Scalar, Scalar) 0 false -> InstantVector;
    ClampMax "clamp_max" (InstantVector, Scalar) 0 false -> InstantVector;
    ClampMin "clamp_min" (InstantVector, Scalar) 0 false -> InstantVector;
    Cos "cos" (InstantVector) 0 false -> InstantVector;
    Cosh "cosh" (InstantVector) 0 false -> InstantVector;
    CountOverTime "count_over_time" (RangeVector) 0 false -> InstantVector;
    DayOfMonth "day_of_month" (InstantVector) 1 false -> InstantVector;
    DayOfWeek "day_of_week" (InstantVector) 1 false -> InstantVector;
    DayOfYear "day_of_year" (InstantVector) 1 false -> InstantVector;
    DaysInMonth "days_in_month" (InstantVector) 1 false -> InstantVector;
    Deg "deg" (InstantVector) 0 false -> InstantVector;
    Delta "delta" (RangeVector) 0 false -> InstantVector;
    Deriv "deriv" (RangeVector) 0 false -> InstantVector;
    Exp "exp" (InstantVector) 0 false -> InstantVector;
    Floor "floor" (InstantVector) 0 false -> InstantVector;
    HistogramCount "histogram_count" (InstantVector) 0 false -> InstantVector;
    HistogramFraction "histogram_fraction" (Scalar, Scalar, InstantVector) 0 false -> InstantVector;
    HistogramQuantile "histogram_quantile" (Scalar, InstantVector) 0 false -> InstantVector;
    HistogramSum "histogram_sum" (InstantVector) 0 false -> InstantVector;
    HoltWinters "holt_winters" (RangeVector, Scalar, Scalar) 0 false -> InstantVector;
    Hour "hour" (InstantVector) 1 false -> InstantVector;
    Idelta "idelta" (RangeVector) 0 false -> InstantVector;
    Increase "increase" (RangeVector) 0 false -> InstantVector;
    Irate "irate" (RangeVector) 0 false -> InstantVector;
    LabelJoin "label_join" (InstantVector, String, String, String) 1 true -> InstantVector;
    LabelReplace "label_replace" (InstantVector, String, String, String, String) 0 false -> InstantVector;
    LastOverTime "last_over_time" (RangeVector) 0 false -> InstantVector;
    Ln "ln" (InstantVector) 0 false -> InstantVector;
    Log10 "log10" (InstantVector) 0 false -> InstantVector;
    Log2 "log2" (InstantVector) 0 false -> InstantVector;
    MaxOverTime "max_over_time" (RangeVector) 0 false -> InstantVector;
    MinOverTime "min_over_time" (RangeVector) 0 false -> InstantVector;
    Minute "minute" (InstantVector) 1 false -> InstantVector;
    Month "month" (InstantVector) 1 false -> InstantVector;
    Pi "pi" () 0 false -> Scalar;
    PredictLinear "predict_linear" (RangeVector, Scalar) 0 false -> InstantVector;
    PresentOverTime "present_over_time" (RangeVector) 0 false -> InstantVector;
    QuantileOverTime "quantile_over_time" (Scalar, RangeVector) 0 false -> InstantVector;
    Rad "rad" (InstantVector) 0 false -> InstantVector;
    Rate "rate" (RangeVector) 0 false -> InstantVector;
    Resets "resets" (RangeVector) 0 false -> InstantVector;
    Round "round" (InstantVector, Scalar) 1 false -> InstantVector;
    Scalar "scalar" (InstantVector) 0 false -> Scalar;
    Sgn "sgn" (InstantVector) 0 false -> InstantVector;
    Sin "sin" (InstantVector) 0 false -> InstantVector;
    Sinh "sinh" (InstantVector) 0 false -> InstantVector;
    Sort "sort" (InstantVector) 0 false -> InstantVector;
    SortDesc "sort_desc" (InstantVector) 0 false -> InstantVector;
    Sqrt "sqrt" (InstantVector) 0 false -> InstantVector;
    StddevOverTime "stddev_over_time" (RangeVector) 0 false -> InstantVector;
    StdvarOverTime "stdvar_over_time" (RangeVector) 0 false -> InstantVector;
    SumOverTime "sum_over_time" (RangeVector) 0 false -> InstantVector;
    Tan "tan" (InstantVector) 0 false -> InstantVector;
    Tanh "tanh" (InstantVector) 0 false -> InstantVector;
    Time "time" () 0 false -> Scalar;
    Timestamp "timestamp" (InstantVector) 0 false -> InstantVector;
    Vector "vector" (Scalar) 0 false -> InstantVector;
    Year "year" (InstantVector) 1 false -> InstantVector;
}

impl Function {
    /// The function called `name`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.name() == name)
    }
}
