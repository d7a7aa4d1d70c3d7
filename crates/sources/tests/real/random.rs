//! Expressions that nobody would write, from the whole grammar, by a seed: `$CONCERTINA_SEED`, or
//! always the same.

use crate::expressions::{answered_alike, filled, page};

/// What is on every page, and numbers that are none or far away.
fn odd_page(number: usize, at: i64) -> String {
    let turn = number as f64;
    let odd = [
        ("zero", 0.0),
        (
            "nan",
            if number.is_multiple_of(3) {
                f64::NAN
            } else {
                turn
            },
        ),
        (
            "inf",
            if number.is_multiple_of(5) {
                f64::INFINITY
            } else {
                -turn
            },
        ),
        ("tiny", 1e-300 * turn),
        ("huge", 1e300 * (turn - 20.0)),
        ("same", 0.1),
        ("less", -0.3 * turn),
    ];
    let mut text = page(number, at);
    for (kind, value) in odd {
        text += &format!("odd{{kind=\"{kind}\"}} {value} {at}\n");
    }
    // Begins again all the time, and has gaps.
    if number % 7 != 3 {
        text += &format!("odd_total{{kind=\"short\"}} {} {at}\n", number % 6);
    }
    // Of one sample, and of two.
    if number == 30 {
        text += &format!("odd_total{{kind=\"once\"}} 5 {at}\n");
    }
    if number >= 39 {
        text += &format!("odd_total{{kind=\"new\"}} {} {at}\n", number * 2);
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Debian's prometheus"]
async fn random_expressions_have_the_same_answers() {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let mut dice = Dice::new(number("CONCERTINA_SEED").unwrap_or(1));
    let count = number("CONCERTINA_COUNT").unwrap_or(800);
    let (both, last) = filled("real-random", odd_page).await;
    let last_seconds = (last as f64 / 1000.0).to_string();
    let all = (0..count).map(|_| expression(&mut dice, 4).replace("LAST", &last_seconds));
    let all = all.collect();
    answered_alike(&both, last, all).await;
}

/// Numbers that look random, the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 16) as usize % sides
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }

    fn now_and_then(&mut self, one_in: usize) -> bool {
        self.roll(one_in) == 0
    }
}

const LABELS: [&str; 7] = ["node", "gpu", "pod", "code", "le", "kind", "__name__"];
const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// An expression, nested at most so deep, and its type: a number, an instant vector or a range.
pub(crate) fn expression(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(12) {
        0 => scalar(dice, depth),
        1 => range(dice, depth),
        _ => vector(dice, depth),
    }
}

fn number(dice: &mut Dice) -> &'static str {
    dice.one_of(&[
        "0", "1", "2", "-1", "0.5", "-0.25", "0.9", "7", "40", "1e3", "0x1F", "1e-3", "NaN", "Inf",
        "-Inf", "1.5", "3", "100",
    ])
}

fn span(dice: &mut Dice) -> &'static str {
    dice.one_of(&[
        "15s", "20s", "50s", "1m", "90s", "2m", "4m15s", "10m", "1ms", "7s500ms",
    ])
}

fn scalar(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return number(dice).to_owned();
    }
    let depth = depth - 1;
    match dice.roll(8) {
        0..=2 => number(dice).to_owned(),
        3 => "time()".to_owned(),
        4 => dice.one_of(&["pi()", "-time()", "+1"]).to_owned(),
        5 => format!("scalar({})", vector(dice, depth)),
        6 => {
            let op = dice.one_of(&["+", "-", "*", "/", "%", "^", "atan2"]);
            format!("{} {op} {}", scalar(dice, depth), scalar(dice, depth))
        }
        _ => {
            let op = dice.one_of(&COMPARISONS);
            format!(
                "({} {op} bool {})",
                scalar(dice, depth),
                scalar(dice, depth)
            )
        }
    }
}

