//! `metricsQuery`, judged by what it gives for an example request.

use concertina_model::line_and_column;
use concertina_promql::ast::{BinaryOp, Expr, ExprKind, Function, MatchOp, Selector, ValueType};
use concertina_promql::{ParseError, parse, parse_selector};
use concertina_rules::{QueryData, RenderError};

use super::shape::{self, Labels};
use super::{Finding, FindingKind, units};
use crate::ApiResource;

/// The namespace and the object of the example request: texts that no rule contains.
const NAMESPACE: &str = "concertina-probe-namespace";
const OBJECT: &str = "concertina-probe-object";
const GROUP: &str = "concertina_probe_group";

/// An example request.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// The series' name.
    pub(super) series: String,
    /// The label of the namespace, when the request has one.
    pub(super) namespace: Option<String>,
    /// The label of the object, when it is about one.
    pub(super) object: Option<String>,
    /// Further labels to group by.
    pub(super) also: Option<String>,
}

impl Request {
    fn data(&self) -> QueryData {
        let mut data = QueryData {
            series: self.series.clone(),
            ..QueryData::default()
        };
        let values = [(&self.namespace, NAMESPACE), (&self.object, OBJECT)];
        let mut matchers = Vec::new();
        for (label, value) in values {
            let Some(label) = label else { continue };
            matchers.push(format!("{label}=\"{value}\""));
            data.label_values_by_name
                .insert(label.clone(), value.to_owned());
        }
        data.label_matchers = matchers.join(",");
        data.group_by_slice = self.object.iter().chain(&self.also).cloned().collect();
        data.group_by = data.group_by_slice.join(",");
        data
    }

    /// The value by which a selector shows that it is limited to the request.
    fn mark(&self) -> Option<&'static str> {
        match (&self.namespace, &self.object) {
            (Some(_), _) => Some(NAMESPACE),
            (None, Some(_)) => Some(OBJECT),
            (None, None) => None,
        }
    }
}

/// A query for an example request.
#[derive(Debug)]
pub(super) struct Query {
    request: Request,
    expr: Expr,
}

impl Query {
    /// Renders and parses.
    pub(super) fn new(
        render: &dyn Fn(&QueryData) -> Result<String, RenderError>,
        request: Request,
    ) -> Result<Self, Finding> {
        let text = render(&request.data())
            .map_err(|error| Finding::new(FindingKind::RenderFails, error.to_string()))?;
        if text.trim().is_empty() {
            let message = "the query is empty";
            return Err(Finding::new(FindingKind::RenderFails, message));
        }
        let expr = parse(&text).map_err(|error| {
            let finding = Finding::new(FindingKind::InvalidPromql, unparsed(&error, &text));
            match other_delimiters(&text) {
                Some(help) => finding.help(help),
                None => finding,
            }
        })?;
        // Of an external metric a number is a value without labels.
        let is_value = match expr.value_type() {
            ValueType::InstantVector => true,
            ValueType::Scalar => request.object.is_none(),
            _ => false,
        };
        if !is_value {
            let kind = match expr.value_type() {
                ValueType::Scalar => "a number",
                ValueType::String => "a text",
                _ => "a range of samples",
            };
            let message = format!("the query gives {kind}");
            return Err(Finding::new(FindingKind::NotAVector, message));
        }
        Ok(Self { request, expr })
    }

    pub(super) fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Whether the object's label is gone from the result.
    pub(super) fn loses_object(&self) -> bool {
        let object = self.request.object.as_deref();
        object.is_some_and(|label| !shape::labels(&self.expr).has(label))
    }

    /// Whether the result is always empty.
    pub(super) fn never_matches(&self) -> Option<Finding> {
        let message = shape::sides_that_never_match(&self.expr)?;
        Some(Finding::new(FindingKind::SidesNeverMatch, message))
    }

    /// What tells samples of one object apart: a text when something does.
    pub(super) fn several_series(&self) -> Option<String> {
        let own = |label: &String| {
            [
                &self.request.object,
                &self.request.namespace,
                &self.request.also,
            ]
            .iter()
            .any(|known| known.as_ref() == Some(label))
        };
        if shape::one_for_each(&self.expr).is_some_and(|labels| labels.iter().all(own)) {
            return None;
        }
        match shape::labels(&self.expr) {
            Labels::AllBut(without) if !without.is_empty() => Some(format!(
                "the query keeps every label but {}: an object with several series (one for each \
                 GPU, container or model) can have several values",
                without.into_iter().collect::<Vec<_>>().join(", ")
            )),
            Labels::AllBut(_) => Some(
                "the query does not aggregate: an object with several series (one for each GPU, \
                 container or model) has several values"
                    .to_owned(),
            ),
            Labels::Only(labels) => {
                let more: Vec<String> = labels.into_iter().filter(|label| !own(label)).collect();
                (!more.is_empty()).then(|| {
                    format!(
                        "the query also groups by {}: an object with several of them has several \
                         values",
                        more.join(", ")
                    )
                })
            }
        }
    }

