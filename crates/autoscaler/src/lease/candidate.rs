//! One replica that would lead.

use std::time::Duration;

use concertina_model::Timestamp;

use super::record::LeaseRecord;
use super::timing::{Timing, TimingError};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask this of the API server, and tell [`Candidate::answered`] what came of it.
    Ask(Request),
    /// Nothing before this moment.
    Wait(Duration),
    /// Nothing any more: the lease is given back, or was never held.
    Done,
}

/// A request to the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub ask: Ask,
    /// The moment at which it is to be given up, and told as [`Answer::Failed`].
    pub deadline: Duration,
}

/// What is asked about the one Lease of the election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Read it.
    Read,
    /// Create it.
    Create(LeaseRecord),
    /// Replace it, if it still has this resource version.
    Replace {
        /// What it is to say.
        record: LeaseRecord,
        /// The resource version that was read.
        version: String,
    },
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The Lease that was read.
    Found {
        /// What it says.
        record: LeaseRecord,
        /// Its resource version.
        version: String,
    },
    /// There is no such Lease.
    NotFound,
    /// It was written.
    Written {
        /// Its new resource version.
        version: String,
    },
    /// It was not written: someone else was faster.
    Conflict,
    /// No answer, or another error. A write may have happened all the same.
    Failed,
}

/// A candidate leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leading {
    /// The moment at which it leads no more, unless it renews before.
    pub until: Duration,
    /// How often the lease had changed hands when it came to this candidate. While it stays the
    /// same, nobody else has led.
    pub term: i32,
}

impl Leading {
    /// How long a write that begins `now` may take at the most.
    #[must_use]
    pub fn rest(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }
}

/// The Lease as it was seen.
#[derive(Clone, Debug)]
struct Seen {
    record: LeaseRecord,
    version: String,
    /// When this record was seen first.
    changed: Duration,
}

/// A renewal that succeeded.
#[derive(Clone, Copy, Debug)]
struct Held {
    sent: Duration,
    term: i32,
}

/// One replica that would lead: a state machine without IO.
#[derive(Clone, Debug)]
pub struct Candidate {
    identity: String,
    timing: Timing,
    /// What the Lease said last. `None` while that is not known.
    seen: Option<Seen>,
    /// It is known not to exist.
    missing: bool,
    /// Read before anything is written: what is known may be out of date.
    look: bool,
    held: Option<Held>,
    /// When the term began that this candidate wrote last: by it, it knows its own records.
    own_term: Option<Timestamp>,
    under_way: Option<(Request, Duration)>,
    not_before: Duration,
    leaving: bool,
}

impl Candidate {
    /// A candidate that has seen nothing yet. `identity` has to be unique in place and time: the
    /// pod's name and UID, never the name of a Deployment.
    ///
    /// # Errors
    ///
    /// [`TimingError`] for durations with which two could lead, or a leader could not stay.
    pub fn new(identity: &str, timing: Timing) -> Result<Self, TimingError> {
        timing.check()?;
        Ok(Self {
            identity: identity.to_owned(),
            timing,
            seen: None,
            missing: false,
            look: true,
            held: None,
            own_term: None,
            under_way: None,
            not_before: Duration::ZERO,
            leaving: false,
        })
    }

    /// Whether it leads `now`. Ask right before each write.
    #[must_use]
    pub fn leads(&self, now: Duration) -> Option<Leading> {
        let held = self.held.filter(|_| !self.leaving)?;
        let until = held.sent.saturating_add(self.timing.renew_deadline);
        let term = held.term;
        (now < until).then_some(Leading { until, term })
    }

