//! What the user gives: rules, autoscaler, load. Everything is read and checked before anything
//! starts.

mod hpa;
mod load;
mod rules;

use std::path::{Path, PathBuf};
use std::time::Duration;

use concertina_replicas::Policy;
use concertina_replicas::api::MetricSpec;
use serde_saphyr::Spanned;

pub(super) use rules::Rules;

use super::sim::LoadFile;
use super::{DemoArgs, DemoError};
use crate::files;

/// What the walkthrough's autoscaler reads.
const UTILIZATION: &str = "DCGM_CUSTOM_PROCESS_SM_UTIL";

const RULES: &str = include_str!("../../../../../examples/bert-intent-detection/rules.yaml");
const HPA: &str = include_str!("../../../../../examples/bert-intent-detection/hpa.yaml");
const LOAD: &str = include_str!("../../../../../examples/bert-intent-detection/load.yaml");

/// The user's files, or the walkthrough's.
#[derive(Debug)]
pub(super) struct Input {
    /// The rules, and those of them that can be used.
    pub(super) rules: Rules,
    /// The autoscaler to follow.
    pub(super) hpa: Policy,
    /// What the load generator does.
    load: LoadFile,
    /// The load is the walkthrough's, which ends when the workload has come to rest.
    own_load: bool,
    /// All of it is the walkthrough's own.
    pub(super) built_in: bool,
    /// The values that the autoscaler reads are the hardware's own, in percent: its rules and its
    /// metric are the walkthrough's.
    pub(super) reads_the_hardware: bool,
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
        let hpa = hpa::read(File::open(args.hpa.as_deref(), HPA)?)?;
        let rules = Rules::read(File::open(args.rules.as_deref(), RULES)?)?;
        rules.give(&hpa)?;
        let own_metric = |metric: &MetricSpec| metric.name() == UTILIZATION;
        let hpa = hpa.policy;
        Ok(Self {
            rules,
            load: load::read(&File::open(args.load.as_deref(), LOAD)?)?,
            own_load: args.load.is_none(),
            built_in: args.rules.is_none() && args.hpa.is_none() && args.load.is_none(),
            reads_the_hardware: args.rules.is_none() && hpa.spec.metrics.iter().all(own_metric),
            hpa,
        })
    }

    /// What happens, in order.
    pub(super) fn phases(&self) -> &[super::sim::Phase] {
        &self.load.phases
    }

    /// GPU time of one request.
    pub(super) fn cost(&self) -> Duration {
        Duration::from_millis(u64::from(self.load.gpu_millis_per_request))
    }

    /// Whether the last phase goes on as long as the autoscaler needs: the user's own load ends
    /// when it says.
    pub(super) fn waits_for_rest(&self) -> bool {
        self.own_load
    }
}

/// A file's text, and its name when it is the user's.
#[derive(Debug)]
struct File {
    path: Option<PathBuf>,
    text: String,
}

impl File {
    fn open(path: Option<&Path>, built_in: &str) -> Result<Self, DemoError> {
        let text = match path {
            Some(path) => files::read_text(path)?,
            None => built_in.to_owned(),
        };
        Ok(Self {
            path: path.map(Path::to_owned),
            text,
        })
    }

    fn name(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new("built-in"))
    }

    /// Something that is wrong in it.
    fn bad(&self, message: impl ToString) -> DemoError {
        DemoError::BadFile {
            path: self.name().to_owned(),
            message: message.to_string(),
        }
    }

    /// Something that is wrong at a place of it.
    fn bad_at(&self, at: Place, message: impl ToString) -> DemoError {
        match at {
            Some((line, column)) => self.bad(format!(
                "line {line}, column {column}: {}",
                message.to_string()
            )),
            None => self.bad(message),
        }
    }
}

/// Line and column of a value, from 1.
type Place = Option<(u64, u64)>;

fn place<T>(value: Option<&Spanned<T>>) -> Place {
    let at = value?.referenced;
    (at.line() > 0).then(|| (at.line(), at.column()))
}
