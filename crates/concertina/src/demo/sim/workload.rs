//! A Deployment, its pods and the GPUs of one node, as far as the walkthrough needs them.
//!
//! Nothing runs in the background: the state at a moment follows from what was asked before and
//! how long a pod takes to start. That keeps it testable without a clock.

use std::time::Duration;

use concertina_model::Timestamp;

use super::meter::GpuMeter;

/// How long scheduling and the container's start take.
const START: Duration = Duration::from_secs(5);
/// How long the model takes to load afterwards.
const LOAD_MODEL: Duration = Duration::from_secs(20);
/// How long a deleted pod keeps its GPU.
const TERMINATE: Duration = Duration::from_secs(5);
/// The window of the driver's utilization samples.
const UTILIZATION_WINDOW: Duration = Duration::from_secs(15);

/// What a pod is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PodState {
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
pub(crate) struct SimPod {
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    /// The GPU it was given, and when.
    pub(crate) gpu: Option<(u32, Timestamp)>,
    deleted: Option<Timestamp>,
    meter: GpuMeter,
}

impl SimPod {
    /// When its container starts, once it has a GPU.
    pub(crate) fn started(&self) -> Option<Timestamp> {
        self.gpu.map(|(_, since)| since.saturating_add(START))
    }

    /// What it does at `now`.
    pub(crate) fn state(&self, now: Timestamp) -> PodState {
        if self.deleted.is_some() {
            return PodState::Terminating;
        }
        match self.started() {
            Some(started) if now >= started => {
                let ready = started.saturating_add(LOAD_MODEL);
                if now >= ready { PodState::Ready(ready) } else { PodState::Loading }
            }
            _ => PodState::Pending,
        }
    }

    /// SM utilization over the driver's window, in whole percent as NVML gives it; `None` until
    /// it has served for a second.
    pub(crate) fn sm_utilization(&self, now: Timestamp) -> Option<f64> {
        let PodState::Ready(ready) = self.state(now) else {
            return None;
        };
        if now.saturating_duration_since(ready) < Duration::from_secs(1) {
            return None;
        }
        let since = now.saturating_sub(UTILIZATION_WINDOW).max(ready);
        self.meter.percent(since, now).map(f64::round)
    }

    /// How much of its model is in GPU memory, 0 to 1.
    pub(crate) fn loaded(&self, now: Timestamp) -> f64 {
        let Some(started) = self.started() else {
            return 0.0;
        };
        let loading = now.saturating_duration_since(started).as_secs_f64();
        (loading / LOAD_MODEL.as_secs_f64()).min(1.0)
    }
}

/// The Deployment.
#[derive(Debug)]
pub(crate) struct Workload {
    name: String,
    gpus: u32,
    replicas: usize,
    pods: Vec<SimPod>,
    made: u64,
    turn: usize,
}

impl Workload {
    /// A Deployment `name` on a node with `gpus` GPUs, each pod taking one.
    pub(crate) fn new(name: &str, gpus: u32, replicas: usize, now: Timestamp) -> Self {
        let mut workload =
            Self { name: name.to_owned(), gpus, replicas: 0, pods: Vec::new(), made: 0, turn: 0 };
        workload.scale(replicas, now);
        workload
    }

    /// The wanted number of pods.
    pub(crate) fn replicas(&self) -> usize {
        self.replicas
    }

    /// The pods that exist, in order of creation.
    pub(crate) fn pods(&self) -> &[SimPod] {
        &self.pods
    }

    /// The number of pods that are not being deleted.
    pub(crate) fn current(&self) -> usize {
        self.pods.iter().filter(|pod| pod.deleted.is_none()).count()
    }

    /// Wants `replicas` pods from `now` on. Pods that go are those that are furthest from serving,
    /// the youngest first, as a ReplicaSet chooses them.
    pub(crate) fn scale(&mut self, replicas: usize, now: Timestamp) {
        self.replicas = replicas;
        while self.current() < replicas {
            let name = self.next_name();
            self.pods.push(SimPod {
                name,
                created: now,
                gpu: None,
                deleted: None,
                meter: GpuMeter::default(),
            });
        }
        while self.current() > replicas {
            let serves = |pod: &SimPod| matches!(pod.state(now), PodState::Ready(_));
            let goes = self.pods.iter_mut().filter(|pod| pod.deleted.is_none()).rev();
            match goes.min_by_key(|pod| serves(pod)) {
                Some(pod) => pod.deleted = Some(now),
                None => break,
            }
        }
        self.advance(now);
    }

    /// Lets time pass: deleted pods go, and waiting pods get the GPUs that are free.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.pods.retain(|pod| match pod.deleted {
            Some(deleted) => pod.gpu.is_some() && now < deleted.saturating_add(TERMINATE),
            None => true,
        });
        let mut free: Vec<u32> = (0..self.gpus)
            .filter(|gpu| !self.pods.iter().any(|pod| pod.gpu.is_some_and(|(held, _)| held == *gpu)))
            .rev()
            .collect();
        for pod in self.pods.iter_mut().filter(|pod| pod.gpu.is_none()) {
            pod.gpu = free.pop().map(|gpu| (gpu, now));
        }
    }

    /// Gives a request that costs `cost` of GPU time to the next ready pod. Says which pod and
    /// when it is done; `None` when no pod is ready or its queue is full.
    pub(crate) fn serve(&mut self, now: Timestamp, cost: Duration) -> Option<(String, Timestamp)> {
        let mut ready: Vec<&mut SimPod> = self
            .pods
            .iter_mut()
            .filter(|pod| matches!(pod.state(now), PodState::Ready(_)))
            .collect();
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn.checked_rem(ready.len())?;
        let pod = ready.get_mut(turn)?;
        Some((pod.name.clone(), pod.meter.enqueue(now, cost)?))
    }

    /// Names as a ReplicaSet makes them, the same in every run.
    fn next_name(&mut self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        self.made += 1;
        let mut seed = self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
        let workload = Workload::new("bert", 8, 1, secs(0));
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
        let mut workload = Workload::new("bert", 8, 1, secs(0));
        let cost = Duration::from_millis(23);
        assert_eq!(workload.serve(secs(10), cost), None);
        assert!(workload.serve(secs(30), cost).is_some());
        workload.scale(2, secs(30));
        let first = workload.pods().first().unwrap().name.clone();
        for _ in 0..4 {
            assert_eq!(workload.serve(secs(40), cost).unwrap().0, first);
        }
        let served: std::collections::BTreeSet<_> =
            (0..4).map(|_| workload.serve(secs(60), cost).unwrap().0).collect();
        assert_eq!(served.len(), 2);
    }

    #[test]
    fn the_ninth_pod_waits_for_a_gpu() {
        let mut workload = Workload::new("bert", 8, 9, secs(0));
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
        let mut workload = Workload::new("bert", 8, 1, secs(0));
        workload.scale(2, secs(60));
        let oldest = workload.pods().first().unwrap().name.clone();
        workload.scale(1, secs(600));
        workload.advance(secs(606));
        let left: Vec<_> = workload.pods().iter().map(|pod| pod.name.clone()).collect();
        assert_eq!(left, [oldest]);
    }
}
