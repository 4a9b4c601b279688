//! netlab reads what Wireshark reads: every value of every key, and the Info column, over all frames of `captures/`.
//!
//! The expected values are tshark's, written by `captures/expect`; `captures/ORIGIN.md` says how the frames came.

#[path = "support/ascii.rs"]
mod ascii;
#[path = "support/chains.rs"]
mod chains;
#[path = "tshark/crafted.rs"]
mod crafted;
#[path = "support/folder.rs"]
mod folder;
#[path = "tshark/forms.rs"]
mod forms;
#[path = "tshark/meant.rs"]
mod meant;
#[path = "support/captures.rs"]
mod support;
#[path = "support/table.rs"]
mod table;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ascii::{ascii, is_ascii};
use crafted::crafted;
use folder::scratch;
use meant::{ends_with_pad_1, has_unread_extension, ip_options, is_meant};
use netlab::converse::{Between, Piece, Questions, Reassembler};
use netlab::dissect::dissect;
use netlab::model::{Conclusions, FieldSpec, Generated, Kind, Packet, Tracked, TrackedValue, Value};
use netlab::proto;
use netlab::proto::checksum::Status;
use pcap_file::pcap::{PcapPacket, PcapWriter};
use support::{captures, directory, frames};
use table::{Table, agrees, corrected, shown};

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

/// The fields whose values are compared.
fn compared() -> impl Iterator<Item = &'static FieldSpec> {
    proto::headers().flat_map(|header| header.fields).filter(|spec| !is_tracked(spec.key))
}

#[test]
fn every_key_of_the_registry_is_compared() {
    let keys: Vec<&str> = compared().map(|spec| spec.key).collect();
    let path = directory().join("keys");
    let listed = keys.join("\n") + "\n";
    if std::env::var_os("NETLAB_WRITE_KEYS").is_some() {
        fs::write(&path, &listed).expect("keys written");
    }
    let committed = fs::read_to_string(path).expect("tests/captures/keys");
    assert_eq!(committed, listed, "run with NETLAB_WRITE_KEYS=1, then tests/captures/expect");
}

/// Every value of every key, in the order of the layers.
fn values<'f>(packet: &Packet<'f>) -> HashMap<&'static str, Vec<Value<'f>>> {
    let mut values: HashMap<_, Vec<_>> = HashMap::new();
    for view in packet.views() {
        view.walk(&mut |field| values.entry(field.spec.key).or_default().push(field.value));
    }
    for generated in packet.generated.iter() {
        values.entry(generated.what.key()).or_default().push(generated.value.into());
    }
    values
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
    assert_eq!(frames.len(), table.len(), "{}", path.display());
    assert!(compared().all(|spec| table.has(spec.key)), "{}: a column is missing", path.display());
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
        for spec in compared() {
            let cell = table.cell(row, spec.key);
            let mut theirs = table.values(row, spec.key);
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
        let mut generated = Conclusions::default();
        for key in ["icmp.resp_to", "icmpv6.resp_to", "tcp.window_size"] {
            if let Ok(number) = table.cell(row, key).parse() {
                generated.push(Generated::new(0, Tracked::of(key), TrackedValue::Number(number)));
            }
        }
        let piece = reassembler.observe(&mut packet);
        for key in JOINED {
            let theirs = table.values(row, key);
            let ours: Vec<_> =
                packet.generated.iter().filter(|it| it.what.key() == key).map(|it| Value::from(it.value)).collect();
            if ours.len() != theirs.len() || !ours.iter().zip(&theirs).all(|(ours, theirs)| agrees(*ours, theirs)) {
                found.push(format!("{file} #{} {key}: {ours:?}, tshark {theirs:?}", row + 1));
            }
        }
        let mut ours = String::new();
        if let Piece::Last(frame) = piece {
            let mut whole = dissect(&frame);
            whole.generated = generated;
            whole.info(&mut ours).expect("a string takes everything");
        } else {
            packet.generated = generated;
            packet.info(&mut ours).expect("a string takes everything");
        }
        let mut theirs = corrected(table.cell(row, "_ws.col.Info"), frame);
        if packet.views().any(|view| view.layer().checksum == Some(Status::Pending)) {
            theirs = theirs.replace(" [TCP CHECKSUM INCORRECT]", "").replace(" [UDP CHECKSUM INCORRECT]", "");
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
            differences(path, &Table::read(&text, ';'))
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
    let recorded = Table::read(&expected, ';').version;
    let same = version.as_deref().is_some_and(|version| version.contains(&recorded));
    if !same {
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "tshark {recorded} is needed, found {version:?}");
        eprintln!("skipped: the tables are from tshark {recorded}, installed is {version:?}");
    }
    same
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
    let table = Table::read(&fs::read_to_string(table_of(&path)).expect("a table"), ';');
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
fn every_form_reads_as_tshark_reads_it() {
    if !is_tshark_the_one() {
        return;
    }
    let frames = [forms::arps(), forms::options(), forms::messages()].concat();
    let (_, found) = compare("forms", frames.into_iter().map(|bytes| (bytes.len(), bytes)));
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found[..found.len().min(60)].join("\n"));
}

#[test]
fn what_netlab_crafts_tshark_finds_right() {
    if !is_tshark_the_one() {
        return;
    }
    let (table, found) = compare("crafted", crafted().into_iter().map(|bytes| (bytes.len(), bytes)));
    assert!(found.is_empty(), "{}", found.join("\n"));
    for row in 0..table.len() {
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
