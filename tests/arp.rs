//! `netlab arp` as a user runs it: in the lab and in topologies of its own, against real kernel stacks, with arping,
//! arp-scan, nmap, `ip neigh` and tshark as witnesses.

mod support;

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::run::{Run, run, script};
use support::{as_nobody, netlab, require_lab, require_lab_as_nobody, require_program as require, scratch};

const TWENTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/topologies/twenty.toml");

impl Run {
    /// (address, MAC address) of everyone who answered.
    fn neighbours(&self) -> BTreeSet<(String, String)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        self.objects("neighbour").iter().map(|found| (text(&found["address"]), text(&found["mac"]))).collect()
    }
}

/// The MAC addresses that `text` names, each with the IPv4 address on its line or on the line above.
fn pairs(text: &str) -> BTreeSet<(String, String)> {
    let mac = regex::Regex::new(r"\b([0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5})\b").expect("a pattern");
    let address = regex::Regex::new(r"\b(\d+\.\d+\.\d+\.\d+)\b").expect("a pattern");
    let mut last = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if let Some(seen) = address.captures(line) {
            seen[1].clone_into(&mut last);
        }
        if let Some(seen) = mac.captures(line) {
            found.insert((last.clone(), seen[1].to_lowercase()));
        }
    }
    found
}

#[test]
fn one_address_is_told_with_its_maker_and_its_time() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "arp", "192.168.11.7"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    for expected in [
        "192.168.11.7 is on your own network (192.168.11.0/24)",
        "Who has 192.168.11.7? Tell 192.168.11.2",
        "192.168.11.7 is at 8c:85:90:42:64:b2 (Apple)",
        "192.168.11.7     8c:85:90:42:64:b2  Apple",
        "1 question sent, 1 answer received",
        "\nfact ",
        "\nguess  Apple made the network card",
        "\nblind ",
    ] {
        assert!(run.out.contains(expected), "no {expected:?} in\n{}", run.out);
    }
    let widest = run.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "a line is {widest:?} columns wide in\n{}", run.out);
}

#[test]
fn an_ordinary_user_sweeps_the_lab() {
    if !require_lab_as_nobody() {
        return;
    }
    let mut command = netlab(&["--lab", "arp", "192.168.11.0/24"]);
    as_nobody(&mut command);
    let run = Run::from(command.output().expect("netlab runs"));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    let expected = [("1", "4c:e6:76:0a:11:01"), ("20", "30:05:5c:7d:20:14"), ("7", "8c:85:90:42:64:b2")];
    let expected = expected.map(|(last, mac)| (format!("192.168.11.{last}"), mac.to_owned()));
    let table = run.out.split("---").next().expect("the table").split("address  ").last().expect("its rows");
    assert_eq!(pairs(table), expected.into());
    assert!(!run.out.contains("Who has"), "packets are summed up:\n{}", run.out);
    let widest = run.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "a line is {widest:?} columns wide in\n{}", run.out);
}

#[test]
fn json_is_the_contract() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "arp", "--json", "192.168.11.7"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let start = &run.objects("start")[0];
    assert_eq!((&start["command"], &start["target"]), (&"arp".into(), &"192.168.11.7".into()));
    assert_eq!(
        (&start["interface"], &start["source"], &start["lab"]),
        (&"eth0".into(), &"192.168.11.2".into(), &true.into())
    );
    let packets = run.objects("packet");
    let time = |packet: &Value| packet["time"].as_i64().expect("ns");
    let neighbour = &run.objects("neighbour")[0];
    assert_eq!(neighbour["rtt"].as_i64(), Some(time(&packets[1]) - time(&packets[0])), "RTT is the frames'");
    assert_eq!(neighbour["vendor"], "Apple");
    let keys: Vec<_> = neighbour.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(
        keys.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        ["type", "address", "mac", "vendor", "rtt"].into()
    );
    let summary = run.summary();
    for (key, value) in [("sent", 1), ("received", 1), ("neighbours", 1), ("duplicates", 0)] {
        assert_eq!(summary[key], value, "{key}");
    }
}

