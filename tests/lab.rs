//! The lab through the binary: real programs of the system talk through it.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::{as_nobody, in_lab, netlab, printed, require_lab, require_lab_as_nobody, require_program, scratch, text};

/// Both ways to wire a lab, where this user has them.
fn engines() -> Vec<&'static str> {
    let works = |engine: &&str| {
        let output = netlab(["lab", "--", "true"]).env("NETLAB_LAB_ENGINE", engine).output().expect("starts");
        if !output.status.success() {
            eprintln!("SKIPPED: engine {engine}: {}", text(&output.stderr));
        }
        output.status.success()
    };
    let engines: Vec<_> = ["tap", "veth"].into_iter().filter(works).collect();
    assert!(!engines.is_empty(), "a lab can be made, but by no engine");
    engines
}

/// Runs `script` in a lab made of `topology`.
fn in_lab_of(name: &str, topology: &str, script: &str) -> Output {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join(format!("{name}.toml"));
    fs::write(&file, topology).expect("the target directory can be written");
    in_lab(&[&format!("--lab={}", file.display())], script)
}

/// The milliseconds of each `time=` in ping's output.
fn round_trips(ping: &str) -> Vec<f64> {
    let time = |line: &str| line.split_once("time=")?.1.split(' ').next()?.parse().ok();
    ping.lines().filter_map(time).collect()
}

/// Two computers on a link, and a router with a further computer behind it. `{…}` parts are given by the tests.
fn small(link: &str, router: &str, far: &str) -> String {
    format!(
        r#"
        title = "small"
        host = "a"
        [[link]]
        name = "near"
        {link}
        [[link]]
        name = "far"
        kind = "wire"
        {far}
        [[node]]
        name = "a"
        routes = [{{ to = "default", via = "10.0.0.1" }}]
        [[node.interface]]
        name = "eth0"
        link = "near"
        address = "10.0.0.2/24"
        [[node]]
        name = "b"
        services = [{{ kind = "echo", port = 7 }}]
        [[node.interface]]
        name = "eth0"
        link = "near"
        address = "10.0.0.3/24"
        [[node]]
        name = "r"
        forward = true
        {router}
        [[node.interface]]
        name = "eth0"
        link = "near"
        address = "10.0.0.1/24"
        [[node.interface]]
        name = "eth1"
        link = "far"
        address = "10.0.1.1/24"
        [[node]]
        name = "c"
        routes = [{{ to = "default", via = "10.0.1.1" }}]
        [[node.interface]]
        name = "eth0"
        link = "far"
        address = "10.0.1.2/24"
        "#
    )
}

#[test]
fn every_node_answers_but_the_printer() {
    if !require_lab() || !require_program("ping") {
        return;
    }
    for engine in engines() {
        let script = "for node in 192.168.11.1 192.168.11.7 198.51.100.1 198.51.100.6 203.0.113.2 203.0.113.6 \
                      93.184.216.34; do ping -n -c1 -W2 $node >/dev/null && echo yes $node; done; \
                      ping -n -c1 -W1 192.168.11.20 >/dev/null; echo printer $?; ip neigh";
        let command = ["lab", "--", "sh", "-c", script];
        let out = printed(&netlab(command).env("NETLAB_LAB_ENGINE", engine).output().expect("starts"));
        assert_eq!(out.matches("yes ").count(), 7, "{engine}\n{out}");
        assert!(out.contains("printer 1\n"), "{engine}\n{out}");
        // Silent to ping, yet there: ARP has found it, as it has found the router by its vendor's address.
        assert!(out.contains("192.168.11.20 dev eth0 lladdr 30:05:5c:7d:20:14"), "{engine}\n{out}");
        assert!(out.contains("192.168.11.1 dev eth0 lladdr 4c:e6:76:0a:11:01"), "{engine}\n{out}");
        assert!(out.contains("192.168.11.7 dev eth0 lladdr 8c:85:90:42:64:b2"), "{engine}\n{out}");
    }
}

