//! The forms in which people keep their rules.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::suggest::FILE_KEYS;
use super::{ConfigError, RuleFile, config_map, decode, helm};

/// A rule file as large as this is a mistake; etcd holds no ConfigMap beyond 1 MiB.
const MAX_BYTES: usize = 4 << 20;

/// In which form a rule file was written.
///
/// ```
/// use concertina_rules::{FileForm, RuleFile};
///
/// let list = RuleFile::parse("- seriesQuery: up\n").unwrap();
/// assert_eq!(list.form, FileForm::BareList);
/// assert_eq!(list.form.to_string(), "a bare list of rules");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileForm {
    /// prometheus-adapter's own configuration: `rules`, `externalRules`, `resourceRules`.
    #[default]
    Adapter,
    /// The configuration in a ConfigMap manifest.
    ConfigMap {
        /// The ConfigMap's name; empty when it has none.
        name: String,
        /// The key of `data` that holds the configuration.
        key: String,
    },
    /// Values of the Helm chart prometheus-adapter: `rules: {default, custom, external, resource}`.
    HelmValues {
        /// Whether the chart puts its six default rules before `custom`; it does unless `default`
        /// says no.
        default_rules: bool,
    },
    /// A list of rules and nothing around it.
    BareList,
}

impl fmt::Display for FileForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adapter => f.write_str("a prometheus-adapter configuration"),
            Self::ConfigMap { name, key } if name.is_empty() => {
                write!(f, "a ConfigMap without a name, key `{key}`")
            }
            Self::ConfigMap { name, key } => write!(f, "the ConfigMap `{name}`, key `{key}`"),
            Self::HelmValues {
                default_rules: true,
            } => f.write_str("values of the Helm chart, with its default rules"),
            Self::HelmValues { .. } => f.write_str("values of the Helm chart"),
            Self::BareList => f.write_str("a bare list of rules"),
        }
    }
}

pub(super) fn read(yaml: &str) -> Result<RuleFile, ConfigError> {
    if yaml.len() > MAX_BYTES {
        let what = format!(
            "the file has {} bytes, at most {MAX_BYTES} are read",
            yaml.len()
        );
        return Err(ConfigError::new(what, "is this a rule file?"));
    }
    if let Some(at) = leading_tab(yaml) {
        return Err(ConfigError::at_tab(at, yaml));
    }
    let documents = documents(yaml);
    if documents.len() < 2 {
        return document(yaml);
    }
    let mut rule_files = Vec::new();
    let mut second = (0, 0);
    let mut unread = None;
    for (index, text) in documents.iter().enumerate() {
        let outline = match Outline::of(text) {
            Ok(outline) => outline,
            // It may be another program's; it counts when no document has rules.
            Err(error) => {
                unread.get_or_insert(error);
                continue;
            }
        };
        let begin = text.lines().position(|line| !line.is_empty());
        if outline.is_config_map() && config_map::holds_rules(text) {
            rule_files.push(text);
            if rule_files.len() == 2 {
                second = (begin.unwrap_or(0) + 1, 1);
            }
        } else if index == 1 && rule_files.is_empty() {
            second = (begin.unwrap_or(0) + 1, 1);
        }
    }
    let (what, hint) = match (rule_files.as_slice(), unread) {
        ([only], _) => return document(only),
        ([], Some(error)) => return Err(error),
        ([], None) => (
            "a second YAML document begins here, and none of them is a ConfigMap with rules",
            "a rule file is one document: put all rules below one `rules:`",
        ),
        _ => (
            "this is the second ConfigMap with rules",
            "keep one of them, as the adapter reads one",
        ),
    };
    Err(ConfigError::new(what.to_owned(), hint).at(second, yaml))
}

fn document(yaml: &str) -> Result<RuleFile, ConfigError> {
    let outline = Outline::or_above(yaml)?;
    if outline.list {
        return decode::bare_list(yaml);
    }
    if outline.is_config_map() {
        let beside = |key: &&&str| outline.keys.iter().any(|own| own == **key);
        if let Some(key) = FILE_KEYS.iter().find(beside) {
            let what = format!("`{key}` stands beside `data`, and not in a text below it");
            let hint = "indent all lines below `config.yaml: |` by more than that key";
            return Err(ConfigError::new(what, hint).at_key(key, yaml));
        }
        return config_map::read(yaml);
    }
    if let (Some(kind), true) = (&outline.kind, outline.manifest) {
        let what = format!("a manifest of kind {kind}: rules are read from a ConfigMap");
        let hint = match kind.as_str() {
            "List" | "ConfigMapList" => "give one of its `items`",
            _ => "give the ConfigMap that the adapter mounts, or the rules themselves",
        };
        return Err(ConfigError::new(what, hint).at_key("kind", yaml));
    }
    if helm::is_values(&outline.below_rules) {
        return helm::read(yaml);
    }
    decode::adapter(yaml)
}

