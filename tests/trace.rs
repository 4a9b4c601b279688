//! `netlab trace` as a user runs it: in the lab and in rows of routers, against real kernel stacks, with traceroute,
//! tcpdump, tshark and `ss` as witnesses.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::folder::Folder;
use support::run::{Run, run, script};
use support::{as_nobody, netlab, require_lab, require_lab_as_nobody, require_program as require, scratch};

/// The routers of the home scenario, and the web server behind them.
const HOME: [&str; 6] = ["192.168.11.1", "198.51.100.1", "198.51.100.6", "203.0.113.2", "203.0.113.6", "93.184.216.34"];

impl Run {
    /// The addresses of each hop, joined; `*` where nobody answered.
    fn path(&self) -> Vec<String> {
        let joined = |hop: &Value| {
            let all: Vec<&str> =
                hop["addresses"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
            if all.is_empty() { "*".to_owned() } else { all.join(" ") }
        };
        self.objects("hop").iter().map(joined).collect()
    }
}

/// A row of routers as `benches/chain` writes it; the path of its file, which goes with the folder.
fn chain(routers: u32, rtt: u32, options: &[&str]) -> (Folder, String) {
    let folder = scratch("chain");
    let file = folder.join("chain.toml");
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/chain"))
        .args([routers.to_string(), rtt.to_string()])
        .args(options)
        .output()
        .expect("benches/chain runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(&file, output.stdout).expect("a file");
    let path = file.to_str().expect("UTF-8").to_owned();
    (folder, path)
}

/// The addresses of a row of routers, its host last.
fn row(routers: u32) -> Vec<String> {
    std::iter::once("10.0.0.1".to_owned()).chain((1..=routers).map(|number| format!("10.1.{number}.2"))).collect()
}

/// The path that `traceroute -n` prints: one line a hop, all addresses of it.
fn traceroute_path(text: &str) -> Vec<String> {
    let hops = text.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    hops.map(|line| {
        let mut addresses: Vec<&str> =
            line.split_whitespace().skip(1).filter(|word| word.matches('.').count() == 3).collect();
        addresses.dedup();
        if addresses.is_empty() { "*".to_owned() } else { addresses.join(" ") }
    })
    .collect()
}

#[test]
fn every_kind_of_probe_finds_the_path_that_traceroute_finds() {
    if !require_lab() || !require("traceroute") {
        return;
    }
    for (ours, theirs) in [("--icmp", "-I"), ("--udp", "-U"), ("--tcp", "-T")] {
        let run = script(
            "home",
            &format!("traceroute -n {theirs} -q1 www.example.com >&2; $NETLAB trace {ours} --json www.example.com"),
        );
        assert_eq!(run.code, 0, "{ours}: {}{}", run.out, run.err);
        assert_eq!(run.path(), HOME, "{ours}");
        assert_eq!(traceroute_path(&run.err), HOME, "{theirs}: {}", run.err);
        let summary = run.summary();
        assert_eq!((&summary["reached"], &summary["hops"]), (&true.into(), &6.into()));
        for hop in run.objects("hop") {
            let probes = hop["probes"].as_array().expect("a list");
            assert!(probes.len() >= 3 && probes.iter().filter(|probe| !probe["rtt"].is_null()).count() >= 3, "{hop}");
        }
        assert!(run.has("trace.reached") && run.has("trace.blind.back"));
    }
}

#[test]
fn the_table_names_the_hops_and_draws_the_path() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "trace", "www.example.com"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.lines().all(|line| line.chars().count() <= 80), "{}", run.out);
    for (address, name) in HOME.iter().zip(["router.home", "bras.isp", "core.isp", "tokyo.tr", "seattle.tr", "www.exa"])
    {
        let row = run.out.lines().find(|line| line.get(5..).is_some_and(|rest| rest.starts_with(address)));
        assert!(row.is_some_and(|row| row.contains(name)), "{address} {name}: {}", run.out);
    }
    assert!(run.out.contains("TTL ran out here") && run.out.contains("the target"));
    assert!(run.out.lines().any(|line| line.starts_with("you") && line.ends_with('6')), "{}", run.out);
    for word in ["fact ", "blind "] {
        assert!(run.out.contains(word), "{}", run.out);
    }
    let numeric = self::run(&["--lab", "trace", "-n", "--quiet", "www.example.com"]);
    assert!(!numeric.out.contains("router.home") && numeric.out.lines().count() == 7, "{}", numeric.out);
}

