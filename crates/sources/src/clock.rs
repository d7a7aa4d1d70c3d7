//! Injected time: every loop at the edges sleeps and reads the time through a [`Clock`].

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use concertina_model::Timestamp;

/// The time of a process, real or simulated.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present.
    fn now(&self) -> Timestamp;

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

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A clock that runs `speed` times as fast as the machine's, from the moment it is made.
///
/// ```
/// use concertina_sources::clock::{Clock, ScaledClock};
///
/// let clock = ScaledClock::starting_now(30.0);
/// assert!(clock.now() >= clock.start());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ScaledClock {
    start: Timestamp,
    origin: tokio::time::Instant,
    speed: f64,
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
            origin: tokio::time::Instant::now(),
            speed,
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
        let elapsed = self.origin.elapsed().as_secs_f64() * self.speed;
        let elapsed = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX);
        self.start.saturating_add(elapsed)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_runs_faster() {
        let clock = ScaledClock::starting_now(30.0);
        clock.sleep(Duration::from_secs(300)).await;
        assert_eq!(clock.origin.elapsed(), Duration::from_secs(10));
        assert_eq!(
            clock.now(),
            clock.start().saturating_add(Duration::from_secs(300))
        );
        clock.sleep_until(clock.start()).await;
        assert_eq!(clock.origin.elapsed(), Duration::from_secs(10));
    }
}
