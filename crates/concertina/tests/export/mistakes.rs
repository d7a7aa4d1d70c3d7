//! What is refused, in which words, and with which exit status.

use crate::common::{command, driver};

#[test]
fn every_mistake_has_one_clear_message() {
    let none = driver("none", "gpus: []");
    let none = none.library().display().to_string();
    let one = driver("one", "gpus: [{uuid: GPU-0}]");
    let one = one.library().display().to_string();
    let cases: [&[&str]; 8] = [
        &["--nvml-library", "/nowhere/libnvidia-ml.so.1"],
        &["--nvml-library", &none],
        &["--interval", "99ms"],
        &["--deadline", "0"],
        &["--interval", "10s", "--max-age", "5s"],
        &["--window", "1ms"],
        &["--nvml-library", &one, "--listen", "nowhere"],
        &[
            "--tls-cert-file",
            "/nowhere/tls.crt",
            "--tls-private-key-file",
            "/nowhere/tls.key",
        ],
    ];
    let mut text = String::new();
    for args in cases {
        let ended = command(args).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        let code = ended.status.code().unwrap();
        text += &format!("{code} {said}");
    }
    insta::assert_snapshot!(text);
}
