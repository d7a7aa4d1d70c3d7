//! What an evaluation reads of the store: the newest samples, and those in a window.

use std::cell::OnceCell;
use std::rc::Rc;

use concertina_model::{Sample, Timestamp};
use concertina_promql::ast::{At, Expr, ExprKind, Selector, TimeModifier};

use super::sets::{BySet, Set, value_of};
use super::{Element, Evaluator, millis, unwrapped};
use crate::select::Matchers;
use crate::store::Slot;
use crate::{EvalError, is_stale};

/// The series of a selector, in the order of their labels.
#[derive(Debug, Default)]
pub(super) struct Selected {
    series: Vec<(Set, Slot)>,
    nameless: OnceCell<Vec<Set>>,
    /// Whether all series have one name, so that they differ in another label.
    one_name: bool,
}

/// The samples of a series in a window of time, and the window. Never empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'w> {
    pub(super) samples: &'w [Sample],
    pub(super) start: i64,
    pub(super) end: i64,
}

/// Whether what is read keeps the metric's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Kept,
    Dropped,
}

impl Evaluator<'_> {
    fn moment(&self, at: &TimeModifier, now: Timestamp) -> i64 {
        let base = match at.at {
            None => now,
            Some(At::Time(time)) => time,
            Some(At::Start) => self.start,
            Some(At::End) => self.end,
        };
        base.as_millis().saturating_sub(at.offset_ms)
    }

    /// The first time of a window that reaches back from `end`.
    fn window_start(&self, end: i64, length: i64) -> i64 {
        let start = end.saturating_sub(length);
        start.saturating_add(i64::from(self.options.left_open))
    }

    /// Counts samples against the limit, and asks from time to time whether to go on.
    fn look_at(&self, samples: usize) -> Result<(), EvalError> {
        let left = self.left.get().checked_sub(samples);
        let left = left.ok_or(EvalError::TooManySamples(self.options.max_samples))?;
        self.left.set(left);
        // What costs time without samples counts, too.
        let patience = self.patience.get().checked_sub(samples + 1);
        self.patience.set(patience.unwrap_or(PATIENCE));
        if patience.is_none() && self.stop.is_some_and(|stop| stop()) {
            return Err(EvalError::Stopped);
        }
        Ok(())
    }

    fn select(&self, selector: &Selector) -> Result<Rc<Selected>, EvalError> {
        let key: *const Selector = selector;
        if let Some(selected) = self.selected.borrow().get(&key) {
            return Ok(Rc::clone(selected));
        }
        let index = self.snapshot.index();
        let slots = Matchers::new(selector)?.select(index).into_iter();
        let series: Vec<(Set, Slot)> = slots.map(|slot| (index.shared(slot), slot)).collect();
        let name = |(set, _): &(Set, Slot)| value_of(set, self.sets.name());
        let first = series.first().map(name);
        let found = Rc::new(Selected {
            one_name: series.iter().all(|one| Some(name(one)) == first),
            series,
            nameless: OnceCell::new(),
        });
        self.selected.borrow_mut().insert(key, Rc::clone(&found));
        Ok(found)
    }

    /// The sets of the selected series, as wanted.
    fn sets<'f>(&self, found: &'f Selected, name: Name) -> impl Iterator<Item = (&'f Set, Slot)> {
        let nameless = (name == Name::Dropped).then(|| {
            found.nameless.get_or_init(|| {
                let sets = found.series.iter();
                sets.map(|(set, _)| self.sets.without_name(set)).collect()
            })
        });
        found
            .series
            .iter()
            .enumerate()
            .map(move |(at, (set, slot))| {
                let nameless = nameless.and_then(|nameless| nameless.get(at));
                (nameless.unwrap_or(set), *slot)
            })
    }

    /// The newest sample of each series within the lookback, unless it says that the series ended.
    pub(super) fn instant(
        &self,
        selector: &Selector,
        now: Timestamp,
        name: Name,
        value: impl Fn(Sample) -> f64,
    ) -> Result<Vec<Element>, EvalError> {
        let end = self.moment(&selector.at, now);
        let start = self.window_start(end, millis(self.options.lookback));
        let selected = self.select(selector)?;
        let mut found = Vec::with_capacity(selected.series.len());
        for (set, slot) in self.sets(&selected, name) {
            let series = self.snapshot.samples(slot);
            let newest = series.and_then(|series| series.newest(end));
            if let Some(sample) = newest
                && sample.timestamp.as_millis() >= start
                && !is_stale(sample.value)
            {
                self.look_at(1)?;
                found.push(Element {
                    set: Set::clone(set),
                    value: value(sample),
                });
            }
        }
        self.look_at(0)?;
        if name == Name::Kept || selected.one_name {
            return Ok(found);
        }
        self.distinct(found)
    }

    /// Calls `each` with the samples of each series of a range selector or subquery, for series
    /// that have some. Ranges are closed at both ends, or open at the left. Returns whether all
    /// sets are sure to be different.
    pub(super) fn ranges(
        &self,
        expr: &Expr,
        now: Timestamp,
        name: Name,
        mut each: impl FnMut(&Set, Window<'_>),
    ) -> Result<bool, EvalError> {
        match &unwrapped(expr).kind {
            ExprKind::Range { selector, range } => {
                let end = self.moment(&selector.at, now);
                let from = self.window_start(end, millis(*range));
                let start = end.saturating_sub(millis(*range));
                let selected = self.select(selector)?;
                let mut samples = Vec::new();
                for (set, slot) in self.sets(&selected, name) {
                    samples.clear();
                    if let Some(series) = self.snapshot.samples(slot) {
                        series.window(from, end, &mut samples);
                    }
                    samples.retain(|sample| !is_stale(sample.value));
                    self.look_at(samples.len())?;
                    if !samples.is_empty() {
                        let samples = &samples;
                        each(
                            set,
                            Window {
                                samples,
                                start,
                                end,
                            },
                        );
                    }
                }
                Ok(name == Name::Kept || selected.one_name)
            }
            ExprKind::Subquery {
                expr,
                range,
                step,
                at,
            } => {
                let end = self.moment(at, now);
                let start = end.saturating_sub(millis(*range));
                let step = millis(step.unwrap_or(self.options.interval)).max(1);
                for (set, samples) in self.subquery(expr, start, end, step)? {
                    let set = match name {
                        Name::Kept => set,
                        Name::Dropped => self.sets.without_name(&set),
                    };
                    let samples = &samples;
                    each(
                        &set,
                        Window {
                            samples,
                            start,
                            end,
                        },
                    );
                }
                Ok(name == Name::Kept)
            }
            _ => Err(EvalError::WrongType("a function over a range")),
        }
    }

    fn subquery(
        &self,
        expr: &Expr,
        start: i64,
        end: i64,
        step: i64,
    ) -> Result<Vec<(Set, Vec<Sample>)>, EvalError> {
        // Steps lie at multiples of the step in absolute time; the division cuts toward zero.
        let first = self.window_start(start, 0);
        let mut now = step.saturating_mul(start / step);
        if now < first {
            now = now.saturating_add(step);
        }
        self.over_steps(now, end, step, |timestamp| self.vector(expr, timestamp))
    }

    /// The series that `vector` gives at every step from `now` to `end`, in the order of their
    /// labels.
    pub(super) fn over_steps(
        &self,
        mut now: i64,
        end: i64,
        step: i64,
        vector: impl Fn(Timestamp) -> Result<Vec<Element>, EvalError>,
    ) -> Result<Vec<(Set, Vec<Sample>)>, EvalError> {
        let mut series: BySet<Vec<Sample>> = BySet::new(&self.sets);
        while now <= end {
            let timestamp = Timestamp::from_millis(now);
            let vector = vector(timestamp)?;
            // Steps count against the limit, so that an empty subquery is bounded, too.
            self.look_at(vector.len().max(1))?;
            for Element { set, value } in vector {
                let sample = Sample { timestamp, value };
                match series.get_mut(&set) {
                    Some(samples) => samples.push(sample),
                    None => {
                        series.insert(set, vec![sample]);
                    }
                }
            }
            let Some(next) = now.checked_add(step) else {
                break;
            };
            now = next;
        }
        let mut series = series.into_entries();
        series.sort_by(|a, b| self.sets.order(&a.0, &b.0));
        Ok(series)
    }
}

/// So many samples are looked at before somebody is asked whether to go on.
pub(super) const PATIENCE: usize = 4096;
