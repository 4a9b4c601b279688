//! netlab judges TCP as Wireshark does: every conclusion about every segment, over conversations that go wrong in
//! every way, and over the captures of `captures/`.

#[path = "support/captures.rs"]
mod captures;
#[path = "support/folder.rs"]
mod folder;
#[path = "support/table.rs"]
mod table;
#[path = "support/talk.rs"]
mod talk;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use folder::scratch;
use netlab::converse::{Piece, Tracker};
use netlab::dissect::dissect;
use netlab::model::{Frame, FrameNo, LinkType, Nanos, Packet, Tracked, Value};
use netlab::proto::checksum::Status;
use netlab::proto::tcp;
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapTsResolution, PcapWriter};
use table::Table;
use talk::{Captured, Dice, Talk};

/// Conversations, and packets in each.
const TALKS: u32 = 200;
const LENGTH: usize = 300;
/// Differences shown at most.
const MOST_SHOWN: usize = 60;
/// Conversations that go on at the same time.
const AT_ONCE: usize = 5;
/// 2026-01-01.
const START: i64 = 1_767_225_600_000_000_000;

/// What the conversation tracker concludes, by Wireshark's names.
fn keys() -> Vec<String> {
    let path = captures::directory().join("tracked");
    fs::read_to_string(path).expect("tests/captures/tracked").lines().map(str::to_owned).collect()
}

/// Whether tshark 4.0 is installed; says on stderr when it is not.
fn has_tshark() -> bool {
    let output = Command::new("tshark").arg("--version").output().ok();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or("").to_owned());
    let right = version.as_deref().is_some_and(|version| version.contains(" 4.0."));
    if !right {
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "tshark 4.0 is needed, found {version:?}");
        eprintln!("SKIPPED: the conditions are those of tshark 4.0, installed is {version:?}");
    }
    right
}

fn capture() -> Vec<Captured> {
    let mut dice = Dice::new(4711);
    let mut waiting = (1..=TALKS).map(|number| (Talk::new(number), LENGTH)).collect::<Vec<_>>().into_iter();
    let mut going: Vec<(Talk, usize)> = waiting.by_ref().take(AT_ONCE).collect();
    let (mut time, mut packets) = (START, Vec::new());
    while !going.is_empty() {
        let chosen = dice.below(u32::try_from(going.len()).expect("few")) as usize;
        let (talk, left) = &mut going[chosen];
        time += talk.pause();
        packets.extend(talk.next().into_iter().map(|packet| (time, packet)));
        *left -= 1;
        if *left == 0 {
            match waiting.next() {
                Some(next) => going[chosen] = next,
                None => drop(going.swap_remove(chosen)),
            }
        }
    }
    packets.extend((0..).map(|step| time + step * 1_000_000).zip(talk::monologue()));
    packets
}

fn write(path: &Path, packets: &[Captured]) {
    let header =
        PcapHeader { datalink: DataLink::RAW, ts_resolution: PcapTsResolution::NanoSecond, ..PcapHeader::default() };
    let file = fs::File::create(path).expect("a file");
    let mut writer = PcapWriter::with_header(std::io::BufWriter::new(file), header).expect("a header");
    for (time, bytes) in packets {
        let length = u32::try_from(bytes.len()).expect("short");
        let time = Duration::from_nanos(u64::try_from(*time).expect("after 1970"));
        writer.write_packet(&PcapPacket::new(time, length, bytes.clone()).expect("sound")).expect("room");
    }
}

fn frames(packets: &[Captured]) -> Vec<Frame> {
    let frame = |(index, (time, bytes)): (usize, &Captured)| Frame {
        number: FrameNo(u32::try_from(index + 1).expect("few frames")),
        time: Nanos(*time),
        direction: None,
        link: LinkType::RawIp,
        original: bytes.len(),
        checksum_pending: false,
        bytes: bytes.clone(),
    };
    packets.iter().enumerate().map(frame).collect()
}

/// A value as tshark writes it.
fn written(key: &str, value: Value<'_>) -> String {
    match value {
        Value::Number(number) if key == "tcp.window_size_scalefactor" => i32::try_from(number)
            .unwrap_or_else(|_| (u32::try_from(number).expect("32 bits")).cast_signed())
            .to_string(),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => u8::from(flag).to_string(),
        Value::Span(Nanos(span)) => {
            let (sign, span) = (if span < 0 { "-" } else { "" }, span.unsigned_abs());
            format!("{sign}{}.{:09}", span / 1_000_000_000, span % 1_000_000_000)
        }
        other => format!("{other:?}"),
    }
}

/// What netlab says of a frame.
struct Said {
    /// The number, the Info column if it is TCP that speaks there, and the generated values.
    row: Vec<String>,
    /// Not all of the packet is here.
    short: bool,
    /// Nobody knows how long the segment is, because it is only quoted, or contradicts itself.
    raw: bool,
    /// Its checksum is left to the network card.
    pending: bool,
}

