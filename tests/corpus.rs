//! netlab understands what Wireshark understands: over every capture of `corpus/`, frame by frame and in one pass, each
//! value of each key that netlab has, the Info column, every flag of TCP's analysis, streams and completeness.
//!
//! The captures are of real programs and real kernels (`corpus/make`); the expected values are tshark's
//! (`corpus/expect`). Where the tools are installed, a fresh corpus is made and compared too, so that nothing can be
//! tuned to the committed one. `NETLAB_CORPUS=DIR` compares another directory of captures, and `NETLAB_CORPUS_ALL=1`
//! lists every difference instead of the first of each kind.

#[path = "support/corpus.rs"]
mod corpus;
mod stage;
mod support;
#[path = "support/table.rs"]
mod table;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use corpus::{captures, directory, name, records};
use netlab::capture::Record;
use netlab::engine::{Engine, Seen};
use netlab::model::{Frame, LayerView, LinkType, Nanos, Packet, Value};
use netlab::proto;
use netlab::proto::checksum::{self, Status};
use netlab::proto::{ipv4, ipv6};
use support::scratch;
use table::{Table, agrees};

/// Every key of netlab's.
fn keys() -> impl Iterator<Item = &'static str> {
    proto::all().map(|(_, spec)| spec.key)
}

#[test]
fn every_key_of_the_registry_is_compared() {
    let path = directory().join("keys");
    let listed = keys().flat_map(|key| [key, "\n"]).collect::<String>();
    if std::env::var_os("NETLAB_WRITE_KEYS").is_some() {
        fs::write(&path, &listed).expect("keys written");
    }
    let committed = fs::read_to_string(path).expect("tests/corpus/keys");
    assert_eq!(committed, listed, "run with NETLAB_WRITE_KEYS=1, then tests/corpus/expect");
}

// ------------------------------------------------------------------------------------------------------ the comparison

/// One difference: in which capture, at which frame, about what.
struct Difference {
    capture: String,
    frame: usize,
    about: String,
    ours: String,
    theirs: String,
}

/// Every value of every key of what one frame shows, in the order of the layers: the frame's own, and those of what it
/// completes, as Wireshark's tree has them together.
fn values<'v>(seen: &'v Seen<'_, '_, '_>) -> HashMap<&'static str, Vec<Value<'v>>> {
    let mut values: HashMap<&'static str, Vec<Value<'v>>> = HashMap::new();
    // Wireshark looks no further into a piece of a datagram: what is in it is told with the whole.
    let piece = seen.packet.views().find(|view| !view.layer().quoted && is_fragment(*view));
    let piece = piece.map_or(usize::MAX, |view| view.index);
    let frame = seen.packet.views().take_while(|view| view.index <= piece);
    // A reassembled datagram begins with the IP header of its own making; a message has none.
    let is_own = |view: &LayerView<'_, '_>| view.index == 0 && (view.is(&ipv4::HEADER) || view.is(&ipv6::HEADER));
    let whole = seen.whole.iter().flat_map(Packet::views).filter(|view| !is_own(view));
    for view in frame.chain(whole) {
        view.walk(&mut |field| match field.value {
            // An empty text is an empty cell.
            Value::Text("") => {}
            // Where the tracker makes something else of the bytes (edges of SACK, relative as Wireshark shows them).
            _ if view.packet.generated(field.spec.key).is_some() => {}
            value => values.entry(field.spec.key).or_default().push(value),
        });
        for generated in view.packet.generated.iter().filter(|generated| generated.layer == view.index) {
            values.entry(generated.key).or_default().push(generated.value);
        }
    }
    values
}

/// Whether this is an IP header that says its datagram is in pieces.
fn is_fragment(view: LayerView<'_, '_>) -> bool {
    ["ip.flags.mf", "ip.frag_offset", "ipv6.fraghdr.more", "ipv6.fraghdr.offset"]
        .into_iter()
        .any(|key| view.number(key).is_some_and(|value| value > 0))
}

/// Whether `holds` of the packet or of one that it completes.
fn any(seen: &Seen<'_, '_, '_>, holds: impl Fn(&Packet<'_>) -> bool) -> bool {
    holds(seen.packet) || seen.whole.iter().any(holds)
}

/// A transport checksum that the sender left to its network card.
fn is_pending(packet: &Packet<'_>) -> bool {
    packet.views().any(|view| checksum::status(view) == Some(Status::Pending))
}

fn is_piece(seen: &Seen<'_, '_, '_>) -> bool {
    seen.is_piece
}

