//! `netlab explain` over the captures of `captures/` and `corpus/`: what it prints, how it ends, and what of a hostile file
//! reaches the terminal.

#[path = "explain/hostile.rs"]
mod hostile;
#[path = "explain/relay.rs"]
mod relay;
#[path = "explain/said.rs"]
mod said;
#[path = "explain/streaming.rs"]
mod streaming;
mod support;
#[path = "support/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use netlab::capture::{Reader, Source, Writer};
use netlab::model::{Direction, Frame, FrameNo, LinkType, Nanos};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use support::run::{Run, run};
use support::{require_program, scratch};
use table::Table;

fn capture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut places = ["captures", "corpus"].map(|place| folder.join(place).join(name)).into_iter();
    places.find(|path| path.exists()).unwrap_or_else(|| panic!("no {name}")).display().to_string()
}

/// Every capture that the tests have.
fn captures() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files =
        ["captures", "corpus"].map(|place| std::fs::read_dir(folder.join(place)).expect("captures")).into_iter();
    let paths = files.flatten().map(|entry| entry.expect("an entry").path());
    let mut all: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"))
        .map(|path| path.display().to_string())
        .collect();
    all.sort();
    assert!(all.len() > 20, "{all:?}");
    all
}

fn explain(arguments: &[&str]) -> Run {
    run(&[&["explain"], arguments].concat())
}

/// A capture of IP packets, one a millisecond and to and fro, each with these comments.
fn save(path: &Path, packets: Vec<Vec<u8>>, comments: &[String]) {
    let mut writer = Writer::create(path, &Source { interface: None, link: LinkType::RawIp }).expect("a file");
    for (number, bytes) in (1..).zip(packets) {
        let frame = Frame {
            number: FrameNo(number),
            time: Nanos(1_000_000_000 + i64::from(number) * 1_000_000),
            direction: Some(if number % 2 == 1 { Direction::Out } else { Direction::In }),
            link: LinkType::RawIp,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        };
        writer.write(&frame, comments).expect("written");
    }
}

/// Lines of text that are fit for a terminal of 80 columns.
fn assert_fits(text: &str, what: &str) {
    for line in text.lines() {
        assert!(line.width() <= 80, "{what}: wider than 80 columns: {line}");
        assert_eq!(line, line.trim_end(), "{what}: spaces at the end");
    }
    assert_harmless(text, what);
}

/// Nothing but line breaks acts on a terminal.
fn assert_harmless(text: &str, what: &str) {
    let acts = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert_eq!(text.chars().find(|&c| acts(c)), None, "{what}");
}

#[test]
fn every_view_of_every_capture_fits_a_terminal() {
    for file in captures() {
        for view in [&[][..], &["--ladder"], &["-v"], &["-vv"], &["-q"], &["--ladder", "--ascii"], &["--ascii"]] {
            let Run { code, out, err } = explain(&[&[file.as_str()], view].concat());
            let what = format!("{file} {view:?}");
            let damaged = !err.is_empty();
            assert_eq!(code, if damaged { 2 } else { 0 }, "{what}: {err}");
            assert_fits(&out, &what);
            assert!(!out.is_empty(), "{what}");
            if view.contains(&"--ascii") {
                assert!(out.is_ascii(), "{what}");
            }
        }
    }
}

#[test]
fn colour_adds_nothing_and_is_left_out_where_nobody_sees_it() {
    let file = capture("web.pcap");
    for view in [&[][..], &["--ladder"], &["-v"], &["--summary"]] {
        let arguments = [&[file.as_str()], view].concat();
        let plain = explain(&arguments).out;
        assert!(!plain.contains('\u{1b}'), "{view:?}");
        let colored = explain(&[&arguments[..], &["--color", "always"]].concat()).out;
        assert_eq!(strip(&colored), plain, "{view:?}");
        assert!(view == ["--summary"] || colored != plain, "{view:?}");
    }
}

