//! GPU time of one pod: requests run one after the other, and utilization follows from them.

use std::collections::VecDeque;
use std::time::Duration;

use concertina_model::Timestamp;

/// How far back busy time is remembered.
const KEPT: Duration = Duration::from_secs(120);

/// The longest queue, in GPU time that is not yet worked off; beyond it requests are refused.
const LONGEST_QUEUE: Duration = Duration::from_secs(10);

/// What a GPU did for one pod.
#[derive(Debug, Default)]
pub(super) struct GpuMeter {
    /// When the GPU was, or will be, busy: disjoint and in order.
    busy: VecDeque<(Timestamp, Timestamp)>,
}

impl GpuMeter {
    /// Queues a request that arrives `now` and costs `cost` of GPU time. Says when it is done, or
    /// `None` when the queue is full.
    pub(super) fn enqueue(&mut self, now: Timestamp, cost: Duration) -> Option<Timestamp> {
        let free = self.busy.back().map_or(now, |(_, end)| (*end).max(now));
        if free.saturating_duration_since(now) > LONGEST_QUEUE {
            return None;
        }
        let end = free.saturating_add(cost);
        match self.busy.back_mut() {
            Some((_, last)) if *last == free => *last = end,
            _ => self.busy.push_back((free, end)),
        }
        let oldest = now.saturating_sub(KEPT);
        while self.busy.front().is_some_and(|(_, end)| *end < oldest) {
            self.busy.pop_front();
        }
        Some(end)
    }

    /// How much of the time from `since` to `now` the GPU was busy, in percent, 0 to 100. `None`
    /// for an empty span.
    pub(super) fn percent(&self, since: Timestamp, now: Timestamp) -> Option<f64> {
        let span = now.saturating_duration_since(since);
        if span.is_zero() {
            return None;
        }
        let busy: Duration = self
            .busy
            .iter()
            .map(|(start, end)| {
                (*end)
                    .min(now)
                    .saturating_duration_since((*start).max(since))
            })
            .sum();
        // In milliseconds, which both are whole numbers of, so that 23 % is 23.0.
        Some(100.0 * busy.as_millis() as f64 / span.as_millis() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn utilization_is_busy_time_over_the_window() {
        let mut meter = GpuMeter::default();
        for i in 0..100 {
            meter.enqueue(at(i * 100), Duration::from_millis(23));
        }
        assert_eq!(meter.percent(at(0), at(10_000)), Some(23.0));
        assert_eq!(meter.percent(at(0), at(20_000)), Some(11.5));
        assert_eq!(meter.percent(at(5), at(5)), None);
    }

    #[test]
    fn requests_wait_for_each_other_and_a_full_queue_refuses() {
        let mut meter = GpuMeter::default();
        assert_eq!(
            meter.enqueue(at(0), Duration::from_secs(6)),
            Some(at(6_000))
        );
        assert_eq!(
            meter.enqueue(at(0), Duration::from_secs(6)),
            Some(at(12_000))
        );
        assert_eq!(meter.enqueue(at(0), Duration::from_secs(6)), None);
        assert_eq!(meter.percent(at(0), at(3_000)), Some(100.0));
    }
}
