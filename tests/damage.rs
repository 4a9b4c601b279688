//! Whatever bytes arrive, netlab comes to an end, and says something: every prefix of every kind of frame of `corpus/`,
//! every byte of it changed, and whole captures in which every frame is damaged.

#[path = "support/corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use corpus::{captures, directory, records};
use netlab::dissect::dissect;
use netlab::engine::Engine;
use netlab::model::Frame;

/// Bytes of a frame that are changed one by one: all headers are among them.
const CHANGED: usize = 160;
/// Lengths to which a frame is cut.
const CUT: usize = 400;

/// The frames of each capture.
fn corpus() -> Vec<Vec<Frame>> {
    let frames = |path: &std::path::PathBuf| records(path).into_iter().map(|record| record.frame).collect();
    captures(&directory()).iter().map(frames).collect()
}

/// Everything that is said about a frame, counted; whatever its bytes are, this must come to an end.
fn understand(engine: &mut Engine, frame: &Frame) -> usize {
    engine.see(frame, |seen| {
        let mut said = String::new();
        seen.info(&mut said).expect("a string takes everything");
        for packet in seen.whole.iter().chain([seen.packet]) {
            for view in packet.views() {
                view.walk(&mut |field| said.push_str(field.spec.key));
            }
        }
        said.len()
    })
}

/// The same frame with other bytes.
fn with(frame: &Frame, change: impl FnOnce(&mut Vec<u8>)) -> Frame {
    let mut frame = frame.clone();
    change(&mut frame.bytes);
    frame
}

/// What kind of frame it is: its layers, and which fields each has.
fn kind(frame: &Frame) -> String {
    let packet = dissect(frame);
    let mut kind = String::new();
    for view in packet.views() {
        kind += view.layer().header.name;
        // Which, and not how many: a list of options is of one kind however long it is.
        let mut keys = BTreeSet::new();
        view.walk(&mut |field| keys.extend([field.spec.key]));
        kind.extend(keys.iter().copied());
    }
    kind
}

/// The layers of a frame.
fn stack(frame: &Frame) -> Vec<&'static str> {
    dissect(frame).views().map(|view| view.layer().header.name).collect()
}

/// The shortest frame of each kind.
fn kinds(captures: Vec<Vec<Frame>>) -> Vec<Frame> {
    let mut kinds: BTreeMap<String, Frame> = BTreeMap::new();
    for frame in captures.into_iter().flatten() {
        let shortest = kinds.entry(kind(&frame)).or_insert_with(|| frame.clone());
        if frame.bytes.len() < shortest.bytes.len() {
            *shortest = frame;
        }
    }
    kinds.into_values().collect()
}

#[test]
fn no_prefix_and_no_changed_byte_of_any_kind_of_frame_does_harm() {
    let captures = corpus();
    let stacks: BTreeSet<_> = captures.iter().flatten().map(stack).collect();
    let frames = kinds(captures);
    assert!(frames.iter().map(stack).collect::<BTreeSet<_>>() == stacks, "a stack of layers has no frame");
    let started = Instant::now();
    in_two(&frames, |frame| {
        // What a conversation remembers of damaged frames must not matter either: one engine sees them all.
        let mut engine = Engine::default();
        for length in 0..frame.bytes.len().min(CUT) {
            // Cut by the capture, and cut on its way.
            let cut = with(frame, |bytes| bytes.truncate(length));
            understand(&mut engine, &cut);
            understand(&mut engine, &Frame { original: length, ..cut });
        }
        for place in 0..frame.bytes.len().min(CHANGED) {
            for change in [|byte: u8| byte ^ 1, |byte: u8| byte ^ 0x80, |_| 0, |_| 0xff] {
                understand(&mut engine, &with(frame, |bytes| bytes[place] = change(bytes[place])));
            }
        }
    });
    eprintln!("{} kinds, {} stacks in {:?}", frames.len(), stacks.len(), started.elapsed());
}

#[test]
fn a_capture_with_every_frame_damaged_somewhere_does_no_harm() {
    let captures = corpus();
    let started = Instant::now();
    in_two(&captures, |frames| {
        for pass in 0..4_usize {
            let mut engine = Engine::default();
            for (at, frame) in frames.iter().enumerate() {
                // Headers first: most of them are among the first hundred bytes.
                let reach = frame.bytes.len().clamp(1, 100);
                let place = (pass * 37 + at * 11) % reach;
                let damaged = with(frame, |bytes| {
                    if pass == 3 {
                        bytes.truncate(place);
                    } else if let Some(byte) = bytes.get_mut(place) {
                        *byte = byte.wrapping_add(u8::try_from(pass * 29 % 251 + 1).expect("a byte"));
                    }
                });
                understand(&mut engine, &damaged);
            }
        }
    });
    eprintln!("damaged in {:?}", started.elapsed());
    let peak = peak_memory();
    assert!(peak < 512 << 20, "{peak} bytes of memory");
}

/// Does `work` on each item, on two threads.
fn in_two<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

/// The most memory that this process ever had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}