#[test]
fn an_ordinary_user_needs_no_rights_in_the_lab() {
    if !require_lab_as_nobody() {
        return;
    }
    for kind in ["--icmp", "--udp", "--tcp"] {
        let mut command = netlab(&["--lab", "trace", kind, "--json", "-n", "www.example.com"]);
        as_nobody(&mut command);
        let run = Run::from(command.output().expect("netlab runs"));
        assert_eq!((run.code, run.path()), (0, HOME.map(str::to_owned).to_vec()), "{kind}: {}", run.err);
    }
}

#[test]
fn long_paths_take_little_longer_than_one_round_trip() {
    if !require_lab() {
        return;
    }
    for routers in [10, 20] {
        let (_folder, file) = chain(routers, 100, &[]);
        let lab = format!("--lab={file}");
        let target = format!("10.1.{routers}.2");
        let run = run(&[&lab, "trace", "-n", "--json", &target]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert_eq!(run.path(), row(routers));
        let packets = run.objects("packet");
        let time = |packet: &Value| packet["time"].as_i64().expect("nanoseconds");
        let probes = run.objects("probe");
        let longest = probes.iter().filter_map(|probe| probe["rtt"].as_i64()).max().expect("an answer");
        let first = packets.iter().find(|packet| has_layer(packet, "icmp")).map(time).expect("a probe");
        let last = packets.last().map(time).expect("an answer");
        // The goal is 1.25; tests run beside each other, in a debug build, on a shared machine.
        let percent = (last - first) * 100 / longest;
        assert!(percent < 160, "{routers} routers: {percent} % of a round trip");
    }
}

fn has_layer(packet: &Value, name: &str) -> bool {
    packet["layers"].as_array().expect("a list").iter().any(|layer| layer["name"] == name)
}

fn field<'a>(packet: &'a Value, layer: &str, key: &str) -> &'a Value {
    let layers = packet["layers"].as_array().expect("a list");
    layers.iter().find(|candidate| candidate["name"] == layer).map_or(&Value::Null, |found| &found["fields"][key])
}

#[test]
fn every_rtt_is_the_difference_of_tcpdumps_stamps() {
    if !require_lab() || !require("tcpdump") || !require("tshark") {
        return;
    }
    let run = script(
        "home",
        "dir=$(mktemp -d); trap 'rm -rf $dir' EXIT
        tcpdump -i eth0 -U --immediate-mode --time-stamp-precision=nano -w $dir/dump.pcap icmp 2>$dir/log &
        timeout 20 sh -c \"until grep -q listening $dir/log; do sleep 0.05; done\"
        sleep 0.1
        $NETLAB trace -n --json www.example.com
        sleep 0.3; kill -INT $!; wait $! || true
        tshark -r $dir/dump.pcap -T fields -e frame.time_epoch -e icmp.type -e icmp.seq 2>/dev/null | sed 's/^/stamp\\t/' >&2",
    );
    assert_eq!(run.code, 0, "{}", run.err);
    let mut asked = BTreeMap::new();
    let mut answered = BTreeMap::new();
    for line in run.err.lines().filter_map(|line| line.strip_prefix("stamp\t")) {
        let columns: Vec<_> = line.split('\t').collect();
        let stamp: i64 = columns[0].replace('.', "").parse().expect("nanoseconds");
        // tshark gives the type and sequence number of an error first and those of the quoted packet after it.
        let seq: u64 = columns[2].rsplit(',').next().and_then(|seq| seq.parse().ok()).expect("a number");
        let map = if columns[1] == "8" { &mut asked } else { &mut answered };
        map.insert(seq, stamp);
    }
    let probes = run.objects("probe");
    let mut compared = 0;
    for probe in probes.iter().filter(|probe| !probe["rtt"].is_null()) {
        let seq = probe["seq"].as_u64().expect("a number");
        let theirs = answered[&seq] - asked[&seq];
        assert_eq!(probe["rtt"], theirs, "seq {seq}");
        compared += 1;
    }
    assert!(compared >= 18, "{compared} probes");
}

#[test]
fn silent_routers_are_named_and_cost_little() {
    if !require_lab() {
        return;
    }
    let (_folder, file) = chain(8, 40, &["silent=3,6"]);
    let lab = format!("--lab={file}");
    let started = Instant::now();
    let json = run(&[&lab, "trace", "-n", "--json", "10.1.8.2"]);
    let took = started.elapsed();
    assert_eq!(json.code, 0, "{}", json.err);
    let mut expected = row(8);
    (expected[2], expected[5]) = ("*".to_owned(), "*".to_owned());
    assert_eq!(json.path(), expected);
    assert!(json.has("trace.silent") && !json.has("trace.limited"), "{:?}", json.notes());
    assert!(took < Duration::from_millis(1500), "{took:?}");
    let text = run(&[&lab, "trace", "-n", "10.1.8.2"]);
    assert!(text.out.lines().any(|line| line.starts_with("  3  *") && line.ends_with("silent")), "{}", text.out);
}