    /// The names of the selectors that are not limited to the request.
    pub(super) fn unlimited(&self) -> Vec<String> {
        let mut names: Vec<String> = self.reach(&self.expr).into_iter().map(name).collect();
        names.dedup();
        names
    }

    /// Whether no selector is limited at all.
    pub(super) fn ignores_the_request(&self) -> bool {
        let selectors = shape::selectors(&self.expr);
        !selectors.iter().any(|selector| self.limits(selector))
    }

    fn limits(&self, selector: &Selector) -> bool {
        let mark = self.request.mark();
        let limits = |value: &str| mark.is_some_and(|mark| value.contains(mark));
        selector.matchers.iter().any(|matcher| {
            matches!(matcher.op, MatchOp::Equal | MatchOp::Regex) && limits(&matcher.value)
        })
    }

    /// The selectors through which samples of others reach the result.
    fn reach<'e>(&self, expr: &'e Expr) -> Vec<&'e Selector> {
        if let Some(selector) = shape::selector(expr) {
            return if self.limits(selector) {
                Vec::new()
            } else {
                vec![selector]
            };
        }
        match &expr.kind {
            // One number out of many series: meant so.
            ExprKind::Call {
                function: Function::Scalar,
                ..
            } => Vec::new(),
            ExprKind::Binary {
                op,
                matching,
                lhs,
                rhs,
                ..
            } => {
                let (left, right) = (self.reach(lhs), self.reach(rhs));
                let one_is_limited = left.is_empty() != right.is_empty();
                let vectors = [lhs, rhs]
                    .iter()
                    .all(|side| side.value_type() == ValueType::InstantVector);
                let joined = vectors && *op != BinaryOp::Or && one_is_limited && {
                    let compared = |label: &Option<String>| {
                        label.as_deref().is_some_and(|label| {
                            let named = match matching {
                                None => true,
                                Some(by) => by.labels.iter().any(|other| other == label) == by.on,
                            };
                            named && [lhs, rhs].iter().all(|side| shape::labels(side).has(label))
                        })
                    };
                    compared(&self.request.namespace) || !compared(&self.request.object)
                };
                if joined {
                    return Vec::new();
                }
                left.into_iter().chain(right).collect()
            }
            _ => shape::children(expr)
                .into_iter()
                .flat_map(|child| self.reach(child))
                .collect(),
        }
    }

    /// Findings that any query can have, whatever it is for.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(self.never_matches());
        if shape::quantile_without_buckets(&self.expr) {
            let message = "the label `le` is gone before `histogram_quantile` reads it";
            findings.push(Finding::new(FindingKind::QuantileWithoutBuckets, message));
        }
        if let Some(name) = units::plain_counter(&self.expr, true) {
            let message = format!("`{name}` is a counter, and the query takes its plain value");
            findings.push(Finding::new(FindingKind::CounterWithoutRate, message));
        }
        findings.extend(
            units::mixed(&self.expr)
                .map(|message| Finding::new(FindingKind::UnitConfusion, message)),
        );
        for selector in shape::selectors(&self.expr) {
            findings.extend(pattern_as_text(selector));
        }
        findings
    }
}

/// Whether the template's query depends on `.GroupBy`.
pub(super) fn uses_group_by(
    render: &dyn Fn(&QueryData) -> Result<String, RenderError>,
    series: &str,
) -> bool {
    let data = QueryData {
        series: series.to_owned(),
        group_by: GROUP.to_owned(),
        group_by_slice: vec![GROUP.to_owned()],
        ..QueryData::default()
    };
    render(&data).is_ok_and(|text| text.contains(GROUP))
}

