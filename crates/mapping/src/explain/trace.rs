//! A metric's way through the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use concertina_model::{GroupResource, Labels};
use concertina_promql::parse_selector;
use concertina_rules::{DiscoveryRule, Rule, RuleError, RuleFile, compile};

use super::missing::{Closeness, left_out, unexposed};
use super::series::{SOME_NAMESPACE, SOME_OBJECT, Series, by_name, label_names, some};
use super::{About, Asked, Question, Step, Taken, Trace, ask, catalogues, list, title};
use crate::known::Flavour;
use crate::lint::{RuleList, RulePlace, SeriesByQuery};
use crate::names::{NameMatchers, name_exposed_as};
use crate::{ApiResource, Catalogue, ExternalCatalogue, LabelMapper, Resources};

/// How many objects are asked for when none is named.
const MAX_OBJECTS: usize = 50;

/// The rules of the list that a question is about, with what they find.
pub(super) struct Rules<'a> {
    question: &'a Question,
    known: &'a dyn Resources,
    list: RuleList,
    rules: Vec<(&'a DiscoveryRule, Result<Rule, RuleError>)>,
    /// Of each rule that compiles.
    series: Vec<Option<Series>>,
    catalogues: (Catalogue, ExternalCatalogue),
    /// All that Prometheus answered.
    asked: Option<&'a SeriesByQuery>,
    /// Whether some rule exposes a series that has the metric's name under another one.
    renamed: bool,
}

/// A step that a metric passes, with what was found; or the last one.
type Passed<T> = Result<(T, String), (String, Option<String>)>;

impl<'a> Rules<'a> {
    pub(super) fn new(
        file: &'a RuleFile,
        question: &'a Question,
        series: Option<&'a SeriesByQuery>,
        known: &'a dyn Resources,
    ) -> Self {
        let (list, written) = list(file, question);
        let rules: Vec<_> = written.iter().zip(compile(written)).collect();
        let found: Vec<Option<Series>> = rules
            .iter()
            .map(|(written, rule)| {
                let rule = rule.as_ref().ok()?;
                Some(Series::of(rule, written, series, Some(&question.metric)))
            })
            .collect();
        let all = [(list, found)];
        let catalogues = catalogues(file, &all, known);
        let [(_, found)] = all;
        let metric = &question.metric;
        let renamed = rules.iter().any(|(written, rule)| {
            let names = NameMatchers::of(&written.series_query);
            let takes = names.is_some_and(|names| !names.is_empty() && names.accept(metric));
            let exposed = rule.as_ref().ok().and_then(|rule| rule.metric_name(metric));
            takes && exposed.is_some_and(|exposed| exposed != *metric)
        });
        Self {
            asked: series,
            renamed,
            question,
            known,
            list,
            rules,
            series: found,
            catalogues,
        }
    }

    /// The way through each rule that has to do with the metric.
    pub(super) fn traces(&self) -> Vec<(Closeness, Trace)> {
        let places = (1..).map(|number| RulePlace {
            list: self.list,
            number,
        });
        places
            .zip(self.rules.iter().zip(&self.series))
            .filter_map(|(place, ((written, rule), series))| {
                let mut steps = Vec::new();
                let closeness = self.walk(place, written, rule, series.as_ref(), &mut steps)?;
                let trace = Trace {
                    rule: place,
                    line: written.line,
                    steps,
                };
                Some((closeness, trace))
            })
            .collect()
    }

