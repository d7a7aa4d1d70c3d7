//! Readings that are taken at their own pace, so that no scrape waits for a driver.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use concertina_model::Timestamp;
use concertina_sources::{Clock, GpuSource, NodeReading};

use crate::attribution::{Attribution, Attributor};

/// The pace of a [`Collector`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectorOptions {
    /// From the beginning of a reading to that of the next; a reading that takes longer is followed
    /// by the next at once.
    pub interval: Duration,
    /// How long a reading, attribution included, may take.
    pub deadline: Duration,
    /// A reading that is older than this is shown no more.
    pub max_age: Duration,
}

impl Default for CollectorOptions {
    /// Every second, within 5 s; shown for 30 s.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            deadline: Duration::from_secs(5),
            max_age: Duration::from_secs(30),
        }
    }
}

/// A node's GPUs with the containers on them, at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The GPUs.
    pub node: NodeReading,
    /// Who holds them.
    pub attribution: Attribution,
}

/// What a collector did so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// The last reading that worked; `None` when there was none or it is too old.
    pub snapshot: Option<Arc<Snapshot>>,
    /// How old the last reading that worked is.
    pub age: Option<Duration>,
    /// Why the last attempt failed, if it did.
    pub failure: Option<String>,
    /// How long the last attempt took.
    pub took: Duration,
    /// How many attempts there were.
    pub attempts: u64,
    /// How many of them failed because of the GPUs, because of the pods, or at the deadline.
    pub failed: [u64; 3],
}

/// What can fail, in the order of [`Collected::failed`].
pub(crate) const STAGES: [&str; 3] = ["gpus", "pods", "deadline"];

/// Reads GPUs and their pods again and again. Cheap to clone; the clones share what is read.
///
/// ```
/// use std::sync::Arc;
/// use concertina_exporter::{Attribution, AttributionError, Collector, CollectorOptions};
/// use concertina_sources::simulated::{SimulatedNode, Timing, Workload};
/// use concertina_sources::{Clock, NodeReading, SystemClock};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let clock = Arc::new(SystemClock);
/// let workload = Workload::new("bert", 8, 1, Timing::default(), clock.now());
/// let gpus = Arc::new(SimulatedNode::new("node-1", clock.clone(), workload));
/// let nobody = |_: &NodeReading| Ok::<_, AttributionError>(Attribution::new());
/// let collector = Collector::new(gpus, Arc::new(nobody), clock, CollectorOptions::default());
///
/// collector.collect().await;
/// assert_eq!(collector.collected().snapshot.unwrap().node.gpus.len(), 8);
/// tokio::spawn(collector.clone().run()); // and from now on every second
/// # }
/// ```
#[derive(Clone)]
pub struct Collector {
    gpus: Arc<dyn GpuSource>,
    attributor: Arc<dyn Attributor>,
    clock: Arc<dyn Clock>,
    options: CollectorOptions,
    state: Arc<RwLock<State>>,
}

