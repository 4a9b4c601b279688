//! `netlab ping` as a user runs it: the binary, in the lab and in topologies of its own, against real kernel stacks,
//! with tcpdump, tshark and ping as witnesses.

mod support;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::run::{Run, run, script};
use support::{as_nobody, is_root, netlab, require_lab, require_lab_as_nobody, require_program as require, scratch};

#[test]
fn the_router_answers_and_the_verdict_says_what_that_proves() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "ping", "-c2", "-i0.2", "192.168.11.1"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    for expected in [
        "192.168.11.1 is on your own network (192.168.11.0/24)",
        "Who has 192.168.11.1? Tell 192.168.11.2",
        "192.168.11.1 is at 4c:e6:76:0a:11:01",
        "Echo (ping) request  id=0x",
        "Echo (ping) reply    id=0x",
        "--- 192.168.11.1 ping statistics ---",
        "2 packets transmitted, 2 received, 0% packet loss, time ",
        "rtt min/avg/max/mdev = ",
        "\nfact ",
        "\nblind ",
    ] {
        assert!(run.out.contains(expected), "no {expected:?} in\n{}", run.out);
    }
    let widest = run.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "a line is {widest:?} columns wide in\n{}", run.out);
    assert_eq!(run.err, "", "nothing on standard error");
}

#[test]
fn an_ordinary_user_needs_no_rights_in_the_lab() {
    if !require_lab_as_nobody() {
        return;
    }
    let mut command = netlab(&["--lab", "ping", "-c1", "-q", "192.168.11.7"]);
    as_nobody(&mut command);
    let run = Run::from(command.output().expect("netlab runs"));
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("1 packets transmitted, 1 received, 0% packet loss"), "{}", run.out);
}

#[test]
fn json_is_the_contract() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "ping", "-c2", "-i0.2", "--json", "www.example.com"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let start = &run.objects("start")[0];
    assert_eq!(start["command"], "ping");
    assert_eq!(start["target"], "www.example.com");
    assert_eq!(start["address"], "93.184.216.34");
    assert_eq!(start["interface"], "eth0");
    assert_eq!(start["source"], "192.168.11.2");
    assert_eq!(start["gateway"], "192.168.11.1");
    assert_eq!(start["lab"], true);
    let packets = run.objects("packet");
    let numbers: Vec<_> = packets.iter().map(|packet| packet["number"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, (1..=packets.len() as u64).collect::<Vec<_>>());
    let request = packets.iter().find(|packet| packet["direction"] == "out" && has_layer(packet, "icmp")).expect("one");
    assert_eq!(request["length"], 98);
    assert_eq!(field(request, "ip", "ip.ttl"), 64);
    assert_eq!(field(request, "ip", "ip.flags.df"), true);
    assert_eq!(field(request, "ip", "ip.src"), "192.168.11.2");
    assert_eq!(field(request, "icmp", "icmp.type"), 8);
    for probe in run.objects("probe") {
        assert_eq!(probe["status"], "reply");
        assert_eq!(probe["from"], "93.184.216.34");
        let time = |number: &Value| {
            packets.iter().find(|packet| packet["number"] == *number).expect("that frame")["time"].as_i64().expect("ns")
        };
        let between = time(&probe["response"]) - time(&probe["request"]);
        assert_eq!(probe["rtt"].as_i64(), Some(between), "RTT is the difference of the two stamps");
        assert!((110_000_000..200_000_000).contains(&between), "about 120 ms to www.example.com, not {between} ns");
    }
    let summary = run.summary();
    assert_eq!((&summary["transmitted"], &summary["received"]), (&2.into(), &2.into()));
    assert_eq!(summary["loss"], 0.0);
    for key in ["min", "avg", "max", "mdev"] {
        assert!(summary["rtt"][key].is_u64(), "rtt.{key} in {summary}");
    }
}

fn has_layer(packet: &Value, name: &str) -> bool {
    packet["layers"].as_array().expect("layers").iter().any(|layer| layer["name"] == name)
}

fn field<'a>(packet: &'a Value, layer: &str, key: &str) -> &'a Value {
    let layers = packet["layers"].as_array().expect("layers");
    &layers.iter().find(|found| found["name"] == layer).expect("the layer")["fields"][key]
}