    /// Takes the steps, and says what the rule has to do with the metric; None for nothing.
    fn walk(
        &self,
        place: RulePlace,
        written: &DiscoveryRule,
        rule: &Result<Rule, RuleError>,
        series: Option<&Series>,
        steps: &mut Vec<Taken>,
    ) -> Option<Closeness> {
        let metric = &self.question.metric;
        let (rule, series) = match (rule, series) {
            (Ok(rule), Some(series)) => (rule, series),
            (Err(error), _) => {
                let help = "The rule is refused; the others are served.".to_owned();
                take::<()>(
                    steps,
                    Step::Rule,
                    Err((error.problem.to_string(), Some(help))),
                );
                // Whether it would be about the metric can only be told by its series query.
                let names = NameMatchers::of(&written.series_query);
                return names
                    .is_some_and(|names| names.accept(metric))
                    .then_some(Closeness::Exposed);
            }
            (Ok(_), None) => return None,
        };
        let possible = self.possible(rule, written);
        let listed = series.listed.as_deref().unwrap_or_default();
        let own: Vec<&Labels> = listed
            .iter()
            .filter(|labels| exposed(rule, labels).as_ref() == Some(metric))
            .filter(|_| !series.made_up || possible.is_some())
            .collect();
        if own.is_empty() && possible.is_none() {
            let (closeness, lost) = unexposed(rule, written, listed, metric)?;
            let step = match parse_selector(&written.series_query) {
                Ok(_) => Step::Name,
                Err(_) => Step::Series,
            };
            take::<()>(steps, step, Err(lost));
            return Some(closeness);
        }
        let name = own
            .first()
            .and_then(|labels| labels.metric_name())
            .map(str::to_owned);
        let name = name.or(possible).unwrap_or_default();
        let found = match name == *metric {
            true => format!("the series' own, {name}"),
            false => format!("{name} becomes {metric}"),
        };
        take(steps, Step::Name, Ok(((), found)));
        let found = self.found_series(written, series, &own, &name);
        if take(steps, Step::Series, found).is_some()
            && let Some(mapper) = self.labels(rule, &own, steps)
            && take(steps, Step::Namespace, self.namespace(rule, &mapper, &own)).is_some()
        {
            take(steps, Step::Place, self.place(place, rule));
        }
        Some(Closeness::Exposed)
    }

    /// A name of a series that the rule could expose as the metric. What only a pattern could give
    /// is far from what is meant when another rule takes the very name and exposes it as another.
    fn possible(&self, rule: &Rule, written: &DiscoveryRule) -> Option<String> {
        let name = name_exposed_as(rule, written, &self.question.metric)?;
        let exact =
            NameMatchers::of(&written.series_query).is_some_and(|names| names.exact().is_some());
        (!self.renamed || exact || name == self.question.metric).then_some(name)
    }

    fn found_series(
        &self,
        written: &DiscoveryRule,
        series: &Series,
        own: &[&Labels],
        name: &str,
    ) -> Passed<()> {
        let query = &written.series_query;
        let listed = match &series.listed {
            Ok(listed) => listed,
            Err(error) => {
                let help = "Put right the rule's `seriesQuery`.".to_owned();
                return Err((error.clone(), Some(help)));
            }
        };
        if series.made_up {
            let found = format!("taken for there: nobody was asked for `{query}`");
            return Ok(((), found));
        }
        if !own.is_empty() {
            return Ok(((), format!("{} found by `{query}`", own.len())));
        }
        if let Some(named) = self.named(name) {
            return Err(left_out(written, name, named));
        }
        let found = match listed.len() {
            0 => format!("Prometheus has no series for `{query}`"),
            count => {
                format!("none of the {count} series of `{query}` is exposed under this name")
            }
        };
        let help = "Look the series up in Prometheus: is its exporter scraped, is it called so, \
                    and has it the labels that the selector asks for?";
        Err((found, Some(help.to_owned())))
    }

