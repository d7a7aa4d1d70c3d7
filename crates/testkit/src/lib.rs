//! Runs recorded vectors in tests and prints parity lines.
//!
//! Vectors are JSON lines, recorded from real implementations. A crate keeps a representative part
//! below `tests/vectors/`; when `CONCERTINA_VECTORS` names a folder of the same layout, every file
//! there runs instead.
//!
//! For each file a line `parity STEM: PASSED of TOTAL` is printed, and a case that is not passed
//! fails the test, except in a `*_regex_dialect` file, whose cases are a stretch goal.

#[cfg(feature = "kubelet")]
pub mod kubelet;
pub mod processes;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One recorded case.
#[derive(Debug)]
pub struct Case {
    /// The file it stands in.
    pub file: PathBuf,
    /// Its `id`.
    pub id: String,
    /// The whole line.
    pub json: Value,
}

/// The folder that holds the vectors: `$CONCERTINA_VECTORS`, or `tests/vectors` of the crate.
///
/// # Panics
///
/// When `$CONCERTINA_VECTORS` names no folder: a test that runs nothing must not pass.
#[must_use]
pub fn root(manifest_dir: &str) -> PathBuf {
    root_of(std::env::var_os("CONCERTINA_VECTORS"), manifest_dir)
}

fn root_of(given: Option<OsString>, manifest_dir: &str) -> PathBuf {
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Path::new(manifest_dir).join("tests/vectors");
    };
    let given = PathBuf::from(given);
    assert!(
        given.is_dir(),
        "CONCERTINA_VECTORS: {} is no folder",
        given.display()
    );
    given
}

/// The files of `family` below `root/folder`: those whose stem has the family's name as a word
/// (`templates_2`, `upstream_replicas`). Of several of `families` in a stem the first counts, of
/// several at one place the longest.
#[must_use]
pub fn files(root: &Path, folder: &str, family: &str, families: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .filter(|path| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            family_of(&stem, families) == Some(family)
        })
        .collect();
    found.sort();
    found
}

/// The family of a file.
fn family_of<'f>(stem: &str, families: &[&'f str]) -> Option<&'f str> {
    let found = families
        .iter()
        .filter_map(|family| Some((position(stem, family)?, family)));
    let best = found.min_by_key(|(at, family)| (*at, std::cmp::Reverse(family.len())));
    best.map(|(_, family)| *family)
}

/// Where the family's name stands as a word in a stem.
fn position(stem: &str, family: &str) -> Option<usize> {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphabetic());
    let mut places = stem.match_indices(family).map(|(at, _)| at);
    places.find(|at| {
        let (before, rest) = stem.split_at(*at);
        edge(before.chars().next_back()) && edge(rest.split_at(family.len()).1.chars().next())
    })
}

/// Runs `check` on every case of every file of `family` and prints the parity lines.
///
/// # Panics
///
/// When a case is not passed (but for `*_regex_dialect` files), a line cannot be read, no file
/// of the family exists in the crate's own folder, or as [`root`] does.
pub fn run(
    manifest_dir: &str,
    folder: &str,
    family: &str,
    families: &[&str],
    check: impl Fn(&Value) -> Result<(), String> + std::panic::RefUnwindSafe,
) {
    let root = root(manifest_dir);
    let files = files(&root, folder, family, families);
    let own = std::env::var_os("CONCERTINA_VECTORS").is_none_or(|dir| dir.is_empty());
    assert!(
        !own || !files.is_empty(),
        "no {family} vectors in {}",
        root.join(folder).display()
    );
    let mut failed = Vec::new();
    for file in files {
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let cases = read(&file);
        let mut passed = 0;
        for case in &cases {
            match std::panic::catch_unwind(|| check(&case.json)) {
                Ok(Ok(())) => passed += 1,
                Ok(Err(why)) => failed.push((stem.clone(), case.id.clone(), why)),
                Err(_) => failed.push((stem.clone(), case.id.clone(), "panicked".to_owned())),
            }
        }
        // The leading newline keeps the line alone under the test harness' own output.
        println!("\nparity {stem}: {passed} of {}", cases.len());
    }
    failed.retain(|(stem, _, _)| !stem.ends_with("_regex_dialect"));
    for (stem, id, why) in failed.iter().take(20) {
        println!("{stem} {id}: {why}");
    }
    assert!(
        failed.is_empty(),
        "{} cases of {family} are not passed",
        failed.len()
    );
}

/// The cases of one file.
///
/// # Panics
///
/// When the file or one of its lines cannot be read.
#[must_use]
pub fn read(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file)
        .unwrap_or_else(|e| panic!("cannot read {}: {e}", file.display()));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let json: Value = serde_json::from_str(line)
                .unwrap_or_else(|e| panic!("a line of {} is no JSON: {e}", file.display()));
            let id = json
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            Case {
                file: file.to_owned(),
                id,
                json,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{family_of, root_of};

    #[test]
    #[should_panic(expected = "/nowhere is no folder")]
    fn a_folder_that_is_not_there_is_no_success() {
        let _ = root_of(Some("/nowhere".into()), env!("CARGO_MANIFEST_DIR"));
    }

    #[test]
    fn an_empty_name_is_none() {
        let root = root_of(Some("".into()), "crate");
        assert_eq!(root, std::path::Path::new("crate/tests/vectors"));
    }

    #[test]
    fn a_family_is_found_at_word_edges() {
        let families = [
            "behavior",
            "replicas",
            "reconcile",
            "queries",
            "external_queries",
        ];
        let family = |stem| family_of(stem, &families);
        for stem in [
            "replicas",
            "upstream_replicas",
            "replicas_pods_2",
            "replicas2",
            "replicas_behavior",
        ] {
            assert_eq!(family(stem), Some("replicas"), "{stem}");
        }
        assert_eq!(family("behavior_replicas"), Some("behavior"));
        assert_eq!(family("external_queries_3"), Some("external_queries"));
        assert_eq!(family("subreplicas"), None);
    }
}