/// A segment with bytes that came before, or that Wireshark keeps until those before them have come.
fn is_sent_again(seen: &Seen<'_, '_, '_>) -> bool {
    let signs = ["retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "keep_alive"];
    signs.iter().any(|sign| seen.packet.generated(&format!("tcp.analysis.{sign}")).is_some())
}

fn quotes_a_piece(seen: &Seen<'_, '_, '_>) -> bool {
    seen.packet.views().any(|view| view.layer().quoted && is_fragment(view))
}

fn is_six(packet: &Packet<'_>) -> bool {
    packet.views().any(|view| view.is(&ipv6::HEADER))
}

/// Whether something could not be read to its end. Then netlab may show more than Wireshark, which stops at the first
/// field that is not whole; it must not show anything else.
fn is_short(seen: &Seen<'_, '_, '_>, table: &Table, row: usize) -> bool {
    let cut_quotation = |packet: &Packet<'_>| {
        packet.views().any(|view| {
            let layer = view.layer();
            layer.quoted && layer.offset + layer.length + layer.payload >= packet.frame.bytes.len()
        })
    };
    any(seen, |packet| !packet.faults.is_empty() || cut_quotation(packet))
        || !table.cell(row, "_ws.malformed").is_empty()
}

/// Differences that are meant: the key (or `Info`), where they are, and why.
type Meant = (&'static str, fn(&Seen<'_, '_, '_>) -> bool, &'static str);

const MEANT: &[Meant] = &[
    ("tcp.checksum.status", |seen| any(seen, is_pending), "Wireshark does not tell `not computed yet` from `wrong`"),
    ("udp.checksum.status", |seen| any(seen, is_pending), "Wireshark does not tell `not computed yet` from `wrong`"),
    ("data.data", is_piece, "Wireshark calls the bytes of a piece data; netlab shows them with the whole"),
    ("data.len", is_piece, "Wireshark calls the bytes of a piece data; netlab shows them with the whole"),
    (
        "data.data",
        is_sent_again,
        "Wireshark hands bytes that come again to nobody; netlab shows what is in the segment",
    ),
    ("data.len", is_sent_again, "Wireshark hands bytes that come again to nobody; netlab shows what is in the segment"),
    ("data.data", quotes_a_piece, "Wireshark takes a piece that an error quotes for one that arrived"),
    ("data.len", quotes_a_piece, "Wireshark takes a piece that an error quotes for one that arrived"),
    ("ip.version", |seen| any(seen, is_six), "Wireshark shows IPv6's version under IPv4's name too"),
];

fn is_meant(seen: &Seen<'_, '_, '_>, about: &str) -> bool {
    MEANT.iter().any(|(key, holds, _)| *key == about && holds(seen))
}

/// Captures whose checksums tshark was told not to verify; see `corpus/expect`.
fn is_unverified(capture: &str, key: &str) -> bool {
    matches!(capture, "offload" | "loopback") && key.ends_with(".checksum.status")
}

/// The Info column without Wireshark's mistakes: in the newer kind of cooked capture it takes the length of the address
/// for a part of the packet type.
fn corrected(info: &str, frame: &Frame) -> String {
    let name = |number: u16| {
        let names = ["Unicast to us", "Broadcast", "Multicast", "Unicast to another host", "Sent by us"];
        names.get(usize::from(number)).map_or_else(|| format!("Unknown ({number})"), |&name| name.to_owned())
    };
    let (LinkType::Cooked2, Some(&[kind, length])) = (frame.link, frame.bytes.get(10..12)) else {
        return info.to_owned();
    };
    let rest = info.strip_prefix(&name(u16::from_be_bytes([kind, length])));
    rest.map_or_else(|| info.to_owned(), |rest| name(kind.into()) + rest)
}

/// The value in Wireshark's unit.
fn as_wireshark_counts<'v>(key: &str, ours: Value<'v>) -> Value<'v> {
    match ours {
        // Milliseconds, where netlab's times are all in nanoseconds.
        Value::Span(span) if key.ends_with(".resptime") => Value::Span(Nanos(span.0 * 1000)),
        _ => ours,
    }
}

