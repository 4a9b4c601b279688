//! netlab reads what Wireshark reads: every value of every key, and the Info column, over all frames of `captures/`.
//!
//! The expected values are tshark's, written by `captures/expect`; `captures/ORIGIN.md` says how the frames came.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use netlab::dissect::dissect;
use netlab::model::{FaultKind, Frame, FrameNo, Generated, Kind, LinkType, Nanos, Packet, Value};
use netlab::proto::checksum::{self, Status};
use netlab::proto::tcp::{self, TcpOption};
use netlab::proto::{self, ipv4};
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::{Block, PcapNgReader};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

/// The capture files, sorted.
fn captures() -> Vec<PathBuf> {
    let entries = fs::read_dir(directory()).expect("tests/captures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng"));
    paths.sort();
    assert!(paths.len() > 5, "the captures are missing");
    paths
}

fn link(number: u32) -> LinkType {
    match number {
        1 => LinkType::Ethernet,
        12 | 101 => LinkType::RawIp,
        other => panic!("link type {other}"),
    }
}

fn frames(path: &Path) -> Vec<Frame> {
    let bytes = fs::read(path).expect("a capture file");
    let mut frames: Vec<Frame> = Vec::new();
    let mut push = |link, time: std::time::Duration, original: u32, bytes: &[u8]| {
        frames.push(Frame {
            number: FrameNo(u32::try_from(frames.len() + 1).expect("few frames")),
            time: Nanos(i64::try_from(time.as_nanos()).expect("before 2262")),
            direction: None,
            link,
            original: original as usize,
            checksum_pending: false,
            bytes: bytes.to_vec(),
        });
    };
    if path.extension().is_some_and(|end| end == "pcap") {
        let mut reader = PcapReader::new(&bytes[..]).expect("pcap");
        let link = link(u32::from(reader.header().datalink));
        while let Some(packet) = reader.next_packet() {
            let packet = packet.expect("a frame");
            push(link, packet.timestamp(), packet.orig_len(), packet.data());
        }
    } else {
        let mut reader = PcapNgReader::new(&bytes[..]).expect("pcapng");
        let mut links = Vec::new();
        while let Some(block) = reader.next_block() {
            match block.expect("a block").0 {
                Block::InterfaceDescription(interface) => links.push(link(u32::from(interface.linktype))),
                Block::EnhancedPacket(packet) => {
                    push(links[packet.interface_id as usize], packet.timestamp, packet.original_len, &packet.data);
                }
                _ => {}
            }
        }
    }
    frames
}

/// Keys whose values come from other frames: the conversation tracker's, not the dissector's.
const TRACKED: [&str; 16] = [
    "icmp.no_resp",
    "icmp.resp_in",
    "icmp.resp_not_found",
    "icmp.resp_to",
    "icmp.resptime",
    "tcp.ack",
    "tcp.analysis.ack_rtt",
    "tcp.analysis.acks_frame",
    "tcp.completeness",
    "tcp.nxtseq",
    "tcp.seq",
    "tcp.stream",
    "tcp.time_delta",
    "tcp.time_relative",
    "tcp.window_size",
    "tcp.window_size_scalefactor",
];

#[test]
fn every_key_of_the_registry_is_compared() {
    let keys: Vec<&str> = proto::all()
        .flat_map(|header| header.fields.iter().map(|spec| spec.key))
        .filter(|key| !TRACKED.contains(key))
        .collect();
    let path = directory().join("keys");
    let listed = keys.join("\n") + "\n";
    if std::env::var_os("NETLAB_WRITE_KEYS").is_some() {
        fs::write(&path, &listed).expect("keys written");
    }
    let committed = fs::read_to_string(path).expect("tests/captures/keys");
    assert_eq!(committed, listed, "run with NETLAB_WRITE_KEYS=1, then tests/captures/expect");
}

/// tshark's table of one capture: the columns' names, and a row a frame.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(text: &str) -> Self {
        let mut lines = text.lines().skip_while(|line| line.starts_with('#'));
        let split = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let columns = split(lines.next().expect("a header"));
        let rows: Vec<Vec<String>> = lines.map(split).collect();
        assert!(rows.iter().all(|row| row.len() == columns.len()), "a row of another width");
        Self { columns, rows }
    }

    fn cell(&self, row: usize, column: &str) -> &str {
        let index = self.columns.iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"));
        &self.rows[row][index]
    }
}