fn selector(dice: &mut Dice) -> String {
    let matchers = [
        "node=\"a\"",
        "node!=\"a\"",
        "gpu=~\"[01]\"",
        "gpu!~\"0|3\"",
        "pod=\"\"",
        "pod!=\"\"",
        "pod=~\"train.*\"",
        "pod=~\".+\"",
        "code!~\"5..\"",
        "kind=~\"(?i:N.*)|zero\"",
        "le!=\"+Inf\"",
        "nosuch=\"\"",
        "nosuch=~\".*\"",
    ];
    let names = [
        "util",
        "temp",
        "requests_total",
        "latency_bucket",
        "odd",
        "odd_total",
        "nosuch",
    ];
    match dice.roll(10) {
        0 => format!(
            "{{__name__=~\"{}\"}}",
            dice.one_of(&["util|temp", "odd.*", ".*_total", "u.*l"])
        ),
        1 => format!(
            "{}{{{},{}}}",
            dice.one_of(&names),
            dice.one_of(&matchers),
            dice.one_of(&matchers)
        ),
        2..=4 => format!("{}{{{}}}", dice.one_of(&names), dice.one_of(&matchers)),
        _ => dice.one_of(&names).to_owned(),
    }
}

/// What may stand behind a selector or a subquery.
fn modified(dice: &mut Dice, text: String) -> String {
    let offset = match dice.roll(6) {
        0 => format!(" offset {}", span(dice)),
        1 => format!(" offset -{}", span(dice)),
        _ => String::new(),
    };
    let at = match dice.roll(12) {
        0 => dice.one_of(&[" @ start()", " @ end()"]).to_owned(),
        1 => " @ LAST".to_owned(),
        _ => String::new(),
    };
    match dice.now_and_then(2) {
        true => format!("{text}{offset}{at}"),
        false => format!("{text}{at}{offset}"),
    }
}

fn range(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 || !dice.now_and_then(3) {
        let text = format!("{}[{}]", selector(dice), span(dice));
        return modified(dice, text);
    }
    let step = dice.one_of(&["15s", "35s", "7s", "1m", ""]);
    let inner = vector(dice, depth - 1);
    let text = format!("({inner})[{}:{step}]", dice.one_of(&["50s", "1m", "3m"]));
    modified(dice, text)
}

fn labels(dice: &mut Dice) -> String {
    let all: Vec<&str> = (0..dice.roll(4)).map(|_| dice.one_of(&LABELS)).collect();
    all.join(", ")
}

fn grouping(dice: &mut Dice) -> String {
    match dice.roll(3) {
        0 => String::new(),
        1 => format!(" by ({})", labels(dice)),
        _ => format!(" without ({})", labels(dice)),
    }
}

fn matching(dice: &mut Dice, one: bool) -> String {
    let on = match dice.roll(4) {
        0 => return String::new(),
        1 => format!(" ignoring ({})", labels(dice)),
        _ => format!(" on ({})", labels(dice)),
    };
    match dice.roll(5) {
        0 if one => format!("{on} group_left ({})", labels(dice)),
        1 if one => format!("{on} group_right ({})", labels(dice)),
        2 if one => format!("{on} group_left"),
        _ => on,
    }
}

fn vector(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        let text = selector(dice);
        return modified(dice, text);
    }
    let depth = depth - 1;
    match dice.roll(20) {
        0 | 1 => vector(dice, 0),
        2 | 3 => of_vector(dice, depth),
        4..=7 => of_range(dice, depth),
        8..=11 => aggregation(dice, depth),
        12 | 13 => {
            let op = dice.one_of(&["+", "-", "*", "/", "%", "^", "atan2"]);
            let how = matching(dice, true);
            format!("{} {op}{how} {}", vector(dice, depth), vector(dice, depth))
        }
        14 => {
            let op = dice.one_of(&COMPARISONS);
            let with_bool = dice.one_of(&["", " bool"]);
            let how = matching(dice, true);
            format!(
                "{} {op}{with_bool}{how} {}",
                vector(dice, depth),
                vector(dice, depth)
            )
        }
        15 => {
            let op = dice.one_of(&["and", "or", "unless"]);
            let how = matching(dice, false);
            format!("{} {op}{how} {}", vector(dice, depth), vector(dice, depth))
        }
        16 => {
            let op = dice.one_of(&[
                "+", "-", "*", "/", "%", "^", "atan2", ">", "<= bool", "==", "!=",
            ]);
            match dice.now_and_then(2) {
                true => format!("{} {op} {}", vector(dice, depth), scalar(dice, depth)),
                false => format!("{} {op} {}", scalar(dice, depth), vector(dice, depth)),
            }
        }
        17 => format!("{}({})", dice.one_of(&["-", "+", ""]), vector(dice, depth)),
        18 => match dice.roll(4) {
            0 => format!("vector({})", scalar(dice, depth)),
            1 => format!(
                "{}()",
                dice.one_of(&["hour", "minute", "day_of_week", "year"])
            ),
            _ => format!(
                "histogram_quantile({}, {})",
                scalar(dice, depth),
                vector(dice, depth)
            ),
        },
        _ => {
            let to = dice.one_of(&["to", "pod", "node", "__name__"]);
            let from = dice.one_of(&["node", "pod", "gpu", "__name__", "nosuch"]);
            let inner = vector(dice, depth);
            match dice.now_and_then(2) {
                true => format!("label_join({inner}, \"{to}\", \"-\", \"{from}\", \"gpu\")"),
                false => {
                    let pattern =
                        dice.one_of(&["(.*)", "(t)rain-(.+)", "([a-z]+)(.*)", "", "nothing"]);
                    let by = dice.one_of(&["$1", "x$1-$2", "${2}y", "", "fixed", "$0$3"]);
                    format!("label_replace({inner}, \"{to}\", \"{by}\", \"{from}\", \"{pattern}\")")
                }
            }
        }
    }
}

