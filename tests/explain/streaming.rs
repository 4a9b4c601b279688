//! Captures that come through a pipe, and output that goes into one.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::*;
use crate::support::netlab;

/// What `input` on standard input is explained as.
pub fn piped(input: &[u8], arguments: &[&str]) -> Run {
    let mut child = netlab([&["explain", "-"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("netlab runs");
    // It may have enough before all is written.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("it ends").into()
}

#[test]
fn standard_input_tells_what_the_file_does() {
    let file = capture("web.pcap");
    let bytes = std::fs::read(&file).expect("a capture");
    for view in [&["--summary"][..], &["--json"], &["--ladder"], &["-v"]] {
        let from_file = explain(&[&[file.as_str()], view].concat()).out;
        let from_pipe = piped(&bytes, view);
        // All but what the file is called.
        let story = |text: &str| text.split("\n--- ").next().unwrap_or_default().to_owned();
        assert_eq!((story(&from_pipe.out), from_pipe.code), (story(&from_file), 0), "{view:?}");
    }
}

#[test]
fn what_another_program_writes_is_told_as_it_comes() {
    let bytes = std::fs::read(capture("web.pcap")).expect("a capture");
    let mut child = netlab(["explain", "-", "--summary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("netlab runs");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    // The file header, then one record after the other; each is told before the next is written.
    let (head, mut rest) = bytes.split_at(24);
    input.write_all(head).expect("written");
    for number in 1..=5 {
        let length = u32::from_le_bytes(rest[8..12].try_into().expect("four bytes")) as usize;
        input.write_all(&rest[..16 + length]).expect("written");
        rest = &rest[16 + length..];
        let line = output.next().expect("a line").expect("text");
        assert!(line.trim_start().starts_with(&format!("{number} ")), "{line}");
    }
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_file_that_is_cut_short_is_told_up_to_there() {
    let whole = std::fs::read(capture("web.pcap")).expect("a capture");
    let frames = explain(&[&capture("web.pcap"), "--summary"]).out.lines().count();
    let read = piped(&whole[..whole.len() - 10], &["--summary"]);
    assert_eq!((read.code, read.out.lines().count()), (2, frames - 1), "{}", read.err);
    let lines: Vec<&str> = read.err.lines().collect();
    assert!(lines[0].contains("byte ") && lines[0].contains(&format!("after frame {}", frames - 1)), "{}", read.err);
    // The story and the JSON are whole as far as they go, too.
    let story = piped(&whole[..whole.len() - 10], &[]);
    assert!(story.code == 2 && story.out.contains(&format!("{} packets", frames - 1)), "{}", story.out);
    let json = piped(&whole[..whole.len() - 10], &["--json"]);
    assert_eq!(json.summary()["packets"], frames - 1);
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let file = capture("web.pcap");
    for view in ["--summary", "--json", "-v"] {
        let mut child = netlab(["explain", &file, view])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("netlab runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{view}");
    }
}