#[test]
fn delays_are_kept() {
    if !require_lab() || !require_program("ping") {
        return;
    }
    for engine in engines() {
        let command = ["lab", "--", "ping", "-n", "-c10", "-i0.05", "93.184.216.34"];
        let out = printed(&netlab(command).env("NETLAB_LAB_ENGINE", engine).output().expect("starts"));
        let times = round_trips(&out);
        assert_eq!(times.len(), 10, "{out}");
        // Twelve passages over wires: none may be early by more than the thread's own cost; other work on this
        // machine may make some late, but not all.
        assert!(times.iter().all(|&time| time > 118.8), "{engine}\n{out}");
        assert!(times.iter().any(|&time| time < 121.5), "{engine}\n{out}");
    }
}

#[test]
fn names_lead_both_ways() {
    if !require_lab() || !require_program("getent") {
        return;
    }
    let script = "getent hosts www.example.com; getent hosts 198.51.100.1; getent hosts printer; \
                  getent hosts nowhere.example.com; echo $?";
    let out = printed(&in_lab(&[], script));
    let words: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        words,
        [
            vec!["93.184.216.34", "www.example.com"],
            vec!["198.51.100.1", "bras.isp.example"],
            vec!["192.168.11.20", "printer.home"],
            vec!["2"],
        ]
    );
}

#[test]
fn the_machine_keeps_its_own_names() {
    if !require_lab() {
        return;
    }
    let before = fs::read("/etc/resolv.conf").ok();
    let inside = in_lab(&[], "cat /etc/resolv.conf");
    assert!(printed(&inside).contains("nameserver 192.168.11.1"));
    assert_eq!(fs::read("/etc/resolv.conf").ok(), before);
}

#[test]
fn a_lab_in_a_lab_has_its_own_names() {
    if !require_lab_as_nobody() || !require_program("getent") {
        return;
    }
    // Where nobody can read it, whatever the rights of the checkout are.
    let file = std::env::temp_dir().join(format!("netlab-test-inner-{}.toml", std::process::id()));
    fs::write(&file, small("", "", "").replace("title", "domain = \"inner\"\ntitle")).expect("can be written");
    let script = format!("$NETLAB lab --lab={} -- getent hosts c.inner; getent hosts printer.home", file.display());
    let mut command = netlab(["lab", "--", "sh", "-c", &script]);
    as_nobody(&mut command);
    let output = command.output().expect("starts");
    fs::remove_file(&file).expect("is ours");
    let out = printed(&output);
    assert!(out.contains("10.0.1.2") && out.contains("192.168.11.20"), "{out}\n{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("cannot cover"), "{}", text(&output.stderr));
}

#[test]
fn a_machine_without_namespaces_says_so() {
    if !require_lab_as_nobody() || !require_program("unshare") || !require_program("setpriv") {
        return;
    }
    // A user namespace whose master allows no further ones.
    let script = "echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --inh-caps=-all --ambient-caps=-all \
                  --bounding-set=-all \"$NETLAB\" lab -- true";
    let mut command = netlab(["lab", "--", "unshare", "-Ur", "sh", "-c", script]);
    as_nobody(&mut command);
    let output = command.output().expect("starts");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("user.max_user_namespaces = 0"), "{}", text(&output.stderr));
}

#[test]
fn the_routers_show_themselves_in_order() {
    if !require_lab() || !require_program("traceroute") {
        return;
    }
    let out = printed(&in_lab(&[], "traceroute -n -q1 www.example.com"));
    let hops: Vec<_> = out.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    let way = ["192.168.11.1", "198.51.100.1", "198.51.100.6", "203.0.113.2", "203.0.113.6", "93.184.216.34"];
    assert_eq!(hops, way, "{out}");
}

#[test]
fn services_answer_refuse_or_keep_silent() {
    if !require_lab() || !require_program("curl") || !require_program("nc") {
        return;
    }
    let script = "curl -si http://www.example.com/; curl -so /dev/null -w '%{http_code}\\n' http://www.example.com/x; \
                  nc -w2 www.example.com 7777; \
                  curl -sm5 http://www.example.com:82/; echo closed $?; \
                  curl -sm1 http://www.example.com:81/; echo filtered $?";
    let out = printed(&in_lab(&[], script));
    assert!(out.starts_with("HTTP/1.1 200 OK\r\n"), "{out}");
    assert!(out.contains("virtual network") && out.contains("404\n") && out.contains("hello from www"), "{out}");
    // curl: 7 refused, 28 timed out
    assert!(out.contains("closed 7\n") && out.contains("filtered 28\n"), "{out}");
}

