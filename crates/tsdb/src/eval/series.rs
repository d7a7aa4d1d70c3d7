//! What an evaluation reads of the store: the newest samples, and those in a window.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use concertina_model::{Sample, Timestamp};
use concertina_promql::ast::{At, Expr, ExprKind, Selector, TimeModifier};

use super::sets::{BySet, Set, value_of};
use super::{Element, Evaluator, millis, unwrapped};
use crate::select::Matchers;
use crate::store::Slot;
use crate::{EvalError, STALE_MARKER, is_stale};

/// The series of a selector, in the order of their labels.
#[derive(Debug, Default)]
pub(super) struct Selected {
    series: Vec<(Set, Slot)>,
    nameless: OnceCell<Vec<Set>>,
    /// Whether all series have one name, so that they differ in another label.
    one_name: bool,
    grid: RefCell<Grid>,
}

/// The newest values of all selected series at some steps, read series by series: what lies
/// together in memory is read together.
#[derive(Debug, Default)]
struct Grid {
    first: i64,
    step: i64,
    steps: usize,
    /// Step by step; a stale marker where there is no value.
    values: Vec<f64>,
}

impl Grid {
    /// The values at `now`, if it is one of the steps.
    fn row(&self, now: i64) -> Option<&[f64]> {
        let after = now.checked_sub(self.first).filter(|after| *after >= 0)?;
        if self.step == 0 || after % self.step != 0 {
            return None;
        }
        let at = usize::try_from(after / self.step).ok()?;
        let at = Some(at).filter(|at| *at < self.steps)?;
        let width = self.values.len().checked_div(self.steps)?;
        self.values.get(at * width..(at + 1) * width)
    }
}

/// Steps at which an expression is evaluated, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    step: i64,
    end: i64,
}

/// So many steps are read ahead, if it is for no more than so many values.
const AHEAD: usize = 32;
const MAX_AHEAD: usize = 1 << 18;

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
    /// Dropped, but nobody looks at it: it stays where that is less work.
    Ignored,
}

