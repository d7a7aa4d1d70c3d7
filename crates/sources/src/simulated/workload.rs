//! A Deployment, its pods and the GPUs of one node, as far as the walkthrough needs them.
//!
//! Nothing runs in the background: the state at a moment follows from what was asked before and
//! how long a pod takes to start. That keeps it testable without a clock.

use std::time::Duration;

use concertina_model::Timestamp;

use super::meter::GpuMeter;

/// How long things take, in simulated time.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Scheduling and the container's start.
    pub start: Duration,
    /// Loading the model afterwards.
    pub load_model: Duration,
    /// How long a deleted pod keeps its GPU.
    pub terminate: Duration,
    /// The window of the driver's utilization samples.
    pub utilization_window: Duration,
}

impl Default for Timing {
    /// 5 s to start, 20 s to load the model, 5 s to terminate, utilization over 15 s.
    fn default() -> Self {
        Self {
            start: Duration::from_secs(5),
            load_model: Duration::from_secs(20),
            terminate: Duration::from_secs(5),
            utilization_window: Duration::from_secs(15),
        }
    }
}

/// What a pod is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodState {
    /// Waiting for a GPU, or its container is not started yet.
    Pending,
    /// Running, but its model is still loading: serves nothing.
    Loading,
    /// Serving since this moment.
    Ready(Timestamp),
    /// Deleted, and not gone yet.
    Terminating,
}

/// One simulated pod.
#[derive(Debug)]
pub struct SimulatedPod {
    name: String,
    created: Timestamp,
    /// The GPU it was given, and when.
    gpu: Option<(u32, Timestamp)>,
    timing: Timing,
    deleted: Option<Timestamp>,
    meter: GpuMeter,
}

impl SimulatedPod {
    /// Its name, as a ReplicaSet would make it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it was created.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The index of its GPU, once it has one.
    #[must_use]
    pub fn gpu(&self) -> Option<u32> {
        self.gpu.map(|(index, _)| index)
    }

    /// When its container starts, once it has a GPU.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        self.gpu
            .map(|(_, since)| since.saturating_add(self.timing.start))
    }

    /// What it does at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> PodState {
        if self.deleted.is_some() {
            return PodState::Terminating;
        }
        match self.started() {
            Some(started) if now >= started => {
                let ready = started.saturating_add(self.timing.load_model);
                if now >= ready {
                    PodState::Ready(ready)
                } else {
                    PodState::Loading
                }
            }
            _ => PodState::Pending,
        }
    }

    /// SM utilization over the driver's window, in whole percent as NVML gives it; `None` until
    /// it has served for a second.
    #[must_use]
    pub fn sm_utilization(&self, now: Timestamp) -> Option<f64> {
        let PodState::Ready(ready) = self.state(now) else {
            return None;
        };
        if now.saturating_duration_since(ready) < Duration::from_secs(1) {
            return None;
        }
        let since = now
            .saturating_sub(self.timing.utilization_window)
            .max(ready);
        self.meter.percent(since, now).map(f64::round)
    }

    /// How much of its model is in GPU memory, 0 to 1.
    #[must_use]
    pub fn loaded(&self, now: Timestamp) -> f64 {
        let Some(started) = self.started() else {
            return 0.0;
        };
        let loading = now.saturating_duration_since(started).as_secs_f64();
        let whole = self.timing.load_model.as_secs_f64();
        if whole > 0.0 {
            (loading / whole).min(1.0)
        } else {
            1.0
        }
    }
}

/// The Deployment.
#[derive(Debug)]
pub struct Workload {
    name: String,
    gpus: u32,
    timing: Timing,
    replicas: usize,
    pods: Vec<SimulatedPod>,
    made: u64,
    turn: usize,
}

impl Workload {
    /// A Deployment `name` on a node with `gpus` GPUs, each pod taking one.
    #[must_use]
    pub fn new(name: &str, gpus: u32, replicas: usize, timing: Timing, now: Timestamp) -> Self {
        let mut workload = Self {
            name: name.to_owned(),
            gpus,
            timing,
            replicas: 0,
            pods: Vec::new(),
            made: 0,
            turn: 0,
        };
        workload.scale(replicas, now);
        workload
    }

    /// The number of GPUs of the node.
    #[must_use]
    pub fn gpus(&self) -> u32 {
        self.gpus
    }

    /// The wanted number of pods.
    #[must_use]
    pub fn replicas(&self) -> usize {
        self.replicas
    }

    /// The pods that exist, in order of creation.
    #[must_use]
    pub fn pods(&self) -> &[SimulatedPod] {
        &self.pods
    }

    /// The number of pods that are not being deleted.
    #[must_use]
    pub fn current(&self) -> usize {
        self.pods.iter().filter(|pod| pod.deleted.is_none()).count()
    }

    /// Wants `replicas` pods from `now` on. Pods that go are those that are furthest from serving,
    /// the youngest first, as a ReplicaSet chooses them.
    pub fn scale(&mut self, replicas: usize, now: Timestamp) {
        self.replicas = replicas;
        while self.current() < replicas {
            let name = self.next_name(now);
            self.pods.push(SimulatedPod {
                name,
                created: now,
                gpu: None,
                timing: self.timing,
                deleted: None,
                meter: GpuMeter::default(),
            });
        }
        while self.current() > replicas {
            let serves = |pod: &SimulatedPod| matches!(pod.state(now), PodState::Ready(_));
            let goes = self
                .pods
                .iter_mut()
                .filter(|pod| pod.deleted.is_none())
                .rev();
            match goes.min_by_key(|pod| serves(pod)) {
                Some(pod) => pod.deleted = Some(now),
                None => break,
            }
        }
        self.advance(now);
    }

