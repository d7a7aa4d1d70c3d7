//! Drivers that hang and GPUs that die, while Prometheus scrapes on.

use crate::common::{Running, driver};
use crate::parts::{eventually, get};

const ONE: &str = "gpus:\n  - {uuid: GPU-0, name: A, power: 50000}\n";
const FAST: [&str; 6] = [
    "--interval",
    "100ms",
    "--deadline",
    "300ms",
    "--max-age",
    "4s",
];

#[test]
fn no_scrape_waits_for_a_driver_that_hangs() {
    let driver = driver("hangs", ONE);
    let exporter = Running::start(&driver, &FAST);
    let power = "DCGM_FI_DEV_POWER_USAGE{";
    assert_eq!(exporter.value(power), Some(50.0));
    driver
        .set(&format!("{ONE}hang: {{nvmlDeviceGetPowerUsage: 6000}}\n"))
        .unwrap();
    eventually("the deadline passes", || {
        let failures = "concertina_exporter_collection_failures_total{stage=\"deadline\"}";
        exporter.value(failures).filter(|count| *count > 0.0)
    });
    // The last reading stands, and grows old: a scrape that waited for the driver would find it gone.
    assert_eq!(exporter.value(power), Some(50.0));
    let age = || exporter.value("concertina_exporter_reading_age_seconds ");
    let first = age();
    eventually("the reading grows old", || {
        age().filter(|age| Some(*age) > first)
    });
    eventually("the reading is too old", || {
        (exporter.value("concertina_exporter_up ") == Some(0.0)).then_some(())
    });
    assert_eq!(exporter.value(power), None);
    let (status, reason) = get(&exporter.url, "/readyz");
    assert_eq!(status, 503, "{reason}");
    assert_eq!(get(&exporter.url, "/healthz").0, 200);
    driver.set(ONE).unwrap();
    eventually("it is read again", || exporter.value(power));
    eventually("the log tells", || {
        exporter.log().contains("can be read again").then_some(())
    });
}

#[test]
fn a_gpu_that_dies_keeps_its_last_xid_and_loses_its_numbers() {
    let driver = driver("dies", ONE);
    let exporter = Running::start(&driver, &FAST);
    let dying = ONE.replace("power: 50000", "power: 50000, xids: [79], lost: true");
    driver.set(&dying).unwrap();
    eventually("the XID is told", || {
        let xid = exporter.value("DCGM_FI_DEV_XID_ERRORS{");
        xid.filter(|xid| *xid == 79.0)
    });
    assert_eq!(exporter.value("DCGM_FI_DEV_POWER_USAGE{"), None);
    let absent = "concertina_exporter_absent_readings{metric=\"DCGM_FI_DEV_POWER_USAGE\",reason=\"the device is lost\"}";
    assert_eq!(exporter.value(absent), Some(1.0));
}

#[test]
fn told_to_stop_it_stops() {
    let driver = driver("stops", ONE);
    let mut exporter = Running::start(&driver, &[]);
    let pid = exporter.child.id().to_string();
    let told = std::process::Command::new("kill")
        .arg(pid)
        .status()
        .unwrap();
    assert!(told.success());
    assert!(exporter.child.wait().unwrap().success());
}
