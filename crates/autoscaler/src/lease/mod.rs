//! Which of several replicas leads, by a Kubernetes Lease. No IO and no clock.
//!
//! A [`Candidate`] says what to ask of the API server next, and is told the answer; [`Candidate::leads`]
//! says whether it leads, and until when at the latest. Times are those of the candidate's own
//! monotonic clock, as a duration since any moment that does not move: the clocks of different
//! machines are never compared, as client-go 1.36 does it.
//!
//! # Why two never lead
//!
//! - Every write carries the resource version that was read, so of two writes on the same version
//!   one fails.
//! - A leader leads for [`Timing::renew_deadline`] from the moment at which it *sent* its last
//!   successful renewal, not from the answer.
//! - Another candidate takes the lease when it has seen no change of it for the whole duration that
//!   the holder wrote into it, counted from when it *saw* the last change, which is later than the
//!   sending.
//!
//! Between the two lie `lease duration - renew deadline`, 5 of 15 seconds by default. So much may
//! clocks run apart, a third, before two lead at once.
//!
//! # What remains
//!
//! A leader must not begin a write that may end after its time: give every one the rest of it as
//! its deadline ([`Leading::rest`]), and ask just before it is sent. Then one window remains. A
//! process that is stopped between asking and sending, for longer than `lease duration - renew
//! deadline` after its time is up, sends when it goes on; likewise a request that the network holds
//! back for so long. Such a write must carry the resource version that was read before it, and the
//! API server refuses it when the new leader has written since.
//!
//! ```
//! use std::time::Duration;
//! use concertina_autoscaler::lease::{Answer, Ask, Candidate, Next, Timing};
//! use concertina_model::Timestamp;
//!
//! let wall = Timestamp::from_millis(1_700_000_000_000);
//! let mut candidate = Candidate::new("concertina-0", Timing::default())?;
//! let at = Duration::from_secs;
//!
//! let Next::Ask(request) = candidate.next(at(0), wall) else { panic!() };
//! assert_eq!(request.ask, Ask::Read);
//! candidate.answered(at(0), Answer::NotFound);
//!
//! let Next::Ask(request) = candidate.next(at(0), wall) else { panic!() };
//! assert!(matches!(request.ask, Ask::Create(_)));
//! candidate.answered(at(1), Answer::Written { version: "17".to_owned() });
//!
//! assert_eq!(candidate.leads(at(1)).unwrap().until, at(10));
//! assert!(candidate.leads(at(10)).is_none());
//! # Ok::<(), concertina_autoscaler::lease::TimingError>(())
//! ```

mod candidate;
mod record;
mod timing;

pub use candidate::{Answer, Ask, Candidate, Leading, Next, Request};
pub use record::LeaseRecord;
pub use timing::{Timing, TimingError};