impl Evaluator<'_> {
    /// The time that is asked for, and behind which time nothing is read.
    fn moment(&self, at: &TimeModifier, now: Timestamp) -> (i64, i64) {
        let now = now.as_millis();
        let fixed = match at.at {
            None => None,
            Some(At::Time(time)) => Some(time),
            Some(_) if self.unfixed.is_in_parameter(at) => None,
            Some(At::Start) => Some(self.start),
            Some(At::End) => Some(self.end),
        };
        let (time, horizon) = match fixed.map(Timestamp::as_millis) {
            None => (now, self.horizon.get()),
            Some(time) if self.unfixed.moves(at) => {
                let gone = now.saturating_sub(self.first_step.get().as_millis());
                (time.saturating_add(gone), time)
            }
            Some(time) => (time, time),
        };
        let before = |time: i64| time.saturating_sub(at.offset_ms);
        (before(time), before(horizon))
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
        self.may_go_on(samples)
    }

    fn may_go_on(&self, samples: usize) -> Result<(), EvalError> {
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
            grid: RefCell::default(),
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
    ) -> Result<Vec<Element>, EvalError> {
        let selected = self.select(selector)?;
        let mut found = Vec::with_capacity(selected.series.len());
        let mut add = |set: &Set, value: f64| {
            if !is_stale(value) {
                let set = Set::clone(set);
                found.push(Element { set, value });
            }
        };
        if selector.at.at.is_none()
            && let Some(steps) = self.steps.get()
        {
            let mut grid = selected.grid.borrow_mut();
            if grid.row(now.as_millis()).is_none() {
                *grid = self.grid(&selected, selector, now, steps)?;
            }
            let row = grid.row(now.as_millis()).unwrap_or_default();
            let sets = selected.series.iter();
            sets.zip(row).for_each(|((set, _), value)| add(set, *value));
        } else {
            let (start, end) = self.lookback(selector, now);
            for (set, slot) in &selected.series {
                add(
                    set,
                    self.newest(*slot, start, end)
                        .map_or(STALE_MARKER, |sample| sample.value),
                );
            }
        }
        self.look_at(found.len())?;
        Ok(found)
    }

    /// The times of those samples, in seconds; names dropped.
    pub(super) fn times(
        &self,
        selector: &Selector,
        now: Timestamp,
    ) -> Result<Vec<Element>, EvalError> {
        let selected = self.select(selector)?;
        let (start, end) = self.lookback(selector, now);
        let mut found = Vec::with_capacity(selected.series.len());
        for (set, slot) in self.sets(&selected, Name::Dropped) {
            let newest = self.newest(slot, start, end);
            if let Some(sample) = newest.filter(|sample| !is_stale(sample.value)) {
                found.push(Element {
                    set: Set::clone(set),
                    value: sample.timestamp.as_secs_f64(),
                });
            }
        }
        self.look_at(found.len())?;
        match selected.one_name {
            true => Ok(found),
            false => self.distinct(found),
        }
    }

    /// The first and the last time at which the newest sample may lie, in milliseconds.
    fn lookback(&self, selector: &Selector, now: Timestamp) -> (i64, i64) {
        let (end, horizon) = self.moment(&selector.at, now);
        let start = self.window_start(end, millis(self.options.lookback));
        (start, end.min(horizon))
    }

    fn newest(&self, slot: Slot, start: i64, end: i64) -> Option<Sample> {
        let newest = self.snapshot.samples(slot)?.newest(end)?;
        (newest.timestamp.as_millis() >= start).then_some(newest)
    }

    /// The steps from `now` on.
    fn grid(
        &self,
        selected: &Selected,
        selector: &Selector,
        now: Timestamp,
        Steps { step, end }: Steps,
    ) -> Result<Grid, EvalError> {
        let first = now.as_millis();
        let width = selected.series.len();
        let left = usize::try_from(end.saturating_sub(first) / step).unwrap_or(0) + 1;
        let steps = left.min(AHEAD).min(MAX_AHEAD / width.max(1)).max(1);
        let times: Vec<(i64, i64)> = (0..steps)
            .map(|at| {
                let now = first.saturating_add(step.saturating_mul(at as i64));
                self.lookback(selector, Timestamp::from_millis(now))
            })
            .collect();
        let mut values = vec![STALE_MARKER; steps * width];
        for (place, (_, slot)) in selected.series.iter().enumerate() {
            let column = values.iter_mut().skip(place).step_by(width);
            let mut column = column.zip(&times);
            if let Some(series) = self.snapshot.samples(*slot) {
                series.newest_at(times.iter().map(|(_, end)| *end), |newest| {
                    if let Some((value, (start, _))) = column.next()
                        && let Some(newest) = newest
                        && newest.timestamp.as_millis() >= *start
                    {
                        *value = newest.value;
                    }
                });
            }
            self.may_go_on(steps)?;
        }
        Ok(Grid {
            first,
            step,
            steps,
            values,
        })
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
                let (end, horizon) = self.moment(&selector.at, now);
                let from = self.window_start(end, millis(*range));
                let start = end.saturating_sub(millis(*range));
                let selected = self.select(selector)?;
                let name = match name {
                    Name::Ignored if selected.one_name => Name::Kept,
                    Name::Ignored => Name::Dropped,
                    name => name,
                };
                let mut samples = Vec::new();
                for (set, slot) in self.sets(&selected, name) {
                    samples.clear();
                    if let Some(series) = self.snapshot.samples(slot) {
                        series.window(from, end.min(horizon), &mut samples);
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
                let (end, horizon) = self.moment(at, now);
                let start = end.saturating_sub(millis(*range));
                let step = millis(step.unwrap_or(self.options.interval)).max(1);
                let (first_end, _) = self.moment(at, self.first_step.get());
                let first = self.first_step(first_end.saturating_sub(millis(*range)), step);
                let outer_first = self.first_step.replace(Timestamp::from_millis(first));
                let outer_horizon = self.horizon.replace(horizon);
                let series = self.subquery(expr, start, end, step);
                self.first_step.set(outer_first);
                self.horizon.set(outer_horizon);
                for (set, samples) in series? {
                    let set = match name {
                        Name::Kept => set,
                        Name::Dropped | Name::Ignored => self.sets.without_name(&set),
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
        let first = self.first_step(start, step);
        self.over_steps(first, end, step, |timestamp| self.vector(expr, timestamp))
    }

    /// The first step of a subquery that reaches back to `start`. Steps lie at multiples of the step
    /// in absolute time; the division cuts toward zero.
    fn first_step(&self, start: i64, step: i64) -> i64 {
        let first = step.saturating_mul(start / step);
        match first < self.window_start(start, 0) {
            true => first.saturating_add(step),
            false => first,
        }
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
            // Steps may lie within steps.
            let outer = self.steps.replace(Some(Steps { step, end }));
            let vector = vector(timestamp);
            self.steps.set(outer);
            let vector = vector?;
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
