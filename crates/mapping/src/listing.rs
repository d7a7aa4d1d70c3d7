//! What a rule makes of the series that its series query found.

use std::collections::HashMap;
use std::sync::Arc;

pub use concertina_model::ListedSeries;
use concertina_rules::Rule;

use crate::{ApiResource, LabelMapper, Resources};

/// What a rule's series query found, or why it failed. When several series give one metric the
/// last one counts, so that equal ones that are counted together stand where the last of them was.
pub type Listing = Result<Arc<[ListedSeries]>, String>;

/// A listed series that passed a rule's filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedSeries {
    /// Its place in the listing.
    pub index: usize,
    /// Its name.
    pub series: String,
    /// The name under which it is exposed.
    pub metric: String,
    /// The resources that its labels name, in the order of the labels.
    pub resources: Vec<Arc<ApiResource>>,
}

/// All series of one name and the same labels that passed a rule's filters.
#[derive(Debug)]
pub(crate) struct MappedShape<'a> {
    pub(crate) series: &'a str,
    pub(crate) metric: Arc<str>,
    pub(crate) resources: Arc<[Arc<ApiResource>]>,
    pub(crate) series_count: usize,
    /// The place of the last of them in the listing.
    last: usize,
}

/// The series of `listed` that `rule` takes, and the resources that their labels name.
pub fn map_series(
    rule: &Rule,
    mapper: &LabelMapper,
    listed: &[ListedSeries],
    known: &dyn Resources,
) -> Vec<MappedSeries> {
    let mut found = Vec::new();
    let shapes = walk(rule, mapper, listed, known, |index, shape| {
        found.push((index, shape));
    });
    let mapped = found.into_iter().filter_map(|(index, shape)| {
        let shape: &MappedShape<'_> = shapes.get(shape)?;
        Some(MappedSeries {
            index,
            series: shape.series.to_owned(),
            metric: shape.metric.to_string(),
            resources: shape.resources.to_vec(),
        })
    });
    mapped.collect()
}

/// As [`map_series`], each shape once, in the order of the last series of each.
pub(crate) fn map_shapes<'a>(
    rule: &Rule,
    mapper: &LabelMapper,
    listed: &'a [ListedSeries],
    known: &dyn Resources,
) -> Vec<MappedShape<'a>> {
    let mut shapes = walk(rule, mapper, listed, known, |_, _| {});
    shapes.sort_by_key(|shape| shape.last);
    shapes
}

/// The series of one name.
struct Named<'a> {
    name: &'a str,
    /// None when the rule does not take them.
    metric: Option<Arc<str>>,
    /// The label names that were seen, and the shape of each.
    shapes: HashMap<&'a [String], usize>,
    /// What the series before had: mostly that of the next one.
    before: Option<(&'a [String], usize)>,
    /// The place of the name that came next: lists go through the same names over and over.
    next: usize,
}

/// The names of a listing.
#[derive(Default)]
struct Names<'a> {
    all: Vec<Named<'a>>,
    places: HashMap<&'a str, usize>,
    /// The place of the name before.
    before: usize,
}

impl<'a> Names<'a> {
    fn get(&mut self, name: &'a str, rule: &Rule) -> Option<&mut Named<'a>> {
        let guess = self.all.get(self.before).map(|before| before.next);
        let right = |place: &usize| self.all.get(*place).is_some_and(|named| named.name == name);
        let place = guess.filter(right).unwrap_or_else(|| {
            let all = &mut self.all;
            *self.places.entry(name).or_insert_with(|| {
                all.push(Named {
                    name,
                    metric: rule.metric_name(name).map(Arc::from),
                    shapes: HashMap::new(),
                    before: None,
                    next: 0,
                });
                all.len() - 1
            })
        });
        if let Some(before) = self.all.get_mut(self.before) {
            before.next = place;
        }
        self.before = place;
        self.all.get_mut(place)
    }
}

/// The shapes, in the order of their first series; `each` gets the place of every accepted series
/// and its shape.
///
/// A relist sees few names and few sets of labels, over and over: only what differs is looked at.
fn walk<'a>(
    rule: &Rule,
    mapper: &LabelMapper,
    listed: &'a [ListedSeries],
    known: &dyn Resources,
    mut each: impl FnMut(usize, usize),
) -> Vec<MappedShape<'a>> {
    let mut names = Names::default();
    let mut labels: HashMap<&str, Option<Arc<ApiResource>>> = HashMap::new();
    let mut shapes: Vec<MappedShape<'a>> = Vec::new();
    for (index, series) in listed.iter().enumerate() {
        let Some(named) = names.get(&series.name, rule) else {
            continue;
        };
        let Some(metric) = &named.metric else {
            continue;
        };
        let own = series.labels.as_slice();
        let before = named.before.filter(|(labels, _)| *labels == own);
        let seen = before.map(|(_, shape)| shape);
        let shape = match seen.or_else(|| named.shapes.get(own).copied()) {
            Some(shape) => shape,
            None => {
                let resources = series.labels.iter().filter_map(|label| {
                    let resource = labels.entry(label);
                    resource
                        .or_insert_with(|| mapper.resource(label, known))
                        .clone()
                });
                shapes.push(MappedShape {
                    series: &series.name,
                    metric: Arc::clone(metric),
                    resources: resources.collect(),
                    series_count: 0,
                    last: index,
                });
                let shape = shapes.len() - 1;
                named.shapes.insert(own, shape);
                shape
            }
        };
        named.before = Some((own, shape));
        if let Some(shape) = shapes.get_mut(shape) {
            shape.series_count += series.count;
            shape.last = index;
        }
        each(index, shape);
    }
    shapes
}
