//! `netlab handshake` as a user runs it: against servers that nobody here wrote, on real kernel stacks in the lab,
//! with tcpdump, tshark and ss as witnesses.

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::run::Run;
use support::{as_nobody, netlab, require_lab, require_lab_as_nobody, require_program as require, scratch};

/// Segments that tshark finds odd are warnings (0x600000) or errors.
const WARNING: u64 = 0x0060_0000;

impl Run {
    /// The generated values of every TCP segment that netlab saw.
    fn segments(&self) -> Vec<Value> {
        let tcp = |packet: &Value| {
            let layers = packet["layers"].as_array().expect("layers").clone();
            layers.into_iter().find(|layer| layer["name"] == "tcp" && layer["quoted"] != true)
        };
        self.objects("packet").iter().filter_map(tcp).collect()
    }

    /// What tshark says of every segment that tcpdump saw.
    fn witnessed(&self) -> Vec<Witnessed> {
        self.err.lines().filter_map(|line| line.strip_prefix("row ")).map(Witnessed::read).collect()
    }
}

/// A row of tshark's.
#[derive(Debug)]
struct Witnessed {
    source: String,
    reset: bool,
    completeness: u64,
    /// Under the names that netlab gives them.
    values: Vec<(&'static str, u64)>,
    severity: u64,
}

const KEYS: [&str; 5] = ["tcp.stream", "tcp.seq", "tcp.ack", "tcp.nxtseq", "tcp.window_size"];

impl Witnessed {
    fn read(row: &str) -> Self {
        let columns: Vec<&str> = row.split('\t').collect();
        let number = |text: &str| text.split(',').filter_map(|one| one.parse::<u64>().ok()).max().unwrap_or(0);
        Self {
            source: columns[0].to_owned(),
            reset: columns[1] == "1",
            completeness: number(columns[2]),
            severity: number(columns[3]),
            values: KEYS.into_iter().zip(columns[4..].iter().map(|text| number(text))).collect(),
        }
    }
}

/// Starts `server` on the lab's `mac`, waits until it listens on `port`, and runs `netlab handshake ARGUMENTS` on `pc`
/// while tcpdump watches. `meanwhile` runs on `pc` beside it.
fn visit(server: &str, port: u16, arguments: &str, meanwhile: &str) -> Run {
    let fields = KEYS.map(|key| format!("-e {key}")).join(" ");
    let text = format!(
        "dir=$(mktemp -d); chmod 755 $dir; cd $dir
        servers=
        trap 'kill $servers 2>/dev/null; rm -rf $dir' EXIT
        on_mac() {{ $NETLAB lab --on mac -- \"$@\"; }}
        {server}
        servers=$!
        for try in $(seq 100); do on_mac ss -Hltn sport = :{port} | grep -q . && break; sleep 0.05; done
        tcpdump -i eth0 -U --immediate-mode -w dump.pcap 'tcp port {port}' 2>log >/dev/null &
        dump=$!
        timeout 20 sh -c 'until grep -q listening log; do sleep 0.05; done'
        {meanwhile}
        set +e
        timeout 60 $NETLAB handshake --json {arguments} 192.168.11.7:{port}
        code=$?
        sleep 0.3; kill -INT $dump; wait $dump
        tshark -r dump.pcap -T fields -e ip.src -e tcp.flags.reset -e tcp.completeness -e _ws.expert.severity \\
            {fields} 2>/dev/null | sed 's/^/row /' >&2
        exit $code"
    );
    let mut command = netlab(["--lab", "lab", "--", "sh", "-ec", &text]);
    // Background processes must not hold the test's pipes longer than the shell lives.
    let output = command.stdin(Stdio::null()).output().expect("netlab runs");
    output.into()
}

fn witnesses() -> bool {
    require_lab() && require("tcpdump") && require("tshark") && require("ss")
}

/// What has to hold for every conversation, whoever answered.
fn check(run: &Run) {
    let (ours, theirs) = (run.segments(), run.witnessed());
    assert!(!theirs.is_empty(), "tcpdump saw nothing\n{}{}", run.out, run.err);
    // What the other end says to nobody, after we have gone, tcpdump alone hears.
    let (heard, late) = theirs.split_at(ours.len().min(theirs.len()));
    let others = late.iter().all(|row| row.source != "192.168.11.2");
    assert!(ours.len() == heard.len() && others, "the same segments\n{}", run.err);
    let theirs = heard;
    for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        for (key, value) in &theirs.values {
            // tshark writes no next number for segments that take up none.
            let compared = *key != "tcp.nxtseq" || *value != 0;
            assert!(!compared || ours["generated"][*key] == *value, "{key} of segment {number}: {ours}\n{theirs:?}");
        }
    }
    let completeness = ours.last().map(|last| last["generated"]["tcp.completeness"].clone());
    assert_eq!(completeness, theirs.last().map(|last| last.completeness.into()), "{theirs:#?}");
}

fn no_reset_leaves(run: &Run) {
    let left = |row: &&Witnessed| row.reset && row.source == "192.168.11.2";
    assert!(run.witnessed().iter().find(left).is_none(), "a RST left\n{}", run.err);
}

fn nothing_is_odd(run: &Run) {
    for row in run.witnessed() {
        assert!(row.severity < WARNING, "{row:?}");
    }
}

const NGINX: &str = "mkdir www; echo hello from nginx >www/index.html
    printf '%s\\n' 'daemon off; master_process off; error_log stderr; pid nginx.pid; events {}' \\
        'http { access_log off; server { listen 192.168.11.7:8080; root www; } }' >nginx.conf
    $NETLAB lab --on mac -- nginx -p $dir -c nginx.conf >nginx.log 2>&1 &";
const PYTHON: &str = "$NETLAB lab --on mac -- python3 -m http.server 8000 --bind 192.168.11.7 >python.log 2>&1 &";
const SSHD: &str = "mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f key
    $NETLAB lab --on mac -- /usr/sbin/sshd -D -f /dev/null -h $dir/key -p 2222 -o ListenAddress=192.168.11.7 -o PidFile=none \\
        >sshd.log 2>&1 &";
/// Accepts, and does what `$1` says with the connection.
fn accepting(then: &str) -> String {
    format!(
        "$NETLAB lab --on mac -- python3 -c 'import socket, struct, time
s = socket.create_server((\"192.168.11.7\", 9000))
c, _ = s.accept()
{then}' >python.log 2>&1 &"
    )
}

#[test]
fn nginx_serves_a_page() {
    if !witnesses() || !require("nginx") {
        return;
    }
    let run = visit(NGINX, 8080, "--get", "");
    assert_eq!(run.code, 0, "{}", run.err);
    let summary = run.summary();
    assert_eq!(
        (&summary["state"], &summary["close"], &summary["established"]),
        (&"open".into(), &"fin".into(), &true.into())
    );
    assert!(summary["bytes_received"].as_u64() > Some(200), "{summary}");
    assert_eq!(summary["options"]["window_scale"]["ours"], 7);
    check(&run);
    no_reset_leaves(&run);
    nothing_is_odd(&run);
    assert_eq!(run.witnessed().last().map(|row| row.completeness), Some(31), "complete, with data");
}

#[test]
fn pythons_server_serves_a_page() {
    if !witnesses() {
        return;
    }
    let run = visit(PYTHON, 8000, "--get /", "");
    assert_eq!((run.code, &run.summary()["close"]), (0, &"fin".into()), "{}", run.err);
    check(&run);
    no_reset_leaves(&run);
    nothing_is_odd(&run);
    assert_eq!(run.witnessed().last().map(|row| row.completeness), Some(31));
}

#[test]
fn a_connection_without_a_word_is_opened_and_closed() {
    if !witnesses() {
        return;
    }
    let run = visit(PYTHON, 8000, "", "");
    assert_eq!((run.code, &run.summary()["close"]), (0, &"fin".into()), "{}", run.err);
    check(&run);
    no_reset_leaves(&run);
    nothing_is_odd(&run);
    assert_eq!(run.witnessed().last().map(|row| row.completeness), Some(23), "complete, no data");
}

#[test]
fn sshs_banner_is_heard_in_the_half_closed_connection() {
    if !witnesses() || !require("sshd") || !support::is_root() {
        return;
    }
    let run = visit(SSHD, 2222, "", "");
    assert_eq!(run.code, 0, "{}", run.err);
    let summary = run.summary();
    assert_eq!(summary["close"], "fin", "{summary}");
    assert!(summary["bytes_received"].as_u64() > Some(10), "{summary}");
    check(&run);
    no_reset_leaves(&run);
    nothing_is_odd(&run);
}

#[test]
fn the_server_counts_the_connection_as_established() {
    if !witnesses() {
        return;
    }
    // It waits for more, and we for an answer: half a second in which ss can look.
    let look = "(for try in $(seq 100); do
            on_mac ss -Htn sport = :9000 | grep ESTAB && break; sleep 0.02; done) >&2 &";
    let run = visit(&accepting("time.sleep(30)"), 9000, "-W 0.6 --send hello", look);
    assert!(run.err.contains("ESTAB"), "ss at the server:\n{}", run.err);
    assert_eq!(run.code, 0, "{}", run.err);
    // It never closes its half, so the end is a RST.
    assert_eq!(run.summary()["close"], "rst");
    assert!(run.notes().contains(&"handshake.still-open".to_owned()), "{:?}", run.notes());
    check(&run);
    assert_eq!(run.witnessed().iter().filter(|row| row.reset).count(), 1, "{}", run.err);
}

#[test]
fn a_server_that_resets_is_said_to_have_done_so() {
    if !witnesses() {
        return;
    }
    let reset = "c.recv(99); c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0)); c.close()";
    let run = visit(&accepting(reset), 9000, "--send hello", "");
    assert_eq!((run.code, &run.summary()["close"]), (0, &"rst".into()), "{}", run.err);
    assert!(run.notes().contains(&"handshake.reset-same".to_owned()), "{:?}", run.notes());
    check(&run);
    no_reset_leaves(&run);
}

#[test]
fn large_answers_and_small_windows_arrive_whole() {
    if !witnesses() {
        return;
    }
    let flood = "c.recv(99); c.sendall(bytes(300000)); c.close()";
    for options in ["", "--no-options", "--window 2000 --wscale 0", "--mss 500"] {
        let run = visit(&accepting(flood), 9000, &format!("{options} --send hello"), "");
        let summary = run.summary();
        assert_eq!((run.code, &summary["close"]), (0, &"fin".into()), "{options}: {}", run.err);
        assert_eq!(summary["bytes_received"], 300_000, "{options}");
        no_reset_leaves(&run);
    }
}

#[test]
fn half_open_abort_and_the_kernels_own_reset() {
    if !witnesses() {
        return;
    }
    for (options, established, note) in [
        ("--half-open", false, "handshake.half-open"),
        ("--abort", true, "handshake.aborted"),
        ("--let-kernel-reset", false, "handshake.kernel"),
    ] {
        let run = visit(PYTHON, 8000, options, "");
        assert_eq!(run.code, 0, "{options}: {}", run.err);
        let summary = run.summary();
        assert_eq!((&summary["established"], &summary["close"]), (&established.into(), &"rst".into()), "{options}");
        assert!(run.notes().contains(&note.to_owned()), "{options}: {:?}", run.notes());
        check(&run);
        let resets: Vec<_> = run.witnessed().into_iter().filter(|row| row.reset).collect();
        assert_eq!(resets.iter().map(|row| row.source.as_str()).collect::<Vec<_>>(), ["192.168.11.2"], "{options}");
    }
}

#[test]
fn the_kernels_own_connection_is_watched() {
    if !witnesses() {
        return;
    }
    let run = visit(PYTHON, 8000, "--kernel --get", "");
    assert_eq!((run.code, &run.summary()["close"]), (0, &"fin".into()), "{}{}", run.out, run.err);
    assert!(run.summary()["bytes_received"].as_u64() > Some(200), "{}", run.out);
    check(&run);
    nothing_is_odd(&run);
}

#[test]
fn firewalls_are_told_apart() {
    if !witnesses() || !require("nft") {
        return;
    }
    for (verdict, state, note) in [
        ("drop", "filtered", "handshake.why-silent-near"),
        ("reject", "unreachable", "handshake.why-reject"),
        ("reject with tcp reset", "closed", "handshake.why-refused"),
        ("reject with icmp type admin-prohibited", "unreachable", "ping.why-forbidden"),
    ] {
        let rule = format!(
            "on_mac nft add table ip t
            on_mac nft add chain ip t c '{{ type filter hook input priority 0; }}'
            on_mac nft add rule ip t c tcp dport 8000 {verdict}"
        );
        let run = visit(PYTHON, 8000, "-W 0.2 --retries 1", &rule);
        assert_eq!((run.code, &run.summary()["state"]), (1, &state.into()), "{verdict}: {}", run.err);
        assert!(run.notes().contains(&note.to_owned()), "{verdict}: {:?}", run.notes());
    }
}

#[test]
fn a_closed_port_is_exit_code_1_and_an_unknown_address_says_who_said_so() {
    if !require_lab() {
        return;
    }
    let run: Run = netlab(["--lab", "handshake", "--json", "192.168.11.7:99"]).output().expect("netlab runs").into();
    assert_eq!((run.code, &run.summary()["state"]), (1, &"closed".into()), "{}", run.err);
    let run: Run = netlab(["--lab", "handshake", "--json", "192.0.2.1:80"]).output().expect("netlab runs").into();
    assert_eq!((run.code, &run.summary()["state"]), (1, &"unreachable".into()), "{}", run.err);
    assert!(run.notes().contains(&"handshake.unreachable".to_owned()), "{:?}", run.notes());
    let run: Run = netlab(["--lab", "handshake", "--json", "192.168.11.99:80"]).output().expect("netlab runs").into();
    assert_eq!((run.code, &run.summary()["state"]), (1, &"unreachable".into()), "{}", run.err);
    assert!(run.notes().contains(&"handshake.no-arp".to_owned()), "{:?}", run.notes());
}

#[test]
fn several_addresses_are_tried_in_turn() {
    if !require_lab() {
        return;
    }
    // The name stands for the printer, where nobody listens, and for the web server.
    let home = include_str!("../src/lab/scenarios/home.toml");
    let named = home
        .replace("address = \"192.168.11.20/24\"", "address = \"192.168.11.20/24\"\nnames = [\"pair.example\"]")
        .replace("names = [\"www.example.com\", ", "names = [\"pair.example\", \"www.example.com\", ");
    assert_eq!(named.matches("pair.example").count(), 2, "the scenario was changed");
    let folder = scratch("pair");
    let file = folder.join("pair.toml");
    std::fs::write(&file, named).expect("a file");
    let lab = format!("--lab={}", file.display());
    for options in [&["-W", "1"][..], &["--kernel", "-W", "1"]] {
        let run: Run = netlab([&[lab.as_str(), "handshake", "--json", "pair.example:80"], options].concat())
            .output()
            .expect("runs")
            .into();
        assert_eq!((run.code, &run.summary()["state"]), (0, &"open".into()), "{}{}", run.out, run.err);
        // Whichever the resolver names first; the printer's refusal is no end where the other comes second.
        let refused = run.out.contains("\"tcp.flags.reset\":true");
        assert_eq!(refused, run.notes().contains(&"handshake.next".to_owned()), "{}", run.out);
    }
}

#[test]
fn an_ordinary_user_sees_the_ladder_in_80_columns() {
    if !require_lab_as_nobody() {
        return;
    }
    for arguments in [&["--get"][..], &["--get", "-vv"], &["--ascii"], &["--get", "-v"]] {
        let mut command = netlab([&["--lab", "handshake", "www.example.com:80"], arguments].concat());
        as_nobody(&mut command);
        let run = Run::from(command.output().expect("netlab runs"));
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
        let widest = run.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "a line is {widest:?} columns wide in\n{}", run.out);
        for expected in
            ["SYN-SENT", "(SYN-RECEIVED)", "ESTABLISHED", "ack=1 (raw ", "closed by FIN", "\nfact ", "\nguess "]
        {
            assert!(run.out.contains(expected), "no {expected:?} in\n{}", run.out);
        }
    }
}

#[test]
fn an_interrupt_closes_politely() {
    if !require_lab() {
        return;
    }
    let mut command = netlab(["--lab", "handshake", "--json", "-W", "20", "--send", "hello", "www.example.com:80"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("netlab runs");
    std::thread::sleep(Duration::from_millis(900));
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).expect("it runs");
    let asked = Instant::now();
    let run = Run::from(child.wait_with_output().expect("it ends"));
    assert!(asked.elapsed() < Duration::from_secs(2), "at once, not after {:?}", asked.elapsed());
    assert_eq!((run.code, &run.summary()["close"]), (0, &"rst".into()), "{}{}", run.out, run.err);
    let last = run.segments().pop().expect("a segment");
    assert_eq!(last["fields"]["tcp.flags.reset"], true, "{last}");
}

#[test]
fn a_saved_capture_holds_the_same_conversation() {
    if !require_lab() || !require("tshark") {
        return;
    }
    let folder = scratch("handshake");
    let path = folder.join("run.pcapng");
    let path = path.to_str().expect("UTF-8");
    let run: Run = netlab(["--lab", "handshake", "--json", "--get", "--save", path, "www.example.com:80"])
        .output()
        .expect("netlab runs")
        .into();
    assert_eq!(run.code, 0, "{}", run.err);
    let tshark = Command::new("tshark").args(["-r", path, "-T", "fields", "-e", "tcp.completeness"]).output();
    let text = String::from_utf8(tshark.expect("tshark runs").stdout).expect("UTF-8");
    assert_eq!(text.lines().last(), Some("31"), "{text}");
}

#[test]
fn bad_input_is_one_line_and_a_hint() {
    for (arguments, says) in [
        (&["handshake", "www.example.com"][..], "names no port"),
        (&["handshake", "www.example.com:0"], "0 is not a port"),
        (&["handshake", "www.example.com:70000"], "70000 is not a port"),
        (&["handshake", "www.example.com:http"], "http is not a port"),
        (&["handshake", "[2001:db8::1]:80"], "IPv6 is not supported yet"),
        (&["handshake", "2001:db8::1"], "IPv6 is not supported yet"),
        (&["handshake"], "no HOST:PORT is given"),
        (&["handshake", "--get", "www.example.com:80", "--send", "x"], "cannot be used with"),
        (&["handshake", "www.example.com:80", "--get", "/a b"], "not the path of a page"),
    ] {
        let run: Run = netlab(arguments).output().expect("netlab runs").into();
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
        let mut lines = run.err.lines();
        assert!(lines.next().is_some_and(|line| line.contains(says)), "{arguments:?}: {}", run.err);
        assert!(lines.next().is_some(), "a hint: {}", run.err);
    }
    if require_lab() {
        let run: Run = netlab(["--lab", "handshake", "no.such.name:80"]).output().expect("netlab runs").into();
        assert_eq!(run.code, 2, "{}", run.err);
    }
}
