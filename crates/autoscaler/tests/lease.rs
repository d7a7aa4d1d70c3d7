//! Elections over a network that delays and loses, among processes whose clocks differ and that
//! stand still at times.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use concertina_autoscaler::lease::{Answer, Ask, Candidate, LeaseRecord, Next, Request, Timing};
use concertina_model::Timestamp;
use proptest::prelude::*;

/// True time, in milliseconds.
type Moment = u64;

/// What a message meets on its way, one after the other.
#[derive(Clone, Copy, Debug)]
struct Way {
    there: Moment,
    back: Moment,
    lost_there: bool,
    lost_back: bool,
}

#[derive(Clone, Debug)]
struct Process {
    /// What its monotonic clock shows at the start.
    offset: Moment,
    /// How fast it runs, in thousandths.
    rate: u64,
    /// How far its time of day is off, in milliseconds.
    skew: i64,
    /// When it stands still: from, for how long.
    stopped: (Moment, Moment),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wake(usize),
    Arrive(usize, usize),
    Return(usize, usize),
}

struct World {
    processes: Vec<Process>,
    candidates: Vec<Candidate>,
    /// The latest request of each: an answer to an earlier one comes too late.
    latest: Vec<usize>,
    requests: Vec<(Request, Way)>,
    answers: Vec<Option<Answer>>,
    lease: Option<(LeaseRecord, u64)>,
    ways: Vec<Way>,
    /// When the network begins to be quick and safe.
    calm: Moment,
    events: BinaryHeap<Reverse<(Moment, Event)>>,
}

impl World {
    fn new(processes: Vec<Process>, ways: Vec<Way>, calm: Moment) -> Self {
        let candidates = (0..processes.len())
            .map(|i| Candidate::new(&format!("c{i}"), Timing::default()).unwrap());
        Self {
            candidates: candidates.collect(),
            latest: vec![0; processes.len()],
            requests: Vec::new(),
            answers: Vec::new(),
            lease: None,
            ways,
            calm,
            events: (0..processes.len())
                .map(|i| Reverse((0, Event::Wake(i))))
                .collect(),
            processes,
        }
    }

    fn local(&self, i: usize, at: Moment) -> Duration {
        let process = &self.processes[i];
        Duration::from_micros(process.offset * 1000 + at * process.rate)
    }

    /// The true time at which the clock of `i` shows `local`, or just after.
    fn moment(&self, i: usize, local: Duration) -> Moment {
        let process = &self.processes[i];
        let passed = (local.as_micros() as u64).saturating_sub(process.offset * 1000);
        passed.div_ceil(process.rate)
    }

    fn leaders(&self, at: Moment) -> Vec<usize> {
        let leads = |i: &usize| self.candidates[*i].leads(self.local(*i, at)).is_some();
        (0..self.candidates.len()).filter(leads).collect()
    }

    fn apply(&mut self, ask: &Ask) -> Answer {
        match (ask, &mut self.lease) {
            (Ask::Read, None) => Answer::NotFound,
            (Ask::Read, Some((record, version))) => Answer::Found {
                record: record.clone(),
                version: version.to_string(),
            },
            (Ask::Create(record), lease @ None) => {
                *lease = Some((record.clone(), 1));
                Answer::Written {
                    version: "1".to_owned(),
                }
            }
            (Ask::Replace { record, version }, Some((held, at))) if *version == at.to_string() => {
                *held = record.clone();
                *at += 1;
                Answer::Written {
                    version: at.to_string(),
                }
            }
            _ => Answer::Conflict,
        }
    }

    fn wake(&mut self, i: usize, at: Moment) {
        let now = self.local(i, at);
        let wall = Timestamp::from_millis(1_700_000_000_000 + at as i64 + self.processes[i].skew);
        let next = match self.candidates[i].next(now, wall) {
            Next::Done => return,
            Next::Wait(until) => until,
            Next::Ask(request) => {
                let way = match at < self.calm {
                    true => self.ways[self.requests.len() % self.ways.len()],
                    false => Way {
                        there: 1,
                        back: 1,
                        lost_there: false,
                        lost_back: false,
                    },
                };
                let deadline = request.deadline;
                self.latest[i] = self.requests.len();
                if !way.lost_there {
                    let event = Event::Arrive(i, self.requests.len());
                    self.events.push(Reverse((at + way.there, event)));
                }
                self.requests.push((request, way));
                self.answers.push(None);
                deadline
            }
        };
        let event = (self.moment(i, next).max(at + 1), Event::Wake(i));
        self.events.push(Reverse(event));
    }