    /// Who holds the lease, as far as is known: for logs.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        let holder = &self.seen.as_ref()?.record.holder_identity;
        (!holder.is_empty()).then_some(holder)
    }

    /// Leads no more from this moment on, and gives the lease back, so that another candidate need
    /// not wait: go on with [`Candidate::next`] until it says [`Next::Done`].
    pub fn leave(&mut self) {
        self.leaving = true;
        self.not_before = Duration::ZERO;
    }

    /// What to do next. `wall` is the time of day, which is written into the Lease for people to
    /// read, and compared with nothing.
    pub fn next(&mut self, now: Duration, wall: Timestamp) -> Next {
        if let Some((request, _)) = &self.under_way {
            if now < request.deadline {
                return Next::Wait(request.deadline);
            }
            self.answered(now, Answer::Failed);
        }
        if self.leaving && !self.holds() {
            return Next::Done;
        }
        if now < self.not_before {
            return Next::Wait(self.not_before);
        }
        let ask = match self.wish(now, wall) {
            Some(ask) => ask,
            None => Ask::Read,
        };
        // A renewal that takes longer than half of its time gets its second try.
        let time = self.timing.renew_deadline / 2;
        let request = Request {
            ask,
            deadline: now.saturating_add(time),
        };
        self.under_way = Some((request.clone(), now));
        Next::Ask(request)
    }

    /// True while a record of this candidate stands in the Lease, as far as is known.
    fn holds(&self) -> bool {
        self.seen
            .as_ref()
            .is_some_and(|seen| self.own(&seen.record))
    }

    fn own(&self, record: &LeaseRecord) -> bool {
        record.holder_identity == self.identity
            && self.own_term.is_some()
            && record.acquire_time == self.own_term
    }

    /// The write that is due, if one is.
    fn wish(&mut self, now: Duration, wall: Timestamp) -> Option<Ask> {
        if self.look {
            return None;
        }
        let seconds = i32::try_from(self.timing.lease_duration.as_secs()).unwrap_or(i32::MAX);
        let mut record = LeaseRecord {
            holder_identity: self.identity.clone(),
            lease_duration_seconds: Some(seconds),
            acquire_time: Some(wall),
            renew_time: Some(wall),
            lease_transitions: 0,
        };
        let Some(seen) = &self.seen else {
            self.own_term = Some(wall).filter(|_| self.missing);
            return self.missing.then_some(Ask::Create(record));
        };
        record.lease_transitions = seen.record.lease_transitions;
        if self.own(&seen.record) {
            record.acquire_time = seen.record.acquire_time;
            if self.leaving {
                record.holder_identity.clear();
                // As client-go does: whoever counts by this record waits a second only.
                record.lease_duration_seconds = Some(1);
            }
        } else {
            let free = seen.record.holder_identity.is_empty();
            let length = seen.record.duration(self.timing.lease_duration);
            if !free && now < seen.changed.saturating_add(length) {
                return None;
            }
            record.lease_transitions = record.lease_transitions.saturating_add(1);
            self.own_term = Some(wall);
        }
        Some(Ask::Replace {
            record,
            version: seen.version.clone(),
        })
    }

    /// What came of the last request.
    pub fn answered(&mut self, now: Duration, answer: Answer) {
        let Some((request, sent)) = self.under_way.take() else {
            return;
        };
        self.not_before = now.saturating_add(self.timing.retry_period);
        match (request.ask, answer) {
            (Ask::Read, Answer::Found { record, version }) => {
                self.look = false;
                self.missing = false;
                self.see(record, version, now);
                if self.due(now) {
                    self.not_before = now;
                }
            }
            (Ask::Read, Answer::NotFound) => {
                self.look = false;
                self.missing = true;
                self.seen = None;
                self.not_before = now;
            }
            (Ask::Create(record) | Ask::Replace { record, .. }, Answer::Written { version }) => {
                self.missing = false;
                self.look = false;
                self.held = (!record.holder_identity.is_empty()).then_some(Held {
                    sent,
                    term: record.lease_transitions,
                });
                self.see(record, version, now);
                // The pause counts from the sending: renewals do not drift with slow answers.
                self.not_before = match self.leaving {
                    true => now,
                    false => sent.saturating_add(self.timing.retry_period).max(now),
                };
            }
            (Ask::Read, _) => {}
            // Not written, or nobody knows: what is known is out of date.
            (_, Answer::Conflict) => {
                self.look = true;
                self.not_before = now;
            }
            (_, _) => self.look = true,
        }
    }

    fn see(&mut self, record: LeaseRecord, version: String, now: Duration) {
        if !self.own(&record) {
            self.held = None;
        }
        let changed = match &self.seen {
            Some(seen) if seen.record == record => seen.changed,
            _ => now,
        };
        self.seen = Some(Seen {
            record,
            version,
            changed,
        });
        // A follower looks again now and then; what a leader wrote itself it knows.
        self.look = !self.holds() && !self.due(now);
    }

    /// True when a write is due at once.
    fn due(&self, now: Duration) -> bool {
        let Some(seen) = &self.seen else {
            return self.missing;
        };
        let length = seen.record.duration(self.timing.lease_duration);
        seen.record.holder_identity.is_empty()
            || self.own(&seen.record)
            || now >= seen.changed.saturating_add(length)
    }
}