/// Every value of every key, in the order of the layers.
fn values<'f>(packet: &Packet<'f>) -> HashMap<&'static str, Vec<Value<'f>>> {
    let mut values: HashMap<_, Vec<_>> = HashMap::new();
    for view in packet.views() {
        view.walk(&mut |field| values.entry(field.spec.key).or_default().push(field.value));
    }
    values
}

/// Seconds since 1970 of a time as tshark writes it: `Nov 21, 2026 04:40:32.000000000 UTC`.
fn epoch(text: &str) -> Option<i64> {
    let mut words = text.split([' ', ',', ':', '.']).filter(|word| !word.is_empty());
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = words.next()?;
    let month = i64::try_from(months.iter().position(|month| *month == name)?).ok()? + 1;
    let mut number = || words.next()?.parse::<i64>().ok();
    let (day, year) = (number()?, number()?);
    let (hour, minute, second, nanos) = (number()?, number()?, number()?, number()?);
    // Days of the civil calendar, counted from March so that leap days come last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + nanos)
}

fn agrees(ours: Value<'_>, theirs: &str) -> bool {
    match ours {
        Value::Number(number) => {
            let parsed = match (theirs.strip_prefix("0x"), theirs.strip_prefix('-')) {
                (Some(hex), _) => u64::from_str_radix(hex, 16).ok(),
                (_, Some(_)) => theirs.parse::<i32>().ok().map(|negative| u64::from(negative.cast_unsigned())),
                _ => theirs.parse().ok(),
            };
            parsed == Some(number)
        }
        Value::Flag(flag) => matches!((flag, theirs), (true, "1" | "True") | (false, "0" | "False")),
        Value::Mac(mac) => mac.to_string() == theirs,
        Value::Ipv4(address) => address.to_string() == theirs,
        Value::Ipv6(address) => address.to_string() == theirs,
        Value::Text(text) => text == theirs,
        Value::Bytes(bytes) => {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            hex == theirs.replace(':', "")
        }
        Value::Span(span) if theirs.contains(' ') => epoch(theirs) == Some(span.0),
        Value::Span(span) => {
            let (sign, digits) = theirs.strip_prefix('-').map_or((1, theirs), |digits| (-1, digits));
            let digits = digits.split_once('.').map(|(seconds, nanos)| format!("{seconds}{nanos:0<9}"));
            digits.and_then(|digits| digits.parse::<i64>().ok()) == Some(sign * span.0)
        }
    }
}

/// Whether something in the packet could not be read to its end. Then netlab may show more than Wireshark, which stops
/// at the first field that is not whole; it must not show anything else.
fn is_short(packet: &Packet<'_>, table: &Table, row: usize) -> bool {
    let cut_quotation = packet.views().any(|view| {
        let layer = view.layer();
        layer.quoted && layer.offset + layer.length + layer.payload >= packet.frame.bytes.len()
    });
    !packet.faults.is_empty() || cut_quotation || !table.cell(row, "_ws.malformed").is_empty()
}

/// Types of the packet's IPv4 options.
fn ip_options(packet: &Packet<'_>) -> Vec<u64> {
    let mut types = Vec::new();
    for view in packet.views() {
        view.walk(&mut |field| match field.value {
            Value::Number(number) if field.spec.key == "ip.opt.type" => types.push(number),
            _ => {}
        });
    }
    types
}