fn strip(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn the_summary_has_wiresharks_columns() {
    if !require_program("tshark") {
        return;
    }
    for file in captures() {
        let table = Command::new("tshark")
            .args(["-n", "-r", &file, "-T", "fields", "-e", "frame.number", "-e", "frame.time_relative"])
            .args(["-e", "_ws.col.Source", "-e", "_ws.col.Destination", "-e", "frame.len"])
            .output()
            .expect("tshark runs");
        let theirs: BTreeMap<u32, Vec<String>> = String::from_utf8_lossy(&table.stdout)
            .lines()
            .map(|row| row.split('\t').map(str::to_owned).collect::<Vec<_>>())
            .map(|row| (row[0].parse().expect("a number"), row))
            .collect();
        for line in explain(&[&file, "--summary"]).out.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number: u32 = words[0].parse().expect("a number");
            let row = &theirs[&number];
            let time = |text: &str| text.parse::<f64>().unwrap_or_else(|_| panic!("{file}: {line}\n{row:?}"));
            assert!((time(words[1]) - time(&row[1])).abs() < 1e-6, "{file}: {line}\n{row:?}");
            // Frames without addresses have an arrow between nothing.
            if words[2] != "→" {
                // Of damaged headers, tshark reads addresses only where it understands all around them.
                let is_sound = file.contains("/corpus/");
                let both = (words[2], words[4]);
                assert!(!is_sound || both == (row[2].as_str(), row[3].as_str()), "{file}: {line}\n{row:?}");
                assert_eq!(words[6], row[4], "{file}: {line}");
            }
        }
    }
}

