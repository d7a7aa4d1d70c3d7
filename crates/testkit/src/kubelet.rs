//! A kubelet's PodResources API on a unix socket, for tests. Its messages are put together by hand,
//! byte by byte, so that they are checked against those that are read.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::UnixListener;

/// A container with what it holds.
#[derive(Clone, Debug, Default)]
pub struct Holding {
    /// Its pod's namespace.
    pub namespace: String,
    /// Its pod's name.
    pub pod: String,
    /// Its name.
    pub container: String,
    /// Device ids, with their resource.
    pub devices: Vec<(String, Vec<String>)>,
    /// Devices of claims: driver, pool and device, or as `("", "", CDI name)`.
    pub claims: Vec<[String; 3]>,
}

impl Holding {
    /// The container `main` of `pod` in `namespace`, holding `ids` of `resource`.
    #[must_use]
    pub fn new(namespace: &str, pod: &str, resource: &str, ids: &[&str]) -> Self {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Self {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: "main".to_owned(),
            devices: vec![(resource.to_owned(), ids)],
            claims: Vec::new(),
        }
    }
}

/// What it answers.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// What containers hold.
    pub holding: Vec<Holding>,
    /// The devices there are, with their resource; `None` as of a kubelet that does not tell.
    pub allocatable: Option<Vec<(String, Vec<String>)>>,
    /// The status of gRPC that it fails with instead.
    pub fails: Option<u32>,
}

/// The kubelet; it is there until the runtime ends.
#[derive(Clone, Debug)]
pub struct FakeKubelet {
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl FakeKubelet {
    /// Serves `answers` on `socket`, in place of whoever served there before.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made.
    pub fn serve(socket: &Path, answers: Answers) -> io::Result<Self> {
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(socket)?;
        let kubelet = Self {
            answers: Arc::new(Mutex::new(answers)),
            asked: Arc::default(),
        };
        let served = kubelet.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                        let answer = served.answer(request.uri().path());
                        async move { Ok::<_, Infallible>(response(answer)) }
                    });
                    let builder = Builder::new(TokioExecutor::new());
                    // Whoever asked may go away.
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(kubelet)
    }

    /// Answers differently from now on.
    pub fn set(&self, answers: Answers) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
    }

    /// How often `method` was asked.
    #[must_use]
    pub fn asked(&self, method: &str) -> u32 {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(method).copied().unwrap_or(0)
    }

    fn answer(&self, path: &str) -> Result<Vec<u8>, u32> {
        const UNIMPLEMENTED: u32 = 12;
        let method = path.strip_prefix("/v1.PodResourcesLister/").unwrap_or(path);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(method.to_owned()).or_default() += 1;
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = answers.fails {
            return Err(status);
        }
        match (method, &answers.allocatable) {
            ("List", _) => Ok(answers
                .holding
                .iter()
                .flat_map(|one| field(1, &pod(one)))
                .collect()),
            ("GetAllocatableResources", Some(devices)) => Ok(resources(1, devices)),
            _ => Err(UNIMPLEMENTED),
        }
    }
}

/// A message as gRPC has it, or the status instead.
fn response(
    answer: Result<Vec<u8>, u32>,
) -> hyper::Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>> {
    let (status, body) = match answer {
        Ok(message) => {
            let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
            (0, [&[0], &length.to_be_bytes()[..], &message].concat())
        }
        Err(status) => (status, Vec::new()),
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(status));
    let body = Full::new(Bytes::from(body)).with_trailers(async { Some(Ok(trailers)) });
    let mut response = hyper::Response::new(body);
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}

/// `PodResources`: name, namespace, containers; the first one holds nothing.
fn pod(holding: &Holding) -> Vec<u8> {
    let plain = field(1, b"plain");
    let claims = holding.claims.iter().flat_map(|[driver, pool, device]| {
        let claimed = match driver.as_str() {
            "" => field(1, &field(1, device.as_bytes())),
            _ => [
                field(2, driver.as_bytes()),
                field(3, pool.as_bytes()),
                field(4, device.as_bytes()),
            ]
            .concat(),
        };
        field(
            5,
            &[
                field(2, b"claim"),
                field(3, holding.namespace.as_bytes()),
                field(4, &claimed),
            ]
            .concat(),
        )
    });
    // CPUs are packed numbers in field 3, of which a reader must take no notice.
    let container = [
        field(1, holding.container.as_bytes()),
        resources(2, &holding.devices),
        field(3, &[0, 1, 2]),
        claims.collect(),
    ]
    .concat();
    [
        field(1, holding.pod.as_bytes()),
        field(2, holding.namespace.as_bytes()),
        field(3, &plain),
        field(3, &container),
    ]
    .concat()
}

/// `ContainerDevices`: a resource and ids; its topology, field 3, is empty.
fn resources(number: u32, devices: &[(String, Vec<String>)]) -> Vec<u8> {
    let devices = devices.iter().flat_map(|(resource, ids)| {
        let ids: Vec<u8> = ids.iter().flat_map(|id| field(2, id.as_bytes())).collect();
        field(
            number,
            &[field(1, resource.as_bytes()), ids, field(3, &[])].concat(),
        )
    });
    devices.collect()
}

/// A field of protobuf with a length.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint(&mut bytes, u64::from(number << 3 | 2));
    varint(&mut bytes, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
