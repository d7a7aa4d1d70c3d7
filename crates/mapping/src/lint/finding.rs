//! One finding.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FindingKind;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It works, and has a trap.
    Warning,
    /// It cannot work.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A list of the rule file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleList {
    /// `rules`
    Rules,
    /// `externalRules`
    ExternalRules,
    /// `resourceRules`
    ResourceRules,
}

impl fmt::Display for RuleList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rules => "rules",
            Self::ExternalRules => "externalRules",
            Self::ResourceRules => "resourceRules",
        })
    }
}

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RulePlace {
    /// The list it stands in.
    pub list: RuleList,
    /// Its place in the list, from 1.
    pub number: usize,
}

impl fmt::Display for RulePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list {
            RuleList::Rules => write!(f, "rule {}", self.number),
            RuleList::ExternalRules => write!(f, "external rule {}", self.number),
            RuleList::ResourceRules => write!(f, "resource rule {}", self.number),
        }
    }
}

/// Something that is wrong with a rule file, or likely to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is, serialized as its code.
    #[serde(rename = "code")]
    pub kind: FindingKind,
    /// How bad it is.
    pub level: Level,
    /// The kind's title.
    pub title: &'static str,
    /// What is wrong here.
    pub message: String,
    /// What to do here.
    pub help: String,
    /// Which rule, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RulePlace>,
    /// The line of the file, from 1; 0 when it is about no single place.
    pub line: u32,
    /// The column in characters, from 1; 0 when it is about no single place.
    pub column: u32,
}

impl Finding {
    /// A finding about no place yet, with the fix of its kind as help.
    pub(super) fn new(kind: FindingKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            level: kind.level(),
            title: kind.title(),
            message: message.into(),
            help: kind.fix().to_owned(),
            rule: None,
            line: 0,
            column: 0,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}