    /// All series of a name, when they were asked for.
    fn named(&self, name: &str) -> Option<&'a [Labels]> {
        let answer = self.asked?.get(&by_name(name)?)?;
        answer.as_deref().ok()
    }

    /// What to do when no rule is about the metric, and Prometheus has series of this name.
    pub(super) fn found_by_name(&self) -> Option<String> {
        let metric = &self.question.metric;
        let named: Vec<&Labels> = self.named(metric)?.iter().collect();
        (!named.is_empty()).then(|| {
            format!(
                "Prometheus has {} series of this name: add a rule to `{}` with `seriesQuery: \
                 {metric}`. They have the labels {}.",
                named.len(),
                self.list,
                some(label_names(&named))
            )
        })
    }

    fn labels(&self, rule: &Rule, own: &[&Labels], steps: &mut Vec<Taken>) -> Option<LabelMapper> {
        let names = label_names(own);
        let mapper = match LabelMapper::new(rule.labels(), self.known) {
            Ok(mapper) => mapper,
            Err(error) => {
                take::<()>(steps, Step::Labels, Err((error.to_string(), None)));
                return None;
            }
        };
        let Some(wanted) = &self.question.resource else {
            return Some(mapper);
        };
        let Some(resource) = self.known.resolve(wanted) else {
            let found = format!("`{wanted}` is no resource that is known here");
            let help = "Write the plural and the group, such as `deployments.apps`.".to_owned();
            take::<()>(steps, Step::Labels, Err((found, Some(help))));
            return None;
        };
        let named: Vec<(Arc<ApiResource>, &str)> = names
            .iter()
            .filter_map(|name| Some((mapper.resource(name, self.known)?, *name)))
            .collect();
        let list: Vec<String> = named
            .iter()
            .map(|(resource, label)| format!("{} by `{label}`", resource.group_resource()))
            .collect();
        let own_label = named.iter().find(|(found, _)| *found == resource);
        if let Some((_, there)) = own_label
            && let Ok(label) = mapper.label(&resource.group_resource(), self.known)
            && !names.contains(&label.as_str())
        {
            let found = format!(
                "a request selects {} by `{label}`, which none of the series has; they have \
                 `{there}`",
                resource.group_resource()
            );
            let help = format!(
                "Leave `{label}` out of `resources.overrides`, or write `{there}` before it."
            );
            take::<()>(steps, Step::Labels, Err((found, Some(help))));
            return None;
        }
        if own_label.is_some() {
            take(steps, Step::Labels, Ok(((), some(&list))))?;
            return Some(mapper);
        }
        let names_nothing = match list.is_empty() {
            true => "no resource".to_owned(),
            false => format!("only {}", some(&list)),
        };
        let found = format!(
            "no label names {}: the series have {}, which name {names_nothing}",
            resource.group_resource(),
            if names.is_empty() {
                "none".to_owned()
            } else {
                some(&names)
            },
        );
        let mapped = |label: &str| {
            rule.labels()
                .overrides()
                .iter()
                .any(|(own, _)| own == label)
        };
        let help = match Flavour::of(&names) {
            Some(flavour) if resource.plural == "pods" && !mapped(flavour.pod()) => format!(
                "Add to `resources.overrides`: `{}: {{resource: namespace}}` and `{}: {{resource: \
                 pod}}`.",
                flavour.namespace(),
                flavour.pod()
            ),
            _ => format!(
                "Map the label that names {} in `resources.overrides`, if the series have one.",
                resource.group_resource()
            ),
        };
        take::<()>(steps, Step::Labels, Err((found, Some(help))));
        None
    }

    fn namespace(&self, rule: &Rule, mapper: &LabelMapper, own: &[&Labels]) -> Passed<()> {
        let needed = match &self.question.resource {
            None => rule.namespaced(),
            Some(wanted) => self
                .known
                .resolve(wanted)
                .is_some_and(|found| found.namespaced),
        };
        if !needed {
            return Ok(((), "not needed".to_owned()));
        }
        match mapper.namespace_label(self.known) {
            Ok(label)
                if own.iter().all(|labels| labels.get(&label).is_none()) && !own.is_empty() =>
            {
                let found = format!(
                    "a request selects its namespace by `{label}`, which none of the series has; \
                     they have {}",
                    some(label_names(own))
                );
                let help = "Map the label of the series that names the namespace in \
                            `resources.overrides`.";
                Err((found, Some(help.to_owned())))
            }
            Ok(label) => Ok(((), format!("by `{label}`"))),
            Err(_) => {
                let help = match self.question.resource {
                    Some(_) => "Add the label of the namespace to `resources.overrides`.",
                    None => {
                        "Add the label of the namespace to `resources.overrides`, or write \
                         `namespaced: false`."
                    }
                };
                let found = "a request has a namespace, and the rule has no label for it";
                Err((found.to_owned(), Some(help.to_owned())))
            }
        }
    }

    fn place(&self, place: RulePlace, rule: &Rule) -> Passed<()> {
        let winner = match &self.question.resource {
            None => self
                .catalogues
                .1
                .entry(&self.question.metric)
                .map(|entry| (entry.rule().index(), entry.rule().line())),
            Some(wanted) => self.known.resolve(wanted).and_then(|found| {
                let key = found.group_resource();
                let entry = self.catalogues.0.entry(&self.question.metric, &key)?;
                Some((entry.rule().index(), entry.rule().line()))
            }),
        };
        match winner {
            Some((index, line)) if index != rule.index() => {
                let winner = RulePlace {
                    number: index + 1,
                    ..place
                };
                let when = match self.asked {
                    Some(_) => "",
                    None => " when it has such series",
                };
                let winner = title(winner, line);
                let found = format!("{winner} gives it, too, and replaces it{when}");
                Err((found, Some("Give one of them another name.".to_owned())))
            }
            Some(_) => Ok(((), format!("{place} has the last word"))),
            None => Err(("it is not in the catalogue".to_owned(), None)),
        }
    }

    /// The request, about the objects that the series name when none is given.
    pub(super) fn ask(&self) -> Result<Asked, String> {
        ask(&self.catalogues, self.question, self.about(), self.known)
    }

    fn about(&self) -> About {
        let wanted = self.question.resource.as_ref();
        let resource = wanted.and_then(|wanted| self.known.resolve(wanted));
        let mut labels: Vec<&Labels> = Vec::new();
        let (mut of_namespace, mut of_object) = (None, None);
        for ((_, rule), series) in self.rules.iter().zip(&self.series) {
            let (Ok(rule), Some(series)) = (rule, series) else {
                continue;
            };
            let Ok(mapper) = LabelMapper::new(rule.labels(), self.known) else {
                continue;
            };
            let listed = series.listed.as_deref().unwrap_or_default();
            let own = listed
                .iter()
                .filter(|labels| exposed(rule, labels).as_ref() == Some(&self.question.metric));
            let before = labels.len();
            labels.extend(own);
            if labels.len() > before {
                of_namespace = mapper.namespace_label(self.known).ok();
                let key = resource.as_ref().map(|resource| resource.group_resource());
                of_object = key.and_then(|key: GroupResource| mapper.label(&key, self.known).ok());
            }
        }
        let value = |label: &Option<String>, labels: &Labels| {
            label
                .as_deref()
                .and_then(|label| labels.get(label))
                .map(str::to_owned)
        };
        let namespaced = resource.as_ref().is_none_or(|resource| resource.namespaced);
        let fits = |labels: &&&Labels| {
            let namespace = value(&of_namespace, labels);
            (self.question.namespace.is_none() || namespace == self.question.namespace)
                && (of_object.is_none() || value(&of_object, labels).is_some())
        };
        let first = labels.iter().find(fits);
        let namespace = self
            .question
            .namespace
            .clone()
            .or_else(|| value(&of_namespace, first?))
            .or_else(|| Some(SOME_NAMESPACE.to_owned()))
            .filter(|_| namespaced);
        let there: BTreeSet<String> = labels
            .iter()
            .filter(|labels| !namespaced || value(&of_namespace, labels) == namespace)
            .filter_map(|labels| value(&of_object, labels))
            .collect();
        let mut objects: Vec<String> = match &self.question.object {
            Some(object) => vec![object.clone()],
            None => there.iter().take(MAX_OBJECTS).cloned().collect(),
        };
        if objects.is_empty() {
            objects.push(SOME_OBJECT.to_owned());
        }
        About {
            namespace,
            objects,
            there: there.into_iter().collect(),
        }
    }
}

fn exposed(rule: &Rule, labels: &Labels) -> Option<String> {
    rule.metric_name(labels.metric_name()?)
}

/// Notes a step; None when it was the last.
fn take<T>(steps: &mut Vec<Taken>, step: Step, passed: Passed<T>) -> Option<T> {
    match passed {
        Ok((value, found)) => {
            steps.push(Taken {
                step,
                passed: true,
                found,
                help: None,
            });
            Some(value)
        }
        Err((found, help)) => {
            steps.push(Taken {
                step,
                passed: false,
                found,
                help,
            });
            None
        }
    }
}