#[test]
fn a_router_that_limits_its_reports_is_called_that() {
    if !require_lab() {
        return;
    }
    // Linux allows six errors at once to one host, then one a second.
    let (_folder, file) = chain(4, 20, &["limited=2"]);
    let lab = format!("--lab={file}");
    let run = run(&[&lab, "trace", "-n", "-q", "10", "--json", "10.1.4.2"]);
    assert_eq!((run.code, run.path()), (0, row(4)), "{}", run.err);
    let limited: Vec<bool> = run.objects("hop").iter().map(|hop| hop["limited"] == true).collect();
    assert_eq!(limited, [false, true, false, false, false]);
    assert!(run.has("trace.limited") && !run.has("trace.lost"), "{:?}", run.notes());
}

#[test]
fn traces_one_after_the_other_tell_a_limit_from_silence() {
    if !require_lab() {
        return;
    }
    let (_folder, lab) = chain(4, 20, &["limited=1,2,3,4"]);
    let run = script(
        &lab,
        "for i in 1 2 3; do $NETLAB trace -n --json 10.1.4.2 > /dev/null; done; $NETLAB trace -n --json 10.1.4.2",
    );
    assert_eq!((run.code, run.path()), (0, row(4)), "{}", run.err);
    assert!(run.has("trace.limited"), "{:?}", run.notes());
}

#[test]
fn each_refusal_is_named_and_marked_as_traceroute_marks_it() {
    if !require_lab() || !require("traceroute") {
        return;
    }
    let folder = scratch("refusals");
    let file = folder.join("unreachable.toml");
    fs::write(&file, include_str!("topologies/unreachable.toml")).expect("a file");
    for (target, mark) in [("203.0.113.1", "!N"), ("198.51.100.1", "!H"), ("192.0.2.1", "!X")] {
        let run = script(
            file.to_str().expect("UTF-8"),
            &format!("traceroute -n -I -q1 {target} >&2; $NETLAB trace --json {target}"),
        );
        assert_eq!(run.code, 1, "{target}: {}", run.err);
        let hop = run.objects("hop").pop().expect("a hop");
        assert_eq!(hop["addresses"][0], "10.0.0.1");
        // traceroute's probes may have used up what the router says at once: then a later one is answered.
        let marks: Vec<_> = hop["probes"].as_array().expect("a list").iter().map(|probe| &probe["mark"]).collect();
        assert!(marks.iter().any(|found| *found == mark), "{target}: {marks:?}");
        assert!(run.err.contains(mark), "traceroute: {}", run.err);
        assert!(run.has("trace.refused") && run.summary()["reached"] == false);
    }
}

#[test]
fn tcp_ports_are_told_apart_and_nothing_stays_half_open() {
    if !require_lab() || !require("ss") {
        return;
    }
    let run = script(
        "home",
        "$NETLAB trace -n --tcp -p 80 --json www.example.com
        sleep 0.3 # the RST needs a while to get there
        $NETLAB lab --on www -- ss -Htan state syn-recv >&2",
    );
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(run.err.trim(), "", "the server holds no half-open connection");
    assert!(run.has("trace.open") && run.has("trace.reset"), "{:?}", run.notes());
    let closed = self::run(&["--lab", "trace", "-n", "--tcp", "-p", "443", "--json", "www.example.com"]);
    assert!(closed.code == 0 && closed.has("trace.closed"), "{:?}", closed.notes());
    let filtered = self::run(&["--lab", "trace", "-n", "--tcp", "-p", "81", "-W", "1", "--json", "www.example.com"]);
    assert!(filtered.code == 1 && filtered.has("trace.unreached"), "{:?}", filtered.notes());
    assert_eq!(filtered.path()[..5], HOME[..5]);
}

