//! The program, as a user starts it.

use std::path::PathBuf;
use std::process::{Command, Output};

pub(crate) fn concertina(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concertina"));
    command.args(args).output().expect("the binary runs")
}

pub(crate) fn example(name: &str) -> String {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/bert-intent-detection");
    folder.join(name).display().to_string()
}

pub(crate) fn temporary(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Standard output of a demo that must succeed.
pub(crate) fn output(args: &[&str]) -> String {
    let done = concertina(args);
    let (out, err) = (
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    );
    assert!(done.status.success(), "{:?}\n{out}\n{err}", done.status);
    out
}

/// The single message of a demo that must not start.
pub(crate) fn refused(args: &[&str]) -> String {
    let done = concertina(args);
    assert_eq!(done.status.code(), Some(2), "{args:?}");
    assert!(
        done.stdout.is_empty(),
        "{args:?} printed something before it failed"
    );
    String::from_utf8(done.stderr).unwrap()
}

/// Standard output and the message of a demo whose loop fails.
pub(crate) fn failed(args: &[&str]) -> (String, String) {
    let done = concertina(args);
    let (out, err) = (
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    );
    assert_eq!(done.status.code(), Some(1), "{out}\n{err}");
    (out, err)
}
