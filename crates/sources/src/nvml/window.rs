//! What each process used of a GPU's multiprocessors over a sliding window.
//!
//! The driver samples its processes several times a second and gives, when asked, what it sampled
//! since a time, each sample with its own time. A sample says how busy a process was until then,
//! and there is none for a process that did nothing. So use over the window is the mean of the
//! samples, each weighted with the time that it stands for, and time without samples is idle.
//! Pure: times are microseconds since 1970, and given.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{Absence, Reading};

/// The longest that the driver's own samples are apart. A sample stands for no longer than this
/// or than the time between two questions, whichever is longer.
const PERIOD: u64 = 1_000_000;
/// More samples than this of one GPU are not kept; the oldest go.
const MOST_SAMPLES: usize = 1 << 16;

/// A process' use of the multiprocessors until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) pid: u32,
    pub(super) at: u64,
    /// Percent; above 100 it is no value.
    pub(super) sm: u32,
}

/// The samples of one GPU.
#[derive(Debug)]
pub(super) struct ProcessWindow {
    length: u64,
    /// In order of time.
    samples: VecDeque<Sample>,
    first_listed: BTreeMap<u32, u64>,
    /// When the driver was asked last, and how long that was after the time before.
    asked: Option<u64>,
    apart: u64,
    failed: Option<Absence>,
}

impl ProcessWindow {
    pub(super) fn new(length: u64) -> Self {
        Self {
            length: length.max(1),
            samples: VecDeque::new(),
            first_listed: BTreeMap::new(),
            asked: None,
            apart: 0,
            failed: None,
        }
    }

    /// Since when the driver is to be asked.
    pub(super) fn since(&self, now: u64) -> u64 {
        let newest = self.samples.back().map_or(0, |sample| sample.at);
        newest.max(now.saturating_sub(self.length))
    }

    /// Takes what the driver answered at `now`, and which processes it lists.
    pub(super) fn take(
        &mut self,
        now: u64,
        answer: Result<Vec<Sample>, Absence>,
        listed: &BTreeSet<u32>,
    ) {
        self.apart = self.asked.map_or(0, |asked| now.saturating_sub(asked));
        self.asked = Some(now);
        self.first_listed.retain(|pid, _| listed.contains(pid));
        for pid in listed {
            self.first_listed.entry(*pid).or_insert(now);
        }
        match answer {
            Ok(new) => {
                self.failed = None;
                let since = self.since(now);
                let new = new.into_iter().filter(|sample| {
                    // A time of the future is a clock that was set back: nothing to weigh.
                    sample.at > since && sample.at <= now.saturating_add(PERIOD)
                });
                self.samples.extend(new);
                self.samples
                    .make_contiguous()
                    .sort_by_key(|sample| (sample.at, sample.pid));
            }
            Err(absence) => self.failed = Some(absence),
        }
        let oldest = now.saturating_sub(self.length);
        self.samples
            .retain(|sample| sample.at > oldest && listed.contains(&sample.pid));
        let excess = self.samples.len().saturating_sub(MOST_SAMPLES);
        self.samples.drain(..excess);
    }