#[test]
fn silence_is_a_no_and_never_down() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "ping", "-c1", "-W0.3", "192.168.11.20"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("1 packets transmitted, 0 received, 100% packet loss"), "{}", run.out);
    assert!(!run.out.contains("rtt min"), "no RTT line without a reply");
    assert!(!run.out.to_lowercase().contains("is down"), "{}", run.out);
}

#[test]
fn nobody_home_is_told_by_arp() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "ping", "-c1", "--json", "192.168.11.99"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.objects("packet").iter().all(|packet| has_layer(packet, "arp")), "nothing but ARP can leave");
    assert_eq!(run.summary()["received"], 0);
}

#[test]
fn time_exceeded_names_the_router() {
    if !require_lab() {
        return;
    }
    let run = run(&["--lab", "ping", "-c1", "-t1", "--json", "www.example.com"]);
    assert_eq!(run.code, 1);
    let probe = &run.objects("probe")[0];
    assert_eq!((&probe["status"], &probe["from"]), (&"time-exceeded".into(), &"192.168.11.1".into()));
    assert_eq!(probe["ttl"], 1);
    let answer = run.objects("packet").into_iter().last().expect("the answer");
    let quoted = answer["layers"].as_array().expect("layers").iter().filter(|layer| layer["quoted"] == true).count();
    assert!(quoted >= 2, "the original datagram is dissected: {answer}");
}

