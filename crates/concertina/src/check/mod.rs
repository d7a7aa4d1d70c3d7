//! `concertina check`: what is wrong with rule files.

mod args;
mod print;

use std::path::Path;

pub use args::{CheckArgs, Format};
use concertina_mapping::ResourceTable;
use concertina_mapping::lint::{self, FindingKind, Level, Report};

use crate::files::FileError;
use crate::probe::{Probe, ProbeError};
use print::Checked;

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The Prometheus could not be asked.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// `--explain` names no finding.
    #[error(
        "--explain {0}: there is no such finding; they go from C001 to C043, see docs/findings.md"
    )]
    NoSuchFinding(String),
    /// The findings could not be written.
    #[error("cannot write the findings: {0}")]
    Output(String),
}

/// Checks and prints. True when there is nothing that fails the check.
///
/// # Errors
///
/// [`CheckError`] when the check could not be made at all.
pub async fn run(args: CheckArgs) -> Result<bool, CheckError> {
    if let Some(code) = &args.explain {
        let kind = FindingKind::by_code(code);
        let kind = kind.ok_or_else(|| CheckError::NoSuchFinding(code.clone()))?;
        write(&print::meaning(kind))?;
        return Ok(true);
    }
    let (url, series) = (args.prometheus_url.as_deref(), args.series.as_deref());
    let probe = Probe::of_options(url, series).await?;
    let mut checked = Vec::new();
    // The others are told of, whatever one of them is.
    let mut unreadable = None;
    for path in &args.files {
        match check(path, probe.as_ref()).await {
            Ok(file) => checked.push(file),
            Err(CheckError::File(error)) => {
                checked.push(Checked {
                    file: path.display().to_string(),
                    report: Report::unreadable(error.to_string()),
                    text: String::new(),
                });
                unreadable.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let text = match args.format {
        Format::Text => print::text(&checked),
        Format::Github => print::github(&checked),
        Format::Json => {
            print::json(&checked).map_err(|error| CheckError::Output(error.to_string()))?
        }
    };
    write(&text)?;
    if let Some(error) = unreadable {
        return Err(error.into());
    }
    let fails = |report: &Report| {
        report.count(Level::Error) > 0 || args.deny_warnings && !report.findings.is_empty()
    };
    Ok(!checked.iter().any(|file| fails(&file.report)))
}

async fn check(path: &Path, probe: Option<&Probe>) -> Result<Checked, CheckError> {
    let (file, text) = crate::files::read_text_or_stdin(path)?;
    let known = ResourceTable::builtin();
    let report = match probe {
        None => lint::check(&text, &known),
        Some(probe) => {
            let series = probe.series(&lint::series_queries(&text)).await?;
            lint::check_with_series(&text, &known, &series)
        }
    };
    Ok(Checked { file, report, text })
}

fn write(text: &str) -> Result<(), CheckError> {
    crate::files::print(text).map_err(|error| CheckError::Output(error.to_string()))
}
