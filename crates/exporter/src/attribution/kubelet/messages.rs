//! The messages of the kubelet's PodResources API, version `v1`, as far as they are read: written
//! down from the fields and numbers of its api.proto, so that no build needs a protobuf compiler.
//! Fields 3 and 4 of a container (CPUs, memory) and the topology of devices are passed over.

use prost::Message;

/// Of `List` and of `GetAllocatableResources`: there is nothing to say.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Empty {}

/// What `List` answers.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) pods: Vec<Pod>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Pod {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) namespace: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) containers: Vec<Container>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Container {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) devices: Vec<Devices>,
    #[prost(message, repeated, tag = "5")]
    pub(super) dynamic: Vec<Dynamic>,
}

/// Devices of one resource.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Devices {
    #[prost(string, tag = "1")]
    pub(super) resource: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) ids: Vec<String>,
}

/// A claim of dynamic resource allocation. Field 1 was a class's name once.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Dynamic {
    #[prost(string, tag = "2")]
    pub(super) claim: String,
    #[prost(string, tag = "3")]
    pub(super) namespace: String,
    #[prost(message, repeated, tag = "4")]
    pub(super) devices: Vec<Claimed>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Claimed {
    #[prost(message, repeated, tag = "1")]
    pub(super) cdi: Vec<Cdi>,
    #[prost(string, tag = "2")]
    pub(super) driver: String,
    #[prost(string, tag = "3")]
    pub(super) pool: String,
    #[prost(string, tag = "4")]
    pub(super) device: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Cdi {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

/// What `GetAllocatableResources` answers.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AllocatableResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) devices: Vec<Devices>,
}
