//! `meta.k8s.io/v1` tables: what kubectl asks for to print lists.

use std::time::Duration;

use serde::Serialize;

use crate::types::ListMeta;
use crate::types::resource::{MetricsMeta, Usage, go_duration};

/// Name, format and description of a column.
type Column<'a> = (&'a str, &'static str, &'static str);

/// The columns of custom metrics. prometheus-adapter 0.12 makes no tables.
pub(super) const CUSTOM: &[Column<'static>] = &[
    ("Name", "name", "The object's name"),
    ("Kind", "", "The object's kind"),
    ("Metric", "", "The metric's name"),
    ("Value", "quantity", "The metric's value"),
    ("Window", "duration", "What the value was calculated over"),
    ("Time", "date-time", "When the value was evaluated"),
];

/// The columns of external metrics.
pub(super) const EXTERNAL: &[Column<'static>] = &[
    ("Name", "name", "The metric's name"),
    ("Labels", "", "The labels of the series"),
    ("Value", "quantity", "The metric's value"),
    ("Window", "duration", "What the value was calculated over"),
    ("Time", "date-time", "When the value was evaluated"),
];

/// A table, as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Table<'a> {
    kind: &'static str,
    api_version: &'static str,
    metadata: ListMeta,
    column_definitions: Vec<ColumnDefinition<'a>>,
    rows: Vec<WireRow>,
}

#[derive(Debug, Serialize)]
struct ColumnDefinition<'a> {
    name: std::borrow::Cow<'a, str>,
    r#type: &'static str,
    format: &'static str,
    description: &'static str,
    priority: i32,
}

/// A row of texts, and the object that it is about.
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Debug, Serialize)]
struct WireRow {
    cells: Vec<String>,
    object: RowObject,
}

/// As much of the object as Kubernetes puts into a row by default.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RowObject {
    kind: &'static str,
    api_version: &'static str,
    metadata: RowMeta,
}

#[derive(Debug, Serialize)]
struct RowMeta {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
}

impl<'a> Table<'a> {
    /// A table of `rows`.
    pub(crate) fn new(columns: &[Column<'a>], rows: Vec<Row>) -> Self {
        let columns = columns.iter().map(|&(name, format, description)| {
            column(std::borrow::Cow::Borrowed(name), format, description)
        });
        Self::from_columns(columns.collect(), rows)
    }

    /// A table of usage as metrics-server 0.7 makes it: a column for each resource.
    pub(crate) fn of_usage<'b>(
        objects: impl IntoIterator<Item = (&'b MetricsMeta, Usage, Duration)>,
    ) -> Self {
        let objects: Vec<_> = objects.into_iter().collect();
        let names: std::collections::BTreeSet<String> = objects
            .iter()
            .flat_map(|(_, usage, _)| usage.keys().cloned())
            .collect();
        let mut columns = vec![column("Name".into(), "name", "Name of the object")];
        columns.extend(
            names
                .iter()
                .map(|name| column(name.clone().into(), "quantity", "")),
        );
        columns.push(column("Window".into(), "duration", ""));
        let row = |(meta, usage, window): (&MetricsMeta, Usage, Duration)| {
            let mut cells = vec![meta.name.clone()];
            let value = |name| usage.get(name).map(ToString::to_string).unwrap_or_default();
            cells.extend(names.iter().map(value));
            cells.push(go_duration(window));
            Row {
                cells,
                name: meta.name.clone(),
                namespace: meta.namespace.clone(),
            }
        };
        Self::from_columns(columns, objects.into_iter().map(row).collect())
    }

    fn from_columns(column_definitions: Vec<ColumnDefinition<'a>>, rows: Vec<Row>) -> Self {
        let row = |row: Row| WireRow {
            cells: row.cells,
            object: RowObject {
                kind: "PartialObjectMetadata",
                api_version: "meta.k8s.io/v1",
                metadata: RowMeta {
                    name: row.name,
                    namespace: row.namespace,
                },
            },
        };
        Self {
            kind: "Table",
            api_version: "meta.k8s.io/v1",
            metadata: ListMeta {},
            column_definitions,
            rows: rows.into_iter().map(row).collect(),
        }
    }
}

fn column<'a>(
    name: std::borrow::Cow<'a, str>,
    format: &'static str,
    description: &'static str,
) -> ColumnDefinition<'a> {
    ColumnDefinition {
        name,
        r#type: "string",
        format,
        description,
        priority: 0,
    }
}
