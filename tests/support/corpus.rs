//! The captures of `corpus/`.
#![allow(dead_code)] // every test binary uses its own part of this

use std::fs;
use std::path::{Path, PathBuf};

use netlab::capture::{Reader, Record};

/// Where the captures and their tables are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The captures of a directory, sorted.
pub fn captures(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory of captures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "pcap"));
    paths.sort();
    assert!(paths.len() > 30, "captures are missing");
    paths
}

/// What a capture is called.
pub fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The frames of a capture, with what was noted beside them.
pub fn records(path: &Path) -> Vec<Record> {
    let reader = Reader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
