//! Rules in a ConfigMap manifest.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::form::{Outline, leading_tab};
use super::suggest::FILE_KEYS;
use super::{ConfigError, FileForm, RuleFile, decode, helm};

/// The name that prometheus-adapter's own manifests and chart give the configuration.
const USUAL_KEY: &str = "config.yaml";

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    data: Option<BTreeMap<String, Option<Spanned<String>>>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    name: Option<String>,
}

/// Whether the manifest holds something that is meant as rules.
pub(super) fn holds_rules(yaml: &str) -> bool {
    decode::read::<Manifest>(yaml).is_ok_and(|manifest| {
        let data = manifest.data.unwrap_or_default();
        chosen(&data).is_ok_and(|(_, text)| looks_like_rules(&text.value))
    })
}

/// The text may be broken, and so is looked at without reading it.
fn looks_like_rules(text: &str) -> bool {
    text.lines().any(|line| {
        let key = line.split(':').next().unwrap_or_default().trim_end();
        FILE_KEYS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(key))
    })
}

pub(super) fn read(yaml: &str) -> Result<RuleFile, ConfigError> {
    let manifest: Manifest = decode::read(yaml).map_err(|error| {
        error.or_hint(
            "what stands below `data` are texts: the lines below `config.yaml: |` are indented \
             further than that key",
        )
    })?;
    let data = manifest.data.unwrap_or_default();
    let (key, text) = chosen(&data).map_err(|error| {
        let key = if data.is_empty() { "kind" } else { "data" };
        error.at_key(key, yaml)
    })?;
    let place = Place::find(key, text, yaml);
    let mut file = configuration(&text.value).map_err(|error| place.moved(error, yaml))?;
    for rule in file.rules.iter_mut().chain(&mut file.external_rules) {
        rule.line = place.line(rule.line);
    }
    file.form = FileForm::ConfigMap {
        name: manifest
            .metadata
            .and_then(|metadata| metadata.name)
            .unwrap_or_default(),
        key: key.to_owned(),
    };
    Ok(file)
}

/// The key of `data` that holds the configuration, and its text.
fn chosen(
    data: &BTreeMap<String, Option<Spanned<String>>>,
) -> Result<(&str, &Spanned<String>), ConfigError> {
    let mut texts = data
        .iter()
        .filter_map(|(key, text)| Some((key.as_str(), text.as_ref()?)));
    match (texts.clone().count(), data.get(USUAL_KEY)) {
        (_, Some(Some(text))) => return Ok((USUAL_KEY, text)),
        (1, _) => {
            if let Some(only) = texts.next() {
                return Ok(only);
            }
        }
        _ => {}
    }
    let mut fitting = texts.clone().filter(|(_, t)| looks_like_rules(&t.value));
    if let (Some(only), None) = (fitting.next(), fitting.next()) {
        return Ok(only);
    }
    let keys: Vec<&str> = texts.map(|(key, _)| key).collect();
    let (what, hint) = match keys.as_slice() {
        [] => (
            "the ConfigMap has no `data`".to_owned(),
            "the configuration stands below `data`, in the text of a key such as `config.yaml: |`"
                .to_owned(),
        ),
        keys => (
            format!(
                "it is not clear which key of the ConfigMap's `data` holds the rules, of {}",
                keys.join(", ")
            ),
            format!("name it `{USUAL_KEY}`"),
        ),
    };
    Err(ConfigError::new(what, hint))
}

fn configuration(text: &str) -> Result<RuleFile, ConfigError> {
    if let Some(at) = leading_tab(text) {
        return Err(ConfigError::at_tab(at, text));
    }
    let outline = Outline::or_above(text)?;
    if outline.list {
        return decode::bare_list(text);
    }
    if helm::is_values(&outline.below_rules) {
        let what = "values of the Helm chart, which prometheus-adapter cannot read from its \
                    ConfigMap"
            .to_owned();
        let hint = "`rules` is a list there: put what stands below `custom` right below `rules`, \
                    and what stands below `external` below `externalRules`";
        return Err(ConfigError::new(what, hint).at_key("rules", text));
    }
    decode::adapter(text)
}

/// Where the text of a key stands in the manifest.
struct Place<'a> {
    key: &'a str,
    /// The position of the text as a whole.
    whole: (u32, u32),
    /// For text that stands line by line in the manifest: the lines above it, and its indentation.
    verbatim: Option<(u32, u32)>,
}

/// How far below its key a block of text may begin.
const NEAR: usize = 16;

impl<'a> Place<'a> {
    fn find(key: &'a str, text: &Spanned<String>, yaml: &str) -> Self {
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let at = text.referenced;
        let lines: Vec<&str> = yaml.lines().collect();
        let from = usize::try_from(at.line()).unwrap_or(0).saturating_sub(1);
        Self {
            key,
            whole: (number(at.line()), number(at.column())),
            verbatim: (from..from.saturating_add(NEAR))
                .find_map(|above| verbatim(&lines, above, &text.value)),
        }
    }

    /// The line of the manifest for a line of the text, both from 1.
    fn line(&self, line: u32) -> u32 {
        match (line, self.verbatim) {
            (0, _) => 0,
            (line, Some((above, _))) => line.saturating_add(above),
            (_, None) => self.whole.0,
        }
    }

    fn moved(&self, error: ConfigError, yaml: &str) -> ConfigError {
        match self.verbatim {
            Some((above, indent)) => error.moved(above, indent),
            None => error.inside(self.key, self.whole, yaml),
        }
    }
}

/// The lines above and the indentation, if `text` stands as it is in `lines` behind `above`.
fn verbatim(lines: &[&str], above: usize, text: &str) -> Option<(u32, u32)> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let blank_before = text.lines().take_while(|line| line.trim().is_empty());
    let host = lines.get(above.checked_add(blank_before.count())?)?;
    let indent = host.len().checked_sub(first.len())?;
    let same = text.lines().enumerate().all(|(at, line)| {
        let host = lines.get(above + at).copied().unwrap_or_default();
        let inner = host
            .split_at_checked(indent)
            .filter(|(margin, _)| margin.trim().is_empty())
            .map(|(_, inner)| inner);
        inner == Some(line) || (line.trim().is_empty() && host.trim().is_empty())
    });
    let number = |n: usize| u32::try_from(n).ok();
    same.then_some((number(above)?, number(indent)?))
}