#[test]
fn nobody_is_missed_and_nobody_invented_among_twenty() {
    if !require_lab() || !require("arp-scan") || !require("nmap") {
        return;
    }
    let text = "\"$NETLAB\" --json arp 10.20.0.0/24
        echo @@arp-scan; arp-scan -I eth0 --retry=3 10.20.0.0/24
        echo @@nmap; nmap --privileged -n -sn -PR 10.20.0.0/24";
    let run = script(TWENTY, text);
    assert_eq!(run.code, 0, "{}", run.err);
    let parts: Vec<&str> = run.out.split("@@").collect();
    let ours = Run { code: 0, out: parts[0].to_owned(), err: String::new() };
    let theirs = pairs(parts[1]);
    let own = |pair: &(String, String)| pair.0 == "10.20.0.2";
    let theirs: BTreeSet<_> = theirs.into_iter().filter(|pair| !own(pair)).collect();
    assert_eq!(theirs.len(), 20, "{}", parts[1]);
    assert_eq!(ours.neighbours(), theirs, "arp-scan agrees");
    assert_eq!(ours.neighbours(), pairs(parts[2]).into_iter().filter(|pair| !own(pair)).collect(), "nmap agrees");
    let summary = ours.summary();
    assert_eq!((&summary["neighbours"], &summary["duplicates"]), (&20.into(), &0.into()));
    assert!(summary["sent"].as_i64() >= Some(253 + 233), "the silent are asked twice: {summary}");

    // Paced: in any tenth of a second at most 200 questions, and a burst.
    let sent: Vec<i64> = ours
        .objects("packet")
        .iter()
        .filter(|packet| packet["direction"] == "out")
        .map(|packet| packet["time"].as_i64().expect("ns"))
        .collect();
    for start in &sent {
        let tenth = sent.iter().filter(|time| (*start..start + 100_000_000).contains(time)).count();
        assert!(tenth <= 210, "{tenth} questions in a tenth of a second");
    }
}

#[test]
fn a_thousand_addresses_are_not_too_many() {
    if !require_lab() {
        return;
    }
    let folder = scratch("wide");
    let file = folder.join("wide.toml");
    let wide = std::fs::read_to_string(TWENTY).expect("a topology").replace("/24\"", "/22\"");
    std::fs::write(&file, wide).expect("a file");
    let lab = format!("--lab={}", file.display());
    let began = Instant::now();
    let run = run(&[&lab, "--json", "arp", "10.20.0.0/22"]);
    let took = began.elapsed();
    assert_eq!((run.code, run.neighbours().len()), (0, 20), "{}", run.err);
    assert!(run.summary()["sent"].as_i64() >= Some(1021 + 1001), "{}", run.summary());
    assert!(took > Duration::from_secs(1), "at most 2000 a second, and it took {took:?}");
}

#[test]
fn arping_sees_the_same_machine() {
    if !require_lab() || !require("arping") {
        return;
    }
    let run = script("home", "arping -c1 -I eth0 192.168.11.20; \"$NETLAB\" -q arp 192.168.11.20");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.lines().any(|line| line.contains("from 30:05:5c:7d:20:14")), "arping: {}", run.out);
    assert!(run.out.contains("192.168.11.20    30:05:5c:7d:20:14  Brother"), "{}", run.out);
}

