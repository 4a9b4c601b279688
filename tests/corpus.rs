//! netlab understands what Wireshark understands: over every capture of `corpus/`, frame by frame and in one pass, each
//! value of each key that netlab has, the Info column, every flag of TCP's analysis, streams and completeness.
//!
//! The captures are of real programs and real kernels (`corpus/make`); the expected values are tshark's
//! (`corpus/expect`). Where the tools are installed, a fresh corpus is made and compared too, so that nothing can be
//! tuned to the committed one. `NETLAB_CORPUS=DIR` compares another directory of captures, and `NETLAB_CORPUS_ALL=1`
//! lists every difference instead of the first of each kind.

#[path = "support/ascii.rs"]
mod ascii;
#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/meant.rs"]
mod meant;
mod stage;
mod support;
#[path = "support/table.rs"]
mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use ascii::{ascii, is_ascii};
use corpus::{captures, directory, name, records};
use meant::{MEANT, any, are_parts, as_wireshark_counts, is_fragment, meant};
use netlab::capture::Record;
use netlab::engine::{Engine, Seen};
use netlab::model::{FieldSpec, LayerView, Packet, Value};
use netlab::proto;
use netlab::proto::{ipv4, ipv6};
use support::scratch;
use table::{Table, agrees, corrected, cut};

/// What `corpus/expect` writes between the values of a key.
const SEPARATOR: char = '|';

/// Every field of netlab's.
fn specs() -> impl Iterator<Item = &'static FieldSpec> {
    proto::all().map(|(_, spec)| spec)
}

/// Their keys.
fn keys() -> impl Iterator<Item = &'static str> {
    specs().map(|spec| spec.key)
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
    /// The row of [`MEANT`] that says why.
    meant: Option<usize>,
}

/// Every value of every key of what one frame shows, in the order of the layers: the frame's own, and those of what it
/// completes, as Wireshark's tree has them together.
fn values<'v>(seen: &'v Seen<'_, '_, '_>) -> HashMap<&'static str, Vec<Value<'v>>> {
    let mut values: HashMap<&'static str, Vec<Value<'v>>> = HashMap::new();
    // Wireshark looks no further into a piece of a datagram: what is in it is told with the whole.
    let piece = seen.packet.views().find(|view| !view.layer().quoted && is_fragment(*view));
    let piece = piece.map_or(usize::MAX, |view| view.index);
    let frame = || seen.packet.views().take_while(|view| view.index <= piece);
    // A reassembled datagram begins with the IP header of its own making; a message has none, and comes before what else
    // is in the segment that ends it.
    let is_own = |view: &LayerView<'_, '_>| view.index == 0 && (view.is(&ipv4::HEADER) || view.is(&ipv6::HEADER));
    let whole = seen.whole.iter().flat_map(Packet::views).filter(|view| !is_own(view));
    let end = frame().position(|view| view.layer().header.name == "segment").map_or(usize::MAX, |last| last + 1);
    for view in frame().take(end).chain(whole).chain(frame().skip(end)) {
        view.walk(&mut |field| match field.value {
            // An empty text is an empty cell.
            Value::Text("") => {}
            // Where the tracker makes something else of the bytes (edges of SACK, relative as Wireshark shows them).
            _ if view.packet.generated.iter().any(|it| it.what.key() == field.spec.key) => {}
            value => values.entry(field.spec.key).or_default().push(value),
        });
        for generated in view.packet.generated.iter().filter(|generated| generated.is_of(view.index)) {
            values.entry(generated.what.key()).or_default().push(generated.value.into());
        }
    }
    values
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

/// Captures whose checksums tshark was told not to verify; see `corpus/expect`.
fn is_unverified(capture: &str, key: &str) -> bool {
    matches!(capture, "offload" | "loopback") && key.ends_with(".checksum.status")
}

/// Whether these are the values that Wireshark has. Where something is `short`, netlab may have more.
fn are_same(spec: &FieldSpec, ours: &[Value<'_>], theirs: &[&str], short: bool) -> bool {
    if are_parts(spec.key, ours, theirs) {
        return true;
    }
    let enough = |ours: usize| if short { ours >= theirs.len() } else { ours == theirs.len() };
    if is_ascii(spec) {
        // An empty text is an empty cell.
        let ours: Vec<String> = ours.iter().map(|text| cut(&ascii(text))).filter(|text| !text.is_empty()).collect();
        return enough(ours.len()) && ours.iter().zip(theirs).all(|(ours, theirs)| ours == theirs);
    }
    let same = |(ours, theirs): (&Value<'_>, &&str)| agrees(as_wireshark_counts(spec.key, *ours), theirs);
    enough(ours.len()) && ours.iter().zip(theirs).all(same)
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
                let (capture, about) = (capture.clone(), about.to_owned());
                let meant = meant(seen, &about);
                found.push(Difference { capture, frame: row + 1, about, ours, theirs, meant });
            };
            for spec in specs().filter(|spec| !is_unverified(&capture, spec.key)) {
                let key = spec.key;
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
                if !are_same(spec, ours, &theirs, short) {
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
                meant: None,
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

/// Compares every capture of a directory with the table beside it: the differences, and the rows of those that are meant.
fn compare_all(directory: &Path) -> (Vec<Difference>, BTreeSet<usize>) {
    let mut found = Vec::new();
    for path in captures(directory) {
        // Wireshark writes some bytes of a text as they are, whatever they are.
        let text = fs::read(path.with_extension("tsv")).expect("a table beside each capture");
        compare(&path, &Table::read(&String::from_utf8_lossy(&text), SEPARATOR), &mut found);
    }
    let meant = found.iter().filter_map(|difference| difference.meant).collect();
    found.retain(|difference| difference.meant.is_none());
    (found, meant)
}

#[test]
fn netlab_reads_what_tshark_reads() {
    let directory = std::env::var_os("NETLAB_CORPUS").map_or_else(directory, PathBuf::from);
    let (found, meant) = compare_all(&directory);
    assert!(found.is_empty(), "{}", report(&found));
    let idle = MEANT.iter().enumerate().filter(|(row, _)| !meant.contains(row));
    let idle: Vec<_> = idle.map(|(_, (key, _, why))| format!("{key}: {why}")).collect();
    // Another corpus has others.
    assert!(idle.is_empty() || directory != corpus::directory(), "these excuse nothing: {idle:#?}");
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
    let (found, _) = compare_all(&fresh);
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
    let (recorded, installed) = (Table::read(&committed, SEPARATOR).version, Table::read(&today, SEPARATOR).version);
    if recorded == installed {
        assert_eq!(committed, today, "run tests/corpus/expect");
    } else {
        eprintln!("SKIPPED: the tables are from tshark {recorded}, installed is {installed}");
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "tshark {recorded} is needed");
    }
}