fn compare(path: &Path, table: &Table, found: &mut Vec<Difference>) {
    let capture = name(path);
    let records = records(path);
    assert_eq!(records.len(), table.len(), "{capture}: frames");
    let mut engine = Engine::default();
    for (row, Record { frame, .. }) in records.iter().enumerate() {
        engine.see(frame, |seen| {
            let (ours, short) = (values(seen), is_short(seen, table, row));
            let mut differs = |about: &str, ours: String, theirs: String| {
                if !is_meant(seen, about) {
                    let capture = capture.clone();
                    found.push(Difference { capture, frame: row + 1, about: about.to_owned(), ours, theirs });
                }
            };
            for key in keys().filter(|key| !is_unverified(&capture, key)) {
                let mut theirs = table.values(row, key);
                // Of the option that ends the list, 255, Wireshark shows the type as 0.
                if key == "dhcp.option.type" && !table.cell(row, "dhcp.option.end").is_empty() {
                    theirs.pop_if(|last| *last == "0");
                    theirs.push("255");
                }
                // The field and the warning have the same name: Wireshark shows both.
                if key == "tcp.analysis.duplicate_ack" {
                    theirs.dedup();
                }
                let ours = ours.get(key).map_or(&[][..], Vec::as_slice);
                let same = |(ours, theirs): (&Value<'_>, &&str)| {
                    let ours = as_wireshark_counts(key, *ours);
                    agrees(ours, theirs)
                };
                let enough = if short { ours.len() >= theirs.len() } else { ours.len() == theirs.len() };
                if !enough || !ours.iter().zip(&theirs).all(same) {
                    differs(key, format!("{ours:?}"), format!("{theirs:?}"));
                }
            }
            let mut info = String::new();
            seen.info(&mut info).expect("a string takes everything");
            let theirs = corrected(table.cell(row, "_ws.col.Info"), frame);
            if info != theirs {
                differs("Info", format!("{info:?}"), format!("{theirs:?}"));
            }
        });
    }
    // What TCP's analysis says under a name that netlab does not have.
    for column in table.columns().filter(|column| column.starts_with("tcp.analysis.")) {
        let is_ours = keys().any(|key| key == column);
        if let Some(row) = (0..table.len()).find(|row| !is_ours && !table.cell(*row, column).is_empty()) {
            let theirs = table.cell(row, column).to_owned();
            found.push(Difference {
                capture: capture.clone(),
                frame: row + 1,
                about: column.to_owned(),
                ours: "no such key".to_owned(),
                theirs,
            });
        }
    }
}

/// A capture's name and frame, what netlab says and what tshark says.
fn line(Difference { capture, frame, ours, theirs, .. }: &Difference) -> String {
    let short = |text: &str| text.chars().take(240).collect::<String>();
    format!("    {capture} #{frame}\n        netlab {}\n        tshark {}\n", short(ours), short(theirs))
}

/// The differences by what they are about, with how many there are and where, and the first of each or all.
fn report(differences: &[Difference]) -> String {
    let mut about: BTreeMap<&str, Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        about.entry(&difference.about).or_default().push(difference);
    }
    let mut text = format!("{} differences about {} keys\n", differences.len(), about.len());
    for (key, differences) in about {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for difference in &differences {
            *places.entry(&difference.capture).or_default() += 1;
        }
        let places: Vec<String> = places.iter().map(|(capture, count)| format!("{capture} {count}")).collect();
        text += &format!("{key}: {} ({})\n", differences.len(), places.join(", "));
        let shown = if std::env::var_os("NETLAB_CORPUS_ALL").is_some() { differences.len() } else { 1 };
        differences.iter().take(shown).for_each(|difference| text += &line(difference));
    }
    text
}

/// Compares every capture of a directory with the table beside it.
fn compare_all(directory: &Path) -> Vec<Difference> {
    let mut found = Vec::new();
    for path in captures(directory) {
        // Wireshark writes some bytes of a text as they are, whatever they are.
        let text = fs::read(path.with_extension("tsv")).expect("a table beside each capture");
        compare(&path, &Table::read(&String::from_utf8_lossy(&text)), &mut found);
    }
    found
}

/// Something that netlab does not yet say as Wireshark does.
struct Gap {
    /// A key, the beginning of some (`dns.*`), or `Info`.
    about: &'static str,
    capture: &'static str,
    /// How many differences it makes there.
    count: usize,
    why: &'static str,
}

const fn gap(capture: &'static str, about: &'static str, count: usize, why: &'static str) -> Gap {
    Gap { about, capture, count, why }
}

/// As few as possible: a gap that has become smaller or larger fails the test, and one that is closed has to go.
const GAPS: &[Gap] = &[
    gap("dns-messages", "dns.unsolicited", 4, "an answer over TCP that nobody asked for is not yet told"),
    gap("http-messages", "Info", 3, "the kinds of a body are not all named as Wireshark names them"),
    gap("http-messages", "data.*", 12, BODIES),
    gap("http-messages", "http.file_data", 2, BODIES),
    gap("http-messages", "http.host", 1, "bytes that are no text are written in another way"),
    gap("http-messages", "http.request.line", 1, "bytes that are no text are written in another way"),
    gap(
        "http-messages",
        "tcp.segment_data",
        1,
        "a segment that ends one message and begins the next is told in two parts",
    ),
];
const BODIES: &str = "where a body or what is no message begins and ends is told otherwise";