fn of_vector(dice: &mut Dice, depth: usize) -> String {
    let name = dice.one_of(&[
        "abs",
        "absent",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "ceil",
        "cos",
        "cosh",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "days_in_month",
        "deg",
        "exp",
        "floor",
        "hour",
        "ln",
        "log10",
        "log2",
        "minute",
        "month",
        "rad",
        "round",
        "sgn",
        "sin",
        "sinh",
        "sort",
        "sort_desc",
        "sqrt",
        "tan",
        "tanh",
        "timestamp",
        "year",
        "clamp",
        "clamp_min",
        "clamp_max",
        "histogram_count",
        "histogram_sum",
    ]);
    let inner = vector(dice, depth);
    match name {
        "clamp" => format!(
            "clamp({inner}, {}, {})",
            scalar(dice, depth),
            scalar(dice, depth)
        ),
        "clamp_min" | "clamp_max" => format!("{name}({inner}, {})", scalar(dice, depth)),
        "round" if dice.now_and_then(2) => format!("round({inner}, {})", scalar(dice, 0)),
        _ => format!("{name}({inner})"),
    }
}

fn of_range(dice: &mut Dice, depth: usize) -> String {
    let name = dice.one_of(&[
        "absent_over_time",
        "avg_over_time",
        "changes",
        "count_over_time",
        "delta",
        "deriv",
        "holt_winters",
        "idelta",
        "increase",
        "irate",
        "last_over_time",
        "max_over_time",
        "min_over_time",
        "predict_linear",
        "present_over_time",
        "quantile_over_time",
        "rate",
        "resets",
        "stddev_over_time",
        "stdvar_over_time",
        "sum_over_time",
        "rate",
        "increase",
        "avg_over_time",
    ]);
    let inner = range(dice, depth);
    match name {
        "quantile_over_time" => format!("{name}({}, {inner})", scalar(dice, depth)),
        "predict_linear" => format!("{name}({inner}, {})", scalar(dice, depth)),
        "holt_winters" => {
            let factor = |dice: &mut Dice| dice.one_of(&["0.1", "0.5", "0.999"]).to_owned();
            format!("{name}({inner}, {}, {})", factor(dice), factor(dice))
        }
        _ => format!("{name}({inner})"),
    }
}

fn aggregation(dice: &mut Dice, depth: usize) -> String {
    let name = dice.one_of(&[
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "quantile",
        "count_values",
        "sum",
        "avg",
        "max",
    ]);
    let group = grouping(dice);
    let best = matches!(name, "topk" | "bottomk");
    // Which of two equals of something computed is taken differs from query to query upstream.
    let inner = vector(dice, if best { 0 } else { depth });
    match name {
        "topk" | "bottomk" => format!(
            "{name}{group} ({}, {inner})",
            dice.one_of(&["0", "1", "2", "5", "1.9"])
        ),
        "quantile" => format!("{name}{group} ({}, {inner})", scalar(dice, depth)),
        "count_values" => format!(
            "{name}{group} (\"{}\", {inner})",
            dice.one_of(&["value", "gpu"])
        ),
        _ => match dice.now_and_then(4) {
            true => format!("{name} ({inner}){group}"),
            false => format!("{name}{group} ({inner})"),
        },
    }
}
