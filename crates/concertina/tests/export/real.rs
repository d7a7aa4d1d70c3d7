//! Debian's Prometheus over the exporter.

use crate::common::{Running, driver};
use crate::parts::{eventually, get, prometheus};
use crate::pods::busy;

#[test]
#[ignore = "needs prometheus"]
fn prometheus_scrapes_it() {
    let driver = driver("real", &busy(23));
    let exporter = Running::start(&driver, &[]);
    let target = exporter.url.strip_prefix("http://").unwrap();
    let (_prometheus, url) = prometheus(target, "1s");
    eventually("Prometheus answers", || {
        let port = url.strip_prefix("http://").unwrap();
        std::net::TcpStream::connect(port).ok()
    });
    let query = "/api/v1/query?query=DCGM_FI_DEV_GPU_UTIL%7BUUID%3D%22GPU-0%22%7D";
    eventually("the GPU's utilization is scraped", || {
        let (_, text) = get(&url, query);
        text.contains(",\"23\"]").then_some(())
    });
    // Nothing in it was refused: the target is up, and its types are known.
    let (_, up) = get(&url, "/api/v1/query?query=up");
    assert!(up.contains(",\"1\"]"), "{up}");
    let (_, types) = get(&url, "/api/v1/metadata?metric=DCGM_FI_DEV_GPU_UTIL");
    assert!(types.contains("\"type\":\"gauge\""), "{types}");
}
