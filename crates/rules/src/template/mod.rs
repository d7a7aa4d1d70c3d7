//! Query templates: Go's text/template between `<<` and `>>`, in the subset that queries need.
//!
//! Supported are text, fields, parentheses, pipelines, variables, `if`, `with`, `range`, `break`,
//! `continue`, comments, trim markers, string, whole-number and bool literals, and the functions
//! `and or not eq ne lt le gt ge index len print printf` (verbs `%s %q %d %v %%`). The rest of Go's
//! language is refused when a template is parsed, by name and place.

mod eval;
mod lex;
mod number;
mod parse;
mod printf;
mod value;

use std::collections::BTreeMap;

use parse::Node;

/// What a query template is filled with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryData {
    /// `.Series`: the metric's name.
    pub series: String,
    /// `.LabelMatchers`: matchers, joined by commas.
    pub label_matchers: String,
    /// `.LabelValuesByName`: the matchers' values, by label; several joined by `|`.
    pub label_values_by_name: BTreeMap<String, String>,
    /// `.GroupBy`: labels to group by, joined by commas.
    pub group_by: String,
    /// `.GroupBySlice`: the same as a list.
    pub group_by_slice: Vec<String>,
}

/// A parsed template.
///
/// ```
/// use concertina_rules::{QueryData, Template};
///
/// let template = Template::parse("avg(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)").unwrap();
/// let query = template.render(&QueryData {
///     series: "DCGM_FI_DEV_GPU_UTIL".to_owned(),
///     label_matchers: r#"NodeName="n1""#.to_owned(),
///     group_by: "NodeName".to_owned(),
///     ..QueryData::default()
/// });
/// assert_eq!(query.unwrap(), r#"avg(DCGM_FI_DEV_GPU_UTIL{NodeName="n1"}) by (NodeName)"#);
///
/// let error = Template::parse("sum(<<.Series)").unwrap_err();
/// assert_eq!(error.to_string(), "line 1, column 5: the action has no closing `>>`");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    nodes: Vec<Node>,
    /// `LabelValuesByName` may be read: it is named, or all of the data is printed or kept.
    reads_label_values: bool,
}

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
#[non_exhaustive]
pub struct TemplateError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// True when Go's text/template knows it and Concertina leaves it out on purpose.
    pub unsupported: bool,
}

/// Why a template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template fails: {message}")]
#[non_exhaustive]
pub struct RenderError {
    /// What went wrong.
    pub message: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] with the place, for what Go's text/template refuses and for what is left
    /// out of it here.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let nodes = parse::parse(text)?;
        Ok(Self {
            reads_label_values: !nodes.iter().all(Node::is_plain),
            nodes,
        })
    }

    /// Whether [`QueryData::label_values_by_name`] can show in the output. When not, there is no
    /// need to fill it in.
    #[must_use]
    pub fn reads_label_values(&self) -> bool {
        self.reads_label_values
    }

    /// Fills the template.
    ///
    /// # Errors
    ///
    /// [`RenderError`] where Go's text/template fails at execution: an unknown field, an index out
    /// of range, a comparison of unlike values, output above 1 MiB.
    pub fn render(&self, data: &QueryData) -> Result<String, RenderError> {
        eval::render(&self.nodes, data, false)
    }

    /// Fills the template without anything to group by: where `<<.GroupBy>>` is the first of a
    /// list, its comma is left out. Go's text/template, and so prometheus-adapter 0.12, writes
    /// `by (, x)` there, which is no PromQL.
    ///
    /// # Errors
    ///
    /// As [`Template::render`].
    ///
    /// ```
    /// use concertina_rules::{QueryData, Template};
    ///
    /// let template = Template::parse("sum(up) by (<<.GroupBy>>, job)").unwrap();
    /// assert_eq!(template.render_ungrouped(&QueryData::default()).unwrap(), "sum(up) by (job)");
    /// ```
    pub fn render_ungrouped(&self, data: &QueryData) -> Result<String, RenderError> {
        eval::render(&self.nodes, data, true)
    }
}