#[test]
fn a_large_answer_comes_whole() {
    if !require_lab() || !require_program("curl") || !require_program("nc") {
        return;
    }
    // More than a window, both ways: segmentation and checksums are right on both engines.
    for engine in engines() {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("large-{engine}.toml"));
        fs::write(&file, small("", "", "")).expect("can be written");
        let option = format!("--lab={}", file.display());
        let script = "head -c 300000 /dev/zero | tr '\\0' x | timeout 10 nc -N 10.0.0.3 7 | wc -c";
        let command = ["lab", &option, "--", "sh", "-c", script];
        let out = printed(&netlab(command).env("NETLAB_LAB_ENGINE", engine).output().expect("starts"));
        assert_eq!(out.trim(), "300000", "{engine}");
    }
}

#[test]
fn each_kind_of_unreachable_has_its_code() {
    if !require_lab() || !require_program("ping") {
        return;
    }
    let router = r#"routes = [
        { to = "10.9.1.0/24", kind = "unreachable" },
        { to = "10.9.2.0/24", kind = "prohibit" },
        { to = "10.9.3.0/24", kind = "blackhole" },
    ]"#;
    let script = "for target in 10.9.0.1 10.9.1.1 10.9.2.1 10.9.3.1; do ping -nc1 -W1 $target; done; true";
    let out = printed(&in_lab_of("unreachable", &small("", router, ""), script));
    // ping's words for type 3 codes 0, 1 and 13
    for words in ["Destination Net Unreachable", "Destination Host Unreachable", "Packet filtered"] {
        assert_eq!(out.matches(words).count(), 1, "{words}\n{out}");
    }
    assert_eq!(out.matches("From 10.0.0.1").count(), 3, "{out}");
}

#[test]
fn a_narrow_link_is_reported_by_the_router() {
    if !require_lab() || !require_program("ping") {
        return;
    }
    let script = "ping -nc1 -W1 -M do -s 1400 10.0.1.2; ping -nc1 -W1 -s 1400 10.0.1.2";
    let out = printed(&in_lab_of("narrow", &small("", "", "mtu = 600"), script));
    assert!(out.contains("Frag needed and DF set (mtu = 600)"), "{out}");
    assert!(out.contains("1408 bytes from 10.0.1.2"), "{out}");
}

#[test]
fn nodes_keep_silent_as_told() {
    if !require_lab() || !require_program("traceroute") || !require_program("ping") {
        return;
    }
    let script = "traceroute -n -q1 -w1 10.0.1.2; ping -nc1 -W1 10.0.0.1 >/dev/null; echo router $?";
    let out = printed(&in_lab_of("silent", &small("", "time_exceeded = false", ""), script));
    assert!(out.contains(" 1  *") && out.contains(" 2  10.0.1.2") && out.contains("router 0"), "{out}");
    // The kernel's own limit: one a second and destination, after a burst of six.
    let script = "traceroute -n -q10 -w1 -f1 -m1 10.0.1.2";
    let count = |router: &str, name: &str| {
        let out = printed(&in_lab_of(name, &small("", router, ""), script));
        out.matches(" ms").count()
    };
    assert_eq!(count("", "unlimited"), 10);
    let limited = count("limit_errors = true", "limited");
    assert!((1..10).contains(&limited), "{limited} of 10 answers");
}

#[test]
fn a_firewall_discards_what_it_is_told() {
    if !require_lab() || !require_program("ping") {
        return;
    }
    let router = "drops = [{ protocol = \"icmp\", icmp_type = 8 }]";
    let script = "ping -nc1 -W1 10.0.0.1 >/dev/null; echo router $?; ping -nc1 -W1 10.0.0.3 >/dev/null; echo b $?";
    let out = printed(&in_lab_of("firewall", &small("", router, ""), script));
    assert_eq!(out, "router 1\nb 0\n");
}