#[test]
fn silence_is_a_no_and_never_down() {
    if !require_lab() {
        return;
    }
    let began = Instant::now();
    let run = run(&["--lab", "arp", "-W0.3", "192.168.11.99"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains("1 question sent, 0 answers received"), "{}", run.out);
    assert!(!run.out.contains(" is down") && !run.out.contains("rtt min"), "{}", run.out);
    assert!(began.elapsed() < Duration::from_secs(1), "-W is the patience");
}

#[test]
fn special_addresses_are_told_plainly() {
    if !require_lab() {
        return;
    }
    for (target, code, note, packets) in [
        ("192.168.11.2", 0, "arp.you", 0),
        ("8.8.8.8", 1, "arp.off-link", 2),
        ("192.168.11.255", 1, "arp.broadcast", 0),
        ("255.255.255.255", 1, "arp.broadcast", 0),
        ("192.168.11.0", 1, "arp.network", 0),
        ("224.0.0.251", 1, "arp.group", 0),
    ] {
        let run = run(&["--lab", "--json", "arp", "-W0.3", target]);
        assert_eq!((run.code, run.objects("packet").len()), (code, packets), "{target}: {}", run.err);
        assert!(run.notes().contains(&note.to_owned()), "{target}: {:?}", run.notes());
    }
    let text = run(&["--lab", "arp", "8.8.8.8"]).out;
    assert!(text.contains("Who has 192.168.11.1?") && !text.contains("Who has 8.8.8.8?"), "{text}");
    assert!(run(&["--lab", "arp", "192.168.11.2"]).out.contains("is you"), "own address");
}

#[test]
fn two_machines_with_one_address_are_both_shown() {
    if !require_lab() {
        return;
    }
    let text = "on mac ip addr add 192.168.11.20/24 dev en0
        \"$NETLAB\" --json arp 192.168.11.20
        \"$NETLAB\" arp 192.168.11.20; \"$NETLAB\" --json arp -f 192.168.11.20 | grep -c neighbour\\\"";
    let run = script("home", text);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let both = [("192.168.11.20", "30:05:5c:7d:20:14"), ("192.168.11.20", "8c:85:90:42:64:b2")];
    assert_eq!(run.neighbours(), both.map(|(address, mac)| (address.to_owned(), mac.to_owned())).into());
    let summary = &run.objects("summary")[0];
    for (key, value) in [("sent", 1), ("received", 2), ("neighbours", 1), ("duplicates", 1)] {
        assert_eq!(summary[key], value, "{key}");
    }
    assert!(run.out.contains("(DUP!)") && run.notes().contains(&"arp.twice".to_owned()), "{}", run.out);
    assert!(run.out.replace('\n', " ").contains("duplicate address"), "{}", run.out);
    assert!(run.out.trim_end().ends_with("\n1"), "-f is content with the first: {}", run.out);
}

#[test]
fn a_machine_with_two_addresses_is_named_in_a_sweep() {
    if !require_lab() {
        return;
    }
    let run = script("home", "on mac ip addr add 192.168.11.77/24 dev en0; \"$NETLAB\" --json arp 192.168.11.0/24");
    assert_eq!((run.code, run.neighbours().len()), (0, 4), "{}", run.err);
    assert!(run.notes().contains(&"arp.several".to_owned()), "{:?}", run.notes());
}

#[test]
fn duplicate_address_detection_says_yes_or_no() {
    if !require_lab() {
        return;
    }
    let free = run(&["--lab", "--json", "arp", "-D", "-i0.2", "-W0.3", "192.168.11.50"]);
    assert_eq!((free.code, free.summary()["sent"].as_i64()), (0, Some(3)), "{}", free.err);
    assert!(free.notes().contains(&"arp.free".to_owned()), "{:?}", free.notes());
    for packet in free.objects("packet") {
        let arp = &packet["layers"][1]["fields"];
        assert_eq!((&arp["arp.src.proto_ipv4"], &arp["arp.opcode"]), (&"0.0.0.0".into(), &1.into()));
        assert_eq!(packet["info"], "Who has 192.168.11.50? (ARP Probe)");
    }
    let taken = run(&["--lab", "--json", "arp", "-D", "192.168.11.7"]);
    assert_eq!((taken.code, taken.summary()["sent"].as_i64()), (1, Some(1)), "{}", taken.err);
    assert_eq!(taken.neighbours().len(), 1);
    assert!(taken.notes().contains(&"arp.taken".to_owned()), "{:?}", taken.notes());
    // Our own address is free of others, too.
    assert_eq!(run(&["--lab", "arp", "-D", "-c1", "-W0.2", "192.168.11.2"]).code, 0);
    // Cut short, nothing is proved.
    let short = run(&["--lab", "--json", "arp", "-D", "-w0.3", "192.168.11.50"]);
    assert_eq!(short.code, 1);
    assert!(short.notes().contains(&"arp.cut-short".to_owned()), "{:?}", short.notes());
}

#[test]
fn the_probes_of_the_standard_take_seconds() {
    if !require_lab() {
        return;
    }
    let began = Instant::now();
    let run = run(&["--lab", "--json", "arp", "-D", "192.168.11.50"]);
    let took = began.elapsed().as_secs_f64();
    assert_eq!(run.code, 0, "{}", run.err);
    assert!((3.9..6.5).contains(&took), "three probes 1 to 2 s apart, and 2 s to object: {took}");
    let times: Vec<f64> = run.objects("packet").iter().map(|p| p["relative"].as_f64().expect("ns") / 1e9).collect();
    for gap in times.windows(2).map(|pair| pair[1] - pair[0]) {
        assert!((0.99..2.1).contains(&gap), "{times:?}");
    }
}

#[test]
fn of_two_that_probe_at_the_same_time_at_least_one_gives_way() {
    if !require_lab() {
        return;
    }
    // Whoever hears the other's probe first says no more, so that the other may never hear of it (RFC 5227 §2.1.1).
    let text = "on mac \"$NETLAB\" --json arp -D -i0.5 192.168.11.50 >mac.out && touch mac-has-it & mac=$!
        \"$NETLAB\" --json arp -D -i0.5 192.168.11.50 && touch pc-has-it
        wait $mac; cat mac.out; test -e mac-has-it && test -e pc-has-it && echo BOTH";
    let folder = scratch("probing");
    let run = script("home", &format!("cd {}\n set +e\n {text}", folder.display()));
    assert!(!run.out.contains("BOTH"), "{}", run.out);
    assert!(run.notes().contains(&"arp.contested".to_owned()), "{:?}", run.notes());
    assert_eq!(run.neighbours().len(), 0, "nobody has it yet");
}

#[test]
fn an_address_can_be_probed_before_there_is_any() {
    if !require_lab() {
        return;
    }
    let text = "ip addr flush dev eth0
        \"$NETLAB\" arp -D -c1 -W0.2 -I eth0 192.168.11.50 >/dev/null; echo free $?
        \"$NETLAB\" arp -D -c1 -W0.2 -I eth0 192.168.11.7 >/dev/null || echo taken $?
        \"$NETLAB\" arp -D -c1 192.168.11.7 || echo where $?";
    let run = script("home", text);
    for expected in ["free 0", "taken 1", "where 2"] {
        assert!(run.out.contains(expected), "no {expected:?} in {}{}", run.out, run.err);
    }
}

#[test]
fn an_announcement_corrects_what_others_noted() {
    if !require_lab() {
        return;
    }
    let text = "on mac ip neigh replace 192.168.11.2 lladdr 02:00:00:00:00:99 dev en0 nud stale
        sleep 1.1 # the kernel changes no entry twice in a second (locktime)
        \"$NETLAB\" --json arp -A -i0.2 -W0.2 192.168.11.2
        on mac ip neigh show 192.168.11.2";
    let run = script("home", text);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("lladdr 3c:a9:f4:1e:52:02"), "{}", run.out);
    let packets = run.objects("packet");
    assert_eq!(packets.len(), 2, "ANNOUNCE_NUM");
    assert!(packets.iter().all(|packet| packet["info"] == "ARP Announcement for 192.168.11.2"));
    assert!(run.notes().contains(&"arp.announced".to_owned()), "{:?}", run.notes());
    // Somebody else who has the address. Linux says nothing to an announcement, so the other one announces, too.
    let text = "on mac ip addr add 192.168.11.2/24 dev en0
        on mac \"$NETLAB\" -q arp -A -c20 -i0.2 192.168.11.2 >/dev/null & other=$!
        \"$NETLAB\" --json arp -A -c20 -i0.2 192.168.11.2; code=$?; wait $other; exit $code";
    let contested = script("home", text);
    assert_eq!(contested.code, 1, "{}", contested.out);
    assert!(contested.notes().contains(&"arp.taken".to_owned()), "{:?}", contested.notes());
}

