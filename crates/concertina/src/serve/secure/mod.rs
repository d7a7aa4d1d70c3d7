//! Serving a cluster: over TLS, to those whom the cluster lets.
//!
//! `args` are the flags, `callers` is who may ask, `identity` the certificate from files, `own_ca`
//! one that is made here, and `ca_bundle` tells the API aggregator of it.

mod args;
mod ca_bundle;
mod callers;
mod identity;
mod own_ca;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use concertina_http::ServerTls;
use concertina_metrics_api::auth::Auth;
use concertina_sources::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(super) use args::SecureArgs;

use super::ServeError;
use crate::cluster::Access;
use ca_bundle::ServiceName;
use identity::Pair;

/// How long to wait when the cluster does not take the authority.
const RETRY: Duration = Duration::from_secs(15);
/// How often it is looked at whether the bundles still have it.
const LOOK: Duration = Duration::from_secs(300);

/// What serves a cluster.
pub(super) struct Secure {
    pub(super) listener: TcpListener,
    pub(super) at: SocketAddr,
    pub(super) tls: ServerTls,
    pub(super) auth: Auth,
}

/// Listens, with a certificate; what has to be followed is put into `background`.
pub(super) async fn start(
    args: &SecureArgs,
    clock: &Arc<dyn Clock>,
    background: &mut JoinSet<()>,
) -> Result<Secure, ServeError> {
    let access = callers::access(args)?;
    let auth = callers::auth(args, &access, clock)?;
    let address = SocketAddr::new(args.bind_address, args.secure_port);
    let failed = |source| ServeError::Listen {
        address,
        option: "secure-port",
        source,
    };
    let options = identity::options(args);
    let tls = match Pair::of(args) {
        Some(pair) => {
            let (tls, follow) = pair.serve(options, Arc::clone(clock))?;
            background.spawn(follow);
            tls
        }
        None => {
            let service = args.service_name()?;
            let names = own_names(args, service.as_ref());
            let made = own_ca::make(&names, SystemTime::now()).map_err(ServeError::Failed)?;
            let tls = ServerTls::new(options, made.identity.clone());
            let tls = tls.map_err(|error| ServeError::Failed(error.to_string()))?;
            if service.is_none() {
                tracing::warn!(
                    "nobody knows the authority of the certificate that was made: give --service \
                     NAMESPACE/NAME to have it written into the APIServices of that Service, or a \
                     certificate with --tls-cert-file"
                );
            }
            let keeper = Keeper {
                access: access.clone(),
                service,
                names,
                tls: tls.clone(),
                clock: Arc::clone(clock),
            };
            background.spawn(keeper.keep(made));
            tls
        }
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;
    let files = callers::follow_files(args.clone(), auth.clone(), Arc::clone(clock));
    background.spawn(files);
    if !args.authentication_skip_lookup {
        let follower = auth.clone();
        background.spawn(async move { follower.follow().await });
    }
    Ok(Secure {
        listener,
        at,
        tls,
        auth,
    })
}

/// The names that the server is asked by.
fn own_names(args: &SecureArgs, service: Option<&ServiceName>) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    if !args.bind_address.is_unspecified() && !args.bind_address.is_loopback() {
        names.push(args.bind_address.to_string());
    }
    if let Some(ServiceName { namespace, name }) = service {
        // The aggregator asks for the second, people and probes for any.
        names.extend([
            format!("{name}.{namespace}"),
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}.svc.cluster.local"),
        ]);
    }
    names
}

impl SecureArgs {
    fn service_name(&self) -> Result<Option<ServiceName>, ServeError> {
        let Some(given) = &self.service else {
            return Ok(None);
        };
        let well = |part: &&str| {
            let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !part.is_empty() && part.len() < 64 && part.chars().all(letters)
        };
        match given.split_once('/') {
            Some((namespace, name)) if well(&namespace) && well(&name) => Ok(Some(ServiceName {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            })),
            _ => Err(ServeError::BadOption {
                option: "service",
                value: given.clone(),
                reason: "give NAMESPACE/NAME, such as monitoring/concertina".to_owned(),
            }),
        }
    }
}

/// Keeps a self-made certificate valid and known.
struct Keeper {
    access: Access,
    service: Option<ServiceName>,
    names: Vec<String>,
    tls: ServerTls,
    clock: Arc<dyn Clock>,
}

impl Keeper {
    async fn keep(self, mut made: own_ca::Made) {
        loop {
            let renew = self.clock.now().saturating_add(own_ca::RENEW);
            while self.clock.now() < renew {
                let pause = self.publish(&made.authority).await;
                self.clock.sleep(pause).await;
            }
            match own_ca::make(&self.names, SystemTime::now()) {
                Ok(next) => {
                    // The aggregator learns of the new authority before its certificate is shown.
                    let pause = self.publish(&next.authority).await;
                    self.clock.sleep(pause.min(RETRY)).await;
                    if let Err(error) = self.tls.replace(next.identity.clone()) {
                        tracing::error!(%error, "the certificate could not be renewed");
                    }
                    made = next;
                }
                Err(error) => tracing::error!(error, "the certificate could not be renewed"),
            }
        }
    }

    /// Writes the authority where it is looked for, and says when to look again.
    async fn publish(&self, authority: &str) -> Duration {
        let Some(service) = &self.service else {
            return LOOK;
        };
        match ca_bundle::publish(&self.access, service, authority).await {
            Ok(0) => {
                let ServiceName { namespace, name } = service;
                tracing::warn!("no APIService points to the Service {namespace}/{name} yet");
                RETRY
            }
            Ok(_) => LOOK,
            Err(reason) => {
                tracing::warn!(
                    reason,
                    "the caBundle could not be written; it is tried again"
                );
                RETRY
            }
        }
    }
}