    /// Lets time pass: deleted pods go, and waiting pods get the GPUs that are free.
    pub fn advance(&mut self, now: Timestamp) {
        self.pods.retain(|pod| match pod.deleted {
            Some(deleted) => {
                pod.gpu.is_some() && now < deleted.saturating_add(pod.timing.terminate)
            }
            None => true,
        });
        let mut free: Vec<u32> = (0..self.gpus)
            .filter(|gpu| {
                !self
                    .pods
                    .iter()
                    .any(|pod| pod.gpu.is_some_and(|(held, _)| held == *gpu))
            })
            .rev()
            .collect();
        for pod in self.pods.iter_mut().filter(|pod| pod.gpu.is_none()) {
            pod.gpu = free.pop().map(|gpu| (gpu, now));
        }
    }

    /// Gives a request that costs `cost` of GPU time to the next ready pod. Says which pod and
    /// when it is done; `None` when no pod is ready or its queue is full.
    pub fn serve(&mut self, now: Timestamp, cost: Duration) -> Option<(String, Timestamp)> {
        let mut ready: Vec<&mut SimulatedPod> = self
            .pods
            .iter_mut()
            .filter(|pod| matches!(pod.state(now), PodState::Ready(_)))
            .collect();
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn.checked_rem(ready.len())?;
        let pod = ready.get_mut(turn)?;
        Some((pod.name.clone(), pod.meter.enqueue(now, cost)?))
    }

    /// Names as a ReplicaSet makes them: the same whenever the same is done at the same time.
    fn next_name(&mut self, now: Timestamp) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        self.made += 1;
        let time = now.as_millis().unsigned_abs().rotate_left(20);
        let mut seed = (self.made ^ time).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let suffix: String = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = (seed >> 33) as usize % LETTERS.len();
            LETTERS.get(pick).copied().map_or('x', char::from)
        })
        .take(5)
        .collect();
        format!("{}-7b486f6bf-{suffix}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Timestamp {
        Timestamp::EPOCH.saturating_add(Duration::from_secs(seconds))
    }

    fn states(workload: &Workload, now: Timestamp) -> Vec<PodState> {
        workload.pods().iter().map(|pod| pod.state(now)).collect()
    }

    #[test]
    fn a_pod_starts_loads_and_serves() {
        let workload = Workload::new("bert", 8, 1, Timing::default(), secs(0));
        assert_eq!(states(&workload, secs(4)), [PodState::Pending]);
        assert_eq!(states(&workload, secs(6)), [PodState::Loading]);
        assert_eq!(states(&workload, secs(26)), [PodState::Ready(secs(25))]);
        let pod = workload.pods().first().unwrap();
        assert_eq!(pod.sm_utilization(secs(24)), None);
        assert_eq!(pod.sm_utilization(secs(30)), Some(0.0));
        assert_eq!(pod.loaded(secs(15)), 0.5);
    }

    #[test]
    fn a_loading_pod_serves_nothing() {
        let mut workload = Workload::new("bert", 8, 1, Timing::default(), secs(0));
        let cost = Duration::from_millis(23);
        assert_eq!(workload.serve(secs(10), cost), None);
        assert!(workload.serve(secs(30), cost).is_some());
        workload.scale(2, secs(30));
        let first = workload.pods().first().unwrap().name.clone();
        for _ in 0..4 {
            assert_eq!(workload.serve(secs(40), cost).unwrap().0, first);
        }
        let served: std::collections::BTreeSet<_> = (0..4)
            .map(|_| workload.serve(secs(60), cost).unwrap().0)
            .collect();
        assert_eq!(served.len(), 2);
    }

    #[test]
    fn the_ninth_pod_waits_for_a_gpu() {
        let mut workload = Workload::new("bert", 8, 9, Timing::default(), secs(0));
        let waiting = |w: &Workload| w.pods().iter().filter(|pod| pod.gpu.is_none()).count();
        assert_eq!(waiting(&workload), 1);
        // The one that waits goes first, and takes nothing with it.
        workload.scale(8, secs(60));
        assert_eq!((workload.pods().len(), waiting(&workload)), (8, 0));
        workload.scale(7, secs(60));
        workload.scale(8, secs(61));
        assert_eq!(waiting(&workload), 1);
        workload.advance(secs(66));
        assert_eq!((workload.pods().len(), waiting(&workload)), (8, 0));
    }

    #[test]
    fn scale_in_takes_the_youngest_ready_pod() {
        let mut workload = Workload::new("bert", 8, 1, Timing::default(), secs(0));
        workload.scale(2, secs(60));
        let oldest = workload.pods().first().unwrap().name.clone();
        workload.scale(1, secs(600));
        workload.advance(secs(606));
        let left: Vec<_> = workload.pods().iter().map(|pod| pod.name.clone()).collect();
        assert_eq!(left, [oldest]);
    }
}
