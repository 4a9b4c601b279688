//! netlab reads what Wireshark reads: every value of every key, and the Info column, over all frames of `captures/`.
//!
//! The expected values are tshark's, written by `captures/expect`; `captures/ORIGIN.md` says how the frames came.

#[path = "support/captures.rs"]
mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use netlab::converse::messages::{Messages, Order, Outcome, Segment};
use netlab::converse::{Between, Exchanges, Questions};
use netlab::dissect::{dissect, dissect_messages, dissect_pieces};
use netlab::model::{Frame, Generated, Kind, LayerView, MacAddr, Packet, Value};
use netlab::proto::arp::{self, Arp};
use netlab::proto::checksum::{self, Status};
use netlab::proto::dns::Dns;
use netlab::proto::ethernet::{self, Ethernet};
use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::stream::{Application, Piece};
use netlab::proto::tcp::{self, Flags, Tcp, TcpOption};
use netlab::proto::udp::{self, Udp};
use netlab::proto::{self, http, icmp, segment};
use pcap_file::pcap::{PcapPacket, PcapWriter};
use support::{captures, directory, frames};

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
    let keys: Vec<&str> = proto::headers()
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
    for generated in &packet.generated {
        values.entry(generated.key).or_default().push(generated.value);
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

/// Text as tshark prints it.
fn shown(text: &[u8]) -> String {
    let mut shown = String::new();
    proto::printable(text, &mut shown).expect("a string takes everything");
    shown
}

/// The same for the fields that Wireshark takes for ASCII: what is none is replaced, and a zero byte ends it.
fn shown_as_ascii(text: &[u8]) -> String {
    let mut shown = String::new();
    for &byte in text.iter().take_while(|&&byte| byte != 0) {
        match byte {
            b'\t' => shown.push_str("\\t"),
            b'\n' => shown.push_str("\\n"),
            b'\r' => shown.push_str("\\r"),
            0x80.. => shown.push('\u{fffd}'),
            _ => shown.push(char::from(byte)),
        }
    }
    shown
}

/// Whether these are the texts in a cell of tshark's table. It parts them by semicolons, which may stand in the texts too.
fn reads(ours: &[Value<'_>], cell: &str, short: bool) -> bool {
    let joined = |show: fn(&[u8]) -> String| {
        let texts = ours.iter().map(|value| match value {
            Value::Text(text) => show(text.as_bytes()),
            Value::Composed(text) => show(text.to_string().as_bytes()),
            Value::Bytes(bytes) => show(bytes),
            other => panic!("{other:?} is no text"),
        });
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(";")
    };
    let present = cell.split(';').filter(|text| !matches!(*text, "" | "<MISSING>")).collect::<Vec<_>>().join(";");
    // Names come as Wireshark shows them.
    let as_they_are = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    [joined(as_they_are), joined(shown), joined(shown_as_ascii)]
        .iter()
        .any(|ours| ours == cell || *ours == present || short && ours.starts_with(&present))
}

/// All bytes of these values one after the other, in hexadecimal.
fn bytes_of(values: &[Value<'_>]) -> String {
    let mut hex = String::new();
    for value in values {
        if let Value::Bytes(bytes) = value {
            bytes.iter().for_each(|byte| write!(hex, "{byte:02x}").expect("a string takes everything"));
        }
    }
    hex
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
        // These are compared all at once.
        Value::Text(_) | Value::Composed(_) => false,
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
            let (seconds, nanos) = digits.split_once('.').unwrap_or((digits, ""));
            format!("{seconds}{nanos:0<9}").parse::<i64>().ok() == Some(sign * span.0)
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

fn is_on_http_port(view: LayerView<'_, '_>) -> bool {
    let port = |key| view.number(key).and_then(|port| u16::try_from(port).ok());
    let ports = port("tcp.srcport").zip(port("tcp.dstport"));
    ports.is_some_and(|(a, b)| Application::between(a, b) == Some(Application::Http)) || http::is_likely(view.payload())
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
        // Wireshark gives all of a packet of another version to `data`, and to nobody the data of a reset and what comes to a
        // port of HTTP without being any.
        "data.data" | "data.len" => {
            packet.faults.iter().any(|fault| fault.because == "ip.version")
                || packet.views().any(|view| view.number("tcp.flags.reset") == Some(1) || is_on_http_port(view))
        }
        // It takes an answer inside an ICMP error for one that came by itself.
        "dns.unsolicited" => packet.views().any(|view| view.layer().quoted && Dns::read(view).is_some()),
        _ => false,
    }
}

/// What is known of the applications in a capture: which messages its segments make, and which answer which.
#[derive(Default)]
struct Applications {
    streams: HashMap<Between, u32>,
    messages: Messages,
    questions: Questions,
    exchanges: Exchanges,
}

/// Bytes of several segments as a frame of their own.
struct Together {
    frame: Frame,
    pieces: Vec<Piece>,
}

impl Applications {
    fn stream(&mut self, between: Between) -> u32 {
        let next = u32::try_from(self.streams.len()).expect("few streams");
        *self.streams.entry(between).or_insert(next)
    }

    /// Reads on in the messages that `packet` carries.
    fn observe(&mut self, packet: &mut Packet<'_>) -> Option<Together> {
        let between = Between::read(packet)?;
        let stream = self.stream(between);
        let outcome = Segment::read(packet, stream, Order::Regular).map(|segment| {
            // Wireshark joins no segments with wrong checksums, and calls "not computed yet" wrong.
            let pending = packet.views().any(|view| checksum::status(view) == Some(Status::Pending));
            self.messages.observe(&Segment { broken: segment.broken || pending, ..segment })
        });
        let Outcome { pieces, assembled } = outcome.unwrap_or_default();
        dissect_pieces(packet, &pieces);
        let Some(assembled) = assembled else {
            self.pair(packet, between);
            return None;
        };
        assembled.tell(packet);
        let pieces = assembled.pieces.to_vec();
        Some(Together { frame: assembled.into_frame(packet.frame), pieces })
    }

    fn observe_assembled<'f>(&mut self, packet: &mut Packet<'_>, together: &'f Together) -> Packet<'f> {
        let mut assembled = dissect_messages(&together.frame, &together.pieces);
        let between = Between::read(packet).expect("a segment");
        // Its messages come before those that the rest of the segment holds.
        self.pair(&mut assembled, between);
        self.pair(packet, between);
        assembled
    }

    fn pair(&mut self, packet: &mut Packet<'_>, between: Between) {
        let stream = self.stream(between);
        self.questions.observe(packet, between);
        self.exchanges.observe(packet, stream);
    }
}

/// Lists every difference between netlab and tshark in one capture.
fn differences(path: &Path, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let frames = frames(path);
    assert_eq!(frames.len(), table.rows.len(), "{}", path.display());
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut applications = Applications::default();
    for (row, frame) in frames.iter().enumerate() {
        let mut packet = dissect(frame);
        let together = applications.observe(&mut packet);
        let assembled = together.as_ref().map(|together| applications.observe_assembled(&mut packet, together));
        // Its values come before those of what else the segment holds.
        let mut ours = assembled.as_ref().map(values).unwrap_or_default();
        for (key, more) in values(&packet) {
            ours.entry(key).or_default().extend(more);
        }
        let short = is_short(&packet, table, row);
        for spec in proto::headers().flat_map(|header| header.fields).filter(|spec| !TRACKED.contains(&spec.key)) {
            let cell = table.cell(row, spec.key);
            let mut theirs: Vec<&str> = cell.split(';').filter(|value| !matches!(*value, "" | "<MISSING>")).collect();
            // Of the option that ends the list, 255, Wireshark shows the type as 0.
            if spec.key == "dhcp.option.type" && !table.cell(row, "dhcp.option.end").is_empty() {
                theirs.pop_if(|last| *last == "0");
                theirs.push("255");
            }
            let ours = ours.get(spec.key).map_or(&[][..], Vec::as_slice);
            let enough = if short { ours.len() >= theirs.len() } else { ours.len() == theirs.len() };
            let same = match spec.kind {
                // Wireshark shows the end of one message and the beginning of the next as one.
                _ if spec.key == "tcp.segment_data" => bytes_of(ours) == theirs.concat(),
                Kind::Text => reads(ours, cell, short),
                _ => enough && ours.iter().zip(&theirs).all(|(ours, theirs)| agrees(*ours, theirs)),
            };
            // Of a body in chunks, Wireshark shows what they are together once more.
            let chunks = matches!(spec.key, "data.data" | "data.len") && !table.cell(row, "http.chunk_size").is_empty();
            if !same && !chunks && !is_meant(&packet, spec.key) {
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
        segment::write_info(&packet, assembled.as_ref(), &mut ours).expect("a string takes everything");
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
            // tshark cuts long texts, even in the middle of a character.
            let table = fs::read(table_of(path)).expect("a table beside each capture");
            differences(path, &Table::read(&String::from_utf8_lossy(&table)))
        })
        .collect();
    let total = found.len();
    assert!(found.is_empty(), "{total} differences:\n{}", found[..total.min(60)].join("\n"));
}

/// Whether the tshark that wrote the tables is installed; says on stderr when it is not.
fn is_tshark_the_one() -> bool {
    let version = Command::new("tshark").arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or("").to_owned());
    let expected = fs::read_to_string(table_of(&captures()[0])).expect("a table");
    let recorded = expected.lines().next().and_then(|line| line.strip_prefix("# tshark ")).expect("the version");
    let same = version.as_deref().is_some_and(|version| version.contains(recorded));
    if !same {
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "tshark {recorded} is needed, found {version:?}");
        eprintln!("skipped: the tables are from tshark {recorded}, installed is {version:?}");
    }
    same
}

/// An empty directory of this process's own.
fn scratch(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("netlab-{name}-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    directory
}

/// One of each kind of packet that netlab sends.
fn crafted() -> Vec<Vec<u8>> {
    let (us, router) = (MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]), MacAddr([0x4c, 0xe6, 0x76, 0x0a, 0x11, 0x01]));
    let (source, destination) = (Ipv4Addr::new(192, 168, 11, 2), Ipv4Addr::new(93, 184, 216, 34));
    let frame =
        |ethertype, payload: &[u8]| ethernet::craft(&Ethernet { destination: router, source: us, ethertype }, payload);
    let header = |protocol| Ipv4 {
        dsfield: 0xb9,
        identification: 0xbeef,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 3,
        protocol,
        source,
        destination,
    };
    let question = Arp {
        operation: arp::REQUEST,
        sender_mac: us,
        sender_ip: source,
        target_mac: MacAddr::ZERO,
        target_ip: destination,
    };
    let answer = Arp { operation: arp::REPLY, target_mac: router, ..question };
    let mut frames = vec![frame(ethernet::ARP, &arp::craft(&question)), frame(ethernet::ARP, &arp::craft(&answer))];
    let payload: Vec<u8> = (0..=255).cycle().take(3001).collect();
    for length in [0, 1, 56, 1472, 3001] {
        let part = &payload[..length];
        let echo = icmp::craft_echo(&icmp::Echo { reply: length == 1, identifier: 0x1a2b, sequence: 7 }, part);
        frames.extend(ipv4::fragments(&header(ipv4::ICMP), &echo, 1500).iter().map(|ip| frame(ethernet::IPV4, ip)));
        let ports = Udp { source_port: 53451, destination_port: 33434 };
        let datagram = udp::craft(&ports, source, destination, part);
        frames.extend(ipv4::fragments(&header(ipv4::UDP), &datagram, 576).iter().map(|ip| frame(ethernet::IPV4, ip)));
    }
    let lists: [&[TcpOption<'_>]; 4] = [
        &[],
        &[
            TcpOption::MaximumSegmentSize(1460),
            TcpOption::SackPermitted,
            TcpOption::Timestamps { value: 1, echo: 2 },
            TcpOption::Nop,
            TcpOption::WindowScale(7),
        ],
        &[TcpOption::Nop, TcpOption::Nop, TcpOption::Sack([(1, 5), (10, 15)].into_iter().collect())],
        &[TcpOption::Unknown { kind: 99, data: &[1, 2, 3] }, TcpOption::End],
    ];
    for (list, flags) in lists.into_iter().zip([Flags::SYN, Flags::SYN | Flags::ACK, Flags::ACK, Flags::URG]) {
        for length in [0, 1, 1000] {
            let segment = Tcp {
                source_port: 49152,
                destination_port: 80,
                sequence: u32::MAX,
                acknowledgment: if flags.contains(Flags::ACK) { 0x8000_0000 } else { 0 },
                flags,
                window: 65535,
                urgent: 9,
            };
            let segment = tcp::craft(&segment, list, source, destination, &payload[..length]);
            frames.push(frame(ethernet::IPV4, &ipv4::craft(&header(ipv4::TCP), &segment)));
        }
    }
    frames
}

#[test]
fn what_netlab_crafts_tshark_finds_right() {
    if !is_tshark_the_one() {
        return;
    }
    let directory = scratch("crafted");
    let path = directory.join("crafted.pcap");
    let mut writer = PcapWriter::new(fs::File::create(&path).expect("a file")).expect("a header");
    for bytes in crafted() {
        let length = u32::try_from(bytes.len()).expect("short");
        writer.write_packet(&PcapPacket::new(Duration::from_secs(1), length, bytes).expect("sound")).expect("room");
    }
    drop(writer);
    let expect = self::directory().join("expect");
    assert!(Command::new(expect).args([&directory, &directory]).status().expect("expect runs").success());
    let table = Table::read(&fs::read_to_string(table_of(&path)).expect("a table"));
    let found = differences(&path, &table);
    let _ = fs::remove_dir_all(&directory);
    assert!(found.is_empty(), "{}", found.join("\n"));
    for row in 0..table.rows.len() {
        assert_eq!(table.cell(row, "_ws.malformed"), "", "frame {}", row + 1);
        for key in ["ip.checksum.status", "icmp.checksum.status", "udp.checksum.status", "tcp.checksum.status"] {
            // A first fragment has not all that its checksum covers.
            let unverified = table.cell(row, "ip.flags.mf") == "1" && table.cell(row, key) == "2";
            assert!(unverified || matches!(table.cell(row, key), "" | "1"), "frame {}: {key}", row + 1);
        }
    }
}

#[test]
fn the_expected_values_are_what_tshark_says_today() {
    if !is_tshark_the_one() {
        return;
    }
    let fresh = scratch("expect");
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