/// What is wrong with a series query.
pub(super) fn series_query(text: &str) -> Option<Finding> {
    if text.trim().is_empty() {
        let finding = Finding::new(FindingKind::SeriesQuery, "the rule has no `seriesQuery`");
        return Some(finding.help("Name the series, as in `seriesQuery: DCGM_FI_DEV_GPU_UTIL`."));
    }
    let selector = match parse_selector(text) {
        Ok(selector) => selector,
        Err(error) => {
            let finding = Finding::new(FindingKind::SeriesQuery, unparsed(&error, text));
            let odd = text.matches('\'').count() % 2 == 1;
            return Some(match odd {
                true => finding.help(
                    "Use double quotes in it: in a text between single quotes YAML reads `''` as \
                     one `'`.",
                ),
                false => finding,
            });
        }
    };
    pattern_as_text(&selector)
}

/// A matcher that compares a pattern for equality.
fn pattern_as_text(selector: &Selector) -> Option<Finding> {
    selector.matchers.iter().find_map(|matcher| {
        let value = matcher.value.as_str();
        let no_name = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
        let looks = if matcher.label == concertina_model::METRIC_NAME {
            value.contains(no_name)
        } else {
            value.starts_with('^')
                || value.ends_with('$')
                || [".*", ".+"].iter().any(|p| value.contains(p))
        };
        let (op, better) = match matcher.op {
            MatchOp::Equal => ("=", "=~"),
            MatchOp::NotEqual => ("!=", "!~"),
            MatchOp::Regex | MatchOp::NotRegex => return None,
        };
        looks.then(|| {
            let message = format!(
                "`{}{op}\"{value}\"` compares with the text `{value}` itself",
                matcher.label
            );
            let bare = value.trim_start_matches('^').trim_end_matches('$');
            Finding::new(FindingKind::PatternAsText, message)
                .help(format!("Write `{}{better}\"{bare}\"`.", matcher.label))
        })
    })
}

fn name(selector: &Selector) -> String {
    let of = |selector: &Selector| {
        let matchers = selector.all_matchers();
        matchers
            .filter(|matcher| matcher.label == concertina_model::METRIC_NAME)
            .map(|matcher| matcher.value)
            .next()
    };
    of(selector).unwrap_or_else(|| selector.to_string())
}

/// What is wrong with a query text, where in the text that is shown, and that text.
fn unparsed(error: &ParseError, text: &str) -> String {
    const SHOWN: usize = 600;
    let (shown, offset) = readable(text, error.offset);
    let (message, _) = readable(&error.message, 0);
    let (line, column) = line_and_column(&shown, offset);
    let shown = shown.trim_end();
    let shown = match shown.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown.to_owned(),
    };
    format!("line {line}, column {column}: {message}, in `{shown}`")
}

/// A text with the example's texts under shorter names, and where a place in it is then.
fn readable(text: &str, offset: usize) -> (String, usize) {
    let mut shown = String::new();
    let mut place = None;
    let mut rest = text;
    loop {
        let begun = text.len() - rest.len();
        let names = [(NAMESPACE, "NAMESPACE"), (OBJECT, "NAME")];
        let found = names
            .iter()
            .filter_map(|(long, short)| Some((rest.find(long)?, *long, *short)))
            .min();
        let (plain, long, short) = found.unwrap_or((rest.len(), "", ""));
        if place.is_none() && offset < begun + plain + long.len() {
            // Within a name, the place is where it begins.
            place = Some(shown.len() + (offset - begun).min(plain));
        }
        shown.push_str(rest.get(..plain).unwrap_or_default());
        shown.push_str(short);
        if long.is_empty() {
            return (shown.clone(), place.unwrap_or(shown.len()));
        }
        rest = rest.get(plain + long.len()..).unwrap_or_default();
    }
}

/// What to do about fields between other marks than `<<` and `>>`.
fn other_delimiters(text: &str) -> Option<&'static str> {
    const FIELDS: [&str; 4] = [
        ".Series",
        ".LabelMatchers",
        ".GroupBy",
        ".LabelValuesByName",
    ];
    let written = |mark: &str| {
        let compact = text.replace(' ', "");
        FIELDS
            .iter()
            .any(|field| compact.contains(&format!("{mark}{field}")))
    };
    if written("{{") {
        return Some("Fields stand between `<<` and `>>`, not `{{` and `}}`: `<<.Series>>`.");
    }
    written("<").then_some("Fields stand between two marks on each side: `<<.Series>>`.")
}

/// `pods`, `nodes and pods`.
pub(super) fn list(resources: &[&ApiResource]) -> String {
    let names: Vec<String> = resources
        .iter()
        .map(|resource| resource.group_resource().to_string())
        .collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