#[test]
fn a_name_with_several_addresses_is_told() {
    if !require_lab() {
        return;
    }
    let folder = scratch("several");
    let file = folder.join("several.toml");
    let node = |name: &str, host: u32, names: &str| {
        format!(
            "[[node]]\nname = \"{name}\"\n{names}[[node.interface]]\nname = \"eth0\"\nlink = \"lan\"\naddress = \"10.0.0.{host}/24\"\n"
        )
    };
    let named = "names = [\"twin.example\"]\n";
    let text = [
        "title = \"twins\"\nhost = \"pc\"\n[[link]]\nname = \"lan\"\n".to_owned(),
        node("pc", 1, "services = [{ kind = \"dns\", port = 53 }]\n"),
        node("one", 2, "") + named,
        node("two", 3, "") + named,
    ];
    fs::write(&file, text.concat()).expect("a file");
    let run = run(&[&format!("--lab={}", file.display()), "ping", "-c1", "twin.example"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let told = run.out.lines().find(|line| line.contains("several addresses")).expect("it says so");
    assert!(
        told.contains("twin.example") && run.out.contains("10.0.0.2") && run.out.contains("10.0.0.3"),
        "{}",
        run.out
    );
}

#[test]
fn sizes_fragments_and_the_dont_fragment_flag() {
    if !require_lab() {
        return;
    }
    for (size, frames_each_way) in [("0", 1), ("56", 1), ("1472", 1), ("1473", 2), ("20000", 14)] {
        let run = run(&["--lab", "ping", "-c1", "-s", size, "--json", "192.168.11.7"]);
        assert_eq!(run.code, 0, "-s {size}: {}", run.err);
        assert!(run.objects("note").iter().all(|note| note["id"] != "event.other-payload"), "-s {size}");
        let ip: Vec<_> = run.objects("packet").into_iter().filter(|packet| has_layer(packet, "ip")).collect();
        assert_eq!(ip.len(), 2 * frames_each_way, "-s {size}");
        assert_eq!(field(&ip[0], "ip", "ip.flags.df"), frames_each_way == 1, "-s {size}");
    }
    let refused = run(&["--lab", "ping", "-c1", "-s1473", "-M", "do", "--json", "192.168.11.7"]);
    assert_eq!(refused.code, 1);
    assert_eq!(refused.objects("probe")[0]["status"], "not-sent");
    assert_eq!(refused.summary()["transmitted"], 0, "what never reached the wire is not lost");
    let allowed = run(&["--lab", "ping", "-c1", "-M", "dont", "--json", "192.168.11.7"]);
    let request = allowed.objects("packet").into_iter().find(|packet| has_layer(packet, "icmp")).expect("a request");
    assert_eq!(field(&request, "ip", "ip.flags.df"), false);
}

/// One LAN, one router with a route of each kind that Linux refuses in its own way.
const UNREACHABLE: &str = include_str!("topologies/unreachable.toml");

#[test]
fn each_kind_of_unreachable_is_named_with_its_sender() {
    if !require_lab() {
        return;
    }
    let folder = scratch("unreachable");
    let file = folder.join("unreachable.toml");
    fs::write(&file, UNREACHABLE).expect("a file");
    let lab = format!("--lab={}", file.display());
    for (target, code) in [("203.0.113.1", 0), ("198.51.100.1", 1), ("192.0.2.1", 13)] {
        let run = run(&[&lab, "ping", "-c1", "--json", target]);
        assert_eq!(run.code, 1, "{target}: {}", run.err);
        let probe = &run.objects("probe")[0];
        assert_eq!((&probe["status"], &probe["from"]), (&"unreachable".into(), &"10.0.0.1".into()), "{target}");
        let error = run.objects("packet").into_iter().last().expect("the error");
        assert_eq!((field(&error, "icmp", "icmp.type"), field(&error, "icmp", "icmp.code")), (&3.into(), &code.into()));
        assert_eq!(run.summary()["errors"], 1);
    }
}

#[test]
fn a_firewalls_port_unreachable_is_named() {
    if !require_lab() || !require("nft") {
        return;
    }
    let run = script(
        "home",
        "$NETLAB lab --on mac -- nft -f - <<'END'
table ip t {
    chain c {
        type filter hook input priority 0;
        icmp type echo-request reject with icmp type port-unreachable
    }
}
END
        set +e
        $NETLAB ping -c1 --json 192.168.11.7",
    );
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let probe = &run.objects("probe")[0];
    assert_eq!((&probe["status"], &probe["from"]), (&"unreachable".into(), &"192.168.11.7".into()));
    let error = run.objects("packet").into_iter().last().expect("the error");
    assert_eq!((field(&error, "icmp", "icmp.type"), field(&error, "icmp", "icmp.code")), (&3.into(), &3.into()));
}

#[test]
fn every_stamp_equals_tcpdumps() {
    if !require_lab() || !require("tcpdump") || !require("tshark") {
        return;
    }
    let run = script(
        "home",
        "dir=$(mktemp -d); trap 'rm -rf $dir' EXIT
        tcpdump -i eth0 -U --immediate-mode --time-stamp-precision=nano -w $dir/dump.pcap 'arp or icmp' 2>$dir/log &
        timeout 20 sh -c \"until grep -q listening $dir/log; do sleep 0.05; done\"
        sleep 0.1
        $NETLAB ping -c 20 -i 0.2 --json 192.168.11.7
        sleep 0.3; kill -INT $!; wait $! || true
        tshark -r $dir/dump.pcap -T fields -e frame.time_epoch 2>/dev/null | sed 's/^/stamp /' >&2",
    );
    assert_eq!(run.code, 0, "{}", run.err);
    let ours: Vec<i64> =
        run.objects("packet").iter().map(|packet| packet["time"].as_i64().expect("nanoseconds")).collect();
    let theirs: Vec<i64> = run
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("stamp "))
        .map(|stamp| stamp.replace('.', "").parse().expect("nanoseconds"))
        .collect();
    assert!(ours.len() >= 42, "2 ARP and 40 ICMP frames, not {}", ours.len());
    assert_eq!(ours, theirs, "frame by frame");
}

#[test]
fn what_is_saved_is_what_tshark_reads() {
    if !require_lab() || !require("tshark") {
        return;
    }
    let folder = scratch("saved");
    let file = folder.join("run.pcapng");
    let path = file.to_str().expect("UTF-8");
    let run = run(&["--lab", "ping", "-c2", "-i0.2", "-s1473", "--json", "--save", path, "www.example.com"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let fields =
        ["-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.comment", "-e", "_ws.col.Info"];
    let read = |joining| {
        let joining = format!("ip.defragment:{joining}");
        let tshark = Command::new("tshark").args(["-o", &joining, "-r", path]).args(fields).output();
        String::from_utf8(tshark.expect("tshark runs").stdout).expect("UTF-8")
    };
    let (text, alone) = (read("TRUE"), read("FALSE"));
    let packets = run.objects("packet");
    assert_eq!(text.lines().count(), packets.len(), "{text}");
    let mut comments = 0;
    for ((line, alone), packet) in text.lines().zip(alone.lines()).zip(&packets) {
        let columns: Vec<_> = line.split('\t').collect();
        assert_eq!(columns[0].replace('.', ""), packet["time"].to_string());
        assert_eq!(columns[1], packet["length"].to_string());
        // The last piece is shown for itself, and then the whole datagram; tshark shows the whole in its place.
        let info = packet["info"].as_str().expect("text");
        let last = info.starts_with("Fragmented") && alone.ends_with(info);
        assert!(last || columns[3] == info, "{info}, tshark {}", columns[3]);
        comments += usize::from(!columns[2].is_empty());
    }
    assert!(comments > 0, "the explanations are packet comments");
}

#[test]
fn loopback_is_seen_once_each_way() {
    if !require_lab() {
        return;
    }
    for target in ["127.0.0.1", "192.168.11.2"] {
        let run = run(&["--lab", "ping", "-c1", "--json", target]);
        assert_eq!(run.code, 0, "{target}: {}{}", run.out, run.err);
        assert_eq!(run.objects("packet").len(), 2, "{target}: one request, one reply");
        assert_eq!(run.objects("start")[0]["interface"], "lo", "{target}");
    }
}

#[test]
fn a_broadcast_needs_to_be_meant() {
    if !require_lab() {
        return;
    }
    for target in ["192.168.11.255", "255.255.255.255", "224.0.0.1"] {
        let refused = run(&["--lab", "ping", "-c1", target]);
        assert_eq!(refused.code, 2, "{target}");
        assert!(refused.err.contains("--broadcast"), "{}", refused.err);
        let meant = run(&["--lab", "ping", "-c1", "-W0.2", "--broadcast", target]);
        assert!(meant.code < 2, "{target}: {}", meant.err);
    }
}

#[test]
fn bad_input_is_one_clear_line_and_a_hint() {
    if !require_lab() {
        return;
    }
    for (arguments, expected) in [
        (&["ping", "-c1", "no-such-name.example"][..], "no-such-name.example"),
        (&["ping", "-c1", "-I", "eth9", "192.168.11.1"], "eth9"),
        (&["ping", "-c1", "-S", "192.168.11.7", "192.168.11.1"], "192.168.11.7"),
        (&["ping", "-c1", "0.0.0.0"], "0.0.0.0"),
        (&["ping", "-c0", "192.168.11.1"], "'0'"),
        (&["ping", "-t256", "192.168.11.1"], "256"),
        (&["ping", "-t0", "192.168.11.1"], "'0'"),
        (&["ping", "-s65508", "192.168.11.1"], "65508"),
        (&["ping", "-s", "-1", "192.168.11.1"], "0..=65507"),
        (&["ping", "-c", "-1", "192.168.11.1"], "1..=65535"),
        (&["ping", "-t", "-1", "192.168.11.1"], "1..=255"),
        (&["ping", "-i", "-1", "192.168.11.1"], "between 0 and 86400"),
        (&["ping", "-W", "-0.5", "192.168.11.1"], "between 0 and 86400"),
        (&["ping", "-w", "-1", "192.168.11.1"], "between 0 and 86400"),
        (&["ping", "-c1", "-S", "127.0.0.1", "192.168.11.1"], "127.0.0.1 cannot be the source"),
        (&["ping", "-i", "x", "192.168.11.1"], "'x'"),
        (&["ping", "-W", "nan", "192.168.11.1"], "nan"),
        (&["ping", "-p", "xyz", "192.168.11.1"], "xyz"),
        (&["ping", "-M", "maybe", "192.168.11.1"], "maybe"),
        (&["ping", "-6", "192.168.11.1"], "IPv6"),
        (&["ping", "2001:db8::1"], "IPv6"),
        (&["ping"], "TARGET"),
        (&["ping", "--lang", "xx", "192.168.11.1"], "xx"),
        (&["ping", "-c1", "--save", "/nowhere/at/all.pcapng", "192.168.11.1"], "/nowhere/at/all.pcapng"),
        (&["ping", "-c1", "--save", "/", "192.168.11.1"], "/"),
        (&["pnig", "192.168.11.1"], "pnig"),
        (&["ping", "-s", "-1", "192.168.11.1"], "'-1'"),
        (&["ping", "-c1", "-S", "127.0.0.1", "192.168.11.1"], "127.0.0.1"),
        (&["lab", "--save", "x.pcapng", "map"], "--save"),
        (&["field", "--json", "-I", "eth0"], "--interface"),
    ] {
        let all: Vec<_> = ["--lab"].iter().chain(arguments).copied().collect();
        let run = run(&all);
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.out, run.err);
        assert_eq!(run.out, "", "{arguments:?}");
        let lines: Vec<_> = run.err.lines().collect();
        assert!(lines[0].starts_with("netlab: ") && lines[0].contains(expected), "{arguments:?}: {}", run.err);
        assert!((2..=5).contains(&lines.len()), "a line and a hint for {arguments:?}, not\n{}", run.err);
    }
}

#[test]
fn outside_the_lab_the_rate_is_polite() {
    for arguments in [&["ping", "-i0.1", "127.0.0.1"][..], &["ping", "-c1001", "127.0.0.1"]] {
        let run = run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.out, run.err);
        assert!(run.err.contains("lab"), "{}", run.err);
    }
}

#[test]
fn a_shell_in_the_lab_is_in_the_lab() {
    if !require_lab() {
        return;
    }
    let run = script("home", "$NETLAB ping -c2 -i0.05 --json 192.168.11.1");
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(run.objects("start")[0]["lab"], true);
    // A forged environment gives nothing outside.
    let told = script("home", "env | grep ^NETLAB_; sleep 2 & echo");
    let mut command = netlab(["ping", "-c2", "-i0.05", "127.0.0.1"]);
    command.envs(told.out.lines().filter_map(|line| line.split_once('=')));
    assert_eq!(Run::from(command.output().expect("netlab runs")).code, 2);
}

#[test]
fn the_deadline_counts_from_the_first_question() {
    if !require_lab() {
        return;
    }
    let begun = Instant::now();
    let run = run(&["--lab", "ping", "-w1", "-c1", "--json", "192.168.11.99"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(begun.elapsed() < Duration::from_millis(2500), "{:?}", begun.elapsed());
    assert_eq!(run.summary()["loss"], 100);
}

#[test]
fn signals_end_a_run_whatever_it_does() {
    if !require_lab() {
        return;
    }
    // Sending without a pause, and writing to a pipe that nobody reads: the first signal, or the second one, ends it.
    for (arguments, reads) in [
        (&["--lab", "ping", "-i0", "-c65535", "-q", "192.168.11.20"][..], true),
        (&["--lab", "ping", "-i0", "-c65535", "192.168.11.1"], false),
    ] {
        let child = netlab(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("netlab runs");
        let interrupt = || {
            let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
            status.expect("kill runs").success()
        };
        std::thread::sleep(Duration::from_millis(1500));
        assert!(interrupt(), "{arguments:?}: it still runs");
        std::thread::sleep(Duration::from_millis(500));
        if !reads {
            interrupt();
            std::thread::sleep(Duration::from_millis(300));
        }
        assert!(!interrupt() || gone(child.id()), "{arguments:?}: it still runs");
        let output = child.wait_with_output().expect("it ended");
        if reads {
            assert!(String::from_utf8_lossy(&output.stdout).contains("packets transmitted"));
        }
    }
}

/// Whether the process has ended, though nobody has asked for its exit code yet.
fn gone(process: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

#[test]
fn an_interrupted_look_up_leaves_nothing_behind() {
    if !require_lab() {
        return;
    }
    let folder = scratch("lookup");
    let file = folder.join("run.pcapng");
    // The name server is asked in vain: nobody has its address.
    let text = format!(
        "echo nameserver 192.168.11.99 > {0}/resolv.conf; mount --bind {0}/resolv.conf /etc/resolv.conf
        $NETLAB ping -c1 --save {1} slow.example & sleep 1; kill -INT $!; wait $! || echo \"code $?\"",
        folder.display(),
        file.display()
    );
    let run = script("home", &text);
    assert_eq!(run.out, "code 2\n", "{}", run.err);
    assert!(run.err.contains("interrupted before anything was sent"), "{}", run.err);
    assert!(!file.exists(), "no empty file is left behind");
}

#[test]
fn an_interface_that_is_down_and_one_without_an_address_are_named() {
    if !require_lab() || !require("ip") {
        return;
    }
    let run = script(
        "home",
        "ip link add name empty type veth peer name lying; ip link set empty up; ip link set lying up; ip link set lying down
        $NETLAB ping -c1 -I empty 192.168.11.1 || echo \"code $?\"
        $NETLAB ping -c1 -I lying 192.168.11.1 || echo \"code $?\"
        ip link set eth0 down
        $NETLAB ping -c1 192.168.11.1 || echo \"code $?\"",
    );
    assert_eq!(run.out, "code 2\ncode 2\ncode 2\n", "{}", run.err);
    assert!(run.err.contains("empty") && run.err.contains("lying") && run.err.contains("down"), "{}", run.err);
}

#[test]
fn a_link_that_goes_down_ends_the_run_with_a_summary() {
    if !require_lab() || !require("ip") {
        return;
    }
    for (how, word) in [("ip link set eth0 down", "down"), ("ip link del eth0", "deleted")] {
        let run = script(
            "home",
            &format!("(sleep 0.5; {how}) & $NETLAB ping -c 50 -i 0.2 192.168.11.1 2>&1 || echo \"code $?\"; times"),
        );
        assert!(run.out.contains("packets transmitted"), "{how}: {}", run.out);
        assert!(run.out.contains("netlab: ") && run.out.contains(word), "{how}: {}", run.out);
        assert!(run.out.contains("code 2"), "{how}: {}", run.out);
    }
}

#[test]
fn without_the_right_the_way_out_is_told() {
    if !is_root() {
        return;
    }
    let mut command = netlab(&["ping", "-c1", "127.0.0.1"]);
    as_nobody(&mut command);
    let run = Run::from(command.output().expect("netlab runs"));
    assert_eq!(run.code, 2, "{}{}", run.out, run.err);
    let lines: Vec<_> = run.err.lines().collect();
    assert!(lines[0].starts_with("netlab: cannot open a raw socket") && lines[0].contains("EPERM"), "{}", run.err);
    assert!(lines[1].starts_with("try: netlab --lab ping -c1 127.0.0.1"), "{}", run.err);
    assert!(lines[2].starts_with("or once: sudo setcap cap_net_raw+ep "), "{}", run.err);
}

#[test]
fn the_way_out_is_ready_to_be_pasted() {
    if !is_root() {
        return;
    }
    let mut command = netlab(&["ping", "-c1", "süß.example's host"]);
    as_nobody(&mut command);
    let run = Run::from(command.output().expect("netlab runs"));
    let hint = run.err.lines().find_map(|line| line.strip_prefix("try: ")).expect("a hint");
    let pasted = hint.strip_suffix(" (needs no rights)").expect("what it needs");
    let script = format!("netlab() {{ printf '%s\\n' \"$@\"; }}; {pasted}");
    let words = Command::new("sh").args(["-c", &script]).output().expect("sh runs");
    assert_eq!(String::from_utf8_lossy(&words.stdout), "--lab\nping\n-c1\nsüß.example's host\n", "{hint}");
    assert!(pasted.contains("süß"), "{hint}");
}

#[test]
fn with_another_users_rights_it_does_not_run() {
    use std::os::unix::fs::PermissionsExt;
    if !is_root() {
        eprintln!("SKIPPED: only root can make a file set-user-id root");
        return;
    }
    let folder = scratch("setuid");
    let copy = folder.join("netlab");
    fs::copy(env!("CARGO_BIN_EXE_netlab"), &copy).expect("a copy");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).expect("permissions");
    let mount = nix::sys::statvfs::statvfs(&copy).expect("a file system");
    if mount.flags().contains(nix::sys::statvfs::FsFlags::ST_NOSUID) {
        eprintln!("SKIPPED: the temporary directory knows no set-user-id bit (nosuid)");
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "a skip is a failure under NETLAB_REQUIRE_LAB");
        return;
    }
    let mut command = Command::new(&copy);
    command.args(["field", "ip.ttl"]);
    as_nobody(&mut command);
    let run = Run::from(command.output().expect("netlab runs"));
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
    assert!(run.err.starts_with("netlab: refuses to run set-user-id"), "{}", run.err);
    assert!(run.err.contains("chmod u-s"), "{}", run.err);
}

#[test]
fn help_fits_80_columns() {
    for command in [&["--help"][..], &["ping", "--help"], &["field", "--help"], &["lab", "--help"]] {
        let run = run(command);
        let widest = run.out.lines().max_by_key(|line| line.chars().count()).expect("some help");
        assert!(widest.chars().count() <= 80, "{command:?}: {widest}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_is_no_place_to_save() {
    if !require_lab() {
        return;
    }
    let folder = scratch("pipe");
    let pipe = folder.join("run.pcapng");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a named pipe");
    let path = pipe.to_str().expect("UTF-8");
    let out = Command::new("timeout")
        .args(["10", env!("CARGO_BIN_EXE_netlab"), "--lab", "ping", "-c1", "--save", path, "192.168.11.1"])
        .output();
    let run = Run::from(out.expect("timeout runs"));
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("nobody reads") && run.err.contains("hint: "), "{}", run.err);
}

#[test]
fn one_file_capability_is_enough() {
    if !is_root() || !require_lab() || !["ip", "setcap", "setpriv", "unshare"].iter().all(|program| require(program)) {
        return;
    }
    let folder = scratch("setcap");
    let copy = folder.join("netlab");
    fs::copy(env!("CARGO_BIN_EXE_netlab"), &copy).expect("a copy");
    let status = Command::new("setcap").arg("cap_net_raw+ep").arg(&copy).status().expect("setcap runs");
    assert!(status.success());
    // A namespace of its own, so that nothing leaves for the real loopback.
    let text = format!(
        "ip link set lo up; setpriv --reuid 65534 --regid 65534 --clear-groups {} ping -c1 -q 127.0.0.1",
        copy.display()
    );
    let run = Run::from(Command::new("unshare").args(["-n", "sh", "-ec", &text]).output().expect("unshare runs"));
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("1 received"), "{}", run.out);
}

#[test]
fn under_sudo_a_saved_file_belongs_to_the_one_who_asked() {
    use std::os::unix::fs::MetadataExt;
    if !require_lab() || !is_root() {
        return;
    }
    let folder = scratch("sudo");
    let file = folder.join("run.pcapng");
    let path = file.to_str().expect("UTF-8");
    let mut command = netlab(&["--lab", "ping", "-c1", "-q", "--save", path, "192.168.11.1"]);
    // What sudo sets; the process is root as under sudo.
    command.env("SUDO_UID", "65534").env("SUDO_GID", "65533");
    let run = Run::from(command.output().expect("netlab runs"));
    assert_eq!(run.code, 0, "{}", run.err);
    let owner = fs::metadata(&file).expect("the file");
    assert_eq!((owner.uid(), owner.gid()), (65534, 65533));
}

#[test]
fn a_run_that_cannot_start_leaves_an_old_capture_alone() {
    if !require_lab() {
        return;
    }
    let folder = scratch("old");
    let (old, new) = (folder.join("old.pcapng"), folder.join("new.pcapng"));
    fs::write(&old, "precious").expect("a file");
    for file in [&old, &new] {
        let path = file.to_str().expect("UTF-8");
        assert_eq!(run(&["--lab", "ping", "-c1", "--save", path, "no-such-name.example"]).code, 2);
    }
    assert_eq!(fs::read_to_string(&old).expect("still there"), "precious");
    assert!(!new.exists(), "no empty file is left behind");
}

#[test]
fn a_full_disk_keeps_the_run_and_the_file() {
    if !require_lab() || !require("tshark") {
        return;
    }
    let run = script(
        "home",
        "dir=$(mktemp -d); mount -t tmpfs -o size=8k tmpfs $dir
        $NETLAB ping -c 30 -i 0.01 --lab -s 1000 --save $dir/full.pcapng 192.168.11.1 || echo \"code $?\"
        tshark -r $dir/full.pcapng 2>&1 | tail -1",
    );
    assert!(run.err.contains("full.pcapng") && run.err.contains("space"), "{}", run.err);
    assert!(run.out.contains("packets transmitted"), "{}", run.out);
    assert!(run.out.contains("code 2"), "{}", run.out);
    let last = run.out.lines().last().expect("tshark's last line");
    assert!(last.contains("Echo (ping)") || last.contains("ARP"), "the file is valid to its end: {last}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    if !require_lab() {
        return;
    }
    let mut child = netlab(&["--lab", "ping", "-c", "100", "-i0.05", "192.168.11.1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("netlab runs");
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("some output");
    let begun = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    assert!(begun.elapsed() < Duration::from_secs(3), "it ends at the next line");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn an_interrupt_prints_the_summary_so_far() {
    if !require_lab() {
        return;
    }
    for (target, code) in [("192.168.11.1", 0), ("192.168.11.20", 1)] {
        let folder = scratch("interrupt");
        let file = folder.join("run.pcapng");
        let path = file.to_str().expect("UTF-8");
        let child = netlab(&["--lab", "ping", "-c", "100", "--save", path, target])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("netlab runs");
        std::thread::sleep(Duration::from_millis(1300));
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        let run = Run::from(child.wait_with_output().expect("it ends"));
        assert_eq!(run.code, code, "{target}: {}", run.err);
        assert!(run.out.contains("2 packets transmitted"), "{target}: {}", run.out);
        let file = fs::metadata(&file).expect("the file is there");
        assert!(file.len() > 200);
    }
}