#[test]
fn who_learns_what() {
    if !require_lab() {
        return;
    }
    // The target notes the asker, but not one that calls itself 0.0.0.0; our own kernel notes nothing it did not ask.
    let text = "\"$NETLAB\" -q arp -D 192.168.11.7 >/dev/null || true
        echo probed: $(on mac ip neigh show 192.168.11.2)
        \"$NETLAB\" --json arp 192.168.11.7
        echo asked: $(on mac ip neigh show 192.168.11.2)
        echo ours: $(ip neigh show 192.168.11.7)
        ip neigh replace 192.168.11.7 lladdr 02:00:00:00:00:99 dev eth0 nud stale
        sleep 1.1 # the kernel changes no entry twice in a second (locktime)
        \"$NETLAB\" --json arp 192.168.11.7
        echo corrected: $(ip neigh show 192.168.11.7)
        ip neigh replace 192.168.11.7 lladdr 02:00:00:00:00:99 dev eth0 nud permanent
        \"$NETLAB\" --json arp 192.168.11.7
        echo kept: $(ip neigh show 192.168.11.7)";
    let run = script("home", text);
    let said = |word: &str| run.out.lines().find_map(|line| line.strip_prefix(word)).unwrap_or("?").trim().to_owned();
    assert_eq!(said("probed:"), "", "{}", run.out);
    assert!(said("asked:").contains("3c:a9:f4:1e:52:02"), "{}", run.out);
    assert_eq!(said("ours:"), "");
    assert!(said("corrected:").contains("8c:85:90:42:64:b2"), "{}", said("corrected:"));
    assert!(said("kept:").contains("02:00:00:00:00:99"), "{}", said("kept:"));
    let notes: Vec<_> = run.notes().into_iter().filter(|id| id.starts_with("arp.table")).collect();
    assert_eq!(notes, ["arp.table-none", "arp.table-changed", "arp.table-differs"]);
}

