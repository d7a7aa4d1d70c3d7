//! The whole way: a real connection, a real certificate.

use std::time::Duration;

use concertina_http::{
    Client, ClientIdentity, ClientOptions, ClientTls, Pem, ServerOptions, ServerTls, TlsIdentity,
    TlsOptions, Trust, serve_tls,
};
use rcgen::ExtendedKeyUsagePurpose;
use tower_layer::Layer;

use crate::PODS;
use crate::world::{Echo, Holder, World, client, provider};

#[tokio::test]
async fn a_certificate_is_known_over_tls() {
    let world = World::new().await;
    let server = Holder {
        purpose: ExtendedKeyUsagePurpose::ServerAuth,
        // The client's TLS looks at the machine's own clock.
        valid: (-3600, 40 * 365 * 86_400),
        ..client("server", &[])
    };
    let (certificate, key) = world.clients.issue(&server);
    let identity =
        TlsIdentity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes());
    let tls = ServerTls::new(TlsOptions::new(provider()), identity.unwrap()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = world.auth.layer(Echo);
    tokio::spawn(serve_tls(
        listener,
        service,
        tls,
        ServerOptions::default(),
        std::future::pending(),
    ));
    let url = format!("https://localhost:{port}{PODS}");
    for (holder, expected) in [
        (
            Some(client("alice", &["devs"])),
            (200, "alice [devs,system:authenticated]"),
        ),
        (Some(client("bob", &[])), (403, "")),
        (None, (403, "")),
    ] {
        let identity = holder.map(|holder| {
            let (certificate, key) = world.clients.issue(&holder);
            ClientIdentity {
                certificate: Pem::Text(certificate.pem().into_bytes()),
                key: Pem::Text(key.serialize_pem().into_bytes()),
            }
        });
        let client = Client::new(ClientOptions {
            deadline: Duration::from_secs(5),
            tls: Some(ClientTls {
                trust: Trust::Roots(Pem::Text(world.clients.pem().into_bytes())),
                identity,
                ..ClientTls::new(provider())
            }),
            ..ClientOptions::default()
        });
        let spoofed = [
            ("x-remote-user", "root"),
            ("x-remote-group", "system:masters"),
        ];
        let answer = client.get(&url, &spoofed).await.unwrap();
        assert_eq!(answer.status, expected.0);
        if answer.status == 200 {
            // Without a front proxy's certificate its headers are still not passed on.
            assert_eq!(answer.body, expected.1);
        }
    }
}