/// Differences that are meant.
fn is_meant(packet: &Packet<'_>, key: &str) -> bool {
    let options = ip_options(packet);
    match key {
        // Wireshark calls "not computed yet" bad.
        "tcp.checksum.status" | "udp.checksum.status" => {
            packet.views().any(|view| checksum::status(view) == Some(Status::Pending))
        }
        // Wireshark shows the length it presumes where the field is 0; netlab shows the field.
        "ip.len" => packet.views().any(|view| view.number("ip.len") == Some(0)),
        // Of a source route Wireshark shows where it ends as destination; netlab shows each field's own bytes.
        "ip.dst" | "ip.src_rt" | "ip.rec_rt" => options.iter().any(|option| matches!(option, 0x83 | 0x89)),
        // Of options that it has no dissector for, Wireshark shows no field at all.
        key if key.starts_with("ip.opt.") => {
            let known = [0, 1, 7, 0x19, 0x44, 0x82, 0x83, 0x85, 0x86, 0x88, 0x89, 0x94];
            options.iter().any(|option| !known.contains(option))
        }
        // Wireshark knows Multipath TCP; to netlab its option is one of the unknown.
        "tcp.options.unknown.payload" => packet
            .views()
            .any(|view| tcp::options(view.bytes()).any(|it| matches!(it, TcpOption::Unknown { kind: 30, .. }))),
        // Wireshark gives all of a packet of another version to `data`, and the data of a reset to nobody.
        "data.data" | "data.len" => {
            packet.faults.iter().any(|fault| fault.because == "ip.version")
                || packet.views().any(|view| view.number("tcp.flags.reset") == Some(1))
        }
        _ => false,
    }
}

/// Lists every difference between netlab and tshark in one capture.
fn differences(path: &Path, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let frames = frames(path);
    assert_eq!(frames.len(), table.rows.len(), "{}", path.display());
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for (row, frame) in frames.iter().enumerate() {
        let mut packet = dissect(frame);
        let ours = values(&packet);
        let short = is_short(&packet, table, row);
        for spec in proto::all().flat_map(|header| header.fields).filter(|spec| !TRACKED.contains(&spec.key)) {
            let cell = table.cell(row, spec.key);
            let theirs: Vec<&str> = cell.split(';').filter(|value| !matches!(*value, "" | "<MISSING>")).collect();
            let ours = ours.get(spec.key).map_or(&[][..], Vec::as_slice);
            let enough = if short { ours.len() >= theirs.len() } else { ours.len() == theirs.len() };
            let same = enough && ours.iter().zip(&theirs).all(|(ours, theirs)| agrees(*ours, theirs));
            if !same && !is_meant(&packet, spec.key) {
                found.push(format!("{file} #{} {}: {ours:?}, tshark {theirs:?}", row + 1, spec.key));
            }
        }
        // What the conversation tracker would have added.
        for key in ["icmp.resp_to", "tcp.window_size"] {
            if let Ok(number) = table.cell(row, key).parse() {
                packet.generated.push(Generated { layer: 0, key, value: Value::Number(number) });
            }
        }
        let mut ours = String::new();
        packet.info(&mut ours).expect("a string takes everything");
        let mut theirs = table.cell(row, "_ws.col.Info").to_owned();
        if packet.views().any(|view| checksum::status(view) == Some(Status::Pending)) {
            theirs = theirs.replace(" [TCP CHECKSUM INCORRECT]", "").replace(" [UDP CHECKSUM INCORRECT]", "");
        }
        // A conclusion from other frames, which netlab says elsewhere.
        if let Some(at) = theirs.find(" (duplicate use of") {
            theirs.truncate(at);
        }
        // Wireshark stops at the options Quick-Start and CIPSO when they are too short; netlab does not know them.
        let stopped = theirs == "[Malformed Packet]" && ip_options(&packet).iter().any(|it| matches!(it, 0x19 | 0x86));
        if ours != theirs && !stopped {
            found.push(format!("{file} #{}: {ours:?}, tshark {theirs:?}", row + 1));
        }
    }
    found
}

fn table_of(path: &Path) -> PathBuf {
    path.with_extension("tsv")
}

#[test]
fn values_and_info_are_wireshark_s() {
    let found: Vec<String> = captures()
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(table_of(path)).expect("a table beside each capture");
            differences(path, &Table::read(&text))
        })
        .collect();
    let total = found.len();
    assert!(found.is_empty(), "{total} differences:\n{}", found[..total.min(60)].join("\n"));
}