    /// Goes on to `end`; at no moment may two lead.
    fn run(&mut self, end: Moment) -> Result<(), TestCaseError> {
        while let Some(Reverse((at, event))) = self.events.pop() {
            if at > end {
                self.events.push(Reverse((at, event)));
                return Ok(());
            }
            if let Event::Wake(i) | Event::Return(i, _) = event {
                let (from, length) = self.processes[i].stopped;
                if (from..from + length).contains(&at) {
                    self.events.push(Reverse((from + length, event)));
                    continue;
                }
            }
            match event {
                Event::Wake(i) => self.wake(i, at),
                Event::Arrive(i, n) => {
                    let (request, way) = self.requests[n].clone();
                    self.answers[n] = Some(self.apply(&request.ask));
                    if !way.lost_back {
                        self.events
                            .push(Reverse((at + way.back, Event::Return(i, n))));
                    }
                }
                Event::Return(i, n) => {
                    let now = self.local(i, at);
                    let answer = self.answers[n].take();
                    // A client gives up at the deadline.
                    let in_time = self.latest[i] == n && now < self.requests[n].0.deadline;
                    if let (Some(answer), true) = (answer, in_time) {
                        self.candidates[i].answered(now, answer);
                        self.wake(i, at);
                    }
                }
            }
            let leaders = self.leaders(at);
            prop_assert!(leaders.len() < 2, "{leaders:?} lead at {at} ms");
        }
        Ok(())
    }
}

fn way() -> impl Strategy<Value = Way> {
    let delay = || prop_oneof![4 => 1..200u64, 1 => 200..30_000u64];
    let lost = || prop::bool::weighted(0.15);
    (delay(), delay(), lost(), lost()).prop_map(|(there, back, lost_there, lost_back)| Way {
        there,
        back,
        lost_there,
        lost_back,
    })
}