#[test]
fn tshark_reads_the_saved_capture_alike() {
    if !require_lab() || !require("tshark") {
        return;
    }
    let folder = scratch("arp");
    for (name, arguments) in [
        ("ask", &["192.168.11.7", "192.168.11.20", "-W0.2"][..]),
        ("probe", &["-D", "192.168.11.7"]),
        ("announce", &["-A", "-i0.2", "-W0.1", "192.168.11.2"]),
        ("sweep", &["192.168.11.0/24"]),
    ] {
        let file = folder.join(format!("{name}.pcapng"));
        let path = file.to_str().expect("UTF-8");
        let run = run(&[&["--lab", "--json", "--save", path, "arp"], arguments].concat());
        assert!(run.code < 2, "{name}: {}", run.err);
        let fields = ["arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.hw_mac", "arp.dst.proto_ipv4"];
        let columns = fields.iter().flat_map(|field| ["-e", field]);
        let output = Command::new("tshark")
            .args(["-n", "-r", path, "-T", "fields", "-e", "_ws.col.Info"])
            .args(columns)
            .output()
            .expect("tshark runs");
        let theirs = String::from_utf8(output.stdout).expect("UTF-8");
        let ours: Vec<String> = run
            .objects("packet")
            .iter()
            .map(|packet| {
                let arp = &packet["layers"][1]["fields"];
                let plain = |value: &Value| value.to_string().trim_matches('"').to_owned();
                let values = fields.iter().map(|field| plain(&arp[*field]));
                std::iter::once(plain(&packet["info"])).chain(values).collect::<Vec<_>>().join("\t")
            })
            .collect();
        assert_eq!(theirs.lines().collect::<Vec<_>>(), ours, "{name}");
    }
}

