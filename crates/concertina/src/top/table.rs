//! The table.

use std::fmt::Write;

use super::model::{Container, Gpu, Shown, State};

const HEADS: [&str; 8] = [
    "GPU",
    "MODEL, POD",
    "STATE",
    "UTIL",
    "MEMORY",
    "OF MIB",
    "TEMP",
    "POWER",
];
/// Between columns.
const GAP: &str = "  ";

/// GPUs with the containers on them below, in columns as wide as they need to be. What is not
/// known is `-`.
pub(super) fn table(shown: &Shown) -> String {
    if shown.gpus.is_empty() {
        return "no GPUs\n".to_owned();
    }
    let mut rows = vec![HEADS.map(str::to_owned)];
    let mut node = None;
    let many = shown
        .gpus
        .iter()
        .any(|gpu| gpu.node != shown.gpus.first().and_then(|gpu| gpu.node.clone()));
    for gpu in &shown.gpus {
        if many && node != Some(&gpu.node) {
            node = Some(&gpu.node);
            let mut head: [String; 8] = Default::default();
            if let Some(place) = head.first_mut() {
                *place = gpu.node.clone().unwrap_or_else(|| "-".to_owned());
            }
            rows.push(head);
        }
        rows.push(of_gpu(gpu));
        rows.extend(gpu.containers.iter().map(of_container));
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if place == 0 { "" } else { GAP };
            // Words to the left, numbers to the right.
            let _ = match place {
                0..=2 => write!(line, "{gap}{cell:<width$}"),
                _ => write!(line, "{gap}{cell:>width$}"),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn number(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}{unit}"))
}

fn of_gpu(gpu: &Gpu) -> [String; 8] {
    let instance = gpu.instance.as_ref().map(|id| format!("/{id}"));
    let model = gpu
        .profile
        .as_deref()
        .or(gpu.model.as_deref())
        .unwrap_or("-");
    [
        format!("{}{}", gpu.index, instance.unwrap_or_default()),
        model.to_owned(),
        state(gpu),
        number(gpu.utilization, "%"),
        number(gpu.memory_used, ""),
        number(gpu.memory_total, ""),
        number(gpu.temperature, "C"),
        number(gpu.power, "W"),
    ]
}

/// What it does, and the last error that the driver told, if any.
fn state(gpu: &Gpu) -> String {
    let state = match gpu.state {
        State::Busy => "busy",
        State::Held => "held",
        State::Free => "free",
        State::Unknown => "-",
    };
    match gpu.last_xid.filter(|xid| *xid > 0.0) {
        Some(xid) => format!("{state} XID {xid}"),
        None => state.to_owned(),
    }
}

fn of_container(container: &Container) -> [String; 8] {
    let name = [&container.namespace, &container.pod, &container.container];
    let name = name
        .map(String::as_str)
        .into_iter()
        .filter(|part| !part.is_empty());
    [
        String::new(),
        format!("  {}", name.collect::<Vec<_>>().join("/")),
        String::new(),
        number(container.utilization, "%"),
        number(container.memory_used, ""),
        number(container.memory_allocated, ""),
        String::new(),
        String::new(),
    ]
}
