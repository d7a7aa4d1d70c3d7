//! Which objects and kinds there are, as the cluster says.

use std::sync::Arc;
use std::time::Duration;

use concertina_mapping::ResourceTable;
use concertina_metrics_api::cluster::{
    DiscoveredKinds, KindsOptions, WatchOptions, WatchedObjects,
};
use concertina_sources::Clock;
use tokio::task::JoinSet;

use super::{ServeArgs, ServeError};
use crate::cluster;

/// How long the first answer is waited for; until it comes, the common kinds are known.
const PATIENCE: Duration = Duration::from_secs(3);

/// The objects and kinds of a cluster, followed.
pub(super) struct ClusterObjects {
    pub(super) objects: Arc<WatchedObjects>,
    pub(super) kinds: Arc<DiscoveredKinds>,
}

impl ClusterObjects {
    /// Begins to follow the cluster, in `background`. None where only this machine is served and
    /// no kubeconfig is given.
    pub(super) async fn start(
        args: &ServeArgs,
        clock: &Arc<dyn Clock>,
        background: &mut JoinSet<()>,
    ) -> Result<Option<Self>, ServeError> {
        let kubeconfig = args.secure.kubeconfig();
        if args.insecure_loopback_port.is_some() && kubeconfig.is_none() {
            return Ok(None);
        }
        let client = cluster::client(kubeconfig).await?;
        let options = KindsOptions {
            every: args.secure.discovery_interval,
            ..KindsOptions::default()
        };
        let common = ResourceTable::builtin();
        let kinds = DiscoveredKinds::new(client.clone(), common, options, Arc::clone(clock));
        let kinds = Arc::new(kinds);
        let mut known = kinds.changes();
        let follower = Arc::clone(&kinds);
        background.spawn(async move { follower.follow().await });
        if tokio::time::timeout(PATIENCE, known.changed())
            .await
            .is_err()
        {
            tracing::warn!(
                "until the cluster tells its kinds of objects, the common ones are known"
            );
        }
        let objects = WatchedObjects::new(client, WatchOptions::default(), Arc::clone(clock));
        Ok(Some(Self {
            objects: Arc::new(objects),
            kinds,
        }))
    }
}