/// The Protocol column, which tshark wrote with just the protocols that netlab has.
#[test]
fn protocols_are_called_as_in_wireshark() {
    let mut compared = 0;
    for file in captures().into_iter().filter(|file| file.contains("/corpus/")) {
        let Ok(text) = std::fs::read_to_string(Path::new(&file).with_extension("tsv")) else { continue };
        let table = Table::read(&text, '|');
        for (row, line) in explain(&[&file, "--summary"]).out.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words[2] != "→" {
                assert_eq!(words[5], table.cell(row, "_ws.col.Protocol"), "{file}: {line}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn json_lines_are_objects_and_end_with_a_summary() {
    for file in captures() {
        let read = explain(&[&file, "--json"]);
        let lines: Vec<Value> = read
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{file}: {error}: {line}")))
            .collect();
        let packets: Vec<&Value> = lines.iter().filter(|line| line["type"] == "packet").collect();
        let summary = lines.last().expect("a line");
        assert_eq!(summary["type"], "summary", "{file}");
        assert_eq!(summary["packets"], packets.len(), "{file}");
        assert!(summary["conversations"].is_u64() && summary["dropped"].is_u64(), "{file}: {summary}");
        for packet in packets {
            let members = ["number", "time", "relative", "length", "captured"];
            assert!(members.iter().all(|member| packet[member].is_i64()), "{file}: {packet}");
            assert!(packet["info"].is_string() && packet["stream"].is_null() | packet["stream"].is_u64(), "{packet}");
            for layer in packet["layers"].as_array().expect("layers") {
                assert!(layer["name"].is_string() && layer["fields"].is_object(), "{file}: {layer}");
            }
            assert!(packet["notes"].is_array() && packet["faults"].is_array(), "{file}: {packet}");
        }
        for note in lines.iter().filter(|line| line["type"] == "note") {
            assert!(note["text"].as_str().is_some_and(|text| !text.contains("{$")), "{file}: {note}");
        }
    }
}

/// No key may come twice in one object: parsers keep only one of them.
#[test]
fn keys_of_json_objects_are_different() {
    for file in ["web.pcap", "options.pcap", "dns.pcap", "dhcp.pcap"].map(capture) {
        for line in explain(&[&file, "--json"]).out.lines() {
            // Written anew by a parser that keeps one of each, a line gets shorter when a key was there twice.
            let parsed: Value = serde_json::from_str(line).expect("JSON");
            let again = serde_json::to_string(&parsed).expect("JSON");
            let members = |text: &str| text.matches("\":").count();
            assert_eq!(members(line), members(&again), "{file}: {line}");
        }
    }
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let folder = scratch("explain");
    let text = folder.join("text");
    std::fs::write(&text, "no capture").expect("written");
    let text = text.display().to_string();
    let web = capture("web.pcap");
    for (arguments, error, hint) in [
        (&["/nowhere/x.pcap"][..], "cannot read /nowhere/x.pcap", "check the name"),
        (&["/"], "it is a directory", "capture file in it"),
        (&[&text], "is not a capture", ""),
        (&[&web, "--frame", "99"], "there is no frame 99", "counted from 1"),
        (&[&web, "--stream", "9"], "there is no stream 9", "counted from 0"),
        (&[&web, "--frame", "1", "--field", "tcp.flags.sny"], "no field is called", "did you mean tcp.flags.syn"),
        (&[&web, "--frame", "1", "--field", "icmp.type"], "frame 1 has no field icmp.type", "eth, ip, tcp"),
        (&[&web, "--field", "ip.ttl"], "required", ""),
        (&[&web, "tcp", "prot", "80"], "filter", ""),
        (&[&web, "--summary", "--json"], "cannot be used", ""),
        (&[&web, "-I", "lo"], "no use for --interface", ""),
    ] {
        let Run { code, out, err } = explain(arguments);
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains(error) && err.contains(hint), "{arguments:?}: {err}");
        assert_harmless(&err, error);
    }
    let empty = folder.join("empty.pcapng");
    drop(Writer::create(&empty, &Source { interface: None, link: LinkType::Ethernet }).expect("a file"));
    let read = explain(&[&empty.display().to_string()]);
    assert_eq!((read.code, read.out.as_str()), (0, "There is no packet in it.\n"), "{}", read.err);
    let none = explain(&[&web, "udp", "port", "9"]);
    assert_eq!((none.code, none.out.as_str()), (0, "It has packets, but none of them passes.\n"), "{}", none.err);
    // What cannot be shown still leaves a capture that can be read.
    let saved = folder.join("none.pcapng").display().to_string();
    assert_eq!(explain(&[&web, "--stream", "9", "-w", &saved]).code, 2);
    assert_eq!(explain(&[&saved]).out, "There is no packet in it.\n");
}

#[test]
fn one_frame_one_field_one_stream_one_filter() {
    let web = capture("web.pcap");
    let frame = explain(&[&web, "--frame", "4"]).out;
    assert!(frame.contains("Transmission Control Protocol: bytes 34-65") && frame.contains("  4 "), "{frame}");
    let layers = explain(&[&web, "--frame", "4", "-v"]).out;
    assert!(layers.contains("\n               tcp   port ") && !layers.contains("bytes 34-65"), "{layers}");
    let field = explain(&[&web, "--frame", "4", "--field", "tcp.dstport"]).out;
    assert!(field.contains("Destination Port: 8080") && field.contains("[1f 90]"), "{field}");
    assert_eq!(field.matches("Source Port").count(), 0, "{field}");
    let lines = |arguments: &[&str]| explain(&[&[web.as_str(), "--summary"], arguments].concat()).out;
    let all = lines(&[]);
    let stream = lines(&["--stream", "1"]);
    let filter = lines(&["port", "8081"]);
    assert_eq!(stream, filter);
    assert!(stream.lines().count() == 2 && stream.lines().all(|line| all.contains(line)), "{stream}");
    assert_eq!(lines(&["not", "tcp"]), "");
}

#[test]
fn changes_stand_below_the_layers() {
    let text = explain(&[&capture("web.pcap"), "-v"]).out;
    // The third segment acknowledges what the first could not.
    let third = text.split("\n     0.0   3 ").nth(1).expect("a third packet");
    let third = third.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(third.contains("since #1: ip.id +1, tcp.seq +1, tcp.ack +1, tcp.flags 0x002 → 0x010,"), "{third}");
}

#[test]
fn what_passes_is_written() {
    let folder = scratch("explain");
    let (plain, explained) = (folder.join("plain.pcapng"), folder.join("explained.pcapng"));
    let web = capture("web.pcap");
    let read = explain(&[&web, "-w", &plain.display().to_string(), "port", "8081"]);
    assert_eq!((read.code, read.out.as_str()), (0, ""), "{}", read.err);
    let saved = explain(&[&web, "--save", &explained.display().to_string(), "port", "8081"]);
    assert!(saved.code == 0 && saved.out.contains("2 packets"), "{}{}", saved.out, saved.err);
    let records = |path: &PathBuf| Reader::open(path).expect("a capture").map(|record| record.expect("a frame"));
    let (one, other): (Vec<_>, Vec<_>) = (records(&plain).collect(), records(&explained).collect());
    assert_eq!(one.len(), 2);
    assert!(one.iter().all(|record| record.comments.is_empty()));
    assert!(other[0].comments.iter().any(|comment| comment.contains("May I talk to you?")), "{:?}", other[0].comments);
    for (one, other) in one.iter().zip(&other) {
        assert_eq!((&one.frame.bytes, one.frame.time), (&other.frame.bytes, other.frame.time));
    }
}

#[test]
fn many_conversations_do_not_drown_anyone() {
    let file = capture("http-messages.pcap");
    let packets = explain(&[&file, "--summary"]).out.lines().count();
    let text = explain(&[&file]).out;
    assert!(packets > 100, "{packets}");
    assert!(text.lines().count() < 150, "{} lines for {packets} packets", text.lines().count());
    assert!(text.contains(&format!("{packets} packets, ")), "{text}");
}
