//! Findings as text, JSON and GitHub annotations.

use std::fmt::Write;

use concertina_mapping::lint::{Finding, FindingKind, Level, Report};
use concertina_rules::config::excerpt;
use serde::Serialize;

/// A file and what was found in it.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    pub(super) file: String,
    #[serde(flatten)]
    pub(super) report: Report,
    #[serde(skip)]
    pub(super) text: String,
}

fn count(checked: &[Checked], level: Level) -> usize {
    checked.iter().map(|file| file.report.count(level)).sum()
}

/// `1 error`, `2 warnings`.
fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// For people: one block for each finding, one line for each file, and a sum.
pub(super) fn text(checked: &[Checked]) -> String {
    let mut out = String::new();
    for file in checked {
        for finding in &file.report.findings {
            block(&mut out, file, finding);
        }
        let _ = writeln!(out, "{}: {}", file.file, summary(file));
    }
    if checked.len() > 1 {
        let errors = plural(count(checked, Level::Error), "error");
        let warnings = plural(count(checked, Level::Warning), "warning");
        let files = plural(checked.len(), "file");
        let _ = writeln!(out, "{files}: {errors}, {warnings}");
    }
    out
}

fn summary(file: &Checked) -> String {
    let report = &file.report;
    let mut text = String::new();
    if let Some(form) = &report.form {
        let _ = write!(text, "{form}; {}", plural(report.rules, "rule"));
        if report.external_rules > 0 {
            let _ = write!(text, ", {}", plural(report.external_rules, "external rule"));
        }
        if report.resource_rules {
            text.push_str(", resource rules");
        }
        text.push_str("; ");
    }
    let errors = report.count(Level::Error);
    let warnings = report.count(Level::Warning);
    if errors + warnings == 0 {
        text.push_str("no findings");
    } else {
        let _ = write!(
            text,
            "{}, {}",
            plural(errors, "error"),
            plural(warnings, "warning")
        );
    }
    text
}

fn block(out: &mut String, file: &Checked, finding: &Finding) {
    let rule = finding
        .rule
        .map(|rule| format!("{rule}: "))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{}[{}]: {rule}{}",
        finding.level,
        finding.kind.code(),
        finding.message
    );
    let at = usize::try_from(finding.line).ok();
    let line = at
        .and_then(|line| line.checked_sub(1))
        .and_then(|line| file.text.lines().nth(line));
    match line {
        None => {
            let _ = writeln!(out, "  --> {}", file.file);
        }
        Some(line) => {
            let margin = finding.line.to_string().len();
            let (number, column) = (finding.line, finding.column);
            let _ = writeln!(out, "{:margin$}--> {}:{number}:{column}", "", file.file);
            let (line, indent) = excerpt(line, column);
            let _ = writeln!(out, "{:margin$} |", "");
            let _ = writeln!(out, "{number} | {line}");
            let _ = writeln!(out, "{:margin$} | {:indent$}^", "", "");
        }
    }
    let _ = writeln!(out, "  = {}", finding.title);
    let _ = writeln!(out, "  = help: {}\n", finding.help);
}

#[derive(Serialize)]
struct Document<'a> {
    errors: usize,
    warnings: usize,
    files: &'a [Checked],
}

/// One JSON document.
pub(super) fn json(checked: &[Checked]) -> Result<String, serde_json::Error> {
    let document = Document {
        errors: count(checked, Level::Error),
        warnings: count(checked, Level::Warning),
        files: checked,
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// Workflow commands of GitHub Actions: one line for each finding.
pub(super) fn github(checked: &[Checked]) -> String {
    let mut out = String::new();
    for file in checked {
        for finding in &file.report.findings {
            let mut place = format!("file={}", property(&file.file));
            if finding.line > 0 {
                let _ = write!(place, ",line={},col={}", finding.line, finding.column);
            }
            let title = format!("{} {}", finding.kind.code(), finding.title);
            let message = format!("{}\n{}", finding.message, finding.help);
            let _ = writeln!(
                out,
                "::{} {place},title={}::{}",
                finding.level,
                property(&title),
                data(&message)
            );
        }
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// What a finding means.
pub(super) fn meaning(kind: FindingKind) -> String {
    format!(
        "{} ({}): {}\n\n{}\n\nFix: {}\n",
        kind.code(),
        kind.level(),
        kind.title(),
        kind.explanation(),
        kind.fix()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use concertina_mapping::{ResourceTable, lint};

    fn checked() -> Vec<Checked> {
        let text = "rules:\n- seriesQuery: gpu_load\n  resources:\n    overrides:\n      node: \
                    {resource: node}\n  metricsQuery: avg(<<.Series>>{<<.LabelMatchers>>})\n";
        let report = lint::check(text, &ResourceTable::builtin());
        vec![Checked {
            file: "a,b.yaml".to_owned(),
            report,
            text: text.to_owned(),
        }]
    }

    #[test]
    fn text_points_at_the_line() {
        insta::assert_snapshot!(text(&checked()));
    }

    #[test]
    fn github_annotations_are_escaped() {
        insta::assert_snapshot!(github(&checked()));
    }

    #[test]
    fn json_is_one_document() {
        insta::assert_snapshot!(json(&checked()).unwrap());
    }
}
