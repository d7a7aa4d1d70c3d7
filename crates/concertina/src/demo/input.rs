//! What the user gives: rules, autoscaler, load. Everything is read and checked before anything
//! starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concertina_autoscaler::{manifest, yaml};
use concertina_replicas::Policy;
use concertina_rules::{Rule, RuleFile, compile};

use super::sim::LoadFile;
use super::{DemoArgs, DemoError};
use crate::files;

const RULES: &str = include_str!("../../../../examples/bert-intent-detection/rules.yaml");
const HPA: &str = include_str!("../../../../examples/bert-intent-detection/hpa.yaml");
const LOAD: &str = include_str!("../../../../examples/bert-intent-detection/load.yaml");

/// The user's files, or the walkthrough's.
#[derive(Debug)]
pub(super) struct Input {
    /// The rules that compile.
    pub(super) rules: Vec<Arc<Rule>>,
    /// Why others do not.
    pub(super) refused: Vec<String>,
    /// The autoscaler to follow.
    pub(super) hpa: Policy,
    /// What the load generator does.
    pub(super) load: LoadFile,
}

impl Input {
    pub(super) fn read(args: &DemoArgs) -> Result<Self, DemoError> {
        if !(args.speed >= 0.1 && args.speed <= 100.0) {
            return Err(DemoError::BadOption {
                option: "speed",
                value: args.speed.to_string(),
                reason: "give a number from 0.1 to 100".to_owned(),
            });
        }
        let (rules, refused) = rules(args.rules.as_deref())?;
        Ok(Self {
            rules,
            refused,
            hpa: hpa(args.hpa.as_deref())?,
            load: load(args.load.as_deref())?,
        })
    }
}

/// A file's text and name, or the built-in ones.
fn text(path: Option<&Path>, built_in: &str) -> Result<(PathBuf, String), DemoError> {
    let Some(path) = path else {
        return Ok((PathBuf::from("built-in"), built_in.to_owned()));
    };
    Ok((path.to_owned(), files::read_text(path)?))
}

fn bad(path: &Path, message: impl ToString) -> DemoError {
    DemoError::BadFile {
        path: path.to_owned(),
        message: message.to_string(),
    }
}

fn rules(path: Option<&Path>) -> Result<(Vec<Arc<Rule>>, Vec<String>), DemoError> {
    let (path, text) = text(path, RULES)?;
    let file = RuleFile::parse(&text).map_err(|error| bad(&path, error))?;
    if file.rules.is_empty() {
        return Err(bad(
            &path,
            "there is no rule in it; custom metrics come from `rules:`",
        ));
    }
    let mut good = Vec::new();
    let mut refused = Vec::new();
    for rule in compile(&file.rules) {
        match rule {
            Ok(rule) => good.push(Arc::new(rule)),
            Err(error) => refused.push(error.to_string()),
        }
    }
    if good.is_empty() {
        return Err(bad(
            &path,
            format!("no rule can be used: {}", refused.join("; ")),
        ));
    }
    Ok((good, refused))
}

fn hpa(path: Option<&Path>) -> Result<Policy, DemoError> {
    let (path, text) = text(path, HPA)?;
    manifest::parse(&text).map_err(|error| bad(&path, error))
}

fn load(path: Option<&Path>) -> Result<LoadFile, DemoError> {
    let (path, text) = text(path, LOAD)?;
    let file: LoadFile = yaml::read(&text).map_err(|error| bad(&path, error))?;
    let positive = (1..=60_000).contains(&file.gpu_millis_per_request);
    if file.phases.is_empty() || !positive {
        let message = "at least one phase is needed, and gpuMillisPerRequest from 1 to 60000";
        return Err(bad(&path, message));
    }
    for phase in &file.phases {
        let rate = phase.requests_per_second;
        let known = (0.0..=1000.0).contains(&rate) && phase.duration > Duration::ZERO;
        if !known || phase.duration > Duration::from_secs(86_400) {
            let message = format!(
                "phase `{}`: requestsPerSecond goes from 0 to 1000, duration up to 1d",
                phase.name
            );
            return Err(bad(&path, message));
        }
    }
    Ok(file)
}