impl Gap {
    fn explains(&self, difference: &Difference) -> bool {
        let about = difference.about.as_str();
        let is_about = self.about.strip_suffix('*').map_or(about == self.about, |start| about.starts_with(start));
        is_about && difference.capture == self.capture
    }
}

/// Takes the known gaps out of `found`; what has become of those that are not as they were is returned.
fn close(found: &mut Vec<Difference>) -> String {
    let mut changed = String::new();
    for gap in GAPS {
        let before = found.len();
        found.retain(|difference| !gap.explains(difference));
        let count = before - found.len();
        if count != gap.count {
            let Gap { about, capture, count: known, why } = gap;
            changed += &format!("{about} in {capture} ({why}): {count} differences, and not {known}\n");
        }
    }
    changed
}

#[test]
fn netlab_reads_what_tshark_reads() {
    let directory = std::env::var_os("NETLAB_CORPUS").map_or_else(directory, PathBuf::from);
    let mut found = compare_all(&directory);
    let changed = close(&mut found);
    assert!(found.is_empty(), "{}", report(&found));
    // Another corpus has others.
    assert!(changed.is_empty() || directory != corpus::directory(), "{changed}");
}

/// Everything that `corpus/make` and `corpus/expect` run.
const PROGRAMS: [&str; 23] = [
    "arping",
    "awk",
    "bash",
    "curl",
    "dig",
    "dnsmasq",
    "ethtool",
    "ip",
    "nc",
    "nft",
    "nginx",
    "nmap",
    "ping",
    "python3",
    "socat",
    "ss",
    "ssh",
    "sshd",
    "tcpdump",
    "timeout",
    "traceroute",
    "tshark",
    "udhcpc",
];

/// Whether a fresh corpus can be made here. If not, says why, and fails if `NETLAB_REQUIRE_LAB` is set.
fn can_make() -> bool {
    if !stage::installed(&PROGRAMS) || !stage::installed(&["unshare"]) {
        return false;
    }
    let apart: &[&str] = if support::is_root() { &[] } else { &["--user", "--map-root-user"] };
    let status = Command::new("unshare").args(["--net", "--mount"]).args(apart).arg("true").status();
    let possible = status.is_ok_and(|status| status.success()) && Path::new("/dev/net/tun").exists();
    if !possible {
        eprintln!("SKIPPED: no network namespaces or no /dev/net/tun here");
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "a skip is a failure under NETLAB_REQUIRE_LAB");
    }
    possible
}

#[test]
fn netlab_reads_what_tshark_reads_in_captures_made_now() {
    if !can_make() {
        return;
    }
    let fresh = scratch("corpus");
    let started = Instant::now();
    for script in ["make", "expect"] {
        let mut command = Command::new(directory().join(script));
        command.arg(&*fresh);
        if script == "expect" {
            command.arg(&*fresh);
        }
        let output = command.output().expect("the script starts");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        eprintln!("{script}: {:?}", started.elapsed());
    }
    let mut found = compare_all(&fresh);
    // How much of a gap shows itself is not the same each time.
    close(&mut found);
    assert!(found.is_empty(), "{}", report(&found));
}

#[test]
fn the_expected_values_are_what_tshark_says_today() {
    if !stage::installed(&["tshark"]) {
        return;
    }
    // One capture shows whether it is the version that wrote the tables.
    let (fresh, one) = (scratch("today"), scratch("one"));
    let capture = directory().join("arp.pcap");
    fs::copy(&capture, one.join("arp.pcap")).expect("copied");
    let status = Command::new(directory().join("expect")).args([&*fresh, &*one]).status().expect("expect runs");
    assert!(status.success());
    let read = |path: &Path| fs::read_to_string(path).expect("a table");
    let (committed, today) = (read(&capture.with_extension("tsv")), read(&fresh.join("arp.tsv")));
    let (recorded, installed) = (Table::read(&committed).version, Table::read(&today).version);
    if recorded == installed {
        assert_eq!(committed, today, "run tests/corpus/expect");
    } else {
        eprintln!("SKIPPED: the tables are from tshark {recorded}, installed is {installed}");
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "tshark {recorded} is needed");
    }
}