#[derive(Debug, Default)]
struct State {
    collected: Collected,
    /// When the last reading that worked was begun.
    at: Option<Timestamp>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Collector {
    /// A collector of `gpus`, held as `attributor` says, that has read nothing yet.
    #[must_use]
    pub fn new(
        gpus: Arc<dyn GpuSource>,
        attributor: Arc<dyn Attributor>,
        clock: Arc<dyn Clock>,
        options: CollectorOptions,
    ) -> Self {
        Self {
            gpus,
            attributor,
            clock,
            options,
            state: Arc::default(),
        }
    }

    /// Reads again and again, for ever.
    pub async fn run(self) {
        loop {
            let next = self.clock.now().saturating_add(self.options.interval);
            self.collect().await;
            self.clock.sleep_until(next).await;
        }
    }

    /// Reads once.
    pub async fn collect(&self) {
        // By a finer clock than what is told of the reading: most take less than a millisecond.
        let (begun, measured) = (self.clock.now(), Instant::now());
        let work = async {
            let node = self
                .gpus
                .read()
                .await
                .map_err(|error| (0, error.to_string()))?;
            let attribution = self.attributor.attribute(&node).await;
            let attribution = attribution.map_err(|error| (1, error.to_string()))?;
            Ok(Snapshot { node, attribution })
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = self.clock.sleep(self.options.deadline) => {
                let seconds = self.options.deadline.as_secs_f64();
                Err((2, format!("the GPUs could not be read within {seconds} s")))
            }
        };
        let took = measured.elapsed();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let collected = &mut state.collected;
        collected.attempts += 1;
        collected.took = took;
        match outcome {
            Ok(snapshot) => {
                if collected.failure.take().is_some() {
                    tracing::info!("the GPUs can be read again");
                }
                collected.snapshot = Some(Arc::new(snapshot));
                state.at = Some(begun);
            }
            Err((stage, reason)) => {
                if let Some(count) = collected.failed.get_mut(stage) {
                    *count += 1;
                }
                // Once for each reason, not at every attempt.
                if collected.failure.as_ref() != Some(&reason) {
                    tracing::warn!(%reason, "the GPUs cannot be read; the last reading stands until it is too old");
                }
                collected.failure = Some(reason);
            }
        }
    }

    /// What was read, as of now. Never waits for a reading.
    #[must_use]
    pub fn collected(&self) -> Collected {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut collected = state.collected.clone();
        let now = self.clock.now();
        collected.age = state.at.map(|at| now.saturating_duration_since(at));
        if collected.age.is_none_or(|age| age > self.options.max_age) {
            collected.snapshot = None;
        }
        collected
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use concertina_sources::{GpuError, GpuReading, ScaledClock};

    use super::*;
    use crate::attribution::AttributionError;

    /// One GPU, until it hangs.
    #[derive(Default)]
    struct Driver {
        hangs: AtomicBool,
    }

    #[async_trait]
    impl GpuSource for Driver {
        async fn read(&self) -> Result<NodeReading, GpuError> {
            if self.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            Ok(NodeReading {
                gpus: vec![GpuReading::new(0, "GPU-0", "", "")],
                ..NodeReading::default()
            })
        }
    }

    fn nobody(_: &NodeReading) -> Result<Attribution, AttributionError> {
        Ok(Attribution::new())
    }

    #[tokio::test(start_paused = true)]
    async fn a_driver_that_hangs_is_waited_for_until_the_deadline_and_shown_until_too_old() {
        let driver = Arc::new(Driver::default());
        let clock = Arc::new(ScaledClock::starting_now(1.0));
        let options = CollectorOptions::default();
        let collector = Collector::new(driver.clone(), Arc::new(nobody), clock, options);
        assert_eq!(collector.collected(), Collected::default());
        tokio::spawn(collector.clone().run());
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let collected = collector.collected();
        assert_eq!(collected.attempts, 3);
        assert_eq!(collected.age, Some(Duration::from_millis(500)));
        assert!(collected.snapshot.is_some());

        driver.hangs.store(true, Ordering::SeqCst);
        // Begun at 3 s and given up at 8 s; the next at 8 s and 13 s.
        tokio::time::sleep(Duration::from_secs(11)).await;
        let collected = collector.collected();
        assert_eq!((collected.attempts, collected.failed), (5, [0, 0, 2]));
        assert_eq!(collected.age, Some(Duration::from_millis(11_500)));
        assert!(collected.snapshot.is_some());
        let reason = "the GPUs could not be read within 5 s";
        assert_eq!(collected.failure.as_deref(), Some(reason));

        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(collector.collected().snapshot, None, "31.5 s old");
        driver.hangs.store(false, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(6)).await;
        let collected = collector.collected();
        assert_eq!(collected.failure, None);
        assert!(collected.snapshot.is_some());
    }

    #[tokio::test]
    async fn unknown_pods_are_a_failure_and_not_gpus_without_pods() {
        let attributor = |_: &NodeReading| -> Result<Attribution, AttributionError> {
            let reason = "the kubelet does not answer".to_owned();
            Err(AttributionError::Unavailable { reason })
        };
        let clock = Arc::new(ScaledClock::starting_now(1.0));
        let driver = Arc::new(Driver::default());
        let options = CollectorOptions::default();
        let collector = Collector::new(driver, Arc::new(attributor), clock, options);
        collector.collect().await;
        let collected = collector.collected();
        assert_eq!((collected.snapshot, collected.failed), (None, [0, 1, 0]));
    }
}