fn process() -> impl Strategy<Value = Process> {
    let stopped = (0..180_000u64, prop_oneof![Just(0), 1..60_000u64]);
    let skew = -86_400_000..86_400_000i64;
    (0..1_000_000u64, 900..1_100u64, skew, stopped).prop_map(|(offset, rate, skew, stopped)| {
        Process {
            offset,
            rate,
            skew,
            stopped,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn two_never_lead_and_one_does_again(
        processes in prop::collection::vec(process(), 1..5),
        ways in prop::collection::vec(way(), 1..60),
    ) {
        let end = 300_000;
        let mut world = World::new(processes, ways, 240_000);
        world.run(end)?;
        prop_assert_eq!(world.leaders(end).len(), 1, "somebody leads in the end");
    }

    #[test]
    fn a_lease_that_is_given_back_is_taken_at_the_next_look(
        processes in prop::collection::vec(process(), 2..5),
        ways in prop::collection::vec(way(), 1..60),
    ) {
        let end = 300_000;
        let mut world = World::new(processes, ways, 240_000);
        world.run(end)?;
        let leaders = world.leaders(end);
        prop_assert_eq!(leaders.len(), 1);
        world.candidates[leaders[0]].leave();
        prop_assert!(world.leaders(end).is_empty(), "at once, before the write");
        world.events.push(Reverse((end + 1, Event::Wake(leaders[0]))));
        world.run(end + 3_000)?;
        let next = world.leaders(end + 3_000);
        prop_assert_eq!(next.len(), 1);
        prop_assert_ne!(next[0], leaders[0]);
    }
}

/// One look of a candidate at the Lease, for tests that go step by step.
fn ask(candidate: &mut Candidate, seconds: u64) -> Ask {
    let now = Duration::from_secs(seconds);
    match candidate.next(now, Timestamp::from_millis(seconds as i64 * 1000)) {
        Next::Ask(request) => request.ask,
        other => panic!("at {seconds} s: {other:?}"),
    }
}

/// A Lease that another one holds, for 30 s at a time.
fn others() -> Answer {
    Answer::Found {
        record: LeaseRecord {
            holder_identity: "other".to_owned(),
            lease_duration_seconds: Some(30),
            // Hours ago by the other's clock, which is compared with nothing.
            renew_time: Some(Timestamp::from_millis(-9_000_000)),
            lease_transitions: 4,
            ..LeaseRecord::default()
        },
        version: "8".to_owned(),
    }
}

fn written(version: &str) -> Answer {
    Answer::Written {
        version: version.to_owned(),
    }
}

#[test]
fn the_holders_own_duration_counts_from_when_its_last_change_was_seen() {
    let mut me = Candidate::new("me", Timing::default()).unwrap();
    let at = Duration::from_secs;
    for second in (0..=30).step_by(2) {
        assert_eq!(ask(&mut me, second), Ask::Read, "at {second} s");
        me.answered(at(second), others());
    }
    assert_eq!(me.holder(), Some("other"));
    let Ask::Replace { record, version } = ask(&mut me, 30) else {
        panic!("it is free");
    };
    assert_eq!(
        (record.holder_identity.as_str(), version.as_str()),
        ("me", "8")
    );
    assert_eq!(record.lease_transitions, 5);
    me.answered(at(31), written("9"));
    let leading = me.leads(at(31)).unwrap();
    assert_eq!((leading.until, leading.term), (at(40), 5));
    assert_eq!(leading.rest(at(33)), at(7));
}

#[test]
fn a_name_that_is_met_again_is_not_ones_own() {
    let mut me = Candidate::new("other", Timing::default()).unwrap();
    ask(&mut me, 0);
    me.answered(Duration::ZERO, others());
    assert_eq!(ask(&mut me, 2), Ask::Read, "it waits like anyone else");
}

#[test]
fn a_write_without_an_answer_is_looked_up() {
    let mut me = Candidate::new("me", Timing::default()).unwrap();
    let at = Duration::from_secs;
    ask(&mut me, 0);
    me.answered(at(0), Answer::NotFound);
    let Ask::Create(record) = ask(&mut me, 0) else {
        panic!("there is none yet");
    };
    // The deadline passes; the write had happened.
    assert!(me.leads(at(1)).is_none());
    assert_eq!(me.next(at(1), Timestamp::EPOCH), Next::Wait(at(5)));
    assert_eq!(me.next(at(5), Timestamp::EPOCH), Next::Wait(at(7)));
    assert_eq!(ask(&mut me, 7), Ask::Read);
    let version = "1".to_owned();
    me.answered(at(7), Answer::Found { record, version });
    let Ask::Replace { record, .. } = ask(&mut me, 7) else {
        panic!("it is its own: renew it");
    };
    assert_eq!(record.lease_transitions, 0);
    me.answered(at(8), written("2"));
    assert_eq!(me.leads(at(8)).map(|leading| leading.until), Some(at(17)));
}

#[test]
fn who_never_led_leaves_without_a_word() {
    let mut me = Candidate::new("me", Timing::default()).unwrap();
    me.leave();
    assert_eq!(me.next(Duration::ZERO, Timestamp::EPOCH), Next::Done);
}

#[test]
fn a_renewal_that_is_under_way_does_not_hold_up_the_handing_over() {
    let mut me = Candidate::new("me", Timing::default()).unwrap();
    let at = Duration::from_secs;
    ask(&mut me, 0);
    me.answered(at(0), Answer::NotFound);
    ask(&mut me, 0);
    me.answered(at(0), written("1"));
    assert!(matches!(ask(&mut me, 2), Ask::Replace { .. }));
    me.leave();
    assert!(me.leads(at(2)).is_none());
    me.answered(at(2), written("2"));
    let Ask::Replace { record, version } = ask(&mut me, 2) else {
        panic!("it gives the lease back");
    };
    assert_eq!(
        (record.holder_identity.as_str(), version.as_str()),
        ("", "2")
    );
    me.answered(at(2), written("3"));
    assert_eq!(me.next(at(2), Timestamp::EPOCH), Next::Done);
}