#[test]
fn faults_reach_the_kernel_behind_the_wire() {
    if !require_lab() || !require_program("ping") {
        return;
    }
    let fault = |deed: &str| {
        let fault = format!(
            "fault = [{{ from = \"a\", to = \"b\", match = {{ icmp_type = 8 }}, nth = 2, do = \"{deed}\", hold = \"300ms\" }}]"
        );
        let script = "ping -nc4 -i0.2 -W1 10.0.0.3; true";
        printed(&in_lab_of(deed, &small(&fault, "", ""), script))
    };
    let order = |out: &str| -> Vec<String> {
        let number = |line: &str| Some(line.split_once("icmp_seq=")?.1.split(' ').next()?.to_owned());
        out.lines().filter_map(number).collect()
    };
    assert_eq!(order(&fault("drop")), ["1", "3", "4"]);
    let out = fault("duplicate");
    assert!(order(&out) == ["1", "2", "2", "3", "4"] && out.contains("(DUP!)"), "{out}");
    assert_eq!(order(&fault("hold")), ["1", "3", "2", "4"]);
    // The receiver's kernel finds the checksum wrong and discards the request.
    assert_eq!(order(&fault("corrupt")), ["1", "3", "4"]);
}

#[test]
fn a_script_acts_on_every_node_of_its_lab() {
    if !require_lab() || !require_program("ip") {
        return;
    }
    let script = "cd /tmp; $NETLAB lab --on router -- sh -c 'ip -o -4 addr; pwd'; \
                  $NETLAB lab --on mac -- $NETLAB lab --on www -- ip -o -4 addr; \
                  $NETLAB lab map; $NETLAB lab --on nobody -- true; echo code $?";
    let output = in_lab(&[], script);
    let out = printed(&output);
    assert!(out.contains("192.168.11.1/24") && out.contains("198.51.100.2/30") && out.contains("/tmp\n"), "{out}");
    assert!(out.contains("93.184.216.34/24") && out.contains("4c:e6:76:0a:11:01") && out.contains("code 2"), "{out}");
    assert!(text(&output.stderr).contains("there is no node called nobody in this lab"));
}

#[test]
fn a_lab_that_has_ended_is_not_joined() {
    if !require_lab() || !require_program("ip") {
        return;
    }
    let told = printed(&in_lab(&[], "env | grep ^NETLAB_"));
    let mut command = netlab(["lab", "--on", "router", "--", "ip", "-o", "-4", "addr"]);
    command.envs(told.lines().filter_map(|line| line.split_once('=')));
    assert!(printed(&command.output().expect("starts")).contains("192.168.11.1/24"), "a lab of its own");
}

#[test]
fn the_exit_code_is_the_programs() {
    if !require_lab() {
        return;
    }
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
        assert_eq!(in_lab(&[], script).status.code(), Some(code), "{script}");
    }
    let output = netlab(["lab", "--", "no-such-program"]).env("PATH", "/usr/bin:/bin").output().expect("starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there is no program called no-such-program"));
}

