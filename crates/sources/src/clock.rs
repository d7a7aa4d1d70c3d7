//! Injected time: every loop at the edges sleeps and reads the time through a [`Clock`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::Timestamp;

/// The time of a process, real or simulated.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present.
    fn now(&self) -> Timestamp;

    /// The time since a moment of the clock's choice, for measuring spans that are shorter than a
    /// millisecond. By default no finer than [`Clock::now`].
    fn elapsed(&self) -> Duration {
        self.now()
            .saturating_duration_since(Timestamp::from_millis(0))
    }

    /// Waits for `duration` of this clock's time.
    async fn sleep(&self, duration: Duration);

    /// Waits until this clock shows `at`; returns at once when it already does.
    async fn sleep_until(&self, at: Timestamp) {
        let wait = at.saturating_duration_since(self.now());
        if !wait.is_zero() {
            self.sleep(wait).await;
        }
    }
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now().into()
    }

    fn elapsed(&self) -> Duration {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.unwrap_or_default()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The longest that a sleeper of a [`ScaledClock`] is away from it, in real time.
const STEP: Duration = Duration::from_millis(20);

/// The most real time that counts between two looks at a [`ScaledClock`].
const LONGEST_GAP: Duration = Duration::from_millis(60);

/// A clock that runs `speed` times as fast as the machine's, from the moment it is made, as long
/// as someone sleeps by it.
///
/// Its time waits for the process: a busy machine that gives it no processor for a second would
/// otherwise skip half a minute at 30 times the speed, and everything due in it would come at
/// once. So no more than 60 ms of real time count between two looks at the clock, and each sleeper
/// looks at it every 20 ms. Clones show the same time.
///
/// ```
/// use concertina_sources::clock::{Clock, ScaledClock};
///
/// let clock = ScaledClock::starting_now(30.0);
/// assert!(clock.now() >= clock.start());
/// ```
#[derive(Clone, Debug)]
pub struct ScaledClock {
    start: Timestamp,
    speed: f64,
    run: Arc<Mutex<Run>>,
}

/// The real time of a clock.
#[derive(Debug)]
struct Run {
    looked_at: tokio::time::Instant,
    counted: Duration,
}

impl ScaledClock {
    /// A clock that shows the machine's time now and goes on `speed` times as fast (`speed` is
    /// held between 0.001 and 1,000,000; 1 = real time).
    #[must_use]
    pub fn starting_now(speed: f64) -> Self {
        let speed = if speed.is_finite() {
            speed.clamp(1e-3, 1e6)
        } else {
            1.0
        };
        Self {
            start: SystemClock.now(),
            speed,
            run: Arc::new(Mutex::new(Run {
                looked_at: tokio::time::Instant::now(),
                counted: Duration::ZERO,
            })),
        }
    }

    /// What the clock showed when it was made.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// How many of its seconds pass in a real one.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// The real time that `duration` of this clock takes.
    #[must_use]
    pub fn real(&self, duration: Duration) -> Duration {
        Duration::try_from_secs_f64(duration.as_secs_f64() / self.speed).unwrap_or(Duration::MAX)
    }
}

#[async_trait]
impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let counted = {
            let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            let now = tokio::time::Instant::now();
            let gap = now.saturating_duration_since(run.looked_at);
            run.looked_at = now;
            run.counted = run.counted.saturating_add(gap.min(LONGEST_GAP));
            run.counted
        };
        let elapsed = Duration::try_from_secs_f64(counted.as_secs_f64() * self.speed);
        self.start.saturating_add(elapsed.unwrap_or(Duration::MAX))
    }

    async fn sleep(&self, duration: Duration) {
        let end = self.now().saturating_add(duration);
        self.sleep_until(end).await;
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let wait = at.saturating_duration_since(self.now());
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(self.real(wait).min(STEP)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_runs_faster() {
        let clock = ScaledClock::starting_now(30.0);
        let origin = tokio::time::Instant::now();
        clock.sleep(Duration::from_secs(300)).await;
        // tokio's timers know whole milliseconds, and each step may end one too late.
        let took = origin.elapsed();
        assert!(
            took >= Duration::from_secs(10) && took < Duration::from_secs(11),
            "{took:?}"
        );
        assert!(clock.now() >= clock.start().saturating_add(Duration::from_secs(300)));
        clock.sleep_until(clock.start()).await;
        assert_eq!(origin.elapsed(), took);
    }

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_waits_for_a_process_that_gets_no_processor() {
        let clock = ScaledClock::starting_now(30.0);
        let other = clock.clone();
        clock.now();
        tokio::time::advance(Duration::from_secs(5)).await;
        let shown = other.now().saturating_duration_since(clock.start());
        assert!(shown <= Duration::from_secs(2), "{shown:?}");
    }
}
