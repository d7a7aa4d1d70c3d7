//! Labels rewritten by rules: `relabel_configs` and `metric_relabel_configs` of Prometheus 2.42.
//!
//! ```
//! use concertina_model::Labels;
//! use concertina_sources::relabel::{Action, RelabelConfig, Relabeling};
//!
//! let rules = Relabeling::new([RelabelConfig {
//!     source_labels: vec!["exported_pod".to_owned()],
//!     regex: "(.+)".to_owned(),
//!     target_label: "pod".to_owned(),
//!     ..RelabelConfig::default()
//! }, RelabelConfig {
//!     regex: "exported_.*".to_owned(),
//!     action: Action::LabelDrop,
//!     ..RelabelConfig::default()
//! }]).unwrap();
//! let scraped = Labels::from_pairs([("exported_pod", "train-0"), ("pod", "dcgm-exporter-x7k2p")]);
//! assert_eq!(rules.apply(scraped).unwrap().to_string(), r#"{pod="train-0"}"#);
//! ```

mod config;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use concertina_model::Labels;
use concertina_promql::{Expansion, GoRegex};
use md5::{Digest, Md5};

pub(crate) use config::is_label_name;
pub use config::{Action, RelabelConfig, RelabelError};

/// Rules that are applied one after the other.
#[derive(Clone, Debug, Default)]
pub struct Relabeling {
    /// As they are written.
    configs: Vec<RelabelConfig>,
    rules: Vec<Rule>,
}

impl PartialEq for Relabeling {
    /// Rules that are written alike do alike.
    fn eq(&self, other: &Self) -> bool {
        self.configs == other.configs
    }
}

impl Eq for Relabeling {}

#[derive(Clone, Debug)]
struct Rule {
    source_labels: Vec<String>,
    separator: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Replace {
        regex: GoRegex,
        /// As it is written, and read.
        target: (String, Expansion),
        replacement: Expansion,
    },
    /// Series whose value matches stay, or go.
    Select {
        regex: GoRegex,
        keep: bool,
    },
    /// Series whose value is that of the label stay, or go.
    Compare {
        target: String,
        keep: bool,
    },
    HashMod {
        target: String,
        modulus: u64,
    },
    Case {
        target: String,
        upper: bool,
    },
    LabelMap {
        regex: GoRegex,
        replacement: Expansion,
    },
    /// Labels whose name matches stay, or go.
    SelectLabels {
        regex: GoRegex,
        keep: bool,
    },
}

type LabelMap = BTreeMap<String, String>;

impl Relabeling {
    /// Rules in the order in which they are applied.
    ///
    /// # Errors
    ///
    /// [`RelabelError`] for the first rule that cannot be used, as Prometheus judges it.
    pub fn new(rules: impl IntoIterator<Item = RelabelConfig>) -> Result<Self, RelabelError> {
        let configs: Vec<RelabelConfig> = rules.into_iter().collect();
        let rules: Result<Vec<_>, _> = configs.iter().map(Rule::new).collect();
        let rules = rules?;
        Ok(Self { configs, rules })
    }

    /// True when there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The labels after all rules; none when a rule drops the whole.
    #[must_use]
    pub fn apply(&self, labels: Labels) -> Option<Labels> {
        if self.is_empty() {
            return Some(labels);
        }
        let mut map: LabelMap = labels
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let kept = self.rules.iter().all(|rule| rule.apply(&mut map));
        kept.then(|| Labels::from_pairs(map))
    }
}

impl Rule {
    fn new(config: &RelabelConfig) -> Result<Self, RelabelError> {
        config.check()?;
        let regex = || GoRegex::anchored(&config.regex).map_err(RelabelError::Regex);
        let target = config.target_label.clone();
        let kind = match config.action {
            Action::Replace => Kind::Replace {
                regex: regex()?,
                target: (target.clone(), Expansion::parse(&target)),
                replacement: Expansion::parse(&config.replacement),
            },
            Action::Keep | Action::Drop => Kind::Select {
                regex: regex()?,
                keep: config.action == Action::Keep,
            },
            Action::KeepEqual | Action::DropEqual => Kind::Compare {
                target,
                keep: config.action == Action::KeepEqual,
            },
            Action::HashMod => Kind::HashMod {
                target,
                modulus: config.modulus,
            },
            Action::Lowercase | Action::Uppercase => Kind::Case {
                target,
                upper: config.action == Action::Uppercase,
            },
            Action::LabelMap => Kind::LabelMap {
                regex: regex()?,
                replacement: Expansion::parse(&config.replacement),
            },
            Action::LabelKeep | Action::LabelDrop => Kind::SelectLabels {
                regex: regex()?,
                keep: config.action == Action::LabelKeep,
            },
        };
        Ok(Self {
            source_labels: config.source_labels.clone(),
            separator: config.separator.clone(),
            kind,
        })
    }

    /// Changes the labels; false when they are dropped.
    fn apply(&self, labels: &mut LabelMap) -> bool {
        let value = |labels: &LabelMap| {
            let values = self.source_labels.iter();
            let values = values.map(|name| labels.get(name).map_or("", String::as_str));
            values.collect::<Vec<_>>().join(&self.separator)
        };
        match &self.kind {
            Kind::Select { regex, keep } => return regex.is_match(&value(labels)) == *keep,
            Kind::Compare { target, keep } => {
                let other = labels.get(target).map_or("", String::as_str);
                return (value(labels) == other) == *keep;
            }
            Kind::Replace {
                regex,
                target: (written, target),
                replacement,
            } => {
                let value = value(labels);
                let Some(target) = regex.expand(&value, target) else {
                    return true;
                };
                let text = regex.expand(&value, replacement).unwrap_or_default();
                match is_label_name(&target) && !text.is_empty() {
                    true => set(labels, target, text),
                    false => {
                        labels.remove(written);
                    }
                }
            }
            Kind::HashMod { target, modulus } => {
                let digest: [u8; 16] = Md5::digest(value(labels).as_bytes()).into();
                let [.., a, b, c, d, e, f, g, h] = digest;
                let hash = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                // A modulus of 0 was refused.
                let rest = hash.checked_rem(*modulus).unwrap_or_default();
                set(labels, target.clone(), rest.to_string());
            }
            Kind::Case { target, upper } => {
                let value = value(labels);
                let value = match upper {
                    true => value.to_uppercase(),
                    false => value.to_lowercase(),
                };
                set(labels, target.clone(), value);
            }
            Kind::LabelMap { regex, replacement } => {
                let mapped: Vec<(String, String)> = labels
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((regex.expand(name, replacement)?, value.clone()))
                    })
                    .collect();
                labels.extend(mapped);
            }
            Kind::SelectLabels { regex, keep } => {
                labels.retain(|name, _| regex.is_match(name) == *keep);
            }
        }
        true
    }
}

/// A label with an empty value is none.
fn set(labels: &mut LabelMap, name: String, value: String) {
    if value.is_empty() {
        labels.remove(&name);
    } else {
        labels.insert(name, value);
    }
}