#[test]
fn options_count_pace_and_stop() {
    if !require_lab() {
        return;
    }
    let three = run(&["--lab", "--json", "arp", "-c3", "-i0.2", "192.168.11.7"]);
    assert_eq!((three.code, three.summary()["received"].as_i64()), (0, Some(3)));
    assert_eq!(three.objects("neighbour").len(), 1, "one machine, told once");
    let first = run(&["--lab", "--json", "arp", "-c30", "-f", "192.168.11.7"]);
    assert_eq!((first.code, first.summary()["sent"].as_i64()), (0, Some(1)));
    let swept = run(&["--lab", "--json", "arp", "-f", "192.168.11.0/24"]);
    assert_eq!((swept.code, swept.neighbours().len()), (0, 1));
    let hurried = run(&["--lab", "--json", "arp", "-c30", "-i0.1", "-w0.5", "192.168.11.99"]);
    assert_eq!(hurried.code, 1);
    assert!((4..=6).contains(&hurried.summary()["sent"].as_i64().expect("a number")), "{}", hurried.summary());
    let named = run(&["--lab", "--json", "arp", "router.home"]);
    assert_eq!((named.code, named.neighbours().len()), (0, 1));
    let source = run(&["--lab", "--json", "arp", "-S", "192.168.11.2", "192.168.11.1"]);
    assert_eq!(source.code, 0);
    let some = run(&["--lab", "--json", "arp", "-W0.2", "192.168.11.1", "192.168.11.99"]);
    assert_eq!((some.code, some.neighbours().len()), (1, 1), "not everyone answered");
}

#[test]
fn another_source_address_of_ours_is_told() {
    if !require_lab() {
        return;
    }
    let text = "ip addr add 192.168.11.3/24 dev eth0; \"$NETLAB\" --json arp -S 192.168.11.3 192.168.11.7
        \"$NETLAB\" --json arp -S 192.168.11.3 192.168.11.0/24";
    let run = script("home", text);
    assert_eq!((run.code, run.neighbours().len()), (0, 3), "{}", run.err);
    assert!(run.out.contains("Who has 192.168.11.7? Tell 192.168.11.3"), "{}", run.out);
    assert!(!run.out.contains("Who has 192.168.11.2?"), "nobody asks for his own address");
}

#[test]
fn bad_input_is_one_line_and_a_hint() {
    if !require_lab() {
        return;
    }
    for (arguments, message) in [
        (&["10.0.0.0/8"][..], "too large"),
        (&["192.168.11.0/21"], "too large"),
        (&["10.0.0.0/24"], "none of your networks"),
        (&["192.168.10.0/23"], "none of your networks"),
        (&["192.168.11.0/33"], "not a network"),
        (&["192.168.11.0/24", "192.168.11.7"], "alone"),
        (&["192.168.11.0/24", "-i1"], "-i is not for networks"),
        (&["127.0.0.1"], "no ARP on interface lo"),
        (&["127.0.0.0/24"], "no ARP on interface lo"),
        (&["0.0.0.0"], "no address"),
        (&["fe80::1"], "IPv6"),
        (&["-6", "192.168.11.1"], "IPv6"),
        (&["no-such-name.example"], "no-such-name.example"),
        (&["-I", "eth9", "192.168.11.1"], "no interface eth9"),
        (&["-I", "eth9", "192.168.11.0/24"], "no interface eth9"),
        (&["-I", "eth9", "-D", "192.168.11.1"], "no interface eth9"),
        (&["-S", "192.168.11.7", "192.168.11.1"], "not an address of this host"),
        (&["-S", "192.168.11.7", "192.168.11.0/24"], "not an address of this host"),
        (&["-A", "192.168.11.7"], "not an address of this host"),
        (&["-D", "192.168.11.255"], "no machine can have it"),
        (&["-D", "8.8.8.8"], "none of your networks"),
        (&["-D", "224.0.0.1"], "no address that one machine"),
        (&["-D", "192.168.11.50", "192.168.11.51"], "about one address"),
        (&["-D", "192.168.11.0/24"], "not a network"),
        (&["-D", "-A", "192.168.11.2"], "cannot be used with"),
        (&["-c", "0", "192.168.11.1"], "--count"),
        (&["-W", "x", "192.168.11.1"], "--timeout"),
        (&[], "required"),
    ] {
        let run = run(&[&["--lab", "arp"], arguments].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
        let mut lines = run.err.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("netlab: ") && first.contains(message), "{arguments:?}: {}", run.err);
        assert!(lines.next().is_some(), "{arguments:?} has no hint: {}", run.err);
    }
}

