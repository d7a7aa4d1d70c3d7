//! What a rule says, and whether it can be used.

use std::fmt;
use std::str::FromStr;

use concertina_promql::{GoRegex, PatternError};

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Sets a label to the replacement where the pattern matches.
    #[default]
    Replace,
    /// Drops what does not match.
    Keep,
    /// Drops what matches.
    Drop,
    /// Drops what is not equal to the target label.
    KeepEqual,
    /// Drops what is equal to the target label.
    DropEqual,
    /// Sets a label to the hash of the value, modulo a number.
    HashMod,
    /// Copies the labels whose name matches to the name that the replacement gives.
    LabelMap,
    /// Drops the labels whose name matches.
    LabelDrop,
    /// Drops the labels whose name does not match.
    LabelKeep,
    /// Sets a label to the value in lower case.
    Lowercase,
    /// Sets a label to the value in upper case.
    Uppercase,
}

pub(super) const ACTIONS: [(&str, Action); 11] = [
    ("replace", Action::Replace),
    ("keep", Action::Keep),
    ("drop", Action::Drop),
    ("keepequal", Action::KeepEqual),
    ("dropequal", Action::DropEqual),
    ("hashmod", Action::HashMod),
    ("labelmap", Action::LabelMap),
    ("labeldrop", Action::LabelDrop),
    ("labelkeep", Action::LabelKeep),
    ("lowercase", Action::Lowercase),
    ("uppercase", Action::Uppercase),
];

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ACTIONS.iter().find(|(_, action)| action == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

impl FromStr for Action {
    type Err = RelabelError;

    /// In any case of letters, as Prometheus reads it.
    fn from_str(text: &str) -> Result<Self, RelabelError> {
        let mut known = ACTIONS.iter();
        let action = known.find(|(name, _)| name.eq_ignore_ascii_case(text));
        action
            .map(|(_, action)| *action)
            .ok_or_else(|| RelabelError::UnknownAction(text.to_owned()))
    }
}

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelabelConfig {
    /// The labels whose values, joined, are looked at.
    pub source_labels: Vec<String>,
    /// What joins them.
    pub separator: String,
    /// The pattern that the whole value (or name) must match, in Go's dialect.
    pub regex: String,
    /// The number of [`Action::HashMod`].
    pub modulus: u64,
    /// The label that is set; for [`Action::Replace`] it may refer to groups of the pattern.
    pub target_label: String,
    /// What it is set to, with references to groups of the pattern.
    pub replacement: String,
    /// What is done.
    pub action: Action,
}

impl Default for RelabelConfig {
    /// Prometheus' defaults: `;`, `(.*)`, `$1`, `replace`.
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".to_owned(),
            regex: "(.*)".to_owned(),
            modulus: 0,
            target_label: String::new(),
            replacement: "$1".to_owned(),
            action: Action::default(),
        }
    }
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RelabelError {
    /// There is no such action.
    #[error(
        "`{0}` is no action; these are: replace, keep, drop, keepequal, dropequal, hashmod, \
         labelmap, labeldrop, labelkeep, lowercase, uppercase"
    )]
    UnknownAction(String),
    /// The pattern cannot be used.
    #[error("{0}")]
    Regex(PatternError),
    /// A field is missing.
    #[error("{action} needs {field}")]
    Missing {
        /// What was to be done.
        action: Action,
        /// The field's name.
        field: &'static str,
    },
    /// A field would have no effect.
    #[error("{action} has no use for {field}: leave it out")]
    Superfluous {
        /// What was to be done.
        action: Action,
        /// The field's name.
        field: &'static str,
    },
    /// No label can have this name.
    #[error("{action}: {field} `{name}` is no name of a label{}", reference(*.action))]
    BadName {
        /// What was to be done.
        action: Action,
        /// The field's name.
        field: &'static str,
        /// What it says.
        name: String,
    },
}

fn reference(action: Action) -> &'static str {
    match action {
        Action::Replace | Action::LabelMap => {
            " (letters, digits and `_`, groups as `$1` or `${1}`)"
        }
        _ => " (letters, digits and `_`)",
    }
}

/// What may become the name of a label once references are resolved.
const NAME_WITH_REFERENCES: &str = r"^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$";

impl RelabelConfig {
    /// Whether every field that is needed is there, and none that has no use.
    pub(super) fn check(&self) -> Result<(), RelabelError> {
        let action = self.action;
        let missing = |field| Err(RelabelError::Missing { action, field });
        let bad_name = |field, name: &str| {
            let name = name.to_owned();
            Err(RelabelError::BadName {
                action,
                field,
                name,
            })
        };
        let superfluous = |unused: &[(&'static str, bool)]| {
            let field = unused.iter().find(|(_, set)| *set);
            field.map_or(Ok(()), |(field, _)| {
                Err(RelabelError::Superfluous { action, field })
            })
        };
        let default = Self::default();
        let (separator, replacement, modulus) = (
            ("separator", self.separator != default.separator),
            ("replacement", self.replacement != default.replacement),
            ("modulus", self.modulus != default.modulus),
        );
        let is_target =
            |name: &str| GoRegex::new(NAME_WITH_REFERENCES).is_ok_and(|regex| regex.is_match(name));
        let with_target = !matches!(
            action,
            Action::Keep | Action::Drop | Action::LabelMap | Action::LabelDrop | Action::LabelKeep
        );
        if action == Action::HashMod && self.modulus == 0 {
            return missing("modulus");
        }
        if with_target && self.target_label.is_empty() {
            return missing("target_label");
        }
        match action {
            Action::Replace if !is_target(&self.target_label) => {
                bad_name("target_label", &self.target_label)
            }
            Action::HashMod | Action::Lowercase | Action::Uppercase
                if !is_label_name(&self.target_label) =>
            {
                bad_name("target_label", &self.target_label)
            }
            Action::Lowercase | Action::Uppercase => superfluous(&[replacement]),
            Action::LabelMap if !is_target(&self.replacement) => {
                bad_name("replacement", &self.replacement)
            }
            Action::KeepEqual | Action::DropEqual => {
                let regex = ("regex", self.regex != default.regex);
                superfluous(&[regex, modulus, separator, replacement])
            }
            Action::LabelDrop | Action::LabelKeep => superfluous(&[
                ("source_labels", !self.source_labels.is_empty()),
                ("target_label", !self.target_label.is_empty()),
                modulus,
                separator,
                replacement,
            ]),
            _ => Ok(()),
        }
    }
}

/// Whether a label can have this name in Prometheus 2.42.
pub(crate) fn is_label_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