/// The documents of a stream. Each keeps its place: the lines of the others are empty in it.
fn documents(yaml: &str) -> Vec<Cow<'_, str>> {
    let is_mark = |line: &str| {
        let rest = line.strip_prefix("---");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    };
    // A comment, a directive or an end mark makes no document.
    let is_content = |line: &str| {
        let line = line.trim();
        !(line.is_empty() || line.starts_with(['#', '%']) || line == "..." || line == "---")
    };
    let lines: Vec<&str> = yaml.lines().collect();
    let mut starts: Vec<usize> = vec![0];
    starts.extend((1..lines.len()).filter(|at| lines.get(*at).is_some_and(|line| is_mark(line))));
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let parts = starts.iter().zip(ends).filter_map(|(&start, end)| {
        let part = lines.get(start..end)?;
        part.iter().any(|line| is_content(line)).then(|| {
            let mut text = "\n".repeat(start);
            for line in part {
                text.push_str(line);
                text.push('\n');
            }
            Cow::Owned(text)
        })
    });
    parts.collect()
}

/// The line (from 0) on which the file begins with a tab, which upstream's YAML reader refuses.
pub(super) fn leading_tab(yaml: &str) -> Option<usize> {
    let blank = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let (at, line) = yaml.lines().enumerate().find(|(_, line)| !blank(line))?;
    let indent = line.chars().take_while(|c| c.is_whitespace());
    indent.into_iter().any(|c| c == '\t').then_some(at)
}

/// What a document looks like from afar. It tells the forms apart and refuses only
/// what is no YAML.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) list: bool,
    /// It has an `apiVersion`.
    manifest: bool,
    kind: Option<String>,
    /// The keys of the document.
    keys: Vec<String>,
    /// The keys below `rules`, when that is a mapping.
    pub(super) below_rules: Vec<String>,
}

impl Outline {
    fn of(yaml: &str) -> Result<Self, ConfigError> {
        Ok(decode::read::<Option<Self>>(yaml)?.unwrap_or_default())
    }

    /// The outline, of a text that is no YAML by what stands above the error. The form's own
    /// reader then tells more; without a form it would tell what the file is not.
    pub(super) fn or_above(yaml: &str) -> Result<Self, ConfigError> {
        Self::of(yaml).or_else(|error| Self::above(&error, yaml).ok_or(error))
    }

    /// The outline of what stands above `error`; None when it does not tell the form.
    fn above(error: &ConfigError, yaml: &str) -> Option<Self> {
        // An item or a text that is cut off is left out, too.
        const TRIES: usize = 32;
        let lines: Vec<&str> = yaml.lines().collect();
        let end = usize::try_from(error.line()).ok()?.checked_sub(1)?;
        let readable = (0..=end).rev().take(TRIES).find_map(|end| {
            let outline = Self::of(&lines.get(..end)?.join("\n")).ok()?;
            (outline.list || !outline.keys.is_empty()).then_some(outline)
        });
        let has_content = |line: &&&str| !line.is_empty() && !line.starts_with(['#', '%']);
        let Some(outline) = readable else {
            let first = lines.iter().find(has_content)?;
            return first.starts_with("- ").then(|| Self {
                list: true,
                ..Self::default()
            });
        };
        let of_the_adapter = || {
            let own = |key: &String| FILE_KEYS.contains(&key.as_str());
            outline.keys.iter().any(own)
        };
        let told = outline.list || outline.is_config_map() || of_the_adapter();
        told.then_some(outline)
    }

    fn is_config_map(&self) -> bool {
        self.kind.as_deref() == Some("ConfigMap")
    }
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Shape::deserialize(deserializer)? {
            Shape::List => Ok(Self {
                list: true,
                ..Self::default()
            }),
            Shape::Keys(outline) => Ok(*outline),
            Shape::Text(_) | Shape::Other => Ok(Self::default()),
        }
    }
}

/// Any value, as far as an outline cares.
enum Shape {
    List,
    Keys(Box<Outline>),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Shape::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
                let mut outline = Outline::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "apiVersion" => {
                            map.next_value::<IgnoredAny>()?;
                            outline.manifest = true;
                        }
                        "kind" => {
                            if let Shape::Text(kind) = map.next_value()? {
                                outline.kind = Some(kind);
                            }
                        }
                        "rules" => {
                            if let Shape::Keys(below) = map.next_value()? {
                                outline.below_rules = below.keys;
                            }
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                    outline.keys.push(key);
                }
                Ok(Shape::Keys(Box::new(outline)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Shape, E> {
                Ok(Shape::Text(text.to_owned()))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
                Ok(Shape::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
                Ok(Shape::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
                Ok(Shape::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
                Ok(Shape::Other)
            }

            fn visit_unit<E>(self) -> Result<Shape, E> {
                Ok(Shape::Other)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