#[test]
fn outside_the_lab_it_is_polite() {
    if !require_lab() {
        return;
    }
    // A run that does not know of the lab around it: as on a real network.
    let text = "set +e; unset NETLAB_LAB; \"$NETLAB\" arp -c3 -i0.1 192.168.11.7; echo often $?
        \"$NETLAB\" arp -c1001 192.168.11.7; echo many $?
        \"$NETLAB\" arp -c11 192.168.11.0/24; echo sweeps $?";
    let run = script("home", text);
    for expected in ["often 2", "many 2", "sweeps 2"] {
        assert!(run.out.contains(expected), "no {expected:?} in {}{}", run.out, run.err);
    }
    assert_eq!(run.err.matches("for the lab only").count(), 3, "{}", run.err);
}

#[test]
fn progress_is_for_terminals() {
    if !require_lab() || !require("script") {
        return;
    }
    let sweep = format!("{} --lab arp 192.168.11.0/24", env!("CARGO_BIN_EXE_netlab"));
    let output =
        Command::new("script").args(["-qec", &sweep, "/dev/null"]).env("TERM", "xterm").output().expect("script");
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && seen.contains("left"), "a bar on a terminal: {seen:?}");
    assert!(seen.contains("192.168.11.7     8c:85:90:42:64:b2  Apple"), "{seen:?}");
    assert_eq!(run(&["--lab", "arp", "192.168.11.0/24"]).err, "", "none elsewhere");
}

#[test]
fn links_without_arp_are_explained() {
    if !require_lab() {
        return;
    }
    let text = "set +e; ip link set eth0 arp off
        \"$NETLAB\" arp 192.168.11.1; echo single $?; \"$NETLAB\" arp 192.168.11.0/24; echo sweep $?
        \"$NETLAB\" arp -D 192.168.11.9; echo probe $?";
    let run = script("home", text);
    for expected in ["single 2", "sweep 2", "probe 2"] {
        assert!(run.out.contains(expected), "no {expected:?} in {}{}", run.out, run.err);
    }
    assert_eq!(
        run.err.matches("there is no ARP on interface eth0: it is switched off there").count(),
        3,
        "{}",
        run.err
    );
}

#[test]
fn an_interrupt_keeps_what_was_seen() {
    if !require_lab() {
        return;
    }
    for (arguments, code) in
        [(&["-c100", "192.168.11.7"][..], 0), (&["-c100", "192.168.11.99"], 1), (&["-D", "192.168.11.50"], 1)]
    {
        let mut child = netlab(&[&["--lab", "--json", "arp"], arguments].concat())
            .stdout(Stdio::piped())
            .spawn()
            .expect("netlab runs");
        std::thread::sleep(Duration::from_millis(600));
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("interrupt");
        let mut out = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut out).expect("UTF-8");
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{arguments:?}");
        assert_eq!(out.matches("\"type\":\"summary\"").count(), 1, "{arguments:?}: {out}");
    }
}
