//! netlab reads what Wireshark reads: every value of every key, and the Info column, over all frames of `captures/`.
//!
//! The expected values are tshark's, written by `captures/expect`; `captures/ORIGIN.md` says how the frames came.

#[path = "support/ascii.rs"]
mod ascii;
#[path = "support/chains.rs"]
mod chains;
#[path = "support/folder.rs"]
mod folder;
#[path = "support/captures.rs"]
mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ascii::{ascii, is_ascii};
use folder::scratch;
use netlab::converse::{Between, Piece, Questions, Reassembler};
use netlab::dissect::dissect;
use netlab::model::{Generated, Kind, LinkType, MacAddr, Packet, Value};
use netlab::proto::arp::{self, Arp};
use netlab::proto::checksum::{self, Status};
use netlab::proto::ethernet::{self, Ethernet};
use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::ipv6;
use netlab::proto::tcp::{self, Flags, Tcp, TcpOption};
use netlab::proto::udp::{self, Udp};
use netlab::proto::{self, icmp};
use pcap_file::pcap::{PcapPacket, PcapWriter};
use support::{captures, directory, frames};

/// Whether a key's value comes from other frames: the conversation tracker's, not the dissector's.
fn is_tracked(key: &str) -> bool {
    let others = [
        "arp.duplicate-address-",
        "arp.seconds-since-duplicate-",
        "icmp.no_resp",
        "icmp.resp",
        "icmpv6.no_resp",
        "icmpv6.resp",
        "ip.fragment",
        "ip.reassembled.",
        "ipv6.fragment",
        "ipv6.reassembled.",
    ];
    // The edges are in the bytes too, where they are not relative.
    let both = ["tcp.options.sack_le", "tcp.options.sack_re"];
    others.iter().any(|other| key.starts_with(other))
        || include_str!("captures/tracked").lines().any(|tracked| tracked == key) && !both.contains(&key)
}