    /// Percent of the multiprocessors that `pid` used over the window, or since it was first seen.
    ///
    /// No samples at all mean 0 for a process that was listed for the whole window: the driver's
    /// contract. Not for a client of MPS, whose use the driver may count to the server.
    pub(super) fn reading(&self, now: u64, pid: u32, mps: bool) -> Reading<f64> {
        if let Some(absence) = self.failed {
            return Reading::Absent(absence);
        }
        let begin = now.saturating_sub(self.length);
        let listed = self.first_listed.get(&pid).copied().unwrap_or(now);
        let own: Vec<&Sample> = self.samples.iter().filter(|s| s.pid == pid).collect();
        let Some(first) = own.first() else {
            return match listed <= begin && !mps {
                true => Reading::Value(0.0),
                false => Reading::Absent(Absence::NoSample),
            };
        };
        if own.iter().any(|sample| sample.sm > 100) {
            return Reading::Absent(Absence::Blank);
        }
        let longest = self.apart.max(PERIOD);
        // It may be older than its first listing: the driver's samples tell.
        let start = begin.max(listed.min(first.at.saturating_sub(PERIOD)));
        let mut previous = start;
        let mut busy = 0.0;
        for sample in &own {
            let stands_for = sample.at.saturating_sub(previous).min(longest);
            busy += f64::from(sample.sm) * stands_for as f64;
            previous = sample.at;
        }
        // The driver's newest samples lag behind: that time is not idle, it is not known yet.
        let newest = self.samples.back().map_or(now, |sample| sample.at);
        let end = if now.saturating_sub(newest) <= PERIOD {
            newest
        } else {
            now
        };
        let span = end.saturating_sub(start);
        if span == 0 {
            return Reading::Absent(Absence::NoSample);
        }
        Reading::Value((busy / span as f64).min(100.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;
    /// An ordinary time.
    const T: u64 = 1_795_000_000 * SECOND;

    fn window() -> ProcessWindow {
        ProcessWindow::new(10 * SECOND)
    }

    fn sample(pid: u32, at: u64, sm: u32) -> Sample {
        Sample { pid, at, sm }
    }

    fn listed(pids: &[u32]) -> BTreeSet<u32> {
        pids.iter().copied().collect()
    }

    /// Asks once a second for ten seconds; process 1 is `sm` busy in the seconds of `busy`.
    fn watched(busy: impl Fn(u64) -> u32) -> ProcessWindow {
        let mut window = window();
        for second in 0..=20 {
            let now = T + second * SECOND;
            let sm = busy(second);
            let new = (sm > 0).then(|| sample(1, now, sm));
            window.take(now, Ok(new.into_iter().collect()), &listed(&[1, 2]));
        }
        window
    }

    #[test]
    fn a_blip_is_no_load() {
        let now = T + 20 * SECOND;
        assert_eq!(watched(|_| 40).reading(now, 1, false), Reading::Value(40.0));
        let blip = watched(|second| if second == 20 { 100 } else { 0 });
        assert_eq!(blip.reading(now, 1, false), Reading::Value(10.0));
        let half = watched(|second| if second % 2 == 0 { 60 } else { 0 });
        assert_eq!(half.reading(now, 1, false), Reading::Value(30.0));
    }

    #[test]
    fn silence_is_idle_after_a_window_and_unknown_before() {
        let window = watched(|_| 40);
        let now = T + 20 * SECOND;
        let unknown = Reading::Absent(Absence::NoSample);
        assert_eq!(window.reading(now, 2, false), Reading::Value(0.0));
        assert_eq!(window.reading(now, 2, true), unknown, "a client of MPS");
        assert_eq!(window.reading(now, 3, false), unknown, "never listed");
        let mut fresh = super::ProcessWindow::new(10 * SECOND);
        fresh.take(T, Ok(Vec::new()), &listed(&[1]));
        assert_eq!(fresh.reading(T, 1, false), unknown);
    }

    #[test]
    fn several_samples_since_a_rare_question_share_the_time() {
        let mut window = ProcessWindow::new(30 * SECOND);
        window.take(T, Ok(Vec::new()), &listed(&[1]));
        let now = T + 30 * SECOND;
        let samples = vec![sample(1, now - 15 * SECOND, 20), sample(1, now, 80)];
        window.take(now, Ok(samples), &listed(&[1]));
        assert_eq!(window.reading(now, 1, false), Reading::Value(50.0));
    }

    #[test]
    fn history_before_the_first_question_counts() {
        let mut window = window();
        let samples = (1..=10).map(|second| sample(1, T - second * SECOND, 50));
        window.take(T, Ok(samples.collect()), &listed(&[1]));
        assert_eq!(window.reading(T, 1, false), Reading::Value(50.0));
        assert_eq!(window.since(T), T - SECOND);
    }

    #[test]
    fn a_failure_and_a_blank_are_absent() {
        let mut window = watched(|_| 40);
        let now = T + 21 * SECOND;
        window.take(now, Err(Absence::Lost), &listed(&[1]));
        let absent = |absence| Reading::Absent(absence);
        assert_eq!(window.reading(now, 1, false), absent(Absence::Lost));
        window.take(now, Ok(vec![sample(1, now, 101)]), &listed(&[1]));
        assert_eq!(window.reading(now, 1, false), absent(Absence::Blank));
        // A process that ended takes its samples along: the next with its number has none.
        window.take(now, Ok(Vec::new()), &listed(&[]));
        window.take(now, Ok(Vec::new()), &listed(&[1]));
        assert_eq!(window.reading(now, 1, false), absent(Absence::NoSample));
    }

    proptest! {
        #[test]
        fn use_is_within_what_was_sampled(
            asked in prop::collection::vec((0_u64..3_000_000, prop::collection::vec((0_u64..3_000_000, 1_u32..4, 0_u32..=100), 0..6)), 1..20),
        ) {
            let mut window = window();
            let mut now = T;
            for (later, samples) in asked {
                now += later;
                let new = samples.iter().map(|(ago, pid, sm)| sample(*pid, now - ago, *sm));
                window.take(now, Ok(new.collect()), &listed(&[1, 2, 3]));
            }
            for pid in 1..4 {
                let highest = window.samples.iter().filter(|s| s.pid == pid).map(|s| s.sm).max();
                if let Reading::Value(value) = window.reading(now, pid, false) {
                    prop_assert!(value >= 0.0 && value <= f64::from(highest.unwrap_or(0)) + 1e-9);
                }
            }
        }
    }
}
