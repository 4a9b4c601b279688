//! How the tests of this module look at what is printed.

use std::io;

use crate::model::Frame;
pub(crate) use crate::model::samples::*;

/// What `write` prints. No line of it is wider than 80 columns, and nothing in it but line breaks and colours acts
/// on a terminal.
pub(crate) fn printed(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector takes everything");
    let text = String::from_utf8(out).expect("output is text");
    for line in plain(&text).lines() {
        assert!(super::wrap::width(line) <= 80, "wider than 80 columns: {line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert_eq!(line, line.trim_end(), "spaces at the end");
    }
    text
}

/// Compares `text` with the file `expected/NAME.txt`. With `NETLAB_BLESS=1` the file is written instead: for a change
/// that was meant, and to be read before it is committed.
pub(crate) fn expect(name: &str, text: &str) {
    let path = format!("{}/src/render/expected/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("NETLAB_BLESS").is_some() {
        std::fs::write(&path, text).expect("the file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the file can be read");
    assert!(text == expected, "{name} should read:\n{expected}\nbut reads:\n{text}");
}

/// `text` without its colours.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Calls back with every frame of the captures that the tests have, and with some damage done to each.
pub(crate) fn every_frame(mut each: impl FnMut(&Frame)) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = ["captures", "corpus"].map(|folder| std::fs::read_dir(root.join(folder)).expect("captures"));
    let paths = files.into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let is_capture = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng");
    let mut count = 0;
    for path in paths.filter(is_capture) {
        for record in crate::capture::Reader::open(&path).expect("a capture").flatten() {
            let frame = record.frame;
            each(&frame);
            // Cut, and with one byte changed, in another place each time.
            let place = count * 7 % frame.bytes.len().max(1);
            each(&Frame { bytes: frame.bytes[..place].to_vec(), ..frame.clone() });
            let mut changed = frame;
            if let Some(byte) = changed.bytes.get_mut(place) {
                *byte ^= 1 << (count % 8);
            }
            each(&changed);
            count += 1;
        }
    }
    assert!(count > 1000, "{count}");
}