#[test]
fn every_key_of_the_registry_is_compared() {
    let keys: Vec<&str> = proto::headers()
        .flat_map(|header| header.fields.iter().map(|spec| spec.key))
        .filter(|key| !is_tracked(key))
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
    columns: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(text: &str) -> Self {
        let mut lines = text.lines().skip_while(|line| line.starts_with('#'));
        let split = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let names = split(lines.next().expect("a header"));
        let rows: Vec<Vec<String>> = lines.map(split).collect();
        assert!(rows.iter().all(|row| row.len() == names.len()), "a row of another width");
        let mut columns = HashMap::new();
        for (place, name) in names.into_iter().enumerate() {
            columns.entry(name).or_insert(place);
        }
        Self { columns, rows }
    }

    fn cell(&self, row: usize, column: &str) -> &str {
        &self.rows[row][*self.columns.get(column).unwrap_or_else(|| panic!("no column {column}"))]
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

/// Whether these are the texts in a cell of tshark's table. It parts them by semicolons, which may stand in the texts too.
fn reads(ours: &[Value<'_>], cell: &str, short: bool) -> bool {
    let texts: Vec<String> = ours
        .iter()
        .map(|value| match value {
            Value::Text(text) => shown(text.as_bytes()),
            Value::Composed(text) => shown(text.to_string().as_bytes()),
            Value::Bytes(bytes) => shown(bytes),
            other => panic!("{other:?} is no text"),
        })
        .collect();
    let joined = texts.join(";");
    let cell = cell.split(';').filter(|text| !matches!(*text, "" | "<MISSING>")).collect::<Vec<_>>().join(";");
    joined == cell || short && joined.starts_with(&cell)
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
        // Wireshark writes the last four bytes of a small address as IPv4's.
        Value::Ipv6(address) => theirs.parse() == Ok(address),
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
            let (seconds, nanos) = digits.split_once('.').unwrap_or((digits, "0"));
            format!("{seconds}{nanos:0<9}").parse::<i64>().ok() == Some(sign * span.0)
        }
    }
}

/// Whether something in the packet could not be read to its end. Then netlab may show more than Wireshark, which stops
/// at the first field that is not whole; it must not show anything else.
fn is_short(packet: &Packet<'_>, table: &Table, row: usize) -> bool {
    let cut_quotation = packet.views().any(|view| {
        let layer = view.layer();
        let short = layer.header.name == "tcp" && layer.length < 20;
        layer.quoted && (short || layer.offset + layer.length + layer.payload >= packet.frame.bytes.len())
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

/// Whether a fragment holds another packet.
fn in_fragment(packet: &Packet<'_>) -> bool {
    packet.layers.iter().any(|layer| layer.fragment)
}

/// Whether Wireshark knows a route or an option of the packet that netlab does not.
fn has_unread_extension(packet: &Packet<'_>) -> bool {
    packet.views().any(|view| {
        let mut unread = matches!(view.number("ipv6.routing.type"), Some(3 | 5 | 6));
        view.walk(&mut |field| {
            unread |= field.spec.key == "ipv6.opt.type"
                && matches!(field.value, Value::Number(7 | 8 | 0x26 | 0x31 | 0x41 | 0x6d | 0x8c | 0xee));
        });
        unread
    })
}

/// Whether the packet, as far as it is here, ends with a Pad1: Wireshark looks for its length behind it.
fn ends_with_pad_1(packet: &Packet<'_>) -> bool {
    packet.views().any(|view| {
        let options = matches!(view.layer().header.name, "ipv6.hopopts" | "ipv6.dstopts");
        options && view.layer().payload == 0 && view.bytes().last() == Some(&0)
    })
}

/// Differences that are meant.
fn is_meant(packet: &Packet<'_>, key: &str) -> bool {
    let options = ip_options(packet);
    let flawed = |by| packet.faults.iter().any(|fault| fault.because == by);
    match key {
        // Wireshark verifies and measures nothing in a fragment, not even a whole packet that a tunnel put there.
        key if key.ends_with(".checksum.status") && in_fragment(packet) => true,
        "tcp.len" => in_fragment(packet),
        // Of an option that is longer than its header, Wireshark reads what follows the header.
        key if key.starts_with("ipv6.opt") && (flawed("ipv6.opt.length") || has_unread_extension(packet)) => true,
        key if key.starts_with("ipv6.opt") && (flawed("ipv6.hopopts.len") || flawed("ipv6.dstopts.len")) => true,
        key if key.starts_with("icmpv6.opt") && flawed("icmpv6.opt.length") => true,
        // Options behind the packet that a redirect quotes; Wireshark shows them behind those in the quotation.
        key if key.starts_with("icmpv6.opt") => packet.views().filter(|view| view.field(key).is_some()).count() > 1,
        // Wireshark calls "not computed yet" bad.
        "tcp.checksum.status" | "udp.checksum.status" => packet.views().any(|view| {
            let status = checksum::status(view);
            // Nor does it miss the bytes that a quotation leaves out, or follow a route there.
            let other = status == Some(Status::Unverified) || packet.find_quoted(&ipv6::routing::HEADER).is_some();
            status == Some(Status::Pending) || view.layer().quoted && other
        }),
        // Wireshark shows the length it presumes where the field is 0; netlab shows the field.
        "ip.len" => packet.views().any(|view| view.number("ip.len") == Some(0)),
        // Wireshark shows IPv6's version under IPv4's name too.
        "ip.version" => packet.views().any(|view| view.is(&ipv6::HEADER)),
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
        // The extensions behind a quotation (RFC 4884), which netlab does not read, are data to Wireshark.
        "data.data" | "data.len" if packet.views().any(|view| view.number("icmpv6.length").is_some()) => true,
        // Wireshark gives all of a packet of another version to `data`; netlab shows what its fields would be.
        "data.data" | "data.len" => {
            packet.faults.iter().any(|fault| matches!(fault.because, "ip.version" | "ipv6.version"))
        }
        _ => false,
    }
}

/// What Wireshark calls the packet type of a cooked capture.
fn packet_type(number: u16) -> String {
    let names = ["Unicast to us", "Broadcast", "Multicast", "Unicast to another host", "Sent by us"];
    names.get(usize::from(number)).map_or_else(|| format!("Unknown ({number})"), |&name| name.to_owned())
}

/// What fragments say about the whole packet that they make, at the frame that completes it.
const JOINED: [&str; 6] = [
    "ip.fragment",
    "ip.fragment.count",
    "ip.reassembled.length",
    "ipv6.fragment",
    "ipv6.fragment.count",
    "ipv6.reassembled.length",
];

/// Lists every difference between netlab and tshark in one capture.
fn differences(path: &Path, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let frames = frames(path);
    assert_eq!(frames.len(), table.rows.len(), "{}", path.display());
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut reassembler = Reassembler::default();
    let mut questions = Questions::default();
    for (row, frame) in frames.iter().enumerate() {
        let mut packet = dissect(frame);
        if let Some(between) = Between::read(&packet) {
            questions.observe(&mut packet, between);
        }
        let ours = values(&packet);
        let short = is_short(&packet, table, row);
        for spec in proto::headers().flat_map(|header| header.fields).filter(|spec| !is_tracked(spec.key)) {
            let cell = table.cell(row, spec.key);
            let mut theirs: Vec<&str> =
                cell.split(';').filter(|value| !matches!(*value, "" | "<MISSING>" | "<none>")).collect();
            // Of the option that ends the list, 255, Wireshark shows the type as 0.
            if spec.key == "dhcp.option.type" && !table.cell(row, "dhcp.option.end").is_empty() {
                theirs.pop_if(|last| *last == "0");
                theirs.push("255");
            }
            let ours = ours.get(spec.key).map_or(&[][..], Vec::as_slice);
            let enough = if short { ours.len() >= theirs.len() } else { ours.len() == theirs.len() };
            let same = match spec.kind {
                Kind::Text if is_ascii(spec) => ours.iter().map(ascii).collect::<Vec<_>>().join(";") == cell,
                Kind::Text => reads(ours, cell, short),
                _ => enough && ours.iter().zip(&theirs).all(|(ours, theirs)| agrees(*ours, theirs)),
            };
            if !same && !is_meant(&packet, spec.key) {
                found.push(format!("{file} #{} {}: {ours:?}, tshark {theirs:?}", row + 1, spec.key));
            }
        }
        // What the conversation tracker would have added.
        let mut generated = Vec::new();
        for key in ["icmp.resp_to", "icmpv6.resp_to", "tcp.window_size"] {
            if let Ok(number) = table.cell(row, key).parse() {
                generated.push(Generated { layer: 0, key, value: Value::Number(number) });
            }
        }
        let piece = reassembler.observe(&mut packet);
        for key in JOINED {
            let theirs: Vec<&str> = table.cell(row, key).split(';').filter(|value| !value.is_empty()).collect();
            let ours: Vec<_> = packet.generated.iter().filter(|it| it.key == key).map(|it| it.value).collect();
            if ours.len() != theirs.len() || !ours.iter().zip(&theirs).all(|(ours, theirs)| agrees(*ours, theirs)) {
                found.push(format!("{file} #{} {key}: {ours:?}, tshark {theirs:?}", row + 1));
            }
        }
        let mut ours = String::new();
        if let Piece::Last(frame) = piece {
            let whole = Packet { generated, ..dissect(&frame) };
            whole.info(&mut ours).expect("a string takes everything");
        } else {
            packet.generated = generated;
            packet.info(&mut ours).expect("a string takes everything");
        }
        let mut theirs = table.cell(row, "_ws.col.Info").to_owned();
        if packet.views().any(|view| checksum::status(view) == Some(Status::Pending)) {
            theirs = theirs.replace(" [TCP CHECKSUM INCORRECT]", "").replace(" [UDP CHECKSUM INCORRECT]", "");
        }
        if let (LinkType::Cooked2, Some(&[kind, length])) = (frame.link, frame.bytes.get(10..12)) {
            // Wireshark takes the length of the address for a part of the packet type.
            let mistaken = packet_type(u16::from_be_bytes([kind, length]));
            if let Some(rest) = theirs.strip_prefix(&mistaken) {
                theirs = packet_type(kind.into()) + rest;
            }
        }
        // A conclusion from other frames, which netlab says elsewhere.
        if let Some(at) = theirs.find(" (duplicate use of") {
            theirs.truncate(at);
        }
        // Wireshark stops at the options Quick-Start and CIPSO when they are too short; netlab does not know them.
        let stopped = theirs == "[Malformed Packet]" && ip_options(&packet).iter().any(|it| matches!(it, 0x19 | 0x86));
        let broken = theirs.contains("[Malformed Packet") || theirs.contains("[Packet size limited");
        let unread = broken && (has_unread_extension(&packet) || ends_with_pad_1(&packet));
        // Wireshark misses the end of an option only if it reads there.
        let unmissed = packet.faults.iter().any(|fault| fault.because == "icmpv6.opt.length")
            && ours.strip_suffix("[Malformed Packet]") == Some(&theirs);
        if ours != theirs && !stopped && !unread && !unmissed {
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

/// tshark's table of these frames (original length, bytes), and every difference between netlab and tshark.
fn compare(name: &str, frames: impl IntoIterator<Item = (usize, Vec<u8>)>) -> (Table, Vec<String>) {
    let directory = scratch(name);
    let path = directory.join(format!("{name}.pcap"));
    let mut writer = PcapWriter::new(fs::File::create(&path).expect("a file")).expect("a header");
    for (original, bytes) in frames {
        let length = u32::try_from(original).expect("short");
        writer.write_packet(&PcapPacket::new(Duration::from_secs(1), length, bytes).expect("sound")).expect("room");
    }
    drop(writer);
    let expect = self::directory().join("expect");
    assert!(Command::new(expect).args([&*directory, &*directory]).status().expect("expect runs").success());
    let table = Table::read(&fs::read_to_string(table_of(&path)).expect("a table"));
    let found = differences(&path, &table);
    if std::env::var_os("NETLAB_KEEP_FRAMES").is_some() {
        eprintln!("kept: {}", directory.display());
        std::mem::forget(directory);
    }
    (table, found)
}

#[test]
fn chains_at_random_read_as_tshark_reads_them() {
    if !is_tshark_the_one() {
        return;
    }
    // `NETLAB_RANDOM=seed,count` tries others; `NETLAB_KEEP_FRAMES=1` leaves the frames in the temporary directory.
    let wanted = std::env::var("NETLAB_RANDOM").unwrap_or_default();
    let (seed, count) = wanted.split_once(',').unwrap_or(("5", "600"));
    let mut dice = chains::Dice::new(seed.parse().expect("a number"));
    let frames = (0..count.parse().expect("a number")).map(|_| {
        let (bytes, original) = chains::frame(&mut dice);
        (original, bytes)
    });
    let (_, found) = compare("chains", frames);
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found[..found.len().min(60)].join("\n"));
}

#[test]
fn what_netlab_crafts_tshark_finds_right() {
    if !is_tshark_the_one() {
        return;
    }
    let (table, found) = compare("crafted", crafted().into_iter().map(|bytes| (bytes.len(), bytes)));
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
    let status = Command::new(directory().join("expect")).arg(&*fresh).status().expect("expect runs");
    let stale: Vec<PathBuf> = captures()
        .iter()
        .map(|path| table_of(path))
        .filter(|path| fs::read(path).ok() != fs::read(fresh.join(path.file_name().unwrap_or_default())).ok())
        .collect();
    assert!(status.success());
    assert!(stale.is_empty(), "run tests/captures/expect: {stale:?}");
}