#[test]
fn a_circle_is_seen_as_one() {
    if !require_lab() {
        return;
    }
    let (_folder, file) = chain(5, 10, &["loop=4"]);
    let lab = format!("--lab={file}");
    let run = run(&[&lab, "trace", "-n", "-m", "9", "--json", "10.1.5.2"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.has("trace.loop") && run.has("trace.cut"), "{:?}", run.notes());
    assert_eq!(run.path().len(), 9);
}

/// pc – r1 – r2 – two ways – r4 – www; r2 chooses the way by addresses and ports.
const DIAMOND: &str = include_str!("topologies/diamond.toml");

#[test]
fn a_router_that_shares_load_sends_a_trace_one_way() {
    if !require_lab() || !require("traceroute") || !require("ip") {
        return;
    }
    let folder = scratch("diamond");
    let file = folder.join("diamond.toml");
    fs::write(&file, DIAMOND).expect("a file");
    let run = script(
        file.to_str().expect("UTF-8"),
        "$NETLAB lab --on r2 -- ip route replace default nexthop via 10.3.0.2 nexthop via 10.4.0.2
        traceroute -n -U -q 10 -f 3 -m 3 10.6.0.2 >&2
        for i in 1 2 3 4 5 6 7 8; do $NETLAB trace -n --udp --json 10.6.0.2; done",
    );
    assert_eq!(run.code, 0, "{}", run.err);
    // traceroute gives every probe another port: it sees both ways and cannot tell which belongs to which path.
    let both = &traceroute_path(&run.err)[0];
    assert!(both.contains("10.3.0.2") && both.contains("10.4.0.2"), "{}", run.err);
    let third: Vec<Value> = run.objects("hop").into_iter().filter(|hop| hop["ttl"] == 3).collect();
    assert_eq!(third.len(), 8);
    assert!(third.iter().all(|hop| hop["addresses"].as_array().is_some_and(|all| all.len() == 1)), "{third:?}");
    assert!(!run.has("trace.several"));
}

#[test]
fn disorder_on_the_way_changes_nothing() {
    if !require_lab() {
        return;
    }
    let (_folder, file) = chain(3, 20, &[]);
    let faults = "\n[[link.fault]]\nfrom = \"r1\"\nnth = 4\ndo = \"hold\"\nhold = \"15ms\"\n\
                  \n[[link.fault]]\nfrom = \"r2\"\nnth = 2\ndo = \"duplicate\"\n\
                  \n[[link.fault]]\nfrom = \"r2\"\nnth = 5\ndo = \"corrupt\"\n";
    let text = fs::read_to_string(&file).expect("a file");
    let place = text.find("\n[[link]]\nname = \"wire2\"").expect("the second wire");
    fs::write(&file, format!("{}{faults}{}", &text[..place], &text[place..])).expect("a file");
    let run = run(&[&format!("--lab={file}"), "trace", "-n", "--json", "10.1.3.2"]);
    assert_eq!((run.code, run.path()), (0, row(3)), "{}{}", run.out, run.err);
    for hop in run.objects("hop") {
        for probe in hop["probes"].as_array().expect("a list").iter().filter(|probe| !probe["from"].is_null()) {
            assert_eq!(probe["from"], hop["addresses"][0], "an answer belongs to the probe that it quotes");
        }
    }
}

#[test]
fn first_last_and_number_of_probes_are_obeyed() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "trace", "-n", "-f", "2", "-m", "4", "-q", "2", "--json", "www.example.com"]);
    assert_eq!(run.code, 1, "not reached with four hops");
    assert_eq!(run.path(), HOME[1..4]);
    let sent =
        run.objects("packet").into_iter().filter(|packet| packet["direction"] == "out" && has_layer(packet, "icmp"));
    let ttls: Vec<_> = sent.map(|packet| field(&packet, "ip", "ip.ttl").as_u64().expect("a TTL")).collect();
    assert_eq!(ttls, [2, 2, 3, 3, 4, 4]);
    assert!(run.has("trace.cut"), "{:?}", run.notes());
}

#[test]
fn a_target_next_door_and_this_machine_itself() {
    if !require_lab() {
        return;
    }
    for (target, note) in
        [("192.168.11.7", "trace.next-door"), ("192.168.11.2", "ping.local"), ("127.0.0.1", "ping.local")]
    {
        let run = run(&["--lab", "trace", "--json", target]);
        assert_eq!((run.code, run.path()), (0, vec![target.to_owned()]), "{target}: {}", run.err);
        assert!(run.has(note), "{target}: {:?}", run.notes());
    }
    let nobody = run(&["--lab", "trace", "--json", "192.168.11.99"]);
    assert!(nobody.code == 1 && nobody.has("trace.no-arp"), "{:?}", nobody.notes());
}