fn said(packet: &Packet<'_>, keys: &[String]) -> Said {
    let mut info = String::new();
    let segment = packet.find(&tcp::HEADER);
    if segment.is_some() {
        packet.info(&mut info).expect("a string takes everything");
    }
    let mut row = vec![packet.frame.number.0.to_string(), info];
    for key in keys {
        let values = packet.generated.iter().filter(|generated| generated.what.key() == key);
        let values: Vec<String> = values.map(|generated| written(key, generated.value.into())).collect();
        row.push(values.join(";"));
    }
    let pending = segment.is_some_and(|view| view.layer().checksum == Some(Status::Pending));
    Said { row, short: !packet.faults.is_empty(), raw: packet.generated(Tracked::of("tcp.nxtseq")).is_none(), pending }
}

/// A row for each frame; for one that completes a datagram, what is said of that.
fn tracked(frames: &[Frame], keys: &[String]) -> Vec<Said> {
    let mut tracker = Tracker::default();
    let mut rows = Vec::new();
    for frame in frames {
        let mut packet = dissect(frame);
        rows.push(match tracker.observe(&mut packet).2 {
            Piece::Last(whole) => {
                let mut packet = dissect(&whole);
                tracker.observe_reassembled(&mut packet);
                said(&packet, keys)
            }
            // What is in a fragment is looked at when the datagram is whole.
            Piece::Fragment => {
                let mut said = said(&packet, keys);
                said.row[1].clear();
                said
            }
            Piece::Whole => said(&packet, keys),
        });
    }
    rows
}

/// What `captures/expect` has written.
fn table(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Table::read(&text, ';')
}

/// Lists what differs between what netlab says and tshark's table. Where a packet is cut, netlab may say more: tshark
/// stops at the first field that is not whole.
fn differences(ours: &[Said], keys: &[String], table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let columns: Vec<&str> =
        ["frame.number", "_ws.col.Info"].into_iter().chain(keys.iter().map(String::as_str)).collect();
    assert!(columns.iter().all(|column| table.has(column)), "a column is missing");
    assert_eq!(table.len(), ours.len(), "a row a frame");
    for (row, ours) in ours.iter().enumerate() {
        for (column, said) in columns.iter().zip(&ours.row) {
            let theirs = table.cell(row, column);
            // Where a field and a warning have the same name, tshark writes both.
            let theirs = if said == "1" && theirs == "1;1" { said } else { theirs };
            let theirs = if ours.pending { &theirs.replace(" [TCP CHECKSUM INCORRECT]", "") } else { theirs };
            let meant = is_left_out(column, ours.raw, said.is_empty());
            if said != theirs && !meant && !(ours.short && theirs.is_empty()) {
                found.push(format!("#{} {column}: {said:?}, tshark {theirs:?}", row + 1));
            }
        }
    }
    found
}

/// What netlab does not say on purpose: the Info column is compared only where TCP has it, and of a segment
/// whose length it does not know, Wireshark compares raw numbers with relative edges, shows half of an edge pair that
/// was cut, and the sequence number even where no more than that is quoted.
fn is_left_out(column: &str, raw: bool, silent: bool) -> bool {
    silent && (column == "_ws.col.Info" || raw && ["tcp.seq", "tcp.window_size_scalefactor"].contains(&column))
        || raw && column.starts_with("tcp.options.sack")
}

fn assert_none(found: &[String], frames: usize) {
    let shown = found[..found.len().min(MOST_SHOWN)].join("\n");
    assert!(found.is_empty(), "{} differences in {frames} frames:\n{shown}", found.len());
}

#[test]
fn conversations_that_go_wrong_are_judged_as_wireshark_judges_them() {
    if !has_tshark() {
        return;
    }
    let (keys, packets) = (keys(), capture());
    let directory = scratch("tcp-analysis");
    write(&directory.join("talks.pcap"), &packets);
    let expect = captures::directory().join("expect");
    let status = Command::new(expect).args([&*directory, &*directory]).env("ONLY", "tracked").status();
    assert!(status.expect("expect runs").success());
    let table = table(&directory.join("talks.tracked.tsv"));
    let ours = tracked(&frames(&packets), &keys);
    assert_none(&differences(&ours, &keys, &table), ours.len());
}

#[test]
fn the_captures_are_judged_as_wireshark_judges_them() {
    let keys = keys();
    let mut found = Vec::new();
    let mut count = 0;
    for path in captures::captures() {
        let frames = captures::frames(&path);
        count += frames.len();
        let table = table(&path.with_extension("tracked.tsv"));
        let ours = tracked(&frames, &keys);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let differences = differences(&ours, &keys, &table);
        found.extend(differences.into_iter().map(|difference| format!("{file} {difference}")));
    }
    assert_none(&found, count);
}