#[test]
fn what_runs_in_a_lab_ends_with_it() {
    if !require_lab() {
        return;
    }
    let mut lab = netlab(["lab", "--", "sh", "-c", "echo $$; exec sleep 1000"]);
    let mut lab = lab.stdout(std::process::Stdio::piped()).spawn().expect("starts");
    let mut line = String::new();
    let mut out = std::io::BufReader::new(lab.stdout.take().expect("piped"));
    std::io::BufRead::read_line(&mut out, &mut line).expect("the script tells its number");
    let process = PathBuf::from(format!("/proc/{}", line.trim()));
    assert!(process.exists(), "{line}");
    lab.kill().expect("is ours");
    lab.wait().expect("is ours");
    let patience = Instant::now() + Duration::from_secs(5);
    while fs::read_to_string(process.join("cmdline")).is_ok_and(|line| line.contains("sleep")) {
        assert!(Instant::now() < patience, "the program outlived its lab");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_unprivileged_user_has_every_right_inside() {
    if !require_lab_as_nobody() || !require_program("tcpdump") || !require_program("nft") {
        return;
    }
    let script = "id -u; ping -nc1 93.184.216.34 >/dev/null && echo pinged; \
                  timeout 5 tcpdump -ni eth0 -c1 icmp 2>/dev/null & sleep 0.5; ping -nc1 192.168.11.1 >/dev/null; wait; \
                  nft add table inet mine && nft list tables; \
                  tc qdisc replace dev eth0 root pfifo limit 9 && tc qdisc show dev eth0; \
                  $NETLAB lab --on printer -- sysctl -qw net.ipv4.icmp_echo_ignore_all=0; \
                  ping -nc1 -W1 192.168.11.20 >/dev/null && echo printer speaks; \
                  ip link set eth0 down; ping -nc1 -W1 192.168.11.1 >/dev/null 2>&1; echo down $?; \
                  ip link set eth0 up; ping -nc1 -W1 192.168.11.1 >/dev/null; echo up $?";
    let mut command = netlab(["lab", "--", "sh", "-c", script]);
    as_nobody(&mut command);
    let output = command.output().expect("starts");
    let out = printed(&output);
    for words in ["pinged", "ICMP echo request", "table inet mine", "limit 9p", "printer speaks", "down 2", "up 0"] {
        assert!(out.contains(words), "{words}\n{out}\n{}", text(&output.stderr));
    }
    if nix::unistd::geteuid().is_root() {
        assert!(out.starts_with("65534\n"), "{out}");
    }
}

#[test]
fn the_map_is_drawn_without_a_lab() {
    let output = netlab(["lab", "map"]).output().expect("starts");
    let map = printed(&output);
    assert!(map.contains("printer") && map.contains("93.184.216.34"), "{map}");
}

/// `command` cannot run, says `message` in its first line, and then what to do about it.
fn told(mut command: Command, message: &str) {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("starts");
    let patience = Instant::now() + Duration::from_secs(10);
    while child.try_wait().expect("is ours").is_none() {
        if Instant::now() > patience {
            child.kill().expect("is ours");
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("is ours");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
    let mut lines = said.lines();
    assert!(lines.next().is_some_and(|first| first.contains(message)), "{command:?}: {said}");
    assert!(lines.next().is_some(), "{command:?} has no hint: {said}");
}

#[test]
fn what_cannot_be_is_told_in_a_line_with_a_way_out() {
    let broken = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("broken.toml");
    fs::write(&broken, "title = \"x\"\nhost = \n").expect("can be written");
    let broken = format!("--lab={}", broken.display());
    let folder = scratch("scenarios");
    let (pipe, large) = (folder.join("pipe.toml"), folder.join("large.toml"));
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a named pipe");
    fs::write(&large, vec![b'#'; (1 << 20) + 1]).expect("can be written");
    let [pipe, large] = [pipe, large].map(|path| format!("--lab={}", path.display()));
    for (arguments, message) in [
        (vec!["lab", "--lab=nowhere", "map"], "there is no scenario called nowhere"),
        (vec!["lab", "--lab=./missing.toml", "map"], "cannot read the scenario ./missing.toml"),
        (vec!["lab", &broken, "map"], "line 2"),
        (vec!["lab", "--on", "router", "map"], "cannot be used with"),
        (vec!["lab", "--lab=/nonexistent", "map"], "cannot read the scenario /nonexistent"),
        (vec!["lab", "--lab=/etc/passwd", "map"], "/etc/passwd, line 1"),
        (vec!["lab", "--lab=/tmp", "map"], "directory"),
        (vec!["lab", "--lab=/dev/zero", "map"], "not a regular file"),
        (vec!["lab", &pipe, "map"], "not a regular file"),
        (vec!["lab", &large, "map"], "larger than 1 MiB"),
        (vec!["lab", "--save", "x", "--", "true"], "--save"),
        (vec!["lab", "--json", "--", "true"], "--json"),
        (vec!["-I", "eth9", "lab", "map"], "--interface"),
        (vec!["field", "--save", "x", "ip.ttl"], "--save"),
    ] {
        told(netlab(&arguments), message);
    }
    for arguments in [&["lab", "map"][..], &["field", "ip.ttl"]] {
        let full = fs::File::options().write(true).open("/dev/full").expect("opens");
        let mut command = netlab(arguments);
        command.stdout(full);
        told(command, "No space left");
    }
    let mut command = netlab(["lab", "--", "true"]);
    command.env("NETLAB_LAB_ENGINE", "foo");
    told(command, "foo");
    if require_lab() {
        for program in ["/nonexistent", "/etc/passwd", "no-such-program"] {
            told(netlab(["lab", "--", program]), program);
        }
        let output = netlab(["lab", "--on", "nobody", "--", "true"]).output().expect("starts");
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("nodes: pc, mac"), "{}", text(&output.stderr));
    }
}