#[test]
fn the_expected_values_are_what_tshark_says_today() {
    let version = Command::new("tshark").arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or("").to_owned());
    let expected = fs::read_to_string(table_of(&captures()[0])).expect("a table");
    let recorded = expected.lines().next().and_then(|line| line.strip_prefix("# tshark ")).expect("the version");
    if !version.as_deref().is_some_and(|version| version.contains(recorded)) {
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "tshark {recorded} is needed, found {version:?}");
        eprintln!("skipped: the tables are from tshark {recorded}, installed is {version:?}");
        return;
    }
    let fresh = std::env::temp_dir().join(format!("netlab-expect-{}", std::process::id()));
    fs::create_dir_all(&fresh).expect("a directory");
    let status = Command::new(directory().join("expect")).arg(&fresh).status().expect("expect runs");
    let stale: Vec<PathBuf> = captures()
        .iter()
        .map(|path| table_of(path))
        .filter(|path| fs::read(path).ok() != fs::read(fresh.join(path.file_name().unwrap_or_default())).ok())
        .collect();
    let _ = fs::remove_dir_all(&fresh);
    assert!(status.success());
    assert!(stale.is_empty(), "run tests/captures/expect: {stale:?}");
}

/// Reads everything that can be read of a packet.
fn read_all(frame: &Frame) -> usize {
    let packet = dissect(frame);
    let mut fields = 0;
    let bits = frame.bytes.len() * 8;
    for view in packet.views() {
        let layer = view.layer();
        assert!(layer.offset + layer.length + layer.payload <= frame.bytes.len(), "{layer:?}");
        view.walk(&mut |field| {
            fields += 1;
            assert!(field.start + field.bits <= bits, "{field:?} lies outside the frame");
            assert!(field.bits > 0 || field.spec.generated, "{field:?} has no bits");
            assert!(!matches!(field.spec.kind, Kind::Flag(..)) || matches!(field.value, Value::Flag(_)));
        });
    }
    for fault in &packet.faults {
        assert!(fault.kind == FaultKind::Malformed || fault.needed > fault.available, "{fault:?}");
    }
    let mut info = String::new();
    packet.info(&mut info).expect("a string takes everything");
    fields
}

#[test]
fn no_prefix_and_no_changed_byte_leads_astray() {
    // The cut and the damaged frames were changed before.
    for path in captures().iter().filter(|path| path.extension().is_some_and(|end| end == "pcap")) {
        for mut frame in frames(path) {
            // The headers are what matters; the test shall not take long.
            frame.bytes.truncate(140);
            let whole = frame.bytes.clone();
            for length in 0..=whole.len() {
                frame.bytes.truncate(0);
                frame.bytes.extend_from_slice(&whole[..length]);
                read_all(&frame);
            }
            for (at, &byte) in whole.iter().enumerate() {
                for mask in [0x01, 0x0f, 0x80, 0xff] {
                    frame.bytes[at] = byte ^ mask;
                    read_all(&frame);
                    frame.bytes[at] = byte;
                }
            }
        }
    }
}

#[test]
fn a_tag_in_a_tag_in_a_tag_ends() {
    let mut bytes = vec![0; 12];
    bytes.extend([0x81, 0x00, 0x00, 0x05].repeat(1000));
    let frame = Frame {
        number: FrameNo(1),
        time: Nanos(0),
        direction: None,
        link: LinkType::Ethernet,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    };
    assert_eq!(dissect(&frame).layers.len(), 32);
    assert!(read_all(&frame) > 32);
}

#[test]
fn an_unfinished_checksum_is_not_called_wrong() {
    let pending = frames(&directory().join("offload.pcap"))
        .iter()
        .map(|frame| dissect(frame).views().any(|view| checksum::status(view) == Some(Status::Pending)))
        .filter(|pending| *pending)
        .count();
    assert!(pending > 5, "the interface computed its checksums late, so {pending} frames are too few");
    let frames = frames(&directory().join("tcp.pcap"));
    let bad = frames
        .iter()
        .filter(|frame| dissect(frame).views().any(|view| matches!(checksum::status(view), Some(Status::Bad { .. }))));
    assert!(bad.count() > 5, "checksums made wrong on purpose");
}

#[test]
fn a_quotation_is_read_as_somebody_else_s() {
    let frames = frames(&directory().join("errors.pcap"));
    let quoted = frames.iter().map(dissect).filter(|packet| packet.find_quoted(&ipv4::HEADER).is_some()).count();
    assert!(quoted > 5);
    for packet in frames.iter().map(dissect) {
        let outer = packet.find(&ipv4::HEADER).map(|view| view.index);
        let inner = packet.find_quoted(&ipv4::HEADER).map(|view| view.index);
        assert!(inner.is_none_or(|inner| outer < Some(inner)));
    }
}