#[test]
fn what_is_saved_is_what_tshark_reads() {
    if !require_lab() || !require("tshark") {
        return;
    }
    let folder = scratch("saved");
    let file = folder.join("trace.pcapng");
    let path = file.to_str().expect("UTF-8");
    let run = run(&["--lab", "trace", "-n", "--tcp", "--json", "--save", path, "www.example.com"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let tshark = Command::new("tshark").args(["-r", path, "-T", "fields", "-e", "frame.time_epoch"]).output();
    let text = String::from_utf8(tshark.expect("tshark runs").stdout).expect("UTF-8");
    let theirs: Vec<_> = text.lines().map(|stamp| stamp.replace('.', "")).collect();
    let ours: Vec<_> = run.objects("packet").iter().map(|packet| packet["time"].to_string()).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn a_watched_trace_ends_with_one_report() {
    if !require_lab() {
        return;
    }
    let json = run(&["--lab", "trace", "--watch", "-c", "3", "--json", "www.example.com"]);
    assert_eq!((json.code, json.path()), (0, HOME.map(str::to_owned).to_vec()), "{}", json.err);
    assert_eq!(json.objects("hop")[0]["names"][0], "router.home");
    for hop in json.objects("hop") {
        assert_eq!((&hop["sent"], &hop["received"], &hop["loss"]), (&3.into(), &3.into(), &0.into()), "{hop}");
        let [best, avg, worst] = ["best", "avg", "worst"].map(|key| hop[key].as_i64().expect("nanoseconds"));
        assert!(best <= avg && avg <= worst && hop["jitter"].is_i64() && hop["stdev"].is_i64());
    }
    let text = run(&["--lab", "trace", "--watch", "-c", "2", "-n", "www.example.com"]);
    assert_eq!(text.out.matches("Loss%").count(), 1, "{}", text.out);
    assert!(!text.out.contains('\u{1b}'), "nothing is redrawn in a pipe");
}

#[test]
fn a_watched_trace_is_redrawn_on_a_terminal() {
    if !require_lab() || !require("script") {
        return;
    }
    let line = format!("{} --lab trace --watch -c 3 -n www.example.com", env!("CARGO_BIN_EXE_netlab"));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .expect("script runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.matches("Loss%").count() > 2, "drawn again and again: {text}");
    assert!(text.contains("A\u{1b}[J"), "over itself: {text}");
}

#[test]
fn an_interrupt_tells_what_is_known() {
    if !require_lab() {
        return;
    }
    let mut child = netlab(&["--lab", "trace", "-n", "-W", "60", "--tcp", "-p", "81", "--json", "www.example.com"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("netlab runs");
    std::thread::sleep(Duration::from_millis(1500));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it runs");
    let mut out = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut out).expect("UTF-8");
    let code = child.wait().expect("it ends").code().unwrap_or(-1);
    let run = Run { code, out, err: String::new() };
    assert_eq!(run.code, 1);
    assert_eq!(run.path(), HOME[..5]);
    assert!(run.has("trace.interrupted"), "{:?}", run.notes());
    assert_eq!(run.summary()["hops"], 5);
}

#[test]
fn bad_input_is_one_clear_line_and_a_hint() {
    let cases: [(&[&str], &str); 9] = [
        (&["trace"], "TARGET"),
        (&["trace", "-f", "5", "-m", "3", "192.0.2.1"], "first TTL (5) is larger than the last one (3)"),
        (&["trace", "-p", "80", "192.0.2.1"], "no port"),
        (&["trace", "--udp", "--tcp", "192.0.2.1"], "cannot be used with"),
        (&["trace", "-q", "0", "192.0.2.1"], "0"),
        (&["trace", "-q", "11", "192.0.2.1"], "11"),
        (&["trace", "-m", "256", "192.0.2.1"], "256"),
        (&["trace", "--tcp", "-p", "70000", "192.0.2.1"], "70000"),
        (&["trace", "2001:db8::1"], "IPv6 is not supported yet"),
    ];
    for (arguments, said) in cases {
        let run = run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        let mut lines = run.err.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("netlab: ") && first.contains(said), "{arguments:?}: {first}");
        assert!(lines.next().is_some(), "{arguments:?}: a hint");
        assert!(run.out.is_empty());
    }
    if !require_lab() {
        return;
    }
    for arguments in [["--lab", "trace", "no-such-name.example"], ["--lab", "trace", "192.168.11.255"]] {
        let run = run(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(run.err.lines().count() >= 2, "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    if !require_lab() {
        return;
    }
    let line = format!("{} --lab trace --json www.example.com | head -1 > /dev/null", env!("CARGO_BIN_EXE_netlab"));
    let output = Command::new("sh").args(["-c", &line]).output().expect("sh runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_chain_script_refuses_what_it_does_not_know() {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/chain");
    let output = Command::new(script).args(["3", "10", "nonsense=1"]).output().expect("it runs");
    assert!(!output.status.success());
}
