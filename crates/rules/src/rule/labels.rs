//! `resources`: labels that name resources.

use concertina_model::GroupResource;

use crate::config::ResourceMapping;

/// A compiled `resources`: which labels name which Kubernetes resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceLabels {
    template: Option<LabelTemplate>,
    overrides: Vec<(String, GroupResource)>,
}

impl ResourceLabels {
    /// Compiles a mapping.
    ///
    /// # Errors
    ///
    /// [`LabelTemplateError`] when its template is none; an empty one is absent.
    pub fn new(mapping: &ResourceMapping) -> Result<Self, LabelTemplateError> {
        let template = match mapping.template.as_str() {
            "" => None,
            text => Some(LabelTemplate::parse(text)?),
        };
        Ok(Self {
            template,
            overrides: mapping.overrides.clone(),
        })
    }

    /// `template`.
    #[must_use]
    pub fn template(&self) -> Option<&LabelTemplate> {
        self.template.as_ref()
    }

    /// `overrides`: label and resource as they are written, in the order of the file.
    #[must_use]
    pub fn overrides(&self) -> &[(String, GroupResource)] {
        &self.overrides
    }
}

/// A label template, such as `kube_<<.Group>>_<<.Resource>>`.
///
/// Its text is literal and it has the two fields, nothing else (prometheus-adapter 0.12 takes the
/// text for a regular expression when it reads labels, but not when it writes them).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelTemplate {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group,
    Resource,
}

/// Why a label template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelTemplateError {
    /// An action that is neither `<<.Group>>` nor `<<.Resource>>`.
    #[error(
        "`<<{0}>>` is not known here; a label is made of text, `<<.Group>>` and `<<.Resource>>`"
    )]
    UnknownAction(String),
    /// An action without an end.
    #[error("the `<<` at column {0} has no `>>`")]
    Unclosed(usize),
    /// A field stands there twice.
    #[error("`<<.{0}>>` is there twice; once is enough")]
    Repeated(&'static str),
    /// The resource is missing, so that no label could be told from another.
    #[error("`<<.Resource>>` is missing: every resource would have the same label")]
    NoResource,
}

impl LabelTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`LabelTemplateError`] for anything but text and the two fields, each at most once.
    pub fn parse(text: &str) -> Result<Self, LabelTemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("<<") {
            let Some((action, after)) = after.split_once(">>") else {
                let column = text.len() - rest.len() + before.len() + 1;
                return Err(LabelTemplateError::Unclosed(column));
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let part = match action.trim() {
                ".Group" => Part::Group,
                ".Resource" => Part::Resource,
                _ => return Err(LabelTemplateError::UnknownAction(action.to_owned())),
            };
            if parts.contains(&part) {
                let name = if part == Part::Group {
                    "Group"
                } else {
                    "Resource"
                };
                return Err(LabelTemplateError::Repeated(name));
            }
            parts.push(part);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.contains(&Part::Resource) {
            return Err(LabelTemplateError::NoResource);
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// The template as it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The label of a resource; `.` and `-` of the group become `_`.
    ///
    /// ```
    /// use concertina_rules::LabelTemplate;
    ///
    /// let template = LabelTemplate::parse("kube_<<.Group>>_<<.Resource>>").unwrap();
    /// assert_eq!(template.label("networking.k8s.io", "ingress"), "kube_networking_k8s_io_ingress");
    /// let named = template.resource("kube_apps_deployment").unwrap();
    /// assert_eq!(named.to_string(), "deployment.apps");
    /// assert_eq!(template.resource("kube__pod"), None);
    /// ```
    #[must_use]
    pub fn label(&self, group: &str, singular: &str) -> String {
        let mut label = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => label.push_str(text),
                Part::Group => label.push_str(&group.replace(['.', '-'], "_")),
                Part::Resource => label.push_str(singular),
            }
        }
        label
    }

    /// The group and resource that a label names, as they stand in it; None when the label is not
    /// of this form. Each field takes at least one character and as few as possible.
    #[must_use]
    pub fn resource(&self, label: &str) -> Option<GroupResource> {
        let mut found = GroupResource::core("");
        take(&self.parts, label, &mut found).then_some(found)
    }
}

/// Matches `parts` against the whole of `label`. Two fields at most: the recursion is shallow.
fn take(parts: &[Part], label: &str, found: &mut GroupResource) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return label.is_empty();
    };
    if let Part::Text(text) = part {
        return label
            .strip_prefix(text.as_str())
            .is_some_and(|after| take(rest, after, found));
    }
    let ends = label.char_indices().map(|(at, c)| at + c.len_utf8());
    for end in ends {
        let Some((field, after)) = label.split_at_checked(end) else {
            continue;
        };
        // Go's `.` stops at a line feed.
        if field.ends_with('\n') {
            return false;
        }
        if take(rest, after, found) {
            if *part == Part::Group {
                field.clone_into(&mut found.group);
            } else {
                field.clone_into(&mut found.resource);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_to_do() {
        let errors: Vec<String> = [
            "x",
            "<<.Kind>>",
            "a<<.Resource",
            "<<.Resource>><<.Resource>>",
        ]
        .iter()
        .map(|text| LabelTemplate::parse(text).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        `<<.Resource>>` is missing: every resource would have the same label
        `<<.Kind>>` is not known here; a label is made of text, `<<.Group>>` and `<<.Resource>>`
        the `<<` at column 2 has no `>>`
        `<<.Resource>>` is there twice; once is enough
        ");
    }

    #[test]
    fn the_first_split_wins() {
        let template = LabelTemplate::parse("<<.Group>>_<<.Resource>>").unwrap();
        let found = template.resource("a_b_c").unwrap();
        assert_eq!(
            (found.group.as_str(), found.resource.as_str()),
            ("a", "b_c")
        );
        assert_eq!(template.resource("_pod"), None);
    }
}
